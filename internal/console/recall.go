package console

import (
	"context"
	"sync"
	"time"
)

// recall remembers answers that take long, such as counts over all that is kept, so that
// a page that many look at costs as much as one look. Who asks is given what is known, and
// the answer is asked for anew beside that; nobody waits longer than patience.
type recall struct {
	mu sync.Mutex
	of map[string]*recalled
}

type recalled struct {
	value any
	err   error
	at    time.Time
	// coming is closed when the answer is there that is asked for; nil where none is.
	coming chan struct{}
}

const (
	// patience is how long a page waits for an answer, and fresh, how old it may be.
	patience = 80 * time.Millisecond
	fresh    = 15 * time.Second
	// mostRecalled bounds what is remembered, longestAnswer how long an answer may take.
	mostRecalled  = 200
	longestAnswer = time.Minute
)

// recent is an answer that is at most a little old, and from when it is. It is missing
// where it is still being found out.
func recent[T any](ctx context.Context, a *asked, key string, find func(context.Context) (T, error)) (value T, at time.Time, there bool, err error) {
	m := &a.Console.recent
	m.mu.Lock()
	if m.of == nil || len(m.of) >= mostRecalled && m.of[key] == nil {
		m.of = make(map[string]*recalled)
	}
	r := m.of[key]
	if r == nil {
		r = new(recalled)
		m.of[key] = r
	}
	old := r.at.IsZero() || a.now.Sub(r.at) > fresh || a.now.Before(r.at)
	if old && r.coming == nil {
		coming := make(chan struct{})
		r.coming = coming
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestAnswer)
			defer cancel()
			found, err := find(ctx)
			m.mu.Lock()
			defer m.mu.Unlock()
			r.value, r.err, r.at, r.coming = found, err, a.now, nil
			close(coming)
		}()
	}
	coming := r.coming
	m.mu.Unlock()
	if coming != nil && old {
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case <-coming:
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.at.IsZero() {
		return value, at, false, ctx.Err()
	}
	value, _ = r.value.(T)
	return value, r.at, r.err == nil, r.err
}
