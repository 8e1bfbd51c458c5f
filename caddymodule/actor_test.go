package caddymodule

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waguard/waguard/store"
)

// fingerprinter is a store that makes fingerprints and nothing else.
type fingerprinter struct{ store.Store }

func (fingerprinter) Fingerprint(s string) string { return strings.Repeat("f", min(len(s), 4)) }

// Who changed consent is known by the best witness: the socket, the certificate,
// then the client's own word.
func TestActorOf(t *testing.T) {
	cert := func(c x509.Certificate) *tls.ConnectionState {
		c.SerialNumber = big.NewInt(255)
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{&c}}
	}
	for _, test := range []struct {
		name, peer, told string
		tls              *tls.ConnectionState
		want             string
	}{
		{"peer", "ana", "mallory", nil, "ana (socket)"},
		{"peer-and-certificate", "ana", "", cert(x509.Certificate{Subject: pkix.Name{CommonName: "ops"}}), "ana (socket)"},
		{"certificate", "", "mallory", cert(x509.Certificate{Subject: pkix.Name{CommonName: "ops"}, DNSNames: []string{"x"}}), "ops (certificate)"},
		{"certificate/mail", "", "", cert(x509.Certificate{EmailAddresses: []string{"ops@example.com"}}), "ops@example.com (certificate)"},
		{"certificate/name", "", "", cert(x509.Certificate{DNSNames: []string{"ops.example.com"}}), "ops.example.com (certificate)"},
		{"certificate/uri", "", "", cert(x509.Certificate{URIs: []*url.URL{{Scheme: "spiffe", Host: "ops"}}}), "spiffe://ops (certificate)"},
		{"certificate/nameless", "", "", cert(x509.Certificate{}), "serial ff (certificate)"},
		{"no-certificate", "", "ana", &tls.ConnectionState{}, "ana (told)"},
		{"told", "", " ana\n\x1b[2J", nil, "ana [2J (told)"},
		{"told/number", "", "+4915112345678", nil, "+#ffff (told)"},
		{"nobody", "", "", nil, ""},
	} {
		r := httptest.NewRequest("POST", "/whatsapp/consent/opt-in", nil)
		r.TLS = test.tls
		if test.peer != "" {
			r = r.WithContext(context.WithValue(r.Context(), peerKey{}, test.peer))
		}
		if got := actorOf(r, fingerprinter{}, test.told); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
