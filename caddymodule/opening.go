package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/store"
)

// opening opens the store of a configuration, once it is needed, and again where it is
// away, as a database can be.
type opening struct {
	first sync.Once
	// last is what came of the newest attempt.
	last atomic.Pointer[opened]
	// waiting goes on trying; nil where nothing is to be waited for.
	waiting context.CancelFunc
	done    sync.WaitGroup
}

type opened struct {
	store store.Store
	err   error
}

// awayStore is what a provider's error wraps where the store may be there later without
// anybody changing the configuration.
type awayStore interface {
	error
	// Away says what is awaited.
	Away() string
}

// acquire is the store, opened at Start or at the first request, whichever comes first: a
// handler may serve before Start has run. Nobody waits for one that is away but the first.
func (a *App) acquire() (store.Store, error) {
	a.opening.first.Do(func() { a.open(a.ctx) })
	o := a.opening.last.Load()
	return o.store, o.err
}

// open tries to open the store.
func (a *App) open(ctx context.Context) {
	st, err := a.lease.take(ctx, a)
	if err != nil {
		err = fmt.Errorf("opening the store: %w", err)
	}
	a.opening.last.Store(&opened{st, err})
}

// take acquires the store. What others want of the lease meanwhile doesn't wait for that.
func (l *lease) take(ctx context.Context, a *App) (store.Store, error) {
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over {
		return nil, store.ErrClosed
	}
	s, err := a.provider.Acquire(ctx, a.clock.Now)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil, errors.Join(store.ErrClosed, a.provider.Release())
	}
	shared, _, err := silences.LoadOrNew(s, func() (caddy.Destructor, error) { return new(silence), nil })
	if err != nil {
		return nil, errors.Join(err, a.provider.Release())
	}
	a.gateway.Silence.Store(&shared.(*silence).Silence)
	l.held, l.store = true, s
	return s, nil
}

// Pauses between attempts to open a store that is away. Gateways that wait for one
// database don't come all at once.
const (
	openPause     = time.Second
	openTellAgain = time.Minute
)

// await goes on trying to open a store that is away, and then does what a start has left.
func (a *App) await(last error) {
	ctx, cancel := context.WithCancel(a.ctx)
	a.opening.waiting = cancel
	a.opening.done.Go(func() {
		told := time.Now()
		for {
			timer := time.NewTimer(openPause/2 + rand.N(openPause)) // #nosec G404 -- it only spreads them
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			a.open(ctx)
			o := a.opening.last.Load()
			switch {
			case o.err == nil:
				a.logger.Info("the store is there: sends and webhooks are taken")
				a.begin(o.store)
				return
			case ctx.Err() != nil, errors.Is(o.err, store.ErrClosed):
				return
			case last.Error() != o.err.Error() || time.Since(told) > openTellAgain:
				last, told = o.err, time.Now()
				a.logger.Error("the store can't be opened yet; it is tried again", zap.Error(o.err))
			}
		}
	})
}

// stopAwaiting ends that, and waits until it has ended.
func (a *App) stopAwaiting() {
	if a.opening != nil && a.opening.waiting != nil {
		a.opening.waiting()
		a.opening.done.Wait()
	}
}

// begin does what a start does once the store is open.
func (a *App) begin(st store.Store) {
	if err := a.gateway.TakeEffect(context.WithoutCancel(a.ctx)); err != nil {
		a.logger.Error("what holds from now on could not be recorded; `waguard why` will not know it", zap.Error(err))
	}
	a.tellStart(st)
	a.startBudgets()
	a.startDriftCosts()
}

// silences has one silence for each open store.
var silences = caddy.NewUsagePool()

// silence is one the pool can forget.
type silence struct{ gateway.Silence }

// Destruct lets the pool forget it.
func (*silence) Destruct() error { return nil }
