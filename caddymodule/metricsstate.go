package caddymodule

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/forward"
	"github.com/waguard/waguard/store"
)

// states are what is read when somebody asks for it, from the configuration that
// serves.
var states = []prometheus.Collector{
	state("body_bytes", "Memory that bodies of sends and webhooks hold at the moment; body_budget is the most.",
		func() float64 { return float64(bodiesHeld.Load()) }),
	prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "store_unreadable_total",
		Help: "Reads that met a record of the store that can't be read.",
	}, func() float64 { return float64(condition().Unreadable) }),
	state("store_notices", "What is not as it should be with the store, as its health says in words: losses that were accepted, damage.",
		func() float64 { return float64(len(condition().Notices)) }),
	state("windows_unknown", "Customer service windows that were opened before the backup which the store was restored from, and by what is known not since.",
		func() float64 { return float64(condition().OlderWindows) }),
	state("upstream_connections", "Connections of the guard to its own upstream, idle ones too.",
		func() float64 { return float64(forwarded.Open()) }),
	state("upstream_idle_connections", "Those of them that have nothing to do.",
		func() float64 { return float64(forwarded.Idle()) }),
	state("upstream_waiting", "Requests that wait for a connection to the guard's own upstream, since max_connections are in use.",
		func() float64 { return float64(forwarded.Waiting()) }),
	state("numbers_without_webhooks", "Business phone numbers that have sent for a day without a webhook.",
		ofServing(func(_ context.Context, app *App) float64 { return float64(len(app.gateway.SilentNumbers())) })),
	state("campaigns_off", "Business phone numbers whose marketing is switched off.",
		ofServing(func(ctx context.Context, app *App) float64 {
			off := 0
			list, err := app.gateway.Campaigns(ctx, "")
			for i := range list {
				if err == nil && list[i].Off {
					off++
				}
			}
			return float64(off)
		})),
	state("messaging_limit_used_ratio", "Part of its messaging limit that the portfolio has used which has used most of it.",
		ofServing(func(ctx context.Context, app *App) float64 {
			most, err := app.gateway.MessagingLimitUsed(ctx)
			if err != nil {
				return 0
			}
			return most
		})),
	state("store_queue", "Changes of the store that are on their way to disk.",
		func() float64 { return float64(measure().Waiting) }),
	state("store_sync_seconds", "How long the store's newest changes took to get on disk.",
		func() float64 { return measure().Synced.Seconds() }),
	state("store_sync_changes", "How many changes got on disk together then.",
		func() float64 { return float64(measure().Together) }),
	state("store_bytes", "What the store's files take on disk.",
		func() float64 { return float64(measure().Bytes) }),
	state("ready", "Whether sends can be judged and recorded: 1 where the health route says ready or degraded, else 0.",
		func() float64 {
			if look().Status == notReady {
				return 0
			}
			return 1
		}),
	budgetShares{},
	endpointStates{},
	matches{},
	diskFree{},
	webhookAges{},
}

func state(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help}, value)
}

func counterOf(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help}, value)
}

// forwardedKinds counts what came of the requests that guards passed on themselves.
type forwardedKinds struct{ desc *prometheus.Desc }

// Describe says which metric there is.
func (f forwardedKinds) Describe(to chan<- *prometheus.Desc) { to <- f.desc }

// Collect gives all kinds, also those that never came.
func (f forwardedKinds) Collect(to chan<- prometheus.Metric) {
	for _, kind := range forward.Kinds() {
		to <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, float64(forwarded.Of(kind)), kind.String())
	}
}

// servedStore is the store that is used now; nil where there is none.
func servedStore() store.Store {
	app := serving.Load()
	if app == nil {
		return nil
	}
	app.lease.mu.Lock()
	defer app.lease.mu.Unlock()
	return app.lease.store
}

// condition is that of the store that is used now.
func condition() (c store.Condition) {
	if watched, ok := servedStore().(store.Watched); ok {
		c = watched.Condition()
	}
	return c
}

// measure is what the store that is used now takes up.
func measure() (m store.Measure) {
	if measured, ok := servedStore().(store.Measured); ok {
		m = measured.Measure()
	}
	return m
}

// diskFree is how much room the store's disk has, where that is known.
type diskFree struct{}

var (
	diskFreeBytes = prometheus.NewDesc("caddy_whatsapp_store_disk_free_bytes",
		"What may still be written to the store's disk. Not there where nobody knows.", nil, nil)
	diskNeededBytes = prometheus.NewDesc("caddy_whatsapp_store_disk_needed_bytes",
		"How much must be free on the store's disk for sends to be taken. Not there where nobody knows.", nil, nil)
)

// Describe says which metrics there are.
func (diskFree) Describe(to chan<- *prometheus.Desc) { to <- diskFreeBytes; to <- diskNeededBytes }

// Collect asks the disk.
func (diskFree) Collect(to chan<- prometheus.Metric) {
	m := measure()
	if m.Needed == 0 {
		return
	}
	to <- prometheus.MustNewConstMetric(diskFreeBytes, prometheus.GaugeValue, float64(m.Free))
	to <- prometheus.MustNewConstMetric(diskNeededBytes, prometheus.GaugeValue, float64(m.Needed))
}

// webhookAges are how long ago business phone numbers last got a webhook.
type webhookAges struct{}

var webhookAge = prometheus.NewDesc("caddy_whatsapp_seconds_since_webhook",
	"How long ago the newest webhook came of each listed business phone number, +Inf where none ever has; as other of those that are not listed, once one has come since the gateway started.",
	[]string{"business"}, nil)

// ofServing is what value tells of the gateway that serves, within scrapePatience; zero
// where none does.
func ofServing(value func(context.Context, *App) float64) func() float64 {
	return func() float64 {
		app := serving.Load()
		if app == nil {
			return 0
		}
		ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
		defer cancel()
		return value(ctx, app)
	}
}

// scrapePatience is how long somebody who asks for metrics waits for the store.
const scrapePatience = 2 * time.Second

// Describe says which metric there is.
func (webhookAges) Describe(to chan<- *prometheus.Desc) { to <- webhookAge }

// Collect asks the store.
func (webhookAges) Collect(to chan<- prometheus.Metric) {
	app := serving.Load()
	if app == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	now := app.clock.Now()
	for _, n := range app.gateway.LastWebhooks(ctx) {
		age, business := math.Inf(1), n.PhoneNumberID
		if !n.Last.IsZero() {
			age = max(0, now.Sub(n.Last).Seconds())
		}
		if business == "" {
			business = otherBusiness
		}
		to <- prometheus.MustNewConstMetric(webhookAge, prometheus.GaugeValue, age, business)
	}
}
