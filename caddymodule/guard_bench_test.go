package caddymodule

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// openWindow is a store that costs nothing and knows one thing: the person wrote
// a moment ago.
type openWindow struct {
	store.Store
	clock Clock
}

func (s *openWindow) Facts(context.Context, store.Query) (policy.Facts, error) {
	wrote := policy.MomentOf(s.clock.Now()) - 1000
	return policy.Facts{Persons: []policy.PersonFacts{{Contact: policy.ContactID{1}, Opened: wrote}}}, nil
}

func (*openWindow) Number(context.Context, string) (store.Number, error) {
	return store.Number{Display: "4930123456"}, nil
}

func (*openWindow) Meters(context.Context, *store.MeterQuery) (store.Meters, error) {
	return store.Meters{}, nil
}

func (*openWindow) OpaquePseudonym(string, string) policy.Alias { return policy.Alias{1} }

func (*openWindow) Fingerprint(string) string { return "a1b2c3d4e5" }

func (s *openWindow) AcceptedAt(string, string) policy.Moment { return policy.MomentOf(s.clock.Now()) }

func (*openWindow) Accepted(string, string, policy.Moment) {}

func (*openWindow) Reserve(context.Context, *store.Entry) *store.Write { return written() }

func (*openWindow) Settle(context.Context, store.ID, store.Outcome) *store.Write { return written() }

func written() *store.Write {
	w, done := store.NewWrite()
	done(nil)
	return w
}

// sink is a client that takes everything.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// requestContext is what Caddy gives a request on its way.
type requestContext struct {
	context.Context
	vars  map[string]any
	extra *caddyhttp.ExtraLogFields
}

func (c *requestContext) Value(key any) any {
	switch key {
	case caddyhttp.VarsCtxKey:
		return c.vars
	case caddyhttp.ExtraLogFieldsCtxKey:
		return c.extra
	}
	return c.Context.Value(key)
}

// BenchmarkGuard is what the gateway itself adds to a text that passes: no
// network, no proxy and no store.
func BenchmarkGuard(b *testing.B) {
	clock := systemClock{}
	st := &openWindow{clock: clock}
	app := &App{clock: clock, lease: new(lease), opening: new(opening), BodyBudget: defaultBodyBudget, BodyTimeout: caddy.Duration(defaultBodyTimeout)}
	app.opening.first.Do(func() { app.opening.last.Store(&opened{store: st}) })
	app.gateway = &gateway.Gateway{Now: clock.Now, Open: app.acquire, Businesses: gateway.Businesses{Others: &gateway.Business{Zone: time.UTC}}}
	app.metrics = newMetrics(app.gateway)
	app.gateway.Observer = app.metrics
	g := &Guard{app: app, logger: zap.NewNop(), dialect: cloudapi.Cloud, MaxBody: defaultMaxBody}
	g.sends = &gateway.Sends{Gateway: app.gateway, Log: g.logger, Timeout: defaultSendTimeout, Remember: defaultIdempotencyWindow}

	send := []byte(`{"messaging_product":"whatsapp","recipient_type":"individual","to":"+4915112345678","type":"text","text":{"preview_url":false,"body":"` +
		strings.Repeat("Your parcel is on its way. ", 9) + `"},"biz_opaque_callback_data":"order-8812/line-3"}`)
	answer := []byte(`{"messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],` +
		`"messages":[{"id":"wamid.HBgNNDkxNTExMjM0NTY3OBUCABEYEjlBNEFBNzI5NzE5ODYxRkU2QgA="}]}`)
	header := http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer x"}, "User-Agent": {"x"},
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip"},
	}
	graph := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		_, err := w.Write(answer)
		return err
	})
	client := &sink{header: make(http.Header)}
	ctx := &requestContext{Context: b.Context(), vars: make(map[string]any)}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/v25.0/104455667788/messages", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	r.Header = header
	var body bytes.Reader

	b.ReportAllocs()
	for b.Loop() {
		body.Reset(send)
		ctx.extra = new(caddyhttp.ExtraLogFields)
		clear(ctx.vars)
		r.Body, r.ContentLength = io.NopCloser(&body), int64(len(send))
		if err := g.ServeHTTP(client, r, graph); err != nil {
			b.Fatal(err)
		}
	}
	if ctx.vars["whatsapp.decision"] != "allow" {
		b.Fatalf("the send was judged %v", ctx.vars["whatsapp.rule"])
	}
}
