package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// What a ledger is filled with: templates to people who opted in, over fillDays, and
// of fillRefused sends one that is refused.
const (
	fillPeople  = 10_000
	fillDays    = 30
	fillRefused = 50
	fillBatch   = 1000
	// fillRetention is the gateway's default.
	fillRetention = 400 * 24 * time.Hour
)

// filled is what came of filling.
type filled struct {
	took time.Duration
	some []store.ID // of entries all over the ledger
}

// fill makes a ledger of n entries through the store itself, since as many sends
// would take days. Each entry is what the gateway makes of such a send. empty is what
// the store took on disk before.
func (s *scaled) fill(ctx context.Context, n int) (empty int64, f filled, err error) {
	end := time.Now()
	began := end.Add(-fillDays * 24 * time.Hour)
	if err := s.withBook(func(b *badger.Store) error { return fillPersons(ctx, b.Book, began) }); err != nil {
		return 0, f, err
	}
	if empty, err = onDisk(s.store); err != nil {
		return 0, f, err
	}
	err = s.withBook(func(b *badger.Store) error {
		before := time.Now()
		defer func() { f.took = time.Since(before) }()
		told, done := statusesApplied(ctx, b)
		for first := 0; first < n; first += fillBatch {
			count := min(fillBatch, n-first)
			ids, events, err := fillSends(ctx, b, count, func(i int) (int, time.Time) {
				return first + i, began.Add(end.Sub(began) / time.Duration(n) * time.Duration(first+i))
			})
			if err != nil {
				return errors.Join(err, done())
			}
			f.some = append(f.some, ids[scattered(uint64(first), count)])
			told <- events
		}
		if err := done(); err != nil {
			return err
		}
		return b.SumUp(ctx) // as a gateway does while it serves
	})
	return empty, f, err
}

// statusesApplied tells the store events while sends go on, in parts of what Meta
// puts into a webhook. done waits until all are told.
func statusesApplied(ctx context.Context, b *badger.Store) (told chan<- []policy.Event, done func() error) {
	queue, result := make(chan []policy.Event), make(chan error, 1)
	go func() {
		var failed error
		for events := range queue {
			for some := range slices.Chunk(events, updatesPerWebhook) {
				failed = errors.Join(failed, b.Apply(ctx, some))
			}
		}
		result <- failed
	}()
	return queue, func() error {
		close(queue)
		return <-result
	}
}

func (s *scaled) withBook(do func(*badger.Store) error) error {
	b, err := badger.Open(s.store, badger.Options{Former: identity.Former, LedgerRetention: fillRetention, ViolationRetention: fillRetention})
	if err != nil {
		return err
	}
	return errors.Join(do(b), b.Close())
}

// fillTerms are those of a business nobody has configured.
var fillTerms = policy.DefaultTerms()

// fillTemplate is what is sent.
var fillTemplate = policy.TemplateRef{Name: templateName, Language: "en_US"}

// number is the identity of a person.
func number(digits string) policy.Identity {
	who, _ := identity.WaID(digits) // all of them are German
	return who
}

// fillPersons are the people, who opted in, and the template.
func fillPersons(ctx context.Context, b *store.Book, at time.Time) error {
	m := policy.MomentOf(at)
	events := []policy.Event{policy.TemplateChanged{WABA: wabaID, Template: fillTemplate, At: m, ID: "594425479261596", Status: "APPROVED", Category: policy.CategoryMarketing}}
	for i := range fillPeople {
		events = append(events, policy.ConsentChanged{
			PhoneNumberID: phoneNumberID, Who: []policy.Identity{number(contact(i))}, At: m, State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceKeyword,
		})
		if len(events) == fillBatch || i == fillPeople-1 {
			if err := b.Apply(ctx, events); err != nil {
				return err
			}
			events = nil
		}
	}
	return nil
}

// fillSends enters sends and what became of them, all at once; events are their
// statuses. of is which send, and when.
func fillSends(ctx context.Context, b *badger.Store, n int, of func(i int) (int, time.Time)) (ids []store.ID, events []policy.Event, err error) {
	ids = make([]store.ID, n)
	var writes []*store.Write
	var accepted []int
	for i := range n {
		nth, at := of(i)
		e, err := fillEntry(ctx, b.Book, nth, at)
		if err != nil {
			return nil, nil, err
		}
		ids[i] = e.ID
		if e.Outcome.State == store.Reserved {
			accepted = append(accepted, i)
		}
		writes = append(writes, b.Reserve(ctx, e))
	}
	if err := waitAll(writes); err != nil {
		return nil, nil, err
	}
	writes = nil
	for _, i := range accepted {
		nth, at := of(i)
		wamid := fmt.Sprintf("wamid.HBgNNDkxNTExMjM0NTY3OBUCABEYE%015d", nth)
		writes = append(writes, b.Settle(ctx, ids[i], store.Outcome{State: store.Accepted, At: policy.MomentOf(at.Add(100 * time.Millisecond)), HTTPStatus: 200, Wamid: wamid}))
		for after, status := range []policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead} {
			e := policy.StatusChanged{PhoneNumberID: phoneNumberID, Wamid: wamid, Who: []policy.Identity{number(contact(nth % fillPeople))}, At: policy.MomentOf(at.Add(time.Duration(after+1) * time.Second)), Status: status}
			if status != policy.StatusRead {
				e.Pricing = &policy.Pricing{Category: "marketing", Type: "regular", Model: "PMP", Billable: true}
			}
			events = append(events, e)
		}
	}
	return ids, events, waitAll(writes)
}

func waitAll(writes []*store.Write) error {
	var errs []error
	for _, w := range writes {
		errs = append(errs, w.Wait())
	}
	return errors.Join(errs...)
}

// fillEntry is the entry of a send, judged as the gateway judges.
func fillEntry(ctx context.Context, b *store.Book, nth int, at time.Time) (*store.Entry, error) {
	m := policy.MomentOf(at)
	who := number(contact(nth % fillPeople))
	send := policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: phoneNumberID, Kind: policy.TemplateMessage, Type: "template", Template: fillTemplate}
	if nth%fillRefused == 0 { // to somebody who never wrote
		who = number(stranger(nth % fillPeople))
	}
	send.To = []policy.Identity{who}
	e := &store.Entry{
		ID: store.NewID(m), At: m, Business: "shop", Send: send, Terms: fillTerms, WABA: wabaID,
		Sender: "crm", Token: "66b8fb3d82", Market: "Germany", Outcome: store.Outcome{State: store.Reserved, At: m},
	}
	facts, err := b.Facts(ctx, store.Query{PhoneNumberID: phoneNumberID, Terms: fillTerms, Who: send.Identities(), WABA: wabaID, Template: send.Template})
	if err != nil {
		return nil, err
	}
	e.Facts = facts
	if e.Decision = policy.Decide(&send, &e.Facts, &e.Policy, at); e.Violation() {
		e.Outcome.State = store.Refused
	}
	return e, nil
}
