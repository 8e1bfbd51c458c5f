package caddymodule

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/waguard/waguard/gateway"
)

// Behind Caddy's directive tracing each request has a span of OpenTelemetry's: the verdict
// stands in its attributes. People never do.

// spanTags are the names of the tags that spans have, by their places.
var spanTags = map[int]string{
	tagDecision: "waguard.decision", tagRule: "waguard.rule", tagCategory: "waguard.category", tagID: "waguard.decision_id", tagRuleID: "waguard.rule_id",
	tagWarning: "waguard.warning", tagFallback: "waguard.fallback", tagMarket: "waguard.market", tagPriceType: "waguard.price_type", tagInitiation: "waguard.initiation",
	tagInitiation + 1: "waguard.phone_number_id", tagInitiation + 2: "waguard.sender",
}

// traceDecision tells the request's span of a decision, the one that speaks of how many.
func traceDecision(r *http.Request, t *tags, j *gateway.Judged, sends int) {
	span := trace.SpanFromContext(r.Context())
	if !span.IsRecording() { // as where nobody traces
		return
	}
	attributes := make([]attribute.KeyValue, 0, len(spanTags)+3)
	for i := range t {
		if name, told := spanTags[i]; told && t[i] != "" {
			attributes = append(attributes, attribute.String(name, t[i]))
		}
	}
	if s := j.Entry.Send; s.Template.Name != "" {
		attributes = append(attributes, attribute.String("waguard.template", s.Template.Name), attribute.String("waguard.template_language", s.Template.Language))
	}
	if sends > 1 {
		attributes = append(attributes, attribute.Int("waguard.sends", sends))
	}
	span.SetAttributes(attributes...)
}

// webhookResult counts what became of a delivery, and tells the request's span.
func webhookResult(r *http.Request, result string) {
	webhooksTotal.WithLabelValues(result).Inc()
	if span := trace.SpanFromContext(r.Context()); span.IsRecording() {
		span.SetAttributes(attribute.String("waguard.webhook_result", result))
	}
}

// traceLearned tells the span how much a delivery told.
func traceLearned(r *http.Request, events int) {
	if span := trace.SpanFromContext(r.Context()); span.IsRecording() {
		span.SetAttributes(attribute.Int("waguard.webhook_events", events))
	}
}
