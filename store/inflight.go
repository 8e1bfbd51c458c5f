package store

import (
	"sync"

	"github.com/waguard/waguard/policy"
)

// maxInFlight is how many heads of unsettled entries are kept in memory, about
// 200 bytes each. Further ones are read when they are settled.
const maxInFlight = 4096

// inFlight are the heads of entries that this process has reserved and not yet
// settled, so that settling them needs no read.
type inFlight struct {
	mu    sync.Mutex
	heads map[ID]*entryHead
}

func newInFlight() inFlight { return inFlight{heads: make(map[ID]*entryHead)} }

func (f *inFlight) add(id ID, h *entryHead) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.heads) < maxInFlight {
		f.heads[id] = h
	}
}

func (f *inFlight) head(id ID) *entryHead {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heads[id]
}

// redact forgets of an entry whom it is about, and by which names: its person's data is
// being erased.
func (f *inFlight) redact(id ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.heads[id]; h != nil {
		nameless := *h
		nameless.Facts.Persons, nameless.Claims, nameless.Attempt, nameless.Opaque, nameless.Erased = nil, nil, nil, policy.Alias{}, true
		f.heads[id] = &nameless
	}
}

func (f *inFlight) drop(id ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.heads, id)
}

// certainly calls f once the change is certain: with a [Sole] engine that is now, since what
// comes behind may be in the same transaction, and with any other when it is committed, since
// it may run again, or not at all.
func (t *tx) certainly(f func()) {
	if t.sole != nil {
		f()
		return
	}
	t.Committed(f)
}

// entry is the head of a ledger entry and what became of it so far; nil if there
// is no such entry.
func (t *tx) entry(id ID) (*entryHead, *settlement, error) {
	ours := t.s.inFlight.head(id)
	if ours != nil && t.sole != nil {
		return ours, nil, nil
	}
	l, err := t.Find(Ledger, id)
	if l == nil || err != nil {
		return nil, nil, err
	}
	e, err := newLogged(l)
	if err == nil {
		err = e.readHead()
	}
	if err != nil {
		return nil, nil, err
	}
	if ours != nil {
		e.head.template = ours.template
	}
	return e.head, e.settled, nil
}
