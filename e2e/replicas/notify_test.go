package replicas

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestOneOfManyTells: of gateways that share a database one tells an endpoint what happens at
// all of them, each event once, and where it ends another goes on at once.
func TestOneOfManyTells(t *testing.T) {
	var mu sync.Mutex
	told := make(map[string]int)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		told[r.Header.Get("webhook-id")]++
		w.WriteHeader(http.StatusNoContent)
	}))
	defer endpoint.Close()
	f := start(t, options{gateways: 2, whatsapp: "notify crm " + endpoint.URL + " {\nnetwork private\nsecret whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\ntypes violation\n}\n"})
	refused := make(map[string]bool)
	// happens has sends refused, and waits until all that were are told, once.
	happens := func(at ...*gateway) {
		t.Helper()
		for i, by := range at {
			a := f.send(by, text(person(len(refused), i), "", "Hello"))
			if a.rule != "WINDOW_CLOSED" {
				t.Fatalf("a send is answered %s", a)
			}
			refused["violation-"+a.id] = true
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			missing := 0
			mu.Lock()
			for id := range refused {
				if told[id] == 0 {
					missing++
				}
			}
			mu.Unlock()
			if missing == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d violations were not told", missing, len(refused))
			}
		}
	}
	awaitEndpoint(t, f)
	one, other := f.gateways[0], f.gateways[1]
	happens(one, other, one, other)
	if err := one.Cmd.Process.Signal(syscall.SIGTERM); err != nil || !one.Ended(patience) {
		t.Fatalf("a gateway doesn't end: %v", err)
	}
	happens(other, other)
	mu.Lock()
	defer mu.Unlock()
	for id, times := range told {
		if times != 1 || !refused[id] {
			t.Errorf("%s was told %d times", id, times)
		}
	}
}

// awaitEndpoint waits until one of the gateways tells: what happened before is not told.
func awaitEndpoint(t *testing.T, f *fleet) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		list, err := f.gateways[0].admin.Endpoints(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Endpoints) == 1 && list.Endpoints[0].State == "on" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no gateway tells: %+v", list.Endpoints)
		}
	}
}
