package caddymodule

import (
	"errors"
	"runtime"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/internal/version"
)

// The collectors live as long as the process: every configuration registers
// them with a registry of its own, and the counts go on across reloads. All
// labels are small closed sets, and each starts at 0: see metriclabels.go. What can
// be read when it is asked for is in metricsstate.go.
var (
	sendsTotal = counters("sends_total",
		"Sends judged, by decision (allow, refuse, monitor), rule and category.", "decision", "rule", "category")

	customRulesTotal = counters("custom_rules_total",
		"Sends about which a rule of the operator's own spoke, by the rule's id and what it did (refuse, warn, error).", "rule_id", "effect")

	shadowSendsTotal = counters("shadow_sends_total",
		"Sends that a policy on trial judged as well, by business phone number and how its answer compares with that of the other one (same, stopped, released, reworded, untold).", "business", "change")

	businessSendsTotal = counters("business_sends_total",
		"Sends judged, by business phone number (its id, or other for those that have no business block) and decision.", "business", "decision")

	outcomesTotal = counters("outcomes_total",
		"What became of sends that were passed on, when their sender was told (accepted, rejected, not_sent, unknown), by business phone number.", "business", "outcome")

	missesTotal = counters("misses_total",
		"Sends that a rule should have refused, since Meta refused them for what it judges: by business phone number and the rule. Each counts when Meta's word comes, at once or in a status.", "business", "rule")

	refusedByMeta = counters("meta_refused_total",
		"Sends that were let through and that Meta refused, at once or in a status, by business phone number and what its error is about (window, opt_out, template, limit, recipient, call, content, account, service, other). misses_total are some of them.", "business", "matter")

	refusedUnmatched = counter("meta_refused_unmatched_total",
		"Failures that statuses told of messages whose send was not found, so that they are in meta_refused_total and can't be in misses_total: sent past this gateway, or long ago.")

	sendsInFlight = gauge("sends_in_flight",
		"Sends that were passed on and have no answer yet.")

	decisionSeconds = histogram("decision_seconds",
		"How long it took to judge a request: to read what is known and to decide. Writing the ledger is not in it.",
		0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5)

	upstreamSeconds = histogram("upstream_seconds",
		"How long Meta took to answer a request with sends, or until it was given up.",
		0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

	upstreamDials = counterOf("upstream_dials_total",
		"Connections that the guard has begun to its own upstream.", func() float64 { return float64(forwarded.Dials()) })

	upstreamRequests = forwardedKinds{prometheus.NewDesc("caddy_whatsapp_upstream_requests_total",
		"Requests that the guard passed on itself, by what came of them (answered, invalid, crowded, unconnected, unwritten, unanswered, unreadable, late, cancelled, broke_off).", []string{"result"}, nil)}

	statusesTotal = counters("statuses_total",
		"Statuses of messages that webhooks told (sent, delivered, read, played, failed, other). Meta may tell one again.", "status")

	webhooksTotal = counters("webhooks_total",
		"Webhook deliveries, by result (accepted, bad_signature, unauthorized, unreadable, too_large, overloaded, setup_incomplete, store_unavailable).", "result")

	webhookEventsTotal = counter("webhook_events_total",
		"Events learned from webhooks.")

	accountEventsTotal = counters("account_events_total",
		"Account events, such as restrictions and worse quality, by severity (info, warning, critical).", "severity")

	optOutsSuspected = counter("opt_outs_suspected_total",
		"Messages that may be opt-outs and wait for somebody to decide. Meta may deliver one again.")

	sentToAnother = counter("sent_to_another_total",
		"Sends that went to another person than they were judged by, as Meta's answers show.")

	callersRefused = counter("callers_refused_total",
		"Requests of callers whose access token is none of the setting senders.")

	strangersRefused = counters("unaccepted_callers_refused_total",
		"Refused requests of callers whose access token Meta has not accepted lately, by rule. They are not in the ledger.", "rule")

	storeFailures = counter("store_failures_total",
		"Requests that met a store that could not answer or record.")

	storeRefused = counters("store_refused_total",
		"Stores that were not opened because they know less than they did, by kind (damaged, older, empty, other).", "kind")

	clockDifference = gauge("clock_difference_seconds",
		"By how much WhatsApp's clock is ahead of ours, as recent webhooks tell; negative where ours is ahead.")

	webhookChangesTotal = counters("webhook_changes_total",
		"Requests of senders that would change where Meta sends webhooks, by change (SUBSCRIBE, UNSUBSCRIBE, OVERRIDE, APP_CALLBACK, UPLOAD).", "change")

	templatesRecategorised = counter("templates_recategorised_total",
		"Templates that Meta billed under another category than was known.")

	templatesCategoryChanged = counter("templates_category_changed_total",
		"Changes of a template's category, told by Meta's webhooks or answers or seen in the price of a message.")

	buildInfo = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "whatsapp", Name: "build_info",
		Help:        "Always 1; the labels say which waguard this is.",
		ConstLabels: prometheus.Labels{"version": version.Of().Version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
)

// collectors are all of them.
var collectors = slices.Concat([]prometheus.Collector{
	sendsTotal, customRulesTotal, shadowSendsTotal, businessSendsTotal, outcomesTotal, missesTotal, refusedByMeta, refusedUnmatched, pricedSends, estimatedCost, taggedSends, taggedCost, sendsInFlight, decisionSeconds, upstreamSeconds, upstreamDials, upstreamRequests, statusesTotal,
	webhooksTotal, webhookEventsTotal, accountEventsTotal, optOutsSuspected, sentToAnother, callersRefused, strangersRefused, storeFailures, storeRefused,
	clockDifference, webhookChangesTotal, templatesRecategorised, templatesCategoryChanged, decisionLogLines, notifications, buildInfo,
}, states)

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help})
}

func histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "caddy", Subsystem: "whatsapp", Name: name, Help: help, Buckets: buckets})
}

func registerMetrics(registry *prometheus.Registry) error {
	for _, c := range collectors {
		if err := registry.Register(c); err != nil {
			if _, again := errors.AsType[prometheus.AlreadyRegisteredError](err); !again {
				return err
			}
		}
	}
	return nil
}
