package forward

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkForward compares the client with Go's own: a send of 400 bytes with nine
// header fields, to a server that answers 148 bytes, over connections that are kept.
func BenchmarkForward(b *testing.B) {
	answer := []byte(`{"messaging_product":"whatsapp","contacts":[{"input":"` + secret + `","wa_id":"` + secret + `"}],"messages":[{"id":"wamid.HBgNNDkxNTExMjM0NTY3OA=="}]}`)
	send := bytes.Repeat([]byte("x"), 400)
	header := http.Header{
		"Authorization": {"Bearer " + strings.Repeat("t", 200)}, "Content-Type": {"application/json"}, "User-Agent": {"shop/1.0"}, "Accept": {"*/*"},
		"X-Forwarded-For": {"10.0.0.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"example.com"}, "Via": {"1.1 Caddy"}, "X-App": {"shop"},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	})
	for _, scheme := range []string{"plain", "tls"} {
		server := httptest.NewUnstartedServer(handler)
		if scheme == "tls" {
			server.StartTLS()
		} else {
			server.Start()
		}
		b.Cleanup(server.Close)
		to, err := url.Parse(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		_, roots := certificate()
		b.Run(scheme+"/own", func(b *testing.B) {
			c, err := New(Options{Server: to, Roots: roots})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			r := &Request{Method: "POST", Target: "/v25.0/1/messages", Body: send}
			for name, values := range header {
				r.Fields = append(r.Fields, Field{name, values})
			}
			b.ReportAllocs()
			for b.Loop() {
				resp, err := c.Do(b.Context(), r)
				drain(b, resp, err)
			}
		})
		b.Run(scheme+"/transport", func(b *testing.B) {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableCompression: true}
			defer transport.CloseIdleConnections()
			b.ReportAllocs()
			for b.Loop() {
				r := (&http.Request{
					Method: "POST", URL: &url.URL{Scheme: to.Scheme, Host: to.Host, Path: "/v25.0/1/messages"}, Header: header,
					Body: io.NopCloser(bytes.NewReader(send)), ContentLength: int64(len(send)),
				}).WithContext(b.Context())
				resp, err := transport.RoundTrip(r)
				drain(b, resp, err)
			}
		})
	}
}

func drain(b *testing.B, resp *http.Response, err error) {
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
}
