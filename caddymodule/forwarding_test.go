package caddymodule

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/forward"
	"github.com/waguard/waguard/gateway"
)

// TestAppendForwarded: what is said of the client where it can't be known, where
// another proxy is trusted, and where a handler wants nothing said. The rest is held
// against reverse_proxy by the tests of the whole.
func TestAppendForwarded(t *testing.T) {
	said := http.Header{"X-Forwarded-For": {"9.9.9.9", "8.8.8.8"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"a", "shop.example"}}
	for name, test := range map[string]struct {
		remote  string
		trusted bool
		header  http.Header
		want    string
	}{
		"tcp":                 {"1.2.3.4:5", false, nil, "1.2.3.4 http gw"},
		"tcp/forged":          {"1.2.3.4:5", false, said, "1.2.3.4 http gw"},
		"tcp/trusted":         {"1.2.3.4:5", true, said, "9.9.9.9, 8.8.8.8, 1.2.3.4 https shop.example"},
		"tcp/trusted-silent":  {"1.2.3.4:5", true, nil, "1.2.3.4 http gw"},
		"tcp/zone":            {"[fe80::1%eth0]:5", false, nil, "fe80::1 http gw"},
		"tcp/nothing-wanted":  {"1.2.3.4:5", true, http.Header{"X-Forwarded-For": nil, "X-Forwarded-Proto": nil, "X-Forwarded-Host": nil}, "- - -"},
		"unix":                {"@", false, said, "- - -"},
		"unix/trusted":        {"@", true, said, "9.9.9.9, 8.8.8.8 https shop.example"},
		"unix/trusted-silent": {"@", true, nil, "- http gw"},
		"unknown":             {"somewhere", true, said, "- - -"},
	} {
		ctx := &requestContext{Context: t.Context(), vars: map[string]any{caddyhttp.TrustedProxyVarKey: test.trusted}}
		r := (&http.Request{Method: "POST", URL: &url.URL{Path: "/"}, Host: "gw", RemoteAddr: test.remote, Header: test.header, ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
		got := map[string]string{}
		for _, f := range appendFields(nil, r) {
			got[f.Name] = strings.Join(f.Values, "|")
		}
		var parts []string
		for _, field := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
			value, ok := got[field]
			if !ok {
				value = "-"
			}
			parts = append(parts, value)
		}
		if text := strings.Join(parts, " "); text != test.want || got["Via"] != "1.1 Caddy" {
			t.Errorf("%s: got %q and %q, want %q", name, text, got["Via"], test.want)
		}
	}
}

// TestSenderOfUnjudgedLeaves: of a send that nobody judged the sender's leaving ends
// it, and is no error.
func TestSenderOfUnjudgedLeaves(t *testing.T) {
	client, err := forward.New(forward.Options{Server: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := (&http.Request{Method: "POST", URL: &url.URL{Path: "/"}, Host: "gw", RemoteAddr: "1.2.3.4:5"}).WithContext(&requestContext{Context: gone})
	rec := answerTo(&sink{header: make(http.Header)}, 0)
	l := &leaving{upstream: &Upstream{client: client}, timeout: time.Minute}
	if err := l.ServeHTTP(&rec, r); err != nil || rec.status != gateway.StatusClientClosed || l.written != forward.Nothing {
		t.Errorf("got %v, status %d, %s written", err, rec.status, l.written)
	}
}
