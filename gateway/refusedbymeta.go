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

// failedLater is that a message which Meta took failed since.
type failedLater struct {
	store.MessageID
	at   policy.Moment
	code int
}

// failuresOf are the failures of which events tell, of each message the first.
func failuresOf(events []policy.Event) (failed []failedLater) {
	var seen map[store.MessageID]struct{}
	for _, e := range events {
		s, ok := e.(policy.StatusChanged)
		if !ok || s.Status != policy.StatusFailed || s.Wamid == "" {
			continue
		}
		m := store.MessageID{PhoneNumberID: s.PhoneNumberID, Wamid: s.Wamid}
		if _, again := seen[m]; again {
			continue
		}
		if seen == nil {
			seen = make(map[store.MessageID]struct{})
		}
		seen[m] = struct{}{}
		failed = append(failed, failedLater{m, s.At, s.ErrorCode})
	}
	return failed
}

func messagesOf(failed []failedLater) []store.MessageID {
	list := make([]store.MessageID, len(failed))
	for i := range failed {
		list[i] = failed[i].MessageID
	}
	return list
}

// newFailures are those that nobody has told of. It is asked before they are learned. Where
// the store can't say there are none: learning them fails mostly, and Meta tells them again.
func newFailures(ctx context.Context, st store.Store, told []failedLater) (failed []failedLater) {
	heard, err := st.Heard(ctx, messagesOf(told))
	if err != nil {
		return nil
	}
	for i, h := range heard {
		if !h.Failed && !h.Delivered {
			failed = append(failed, told[i])
		}
	}
	return failed
}

const (
	// mostRefusals is how many failures wait until somebody looks which send they are of. Of
	// more it is counted only that they came.
	mostRefusals = 4096
	// refusalsAtOnce is of how many it is looked up together what is known of them.
	refusalsAtOnce = 128
	// refusalPatience is how long that may take.
	refusalPatience = 10 * time.Second
	// searchBefore is how long before a failure its message is looked for that the store has no
	// name of: it was sent by another replica, or before a restart. searchFor is how long that
	// may take, and searchRest how many times as long as one took nobody looks for another.
	searchBefore = 2 * time.Minute
	searchFor    = 250 * time.Millisecond
	searchRest   = 4
)

// refusals are failures of which the send is still to be found. That takes reading, for
// which no webhook waits.
type refusals struct {
	// mu guards the rest.
	mu      sync.Mutex
	waiting []failedLater
	// idle is closed once nobody works on them; nil where nobody does.
	idle chan struct{}
}

// refusedLater has it told of messages that Meta took and that failed since, each once.
func (g *Gateway) refusedLater(failed []failedLater) {
	if len(failed) == 0 {
		return
	}
	q := &g.refusals
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range failed {
		switch f := &failed[i]; {
		case !g.told.first(f.MessageID): // another delivery of the same webhook came at the same time
		case len(q.waiting) >= mostRefusals:
			g.unmatched(f)
		default:
			q.waiting = append(q.waiting, *f)
		}
	}
	if q.idle == nil && len(q.waiting) > 0 {
		q.idle = make(chan struct{})
		go g.lookAtRefusals()
	}
}

// take are the next ones; none ends who works on them.
func (q *refusals) take(ended <-chan struct{}) []failedLater {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-ended:
		q.waiting = nil
	default:
	}
	n := min(len(q.waiting), refusalsAtOnce)
	next := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; n == 0 {
		q.waiting = nil
		close(q.idle)
		q.idle = nil
	}
	return next
}

func (g *Gateway) lookAtRefusals() {
	for {
		failed := g.refusals.take(g.Ended)
		if len(failed) == 0 {
			return
		}
		g.lookAt(failed)
	}
}

// unmatched tells of a failure of which nobody knows the send.
func (g *Gateway) unmatched(f *failedLater) {
	e := policy.MetaError{Code: f.code, Later: true}
	g.Observer.RefusedByMeta(&RefusedByMeta{PhoneNumberID: f.PhoneNumberID, Error: e, Unmatched: true, Hindsight: policy.Hindsight{Matter: policy.MatterOf(f.code)}})
}

func (g *Gateway) lookAt(failed []failedLater) {
	ctx, cancel := context.WithTimeout(context.Background(), refusalPatience)
	defer cancel()
	st, err := g.Open()
	var heard []store.Heard
	if err == nil {
		heard, err = st.Heard(ctx, messagesOf(failed))
	}
	if err != nil {
		for i := range failed {
			g.unmatched(&failed[i])
		}
		return
	}
	for i := range failed {
		select {
		case <-g.Ended:
			return
		default:
		}
		if heard[i].Delivered {
			continue // on another device
		}
		f := &failed[i]
		switch entry := g.entryOf(st, f, heard[i].Entry); {
		case entry == nil:
			g.unmatched(f)
		case entry.Violation():
		default:
			e := policy.MetaError{Code: f.code, Later: true}
			g.Observer.RefusedByMeta(&RefusedByMeta{PhoneNumberID: f.PhoneNumberID, Error: e, Hindsight: inHindsight(entry, e)})
		}
	}
}

// entryOf is the ledger entry of a message; nil where it isn't found.
func (g *Gateway) entryOf(st store.Store, f *failedLater, id store.ID) *store.Entry {
	if !id.IsZero() {
		ctx, cancel := context.WithTimeout(context.Background(), refusalPatience)
		defer cancel()
		if e, err := st.Entry(ctx, id); err == nil {
			return e
		}
		return nil
	}
	begun := time.Now()
	entry := g.search(st, f)
	rest := time.NewTimer(searchRest * time.Since(begun))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-g.Ended:
	}
	return entry
}

// search looks for a message of which the store doesn't know the send.
func (g *Gateway) search(st store.Store, f *failedLater) *store.Entry {
	ctx, cancel := context.WithTimeout(context.Background(), searchFor)
	defer cancel()
	for e, err := range st.Ledger(ctx, store.Filter{PhoneNumberID: f.PhoneNumberID, Wamid: f.Wamid, From: f.at.Add(-searchBefore), Limit: 1}) {
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
	new, older map[store.MessageID]struct{}
}

// first reports that it is the first time.
func (t *toldOnce) first(m store.MessageID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.new[m]; ok {
		return false
	}
	if _, ok := t.older[m]; ok {
		return false
	}
	if t.new == nil || len(t.new) >= mostTold {
		t.new, t.older = make(map[store.MessageID]struct{}), t.new
	}
	t.new[m] = struct{}{}
	return true
}
