package caddymodule

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// The collectors live as long as the process: every configuration registers
// them with a registry of its own, and the counts go on across reloads. All
// labels are small closed sets.
var (
	sendsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "sends_total",
		Help: "Sends judged, by decision (allow, refuse, monitor), rule and category.",
	}, []string{"decision", "rule", "category"})

	webhooksTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "webhooks_total",
		Help: "Webhook deliveries, by result (accepted, bad_signature, unauthorized, unreadable, too_large, overloaded, setup_incomplete, store_unavailable).",
	}, []string{"result"})

	webhookEventsTotal = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "webhook_events_total",
		Help: "Events learned from webhooks.",
	})

	accountEventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "account_events_total",
		Help: "Account events, such as restrictions and worse quality, by severity (info, warning, critical).",
	}, []string{"severity"})

	sentToAnother = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "sent_to_another_total",
		Help: "Sends that went to another person than they were judged by, as Meta's answers show.",
	})

	callersRefused = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "callers_refused_total",
		Help: "Requests of callers whose access token is none of the setting senders.",
	})

	strangersRefused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "unaccepted_callers_refused_total",
		Help: "Refused requests of callers whose access token Meta has not accepted lately, by rule. They are not in the ledger.",
	}, []string{"rule"})

	storeFailures = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "store_failures_total",
		Help: "Requests that met a store that could not answer or record.",
	})

	bodyBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "body_bytes",
		Help: "Memory that bodies of sends and webhooks hold at the moment; body_budget is the most.",
	}, func() float64 { return float64(bodiesHeld.Load()) })

	storeRefused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "store_refused_total",
		Help: "Stores that were not opened because they know less than they did, by kind (damaged, older, empty, other).",
	}, []string{"kind"})

	storeUnreadable = prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "store_unreadable_total",
		Help: "Reads that met a record of the store that can't be read.",
	}, func() float64 { return float64(condition().Unreadable) })

	storeNotices = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "store_notices",
		Help: "What is not as it should be with the store, as its health says in words: losses that were accepted, damage.",
	}, func() float64 { return float64(len(condition().Notices)) })

	clockDifference = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "clock_difference_seconds",
		Help: "By how much WhatsApp's clock is ahead of ours, as recent webhooks tell; negative where ours is ahead.",
	})

	webhookChangesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "webhook_changes_total",
		Help: "Requests of senders that would change where Meta sends webhooks, by change (SUBSCRIBE, UNSUBSCRIBE, OVERRIDE, APP_CALLBACK, UPLOAD).",
	}, []string{"change"})

	numbersWithoutWebhooks = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "numbers_without_webhooks",
		Help: "Business phone numbers that have sent for a day without a webhook.",
	}, func() float64 {
		app := serving.Load()
		if app == nil {
			return 0
		}
		return float64(len(app.gateway.SilentNumbers()))
	})

	templatesRecategorised = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "templates_recategorised_total",
		Help: "Templates that Meta billed under another category than was known.",
	})
)

func registerMetrics(registry *prometheus.Registry) error {
	for _, c := range []prometheus.Collector{sendsTotal, webhooksTotal, webhookEventsTotal, accountEventsTotal, sentToAnother, callersRefused, strangersRefused, storeFailures, storeRefused, storeUnreadable, storeNotices, bodyBytes, clockDifference, webhookChangesTotal, numbersWithoutWebhooks, templatesRecategorised} {
		if err := registry.Register(c); err != nil {
			if _, again := errors.AsType[prometheus.AlreadyRegisteredError](err); !again {
				return err
			}
		}
	}
	return nil
}

// condition is that of the store that is used now.
func condition() (c store.Condition) {
	app := serving.Load()
	if app == nil {
		return c
	}
	app.lease.mu.Lock()
	defer app.lease.mu.Unlock()
	if watched, ok := app.lease.store.(store.Watched); ok {
		c = watched.Condition()
	}
	return c
}

// metrics counts what the gateway tells it.
type metrics struct{}

// StoreFailed counts it.
func (metrics) StoreFailed() { storeFailures.Inc() }

// StrangerRefused counts it.
func (metrics) StrangerRefused(rule policy.Rule) {
	strangersRefused.WithLabelValues(string(rule)).Inc()
}

// SentToAnother counts it.
func (metrics) SentToAnother() { sentToAnother.Inc() }

func observeSend(e *store.Entry) {
	sendsTotal.WithLabelValues(e.Tag(), string(e.Decision.Rule), string(e.Decision.Category)).Inc()
}
