package e2e

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

func init() { caddy.RegisterModule(new(faultyStore)) }

// faultyStore is a store module that fails when told to. In a Caddyfile it is
// `store faulty <path>`.
type faultyStore struct {
	Path string `json:"path"`
}

// faults say what of a faulty store fails now.
var faults struct{ acquire, facts, reserve, lateReserve, claims, settle, apply, check atomic.Bool }

var errFaulty = errors.New("the store fails because the test says so")

// faultyOpen is the one open faulty store.
var faultyOpen struct {
	sync.Mutex
	users int
	store *badger.Store
}

func (*faultyStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp.stores.faulty", New: func() caddy.Module { return new(faultyStore) }}
}

func (f *faultyStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.AllArgs(&f.Path) {
		return d.ArgErr()
	}
	return nil
}

func (f *faultyStore) Acquire(_ context.Context, now func() time.Time) (store.Store, error) {
	if faults.acquire.Load() {
		return nil, errFaulty
	}
	faultyOpen.Lock()
	defer faultyOpen.Unlock()
	if faultyOpen.users == 0 {
		s, err := badger.Open(f.Path, badger.Options{Logger: caddy.Log(), Now: now})
		if err != nil {
			return nil, err
		}
		faultyOpen.store = s
	}
	faultyOpen.users++
	return failing{faultyOpen.store}, nil
}

func (f *faultyStore) Release() error {
	faultyOpen.Lock()
	defer faultyOpen.Unlock()
	if faultyOpen.users--; faultyOpen.users > 0 {
		return nil
	}
	return faultyOpen.store.Close()
}

// failing is a store of which some methods fail.
type failing struct{ store.Store }

func (f failing) Facts(ctx context.Context, q store.Query) (policy.Facts, error) {
	if faults.facts.Load() {
		return policy.Facts{}, errFaulty
	}
	return f.Store.Facts(ctx, q)
}

func (f failing) Apply(ctx context.Context, events []policy.Event) error {
	if faults.apply.Load() {
		return errFaulty
	}
	return f.Store.Apply(ctx, events)
}

func (f failing) Reserve(ctx context.Context, e *store.Entry) *store.Write {
	if faults.reserve.Load() {
		return failed()
	}
	if faults.lateReserve.Load() { // nobody knows before it is waited for
		w, done := store.NewWrite()
		w.Hurry(func() { done(errFaulty) })
		return w
	}
	if faults.claims.Load() && len(e.Decision.Claims) > 0 { // another send was quicker
		w, done := store.NewWrite()
		done(store.ErrClaimed)
		return w
	}
	return f.Store.Reserve(ctx, e)
}

func (f failing) Settle(ctx context.Context, id store.ID, o store.Outcome) *store.Write {
	if faults.settle.Load() {
		return failed()
	}
	return f.Store.Settle(ctx, id, o)
}

func (f failing) Check(ctx context.Context) error {
	if faults.check.Load() {
		return errFaulty
	}
	return f.Store.Check(ctx)
}

func failed() *store.Write {
	w, done := store.NewWrite()
	done(errFaulty)
	return w
}
