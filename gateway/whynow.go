package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// PassesNow decides a send of the ledger again, by what is known and what holds at this
// moment. Nobody remembers to what number it was: what only that tells, the recipient's
// clock and country, is as it was then.
func (g *Gateway) PassesNow(ctx context.Context, id string) (*store.Entry, error) {
	entry, err := store.ParseID(id)
	if err != nil {
		return nil, misasked(err)
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	then, err := st.Entry(ctx, entry)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &Problem{Kind: Unknown, Err: errors.New("no such decision is in the ledger: it may be older than what is kept, or have gone through another gateway")}
	} else if err != nil {
		return nil, err
	}
	b, served := g.Businesses.Of(then.Send.PhoneNumberID)
	switch {
	case then.Unread:
		return nil, &Problem{Kind: Unknown, Err: errors.New("the request could not be read, so that it can't be decided again: whether it would pass depends on what is in it")}
	case len(then.Facts.Persons) == 0 && !then.Send.Group:
		return nil, &Problem{Kind: Unknown, Err: errors.New("nobody was looked up for it, so that nobody knows whom it was for; ask with the number, by waguard why")}
	case !served:
		return nil, &Problem{Kind: NotServed, Err: errors.New("this gateway does not serve that business phone number any more")}
	}
	var enforced *store.Shadow
	if sh := b.Shadow; sh != nil && sh.Share.Has(sh.Name, then.Contact()) {
		b = b.under(sh) // which is enforced for this person
		enforced = &store.Shadow{Name: sh.Name, Enforced: true}
	}
	at := g.Now()
	now := *then
	now.At, now.Policy = policy.MomentOf(at), b.Policy
	q := store.Query{PhoneNumberID: then.Send.PhoneNumberID, Terms: b.Terms, WABA: b.WABA, Template: then.Send.Template, Portfolio: b.portfolio()}
	for i := range then.Facts.Persons {
		q.Known = append(q.Known, then.Facts.Persons[i].Contact)
	}
	if now.Facts, err = st.Facts(ctx, q); err != nil {
		return nil, fmt.Errorf("reading the facts of a send: %w", err)
	}
	was := &then.Facts
	now.Facts.Sender, now.Facts.Shown = was.Sender, was.Shown
	for i := range now.Facts.Persons {
		now.Facts.Persons[i].Clocks, now.Facts.Persons[i].Country = was.Persons[i].Clocks, was.Persons[i].Country
	}
	f := &now.Facts
	f.Counted(&b.Policy, &now.Send, now.At)
	f.Limited(&b.Policy, &now.Send, now.At)
	f.InPortfolio(&b.Policy, &now.Send, now.At)
	f.ForDrift(&b.Policy, &now.Send, now.At)
	f.WelcomeDue(&b.Policy, &now.Send, now.At)
	now.Decision, now.Shadow, now.Fallback = policy.Decide(&now.Send, f, &now.Policy, at), enforced, nil
	if err := g.price(ctx, &now, b, then.Tags, at.In(b.Zone), st.Meters); err != nil { // which a budget may forbid
		return nil, err
	}
	now.Monitored = now.Violation() && g.monitors(&now)
	return &now, nil
}
