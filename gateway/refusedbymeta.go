package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// RefusedByMeta is that Meta refused a send which was let through.
type RefusedByMeta struct {
	PhoneNumberID string
	Error         policy.MetaError
	// Hindsight says whether a rule should have refused it. Unmatched: nobody knows which send
	// it was, so that the rules can't be asked.
	policy.Hindsight
	Unmatched bool
}

// refusedAtOnce tells of the sends that Meta refused in its answer.
func (d *Sends) refusedAtOnce(sends []Judged) {
	for i := range sends {
		if j := &sends[i]; j.Outcome.State == store.Rejected && !j.Entry.Violation() {
			e := policy.MetaError{Code: j.Outcome.ErrorCode}
			d.Observer.RefusedByMeta(&RefusedByMeta{PhoneNumberID: j.Send.PhoneNumberID, Error: e, Hindsight: inHindsight(j.Entry, e)})
		}
	}
}

// message names a message of a business phone number.
type message struct{ phoneNumberID, wamid string }

// failures are the messages of which events tell for the first time that they failed, with the
// error. It is asked before they are learned.
func (g *Gateway) failures(ctx context.Context, events []policy.Event) map[message]policy.StatusChanged {
	var failed map[message]policy.StatusChanged
	for _, e := range events {
		s, ok := e.(policy.StatusChanged)
		if !ok || s.Status != policy.StatusFailed || s.Wamid == "" {
			continue
		}
		m := message{s.PhoneNumberID, s.Wamid}
		if _, again := failed[m]; again {
			continue
		}
		st, err := g.Open()
		if err != nil {
			return nil
		}
		if h, err := st.Heard(lasting(ctx), s.PhoneNumberID, s.Wamid); err != nil || h.Failed || h.Delivered {
			continue
		}
		if failed == nil {
			failed = make(map[message]policy.StatusChanged)
		}
		failed[m] = s
	}
	return failed
}

// refusedLater tells of the messages that Meta took and failed since, each once.
func (g *Gateway) refusedLater(ctx context.Context, failed map[message]policy.StatusChanged) {
	for m, s := range failed {
		if !g.told.first(m) {
			continue // another delivery of the same webhook came at the same time
		}
		st, err := g.Open()
		if err != nil {
			return
		}
		e := policy.MetaError{Code: s.ErrorCode, Later: true}
		r := &RefusedByMeta{PhoneNumberID: s.PhoneNumberID, Error: e}
		heard, err := st.Heard(lasting(ctx), s.PhoneNumberID, s.Wamid)
		if err != nil || heard.Delivered {
			continue // on another device
		}
		switch entry := g.entryOf(ctx, st, &s, heard.Entry); {
		case entry == nil:
			r.Unmatched, r.Matter = true, policy.MatterOf(s.ErrorCode)
		case entry.Violation():
			continue
		default:
			r.Hindsight = inHindsight(entry, e)
		}
		g.Observer.RefusedByMeta(r)
	}
}

const (
	// searchBefore is how long before a failure its message is looked for that the store has no
	// name of: it was sent by another replica, or before a restart. searchFor is how long that
	// may take; one is looked for at a time.
	searchBefore = 2 * time.Minute
	searchFor    = 250 * time.Millisecond
)

// entryOf is the ledger entry of a message; nil where it isn't found.
func (g *Gateway) entryOf(ctx context.Context, st store.Store, s *policy.StatusChanged, id store.ID) *store.Entry {
	if !id.IsZero() {
		if e, err := st.Entry(lasting(ctx), id); err == nil {
			return e
		}
		return nil
	}
	if !g.searching.TryLock() {
		return nil
	}
	defer g.searching.Unlock()
	ctx, cancel := context.WithTimeout(lasting(ctx), searchFor)
	defer cancel()
	for e, err := range st.Ledger(ctx, store.Filter{PhoneNumberID: s.PhoneNumberID, Wamid: s.Wamid, From: s.At.Add(-searchBefore), Limit: 1}) {
		if err == nil {
			return e
		}
	}
	return nil
}

// mostTold is how many messages a half of toldOnce has: more than fail while a webhook is
// delivered twice at the same time.
const mostTold = 4096

// toldOnce remembers of which messages it was told.
type toldOnce struct {
	// mu guards the rest.
	mu         sync.Mutex
	new, older map[message]struct{}
}

// first reports that it is the first time.
func (t *toldOnce) first(m message) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.new[m]; ok {
		return false
	}
	if _, ok := t.older[m]; ok {
		return false
	}
	if t.new == nil || len(t.new) >= mostTold {
		t.new, t.older = make(map[message]struct{}), t.new
	}
	t.new[m] = struct{}{}
	return true
}
