package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// WhyRequest asks what was, or would have been, decided about a send at a moment; or about
// one of the ledger.
type WhyRequest struct {
	// ID is that of a decision in the ledger. Nothing else is named then.
	ID string
	// At is when: RFC 3339, a date, or an age. "" is now.
	At            string
	PhoneNumberID string
	// Contact is a phone number with plus and country code, or a user id.
	Contact string
	// Body is the send as its sender wrote it, which names the contact itself; nil for one
	// of the Template, or of a text where that is zero.
	Body     []byte
	Template policy.TemplateRef
	// Reference is the biz_opaque_callback_data of the send.
	Reference string
}

// Why is a decision with what it rests on.
type Why struct {
	// Entry has the send, the facts, the policy, the time and the decision. It has an ID
	// where it is one of the ledger.
	Entry *store.Entry
	// Asked are the rules in the order in which they were asked.
	Asked []policy.Asked
	// Records are the consent records of each person that were known then, newest first;
	// Later are those that are of that time or before it, and came in after it.
	Records [][]*store.ConsentRecord
	Later   []*store.ConsentRecord
	// Enforced is what held for the number; nil where nobody knows.
	Enforced *store.Enforced
	// Opened is a window that was opened before the moment by a message of which the
	// gateway heard at Arrived, after it; zero for none. Then is what is decided with it.
	Opened, Arrived policy.Moment
	Then            *policy.Decision
	// KnownSince is the first moment that can be asked about.
	KnownSince policy.Moment
}

// Why explains a decision.
func (g *Gateway) Why(ctx context.Context, r *WhyRequest) (*Why, error) {
	opened, err := g.Open()
	if err != nil {
		return nil, err
	}
	st, ok := opened.(pastStore)
	if !ok {
		return nil, misasked(errors.New("this store doesn't keep what was known before"))
	}
	if r.ID != "" {
		return g.whyEntry(ctx, st, r)
	}
	id, err := g.NumberNamed(ctx, r.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	now := g.Now()
	at := now
	if r.At != "" {
		if at, err = billing.ParseTime(r.At, g.Businesses.Zone(id), now); err != nil {
			return nil, misasked(fmt.Errorf("at is %w", err))
		}
	}
	if at.After(now) {
		return nil, misasked(errors.New("at is in the future; what will be decided then nobody knows"))
	}
	w := &Why{KnownSince: st.PastSince()}
	moment := policy.MomentOf(at)
	if moment < w.KnownSince {
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("at is before %s: what was known then is not kept. Decisions of that time are in the ledger, as long as it is kept: ask with the id of one", w.KnownSince)}
	}
	reading, err := g.readWhy(ctx, id, r)
	if err != nil {
		return nil, err
	}
	b, err := g.heldAt(ctx, st, w, id, moment)
	if err != nil {
		return nil, err
	}
	request := &Request{Reading: *reading}
	facts := func(ctx context.Context, q store.Query) (policy.Facts, error) { return st.FactsAt(ctx, q, moment) }
	if w.Entry, err = g.decideAt(ctx, request, 0, b, at, facts, nil); errors.Is(err, store.ErrErased) {
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("what was known at %s is gone: the data of this person, or of somebody who had a name in common with them, was erased since. Decisions of that time are in the ledger, as long as it is kept: ask with the id of one", moment)}
	} else if err != nil {
		return nil, err
	}
	if err := w.evidence(ctx, st, moment); err != nil {
		return nil, err
	}
	return w, w.late(ctx, st, reading, b, moment)
}

// pastStore is a store that keeps what changes replace.
type pastStore interface {
	store.Store
	store.Past
}

// readWhy reads the send that is asked about.
func (g *Gateway) readWhy(ctx context.Context, id string, r *WhyRequest) (*cloudapi.Reading, error) {
	body := r.Body
	if body == nil {
		check := CheckRequest{Template: r.Template, Reference: r.Reference}
		var err error
		if body, err = check.body(r.Contact); err != nil {
			return nil, misasked(fmt.Errorf("contact: %w", err))
		}
	}
	read, err := g.reader(ctx, id)
	if err != nil {
		return nil, err
	}
	reading, refusal := read(body)
	switch {
	case refusal != nil:
		return nil, misasked(fmt.Errorf("the send is refused as %s by the reader, whatever is known: %s", refusal.Rule, refusal.Reason))
	case len(reading.Sends) != 1:
		return nil, misasked(errors.New("send is one message, as a sender posts it"))
	}
	return &reading, nil
}

// heldAt is what held for a number at a moment: nil where it was not served. How texts are
// read, such as references and confirmations, is as it is now.
func (g *Gateway) heldAt(ctx context.Context, st pastStore, w *Why, id string, at policy.Moment) (*Business, error) {
	held, err := st.EnforcedAt(ctx, id, at)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("what held for this business phone number at %s is not on record: it was not served, or an earlier version of the gateway ran", at)}
	case err != nil:
		return nil, err
	}
	w.Enforced = held
	b := &Business{Zone: time.UTC}
	if now, ok := g.Businesses.Of(id); ok {
		*b = *now
	}
	b.Name, b.WABA, b.Monitor, b.Policy, b.Terms = held.Name, held.WABA, held.Monitored, held.Policy, &held.Terms
	b.Share, b.Shadow = Share(held.Share), nil
	if sh := held.Shadow; sh != nil {
		b.Shadow = &Shadow{Name: sh.Name, Share: Share(sh.Share), Policy: sh.Policy}
	}
	return b, nil
}

// whyEntry explains a decision of the ledger.
func (g *Gateway) whyEntry(ctx context.Context, st pastStore, r *WhyRequest) (*Why, error) {
	if r.At != "" || r.PhoneNumberID != "" || r.Contact != "" || r.Body != nil || r.Template != (policy.TemplateRef{}) {
		return nil, misasked(errors.New("id names a decision, with its time, number and person: leave the rest out"))
	}
	id, err := store.ParseID(r.ID)
	if err != nil {
		return nil, misasked(err)
	}
	w := &Why{KnownSince: st.PastSince()}
	if w.Entry, err = st.Entry(ctx, id); errors.Is(err, store.ErrNotFound) {
		return nil, &Problem{Kind: Unknown, Err: errors.New("no such decision is in the ledger: it may be older than what is kept, or have gone through another gateway")}
	} else if err != nil {
		return nil, err
	}
	if w.Enforced, err = st.EnforcedAt(ctx, w.Entry.Send.PhoneNumberID, w.Entry.At); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return w, w.evidence(ctx, st, w.Entry.At)
}

// evidence adds what the decision went by.
func (w *Why) evidence(ctx context.Context, st pastStore, at policy.Moment) error {
	e := w.Entry
	if !e.Unread {
		_, w.Asked = policy.Explain(&e.Send, &e.Facts, &e.Policy, e.At.Time())
	}
	seen := make(map[store.RecordID]bool)
	w.Records = make([][]*store.ConsentRecord, len(e.Facts.Persons))
	for i := range e.Facts.Persons {
		records, err := st.HistoryOf(ctx, e.Facts.Persons[i].Contact)
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Recorded <= at {
				w.Records[i] = append(w.Records[i], r)
			} else if r.At <= at && !seen[r.ID] {
				w.Later, seen[r.ID] = append(w.Later, r), true
			}
		}
	}
	return nil
}

// late adds a window of which the gateway heard too late, and what it would have decided
// with it.
func (w *Why) late(ctx context.Context, st pastStore, reading *cloudapi.Reading, b *Business, at policy.Moment) (err error) {
	s := &reading.Sends[0]
	e := w.Entry
	for i, who := range s.Identities() {
		opened, arrived, err := st.OpenedLater(ctx, who, s.PhoneNumberID, b.Terms, at)
		if err != nil {
			return err
		}
		if opened <= e.Facts.Persons[i].Opened {
			continue
		}
		facts := e.Facts
		facts.Persons = slices.Clone(facts.Persons)
		facts.Persons[i].Opened = opened
		facts.Persons[i].Spoke = max(facts.Persons[i].Spoke, opened)
		then := policy.Decide(&e.Send, &facts, &e.Policy, e.At.Time())
		w.Opened, w.Arrived, w.Then = opened, arrived, &then
		return nil
	}
	return nil
}

// TakeEffect records what holds from now on for the business phone numbers.
func (g *Gateway) TakeEffect(ctx context.Context) error {
	opened, err := g.Open()
	if err != nil {
		return err
	}
	st, ok := opened.(store.Past)
	if !ok {
		return nil
	}
	held := func(id string, b *Business) store.Enforced {
		e := store.Enforced{PhoneNumberID: id, Name: b.Name, WABA: b.WABA, Monitored: b.Monitor, Policy: b.Policy, Terms: *b.Terms, Share: int(b.Share)}
		if sh := b.Shadow; sh != nil {
			e.Shadow = &store.EnforcedShadow{Name: sh.Name, Share: int(sh.Share), Policy: sh.Policy}
		}
		return e
	}
	var list []store.Enforced
	for id, b := range g.Businesses.Listed {
		list = append(list, held(id, b))
	}
	if b := g.Businesses.Others; b != nil {
		list = append(list, held(store.AllOthers, b))
	}
	return st.Enforce(ctx, list)
}
