package graphsim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

// BenchmarkServeHTTP is the cost of one send without the network, recording and queueing off.
func BenchmarkServeHTTP(b *testing.B) {
	for _, bench := range []struct{ name, fields string }{
		{"text", accepted["text"]},
		{"template", accepted["template/parameters"]},
		{"list", accepted["list"]},
	} {
		b.Run(bench.name, func(b *testing.B) {
			sim := graphsim.New(graphsim.Options{Record: -1, QueueLimit: -1, Templates: catalogue})
			body := message(`"to":"+4915112345678",` + bench.fields)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest(http.MethodPost, "/v25.0/"+numberID+"/messages", strings.NewReader(body))
					r.Header.Set("Authorization", "Bearer token")
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					sim.ServeHTTP(w, r)
					if w.Code != http.StatusOK {
						b.Fatalf("answer %d %s", w.Code, w.Body)
					}
				}
			})
		})
	}
}

// BenchmarkLoopback is the same send over real connections: what a gateway in front can at most achieve here.
func BenchmarkLoopback(b *testing.B) {
	server := httptest.NewServer(graphsim.New(graphsim.Options{Record: -1, QueueLimit: -1}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	body := message(`"to":"+4915112345678",` + accepted["text"])
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequest(http.MethodPost, server.URL+"/v25.0/"+numberID+"/messages", strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer token")
			resp, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Fatalf("answer %d", resp.StatusCode)
			}
		}
	})
}
