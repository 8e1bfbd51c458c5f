package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestSendersByMatcher: who matches all of one `senders match` may send and is told
// everything, whatever the token; nobody else.
func TestSendersByMatcher(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{Guard: "senders match {\nremote_ip 127.0.0.0/8\nheader X-App crm\n}\nsenders match header X-App shop"}})
	for app, known := range map[string]bool{"crm": true, "shop": true, "": false, "other": false} {
		resp, body := gatewaytest.Do(t, http.MethodPost, w.URL+messages, textBody, http.Header{"Content-Type": {"application/json"}, "X-App": {app}})
		r := decodeRefusal(t, body)
		switch {
		case known && (r.Error.Waguard.Rule != "WINDOW_CLOSED" || !strings.Contains(r.Error.Waguard.Reason, "has not written")):
			t.Errorf("%q, who may send: %s %s", app, resp.Status, body)
		case !known && r.Error.Waguard.Rule != "CALLER_UNKNOWN":
			t.Errorf("%q, who may not: %s %s", app, resp.Status, body)
		}
	}
	if n := len(allEntries(t, w.Gateway, "ledger")); n != 2 {
		t.Errorf("the ledger has %d entries", n)
	}
}

// certificate makes a key pair, signed by a parent or by itself.
func certificate(t *testing.T, name string, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	signer, signerKey := template, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// written writes a certificate and its key to files.
func written(t *testing.T, c *tls.Certificate) (cert, key string) {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Leaf.Raw}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestSendersByClientCertificate: who shows a certificate that Caddy has verified,
// or one of those that are named, may send; who shows none, or another, may not.
func TestSendersByClientCertificate(t *testing.T) {
	ca, other := certificate(t, "ca", nil), certificate(t, "other", nil)
	client, server := certificate(t, "client", ca), certificate(t, "server", ca)
	caFile, _ := written(t, ca)
	certFile, keyFile := written(t, server)
	for name, c := range map[string]struct {
		mode, senders string
		shows         *tls.Certificate
		known         bool
	}{
		"verified":            {"verify_if_given", "verified", client, true},
		"verified/none":       {"verify_if_given", "verified", nil, false},
		"verified/unverified": {"request", "verified", client, false},
		"named":               {"request", fmt.Sprintf("%X", sha256.Sum256(other.Leaf.Raw)), other, true},
		"named/another":       {"request", fmt.Sprintf("%X", sha256.Sum256(other.Leaf.Raw)), client, false},
		"named/none":          {"request", fmt.Sprintf("%X", sha256.Sum256(other.Leaf.Raw)), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			pool := ""
			if c.mode != "request" {
				pool = "trust_pool file " + caFile
			}
			_, port, err := net.SplitHostPort(gatewaytest.FreeAddr(t))
			if err != nil {
				t.Fatal(err)
			}
			gatewaytest.Start(t, gatewaytest.Options{Upstream: "http://127.0.0.1:1", Caddyfile: `{
	admin {{.Admin}}
	persist_config off
	auto_https off
	default_bind 127.0.0.1
	log default {
		level PANIC
	}
	whatsapp {
		store badger {{.Dir}}
	}
}
https://localhost:` + port + ` {
	tls ` + certFile + ` ` + keyFile + ` {
		client_auth {
			mode ` + c.mode + `
			` + pool + `
		}
	}
	whatsapp_guard {
		senders client_cert ` + c.senders + `
	}
	reverse_proxy {{.Upstream}}
}
`})
			config := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"} // it is the server that verifies here
			if c.shows != nil {
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.shows, nil }
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
			defer client.CloseIdleConnections()
			resp, err := client.Post("https://localhost:"+port+messages, "application/json", strings.NewReader(textBody))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if known := resp.StatusCode != http.StatusUnauthorized; known != c.known || known && resp.Header.Get("X-Waguard-Rule") != "WINDOW_CLOSED" {
				t.Errorf("answered %s %v", resp.Status, resp.Header)
			}
		})
	}
}

// TestSendersByUnsetPlaceholder: a matcher whose placeholder is empty would match who
// sends an empty header. It lets nobody in, and the log says so; other matchers do.
func TestSendersByUnsetPlaceholder(t *testing.T) {
	const unset = "{env.WAGUARD_TEST_NOBODY_SETS_THIS}"
	w := newWorld(t, options{Options: gatewaytest.Options{Guard: "senders match header X-App-Key " + unset + "\nsenders match header X-App-Key shop"}})
	ana.writes("Hello")(t, w)
	for key, want := range map[string]int{"": http.StatusUnauthorized, unset: http.StatusUnauthorized, "shop": http.StatusOK} {
		header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-App-Key": {key}}
		if resp, body := gatewaytest.Do(t, "POST", w.URL+messages, textBody, header); resp.StatusCode != want {
			t.Errorf("X-App-Key %q: answered %s %s, want %d", key, resp.Status, body, want)
		}
	}
	if lines := w.logLines(t, "http.handlers.whatsapp_guard", "a matcher of senders has a placeholder that is empty; it lets nobody in until that is set, and the configuration is loaded again"); len(lines) != 1 {
		t.Errorf("the log says it %d times", len(lines))
	}
}
