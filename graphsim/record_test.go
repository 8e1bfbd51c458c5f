package graphsim_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

func TestRequestsAreKeptAsTheyCame(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	// Broken JSON, a double slash, an odd query: nothing is tidied up.
	resp := w.request("POST", "/v25.0//"+numberID+"/messages?x=%2F", "text/odd", "{broken")
	defer resp.Body.Close()
	all := w.Requests()
	if len(all) != 1 {
		t.Fatalf("%d requests, want 1", len(all))
	}
	r := all[0]
	if r.Method != "POST" || r.RequestURI != "/v25.0//"+numberID+"/messages?x=%2F" || r.Proto != "HTTP/1.1" ||
		string(r.Body) != "{broken" || r.Header.Get("Content-Type") != "text/odd" || r.Remote == "" || !r.At.Equal(newYear2026) {
		t.Errorf("request = %+v", r)
	}
	if resp.StatusCode != 400 {
		t.Errorf("status = %d, want 400", resp.StatusCode)
	}
}

func TestRecordKeepsTheNewest(t *testing.T) {
	w := newWorld(t, graphsim.Options{Record: 3})
	var ids []string
	for i := range 8 {
		ids = append(ids, w.send(fmt.Sprintf(`"to":"491511000000%d","text":{"body":"x"}`, i)))
	}
	if got := len(w.Requests()); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
	for i, s := range w.Sends() {
		if s.ID != ids[5+i] || !strings.Contains(string(s.Body), s.To) {
			t.Errorf("send %d = %+v, want %s", i, s, ids[5+i])
		}
	}
	if _, err := w.StatusUpdate(ids[0], "read", 0); err == nil {
		t.Error("the oldest message is still known")
	}
	if _, err := w.StatusUpdate(ids[7], "read", 0); err != nil {
		t.Errorf("the newest message: %v", err)
	}
	w.Reset()
	if len(w.Requests())+len(w.Sends()) != 0 {
		t.Error("Reset left something")
	}
}

func TestRecordingOff(t *testing.T) {
	w := newWorld(t, graphsim.Options{Record: -1, QueueLimit: 3})
	for range 2 {
		w.text("4915112345678") // one failed status each
	}
	if len(w.Requests())+len(w.Sends()) != 0 {
		t.Error("something was recorded")
	}
	for range 2 {
		w.text("4915112345678")
	}
	if w.Waiting() != 3 || w.Dropped() != 1 {
		t.Errorf("%d wait, %d dropped; want 3 and 1", w.Waiting(), w.Dropped())
	}
	if got := len(w.statuses()); got != 3 {
		t.Errorf("%d statuses, want 3", got)
	}
}

func TestIDsDependOnSeedOnly(t *testing.T) {
	ids := func(seed uint64) string {
		w := newWorld(t, graphsim.Options{Seed: seed})
		return w.text("4915112345678") + w.text("4915112345678")
	}
	if a, b := ids(1), ids(1); a != b {
		t.Errorf("same seed: %s and %s", a, b)
	}
	if a, b := ids(1), ids(2); a == b {
		t.Errorf("different seeds give the same ids: %s", a)
	}
}

func TestBackgroundDelivery(t *testing.T) {
	w := newWorld(t, graphsim.Options{Background: true, BatchSize: 10})
	if _, err := w.Inbound(t.Context(), numberID, ana, graphsim.Text("hi")); err != nil {
		t.Fatal(err)
	}
	<-w.receiver.got
	id := w.text("4915112345678")
	seen := map[string]bool{}
	for !seen["delivered"] {
		<-w.receiver.got
		for _, s := range w.receiver.statuses() {
			if s["id"] == id {
				seen[str(s["status"])] = true
			}
		}
	}
	if !seen["sent"] {
		t.Errorf("statuses = %v, want sent too", seen)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	w.text("4915112345678")
	if got := w.Waiting(); got != 2 {
		t.Errorf("after Close %d updates wait, want 2", got)
	}
}

// Everything at once, for the race detector; and every accepted send gets exactly its statuses.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	const workers, each = 8, 20
	w.hears(ana, graphsim.Text("hi"))
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			u := graphsim.User{Phone: fmt.Sprintf("+49 1511 100000%d", i), UserID: fmt.Sprintf("DE.%d", i)}
			for j := range each {
				switch _, err := w.Inbound(t.Context(), numberID, u, graphsim.Text("x")); {
				case err != nil:
					t.Errorf("Inbound: %v", err)
				case j%5 == 0:
					if err := w.UserPreference(t.Context(), numberID, u, graphsim.PreferenceStop); err != nil {
						t.Errorf("UserPreference: %v", err)
					}
				}
				if status, _, err := w.try(); status != 200 {
					t.Errorf("send: %d, %v", status, err)
				}
				w.PutTemplate(graphsim.Template{Name: fmt.Sprintf("t%d_%d", i, j), Language: "de"})
				_, _ = w.Requests(), w.Sends()
			}
		})
	}
	wg.Wait()
	if got := len(w.Sends()); got != workers*each {
		t.Errorf("%d sends, want %d", got, workers*each)
	}
	if got := len(w.statuses()); got != 2*workers*each {
		t.Errorf("%d statuses, want %d", got, 2*workers*each)
	}
}
