package console

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recall remembers answers that take long, such as counts over all that is kept, so that
// a page that many look at costs as much as one look. What a page needs is asked for at
// once; the page waits for all of it together, no longer than patience, and is given what
// was known a little before in the meantime.
type recall struct {
	mu sync.Mutex
	of map[string]*recalled
	// asking is how many answers are being found out.
	asking int
}

type recalled struct {
	value any
	err   error
	at    time.Time
	// coming is closed when the answer is there that is asked for; nil where none is.
	coming chan struct{}
}

const (
	// patience is how long a page waits for all it asks, and fresh, how old an answer may
	// be before it is asked for anew. One that is older than stale is not shown.
	patience = 60 * time.Millisecond
	fresh    = 15 * time.Second
	stale    = 2 * time.Minute
	// mostRecalled bounds what is remembered, mostAsking what is found out at once, and
	// longestAnswer how long that may take.
	mostRecalled  = 200
	mostAsking    = 4
	longestAnswer = time.Minute
)

// question is something that a page has asked.
type question[T any] struct {
	*asked
	r *recalled
}

// ask begins to find out what takes long, unless it is known.
func ask[T any](ctx context.Context, a *asked, key string, find func(context.Context) (T, error)) question[T] {
	m := &a.Console.recall
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.entry(key)
	if r == nil {
		return question[T]{a, nil}
	}
	if age := a.now.Sub(r.at); !r.at.IsZero() && age >= 0 && age <= fresh || r.coming != nil || m.asking == mostAsking {
		return question[T]{a, r}
	}
	m.asking++
	coming := make(chan struct{})
	r.coming = coming
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestAnswer)
		defer cancel()
		found, err := finding(ctx, find)
		m.mu.Lock()
		defer m.mu.Unlock()
		r.value, r.err, r.at, r.coming = found, err, a.now, nil
		m.asking--
		close(coming)
	}()
	return question[T]{a, r}
}

// finding finds an answer. What goes wrong in it ends nothing but that.
func finding[T any](ctx context.Context, find func(context.Context) (T, error)) (found T, err error) {
	defer func() {
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("it ended in a fault of the program: %T", wrong)
		}
	}()
	return find(ctx)
}

// entry is what is remembered under a key; nil where there is no room for it now.
func (m *recall) entry(key string) *recalled {
	if r := m.of[key]; r != nil {
		return r
	}
	if m.of == nil {
		m.of = make(map[string]*recalled)
	}
	if len(m.of) >= mostRecalled {
		oldest := ""
		for k, r := range m.of {
			if r.coming == nil && (oldest == "" || r.at.Before(m.of[oldest].at)) {
				oldest = k
			}
		}
		if oldest == "" {
			return nil
		}
		delete(m.of, oldest)
	}
	r := new(recalled)
	m.of[key] = r
	return r
}

// answer is what was asked, at most a little old; false where it is still being found out.
// The page notes so, and how old what it shows is.
func (q question[T]) answer() (value T, there bool, err error) {
	a := q.asked
	if q.r == nil {
		a.coming = true
		return value, false, nil
	}
	m := &a.Console.recall
	m.mu.Lock()
	coming := q.r.coming
	m.mu.Unlock()
	if coming != nil {
		wait := time.NewTimer(time.Until(a.until))
		defer wait.Stop()
		select {
		case <-coming:
		case <-wait.C:
		case <-a.Context().Done():
			return value, false, a.Context().Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := q.r
	if r.at.IsZero() || a.now.Sub(r.at) > stale {
		a.coming = true
		return value, false, nil
	}
	if r.err != nil {
		return value, false, r.err
	}
	if a.oldest.IsZero() || r.at.Before(a.oldest) {
		a.oldest = r.at
	}
	value, there = r.value.(T)
	return value, there, nil
}

// recent is an answer that nothing else is asked beside.
func recent[T any](ctx context.Context, a *asked, key string, find func(context.Context) (T, error)) (value T, there bool, err error) {
	return ask(ctx, a, key, find).answer()
}
