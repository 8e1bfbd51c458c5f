package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// BenchmarkWatched is what ten people who watch sends as they come cost those sends: the
// ratio of throughput with them to that without, of rounds one after the other. One
// iteration is a round of each.
func BenchmarkWatched(b *testing.B) {
	const senders, round, watchers = 32, 2000, 10
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.x"}]}`)
	}))
	defer upstream.Close()
	g := gatewaytest.Start(b, gatewaytest.Options{Upstream: upstream.URL, Site: consoleSite})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	send := func(i int) {
		body := `{"messaging_product":"whatsapp","to":"+49151` + strconv.Itoa(10_000_000+i%5000) + `","type":"text","text":{"body":"hi"}}`
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, g.URL+"/v25.0/104455667788/messages", strings.NewReader(body))
		if err != nil {
			b.Error(err)
			return
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}}
		resp, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode >= http.StatusInternalServerError {
			b.Errorf("a send is answered %s", resp.Status)
		}
	}
	send(0)
	measure := func() float64 {
		var next atomic.Int64
		var all sync.WaitGroup
		began := time.Now()
		for range senders {
			all.Go(func() {
				for i := next.Add(1); i <= round; i = next.Add(1) {
					send(int(i))
				}
			})
		}
		all.Wait()
		return round / time.Since(began).Seconds()
	}
	var ratios []float64
	watched, events := 0.0, atomic.Int64{}
	for b.Loop() {
		alone := measure()
		ctx, end := context.WithCancel(b.Context())
		var watching sync.WaitGroup
		for range watchers {
			watching.Go(func() { events.Add(watch(ctx, g.URL)) })
		}
		watched = measure()
		end()
		watching.Wait()
		ratios = append(ratios, watched/alone)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "watched/unwatched")
	b.ReportMetric(ratios[0], "watched/unwatched-least")
	b.ReportMetric(watched, "sends/s")
	if events.Load() == 0 {
		b.Error("nobody saw anything")
	}
}

// watch reads what a page that watches is sent, until it is told to end, and counts events.
func watch(ctx context.Context, url string) (events int64) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/console/live?show=all", nil)
	if err != nil {
		return 0
	}
	req.Header = http.Header{"Remote-User": {"ana"}, "Accept": {"text/event-stream"}}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buf)
		events += int64(strings.Count(string(buf[:n]), "</tr>"))
		if err != nil {
			return events
		}
	}
}
