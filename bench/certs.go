package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// trust is the certificate that the upstream and both proxies have where there is
// TLS on both sides. Everybody trusts it and nothing else. nil is plain HTTP.
type trust struct {
	Cert, Key string // files
	pool      *x509.CertPool
}

// newTrust makes the certificate, for a day.
func newTrust(dir string) (*trust, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "bench"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	t := &trust{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	t.pool.AddCert(parsed)
	if err := os.WriteFile(t.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		return nil, err
	}
	return t, os.WriteFile(t.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}

// client is what a client takes to trust it.
func (t *trust) client() *tls.Config {
	return &tls.Config{RootCAs: t.pool, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}}
}

// httpClient asks servers with the certificate, or over plain HTTP.
func (t *trust) httpClient() *http.Client {
	if t == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: t.client()}}
}

// url is where a server is that has the certificate.
func (t *trust) url(addr string) string {
	if t == nil {
		return "http://" + addr
	}
	return "https://" + addr
}
