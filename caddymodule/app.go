// Package caddymodule makes waguard a set of Caddy modules: the whatsapp app
// with its store, the handlers whatsapp_guard for sends and whatsapp_webhook
// for webhooks, admin routes and commands.
//
// It translates between Caddy and the packages that know WhatsApp (cloudapi),
// the rules (policy) and memory (store). It decides nothing.
package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { caddy.RegisterModule(App{}) }

// App is the `whatsapp` app: what all handlers of a configuration share. It
// holds the store, the business phone numbers and the policy.
type App struct {
	// Where consent, windows, templates and the ledger are kept: a module of
	// the namespace `whatsapp.stores`, which provides a StoreProvider.
	// Default: `{"module": "badger"}`.
	StoreRaw json.RawMessage `json:"store,omitempty" caddy:"namespace=whatsapp.stores inline_key=module"`

	// The business phone numbers served. A send from any other number is
	// refused. Default: every number, with the default policy.
	Businesses []*Business `json:"businesses,omitempty"`

	// The policy of every business that doesn't say otherwise.
	Policy Policy `json:"policy,omitzero"`

	// Additional words by which people opt out or in, and payloads of buttons by
	// which they do.
	Words []Words `json:"words,omitempty"`

	// Texts that links and QR codes have ready, by which a message tells how its sender
	// came to the chat.
	Entries []*Entry `json:"entries,omitempty"`

	// Files of rate cards and volume tiers, as Meta publishes them (CSV, or XLSX under
	// whatever name) or as JSON. A card takes the place of the one of the same currency and
	// day that comes with waguard.
	// Default: the cards that come with waguard.
	RateCards []string `json:"rate_cards,omitempty"`

	// The tags that senders may give their messages, for reports.
	// Default: none.
	Tags []*Tag `json:"tags,omitempty"`

	// What some sends may cost in a month.
	// Default: none.
	Budgets []*Budget `json:"budgets,omitempty"`

	// When a send is on disk: `strict` writes it into the ledger before its first
	// byte goes upstream; `overlap` while the upstream works on it, within 5 ms,
	// and before the sender gets an answer. With `overlap`, kill -9 or a power cut
	// in those milliseconds leaves a message at Meta that the ledger doesn't know.
	// Default: `strict`.
	Ledger string `json:"ledger,omitempty"`

	// How much memory the bodies of sends and webhooks may hold together while
	// they are read and judged, in bytes. A send for which there is no room is
	// answered 503 OVERLOADED, a webhook 503, so that Meta delivers again. Webhooks
	// take half of it at most, and a quarter is kept for bodies of 8 KiB, as nearly
	// all sends are.
	// Default: 64 MiB.
	BodyBudget int64 `json:"body_budget,omitempty"`

	// How long the body of a send or webhook may take to come. Uploads of media
	// are not read and may take longer. The rest of a refused request is waited
	// for as long.
	// Default: 30s.
	BodyTimeout caddy.Duration `json:"body_timeout,omitempty"`

	// By how many percent the heap may grow before Go's garbage collector runs, for
	// the whole process, from 10 to 1000. More costs memory and saves processor.
	// Default: where neither GOGC is set nor another module has said otherwise, what
	// gives a small heap room for 48 MiB, from 400 down to Go's own 100. The memory
	// limit (GOMEMLIMIT) holds in any case.
	GCPercent int `json:"gc_percent,omitempty"`

	// Lists the templates of the accounts by itself.
	// Default: what is known of templates comes from webhooks and from what senders list.
	TemplateSync *TemplateSync `json:"template_sync,omitempty"`

	// Asks Meta by itself what it charges the accounts for, and compares that with what
	// statuses told.
	// Default: `waguard reconcile` compares with files alone.
	Reconcile *Reconcile `json:"reconcile,omitempty"`

	// Endpoints that are told what happens.
	// Default: none.
	Notify []*Notify `json:"notify,omitempty"`

	// How recipients appear in logs: `pseudonym` (a keyed hash), `masked`
	// (country and last two digits) or `clear`.
	// Default: `pseudonym`.
	LogContacts string `json:"log_contacts,omitempty"`

	// Where a line of JSON goes for every decision, and one for what became of every
	// send that was passed on: a module of the namespace `caddy.logging.writers`, as
	// `output` in Caddy's logs. A writer that fails keeps no send from leaving: its
	// lines are lost, and counted.
	// Default: none.
	DecisionLogRaw json.RawMessage `json:"decision_log,omitempty" caddy:"namespace=caddy.logging.writers inline_key=output"`

	// The source of time: a module of the namespace `whatsapp.clocks`, for
	// tests and demonstrations. Default: the system's clock.
	ClockRaw json.RawMessage `json:"clock,omitempty" caddy:"namespace=whatsapp.clocks inline_key=module"`

	ctx      caddy.Context
	logger   *zap.Logger
	provider StoreProvider
	clock    Clock
	words    *policy.Words
	entries  policy.Entries
	gateway  *gateway.Gateway
	metrics  metrics
	// decisionLog opens the writer of the decision log; nil where there is none.
	decisionLog caddy.WriterOpener

	opening *opening
	lease   *lease
	// behindChecked: a guard has looked at what stands behind all of them.
	behindChecked bool
	// endCounting ends the counting of budgets that are new; nil where nothing is counted.
	endCounting func()
	// endDriftCosts ends finding out what changed categories cost; nil before it begins.
	endDriftCosts func()
	// past is what was found to take sends past a guard.
	past []string
}

// lease is a configuration's hold on the store.
type lease struct {
	mu   sync.Mutex
	held bool // acquired and not released
	over bool // the configuration is gone; nothing is acquired any more
	// store is what was acquired.
	store store.Store
	// logging: the decision log is open.
	logging bool
}

// end has nothing acquired any more.
func (l *lease) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

// serving is the app that started last, for metrics, which outlive
// configurations.
var serving atomic.Pointer[App]

// StoreProvider is what a module of the namespace `whatsapp.stores` implements.
// Configurations overlap during a reload, so that a provider is asked for the
// same store again before it was released; it must share it.
type StoreProvider interface {
	// Acquire opens the store or adds a reference to the open one; ctx is for that alone.
	// Its error has a method Away where the store may be there later: then Acquire is
	// called again.
	Acquire(ctx context.Context, now func() time.Time) (store.Store, error)
	// Release gives up a reference. It is called once for each Acquire that
	// succeeded.
	Release() error
}

// patientStore is a provider whose store may keep a send waiting, and says how long.
type patientStore interface{ Patience() time.Duration }

// Clock is what a module of the namespace `whatsapp.clocks` implements.
type Clock interface {
	// Now is the current time.
	Now() time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp", New: func() caddy.Module { return new(App) }}
}

// Provision checks the configuration. It opens nothing, so that a configuration
// can be validated beside a running gateway.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx, a.logger = ctx, ctx.Logger()
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	if len(a.StoreRaw) == 0 {
		a.StoreRaw = json.RawMessage(`{"module":"badger"}`)
	}
	mod, err := ctx.LoadModule(a, "StoreRaw")
	if err != nil {
		return fmt.Errorf("loading the store module: %w", err)
	}
	provider, ok := mod.(StoreProvider)
	if !ok {
		return fmt.Errorf("the store module %T does not provide a store", mod)
	}
	a.provider = provider
	a.clock = systemClock{}
	if len(a.ClockRaw) > 0 {
		mod, err := ctx.LoadModule(a, "ClockRaw")
		if err != nil {
			return fmt.Errorf("loading the clock module: %w", err)
		}
		if a.clock, ok = mod.(Clock); !ok {
			return fmt.Errorf("the clock module %T tells no time", mod)
		}
	}
	a.lease, a.opening = new(lease), new(opening)
	a.gateway = &gateway.Gateway{Now: a.clock.Now, Open: a.acquire, Ended: ctx.Done(), Drift: make(chan struct{}, 1), Contacts: gateway.Contacts(a.LogContacts)}
	if err := a.provisionDecisionLog(ctx); err != nil {
		return err
	}
	a.metrics = newMetrics(a.gateway)
	if a.decisionLog != nil {
		a.metrics.decisions = sync.OnceValues(a.openDecisionLog)
	}
	a.gateway.Observer = a.metrics
	if err := chooseLogContacts.check(a.LogContacts); err != nil {
		return err
	}
	if err := chooseLedger.check(a.Ledger); err != nil {
		return err
	}
	a.gateway.Overlap = a.Ledger == onDiskMeanwhile
	if p, ok := a.provider.(patientStore); ok {
		a.gateway.Patience = p.Patience()
	}
	if err := a.provisionBodies(); err != nil {
		return err
	}
	if err := a.checkGCPercent(); err != nil {
		return err
	}
	if err := a.provisionSync(); err != nil {
		return err
	}
	if a.Reconcile != nil {
		if err := a.Reconcile.check(); err != nil {
			return err
		}
	}
	if a.words, err = compileWords(a.Words); err != nil {
		return err
	}
	if a.entries, err = entriesOf(a.Entries); err != nil {
		return err
	}
	a.gateway.Entries = a.entries
	if a.gateway.Cards, err = a.cards(); err != nil {
		return err
	}
	if a.gateway.Tagging.Declared, err = declaredTags(a.Tags); err != nil {
		return err
	}
	if err := a.resolveBusinesses(); err != nil {
		return err
	}
	return a.provisionNotify()
}

// Start opens the store. One that is away, as a database can be, doesn't keep the gateway
// from starting: until it is there, sends and webhooks are answered 503.
func (a *App) Start() error {
	st, err := a.acquire()
	away, waits := errors.AsType[awayStore](err)
	if err != nil && (!waits || storesOpen()) {
		return err // a reload leaves the one before as it is
	}
	if a.metrics.decisions != nil {
		if _, err := a.metrics.decisions(); err != nil {
			return err
		}
	}
	a.endGracefully()
	a.holdGCPercent()
	a.metrics.known()
	serving.Store(a)
	if waits {
		a.logger.Error("waguard started, and waits for "+away.Away()+": until it is there, sends are refused with 503, those in monitor mode pass unrecorded, and webhooks get 503, so that Meta delivers them again", zap.Error(err))
		a.await(err)
	} else {
		a.begin(st)
	}
	if a.gateway.Businesses.Others != nil && len(a.gateway.Businesses.Listed) == 0 {
		a.logger.Info("serving every business phone number with the default policy; add `business <phone_number_id>` blocks to name yours")
	}
	if err := a.startReconcile(); err != nil {
		return err
	}
	if err := a.startSync(); err != nil {
		return err
	}
	a.startNotify()
	return nil
}

// defaultGrace is how long requests may go on after SIGTERM where the operator
// says nothing.
const defaultGrace = 10 * time.Second

// endGracefully gives Caddy's http app a grace period if it has none: Caddy would
// wait for ever, and one client that holds back the last byte of an upload would
// keep the process from ending. The http app reads the setting when it stops.
func (a *App) endGracefully() {
	mod, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return // there is none, or Caddy says what is wrong with it
	}
	if server, ok := mod.(*caddyhttp.App); ok && server.GracePeriod == 0 {
		server.GracePeriod = caddy.Duration(defaultGrace)
	}
}

// Stop ends what the app does by itself. Requests may still run: the store is released in
// Cleanup.
func (a *App) Stop() error {
	a.stopAwaiting()
	a.stopNotify()
	a.stopSync()
	a.stopReconcile()
	a.stopBudgets()
	a.stopDriftCosts()
	return nil
}

// Cleanup releases the store, if this configuration ever acquired it. Caddy also
// calls it on a configuration that failed half way.
func (a *App) Cleanup() error {
	gcPercent.release(a)
	if a.lease != nil {
		a.lease.end()
	}
	a.stopAwaiting()
	a.stopNotify()
	a.stopSync()
	a.stopReconcile()
	a.stopBudgets()
	a.stopDriftCosts()
	if a.lease == nil {
		return nil
	}
	a.lease.mu.Lock()
	defer a.lease.mu.Unlock()
	logging := a.closeDecisionLog()
	serving.CompareAndSwap(a, nil)
	if !a.lease.held {
		return logging
	}
	a.lease.held = false
	_, forget := silences.Delete(a.lease.store)
	return errors.Join(logging, forget, a.provider.Release())
}

// appOf is the whatsapp app of the configuration ctx belongs to.
func appOf(ctx caddy.Context) (*App, error) {
	mod, err := ctx.AppIfConfigured("whatsapp")
	switch {
	case errors.Is(err, caddy.ErrNotConfigured):
		return nil, fmt.Errorf("the WhatsApp handlers need a `whatsapp` block in the global options: %w", err)
	case err != nil: // there is one, and something in it is wrong
		return nil, err
	}
	return mod.(*App), nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
