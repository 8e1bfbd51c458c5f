package e2e

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// atOnce makes sends at one time, of which some leave, no more and no fewer, and all others
// are refused by a rule.
func (w *world) atOnce(t *testing.T, sends, leave int, rule string, send func(i int) (*http.Response, []byte)) {
	t.Helper()
	var passed, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range sends {
		wg.Go(func() {
			switch resp, body := send(i); {
			case resp.StatusCode == http.StatusOK:
				passed.Add(1)
			case resp.Header.Get("X-Waguard-Rule") == rule:
				refused.Add(1)
			default:
				t.Errorf("%s %s", resp.Status, body)
			}
		})
	}
	wg.Wait()
	if int(passed.Load()) != leave || int(refused.Load()) != sends-leave || len(w.sim.Sends()) != leave {
		t.Errorf("%d passed, %d were refused, %d arrived; want %d to arrive", passed.Load(), refused.Load(), len(w.sim.Sends()), leave)
	}
}
