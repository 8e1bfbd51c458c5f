package caddymodule

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestTraceDecision: a span has the verdict, and nobody's name.
func TestTraceDecision(t *testing.T) {
	person := policy.Alias{0xab, 0xcd}
	e := &store.Entry{
		ID: store.NewID(1), At: 1, Send: policy.Send{PhoneNumberID: "104455667788", Template: policy.TemplateRef{Name: "offer", Language: "en"}, Recipient: policy.Identity{Kind: policy.Phone, Value: "4915112345678"}},
		Facts:    policy.Facts{Persons: []policy.PersonFacts{{Contact: person}}},
		Decision: policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleNoConsent, Category: policy.CategoryMarketing, Reason: "no consent"},
	}
	judged := &gateway.Judged{Entry: e}
	exporter := tracetest.NewInMemoryExporter()
	tracer := sdk.NewTracerProvider(sdk.WithSyncer(exporter)).Tracer("test")
	ctx, span := tracer.Start(t.Context(), "request")
	r := httptest.NewRequestWithContext(ctx, "POST", "/", nil)
	traceDecision(r, tagsOf(judged), judged, 3)
	webhookResult(r, "accepted")
	traceLearned(r, 2)
	span.End()
	got := make(map[string]string)
	for _, a := range exporter.GetSpans()[0].Attributes {
		got[string(a.Key)] = a.Value.Emit()
		if v := a.Value.Emit(); strings.Contains(v, "4915112345678") || strings.Contains(v, person.String()) {
			t.Errorf("%s names the person: %s", a.Key, v)
		}
	}
	for name, want := range map[string]string{
		"waguard.decision": "refuse", "waguard.rule": "NO_CONSENT", "waguard.category": "marketing", "waguard.phone_number_id": "104455667788",
		"waguard.decision_id": e.ID.String(), "waguard.template": "offer", "waguard.template_language": "en", "waguard.sends": "3",
		"waguard.webhook_result": "accepted", "waguard.webhook_events": "2",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	// Where nobody traces nothing is made.
	r = httptest.NewRequestWithContext(context.Background(), "POST", "/", nil)
	tags := tagsOf(judged)
	if n := testing.AllocsPerRun(100, func() { traceDecision(r, tags, judged, 1) }); n != 0 {
		t.Errorf("a request that isn't traced costs %v allocations", n)
	}
}
