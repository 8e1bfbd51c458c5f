package adminapi

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestStrangersAreToldNothing: a server that is not a gateway's admin endpoint, such
// as the port that senders use, Caddy without the gateway, or anything that answers
// with JSON, never hears of a person.
func TestStrangersAreToldNothing(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"any-json": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) },
		"healthy":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"ok"}`) },
		"list":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `[]`) },
		"text":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
		"silent":   func(http.ResponseWriter, *http.Request) {},
		"long": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat(" ", 1<<20)+`{"server":"waguard"}`)
		},
		"other": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"server":"caddy","version":"v2"}`) },
		"caddy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "404 page not found", http.StatusNotFound) },
		"graph": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"code":100}}`, http.StatusBadRequest)
		},
		"redirecting": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var heard []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				heard = append(heard, r.Method+" "+r.RequestURI+" "+string(body))
				mu.Unlock()
				handle(w, r)
			}))
			t.Cleanup(server.Close)
			c, err := NewClient(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			for _, route := range []Route{RouteConsentGet, RouteOptOut, RouteNewPerson} {
				_, err := c.Record(t.Context(), route, ConsentRequest{PhoneNumberID: "1", Contact: "+4915112345678"})
				if _, ok := errors.AsType[*Stranger](err); !ok {
					t.Errorf("%s: %v", route.Path, err)
				}
			}
			if _, err := c.Page(t.Context(), Ledger, Selection{Contact: "+4915112345678"}); err == nil {
				t.Error("it is taken for a gateway")
			}
			for _, request := range heard {
				if request != "GET /whatsapp/version " {
					t.Errorf("it heard %s", request)
				}
			}
		})
	}
}

// TestMeetsAgain: where the gateway was gone, what answers then is a stranger again.
func TestMeetsAgain(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	gateway := &http.Server{Handler: versioned(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"ok"}`) })}
	go gateway.Serve(listener)
	c, err := NewClient(addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
	gateway.Close()
	c.http.CloseIdleConnections() // one that is found to be reset says so
	_, err = c.Health(t.Context())
	if e, ok := errors.AsType[*Unreachable](err); !ok || e.Error() != "no gateway answers at "+addr+": connection refused" {
		t.Errorf("a gateway that is gone: %v", err)
	}
	if listener, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	other := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"ok"}`) })}
	go other.Serve(listener)
	t.Cleanup(func() { other.Close() })
	if _, err := c.Health(t.Context()); err == nil {
		t.Error("another server is believed to be the gateway")
	}
}

// TestUnreachable: what the system says, and nothing of the calls it was said to.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.sock")
	for address, want := range map[string]string{
		"unix/" + none:           "no gateway answers at unix/" + none + ": no such file or directory",
		"host.invalid.:2019":     "no gateway answers at host.invalid.:2019: ",
		"unix/" + t.TempDir():    ": connection refused",
		"unix/" + none + "|0600": "no such file or directory",
	} {
		c, err := NewClient(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Health(t.Context())
		if _, ok := errors.AsType[*Unreachable](err); !ok || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "dial") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
