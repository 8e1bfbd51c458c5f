package adminapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// serve is a client of an endpoint that answers with a body.
func serve(t *testing.T, status int, body string) *Client {
	t.Helper()
	server := httptest.NewServer(versioned(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// versioned handles what isn't the question which gateway it is.
func versioned(handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == RouteVersion.Path {
			io.WriteString(w, `{"server":"waguard","version":"v9.9.9","new":true}`)
			return
		}
		handle(w, r)
	})
}

// TestAddresses: the endpoint is found by URL, by host and port, and by Unix socket,
// and knows where it was asked from.
func TestAddresses(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 1)
	handler := versioned(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		io.WriteString(w, `{"status":"ok"}`)
	})
	tcp := httptest.NewServer(handler)
	t.Cleanup(tcp.Close)
	addr := tcp.Listener.Addr().String()
	socket := filepath.Join(t.TempDir(), "admin.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	unix := &http.Server{Handler: handler}
	go unix.Serve(l)
	t.Cleanup(func() { unix.Close() })
	for address, origin := range map[string]string{
		"http://" + addr: "http://" + addr, addr: "http://" + addr, "tcp/" + addr: "http://" + addr,
		"unix/" + socket: "", "unix/" + socket + "|0200": "",
	} {
		c, err := NewClient(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if h, err := c.Health(t.Context()); err != nil || h.Status != "ok" {
			t.Errorf("%s: %v, %v", address, h, err)
			continue
		}
		r := <-asked
		if r.Header.Get("Origin") != origin || r.Method != http.MethodGet || r.URL.Path != RouteHealth.Path || origin == "" && r.Host != "127.0.0.1" {
			t.Errorf("%s: asked %s %s of %s with Origin %q", address, r.Method, r.URL, r.Host, r.Header.Get("Origin"))
		}
	}
	for _, address := range []string{"", "localhost", "http://localhost:2019/config", "https://localhost:2019", "fd/3"} {
		if _, err := NewClient(address); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}

// TestAnswers: what is no success is an error with its status and sentence; an
// answer that holds something unknown is none.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   string
		failed int // the status of the error
		want   string
	}{
		{"ok", 200, `{"status":"ok"}` + "\n", 0, ""},
		{"refused", 400, `{"error":"limit is not a number"}`, 400, "answers 400 Bad Request: limit is not a number"},
		{"text", 503, "no room\n", 503, "answers 503 Service Unavailable: no room"},
		{"silent", 404, "", 404, "answers 404 Not Found"},
		{"unknown-field", 200, `{"status":"ok","mood":"good"}`, 0, "another version"},
		{"two", 200, `{"status":"ok"}{"status":"ok"}`, 0, "follows its end"},
		{"cut", 200, `{"status":"o`, 0, "unexpected EOF"},
		{"list", 200, `[]`, 0, "cannot unmarshal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := serve(t, test.status, test.body).Health(t.Context())
			status := 0
			if e, ok := errors.AsType[*Error](err); ok {
				status = e.Status
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || status != test.failed {
				t.Errorf("got status %d and %v; want %d and %q", status, err, test.failed, test.want)
			}
		})
	}
}

// TestAllPages: every entry comes once, over as many pages as there are, until
// nobody asks for more or a page fails.
func TestAllPages(t *testing.T) {
	t.Parallel()
	var ids []string
	for range 7 {
		ids = append(ids, store.NewID(policy.Moment(1)).String())
	}
	server := httptest.NewServer(versioned(func(w http.ResponseWriter, r *http.Request) {
		var s Selection
		if err := ReadRequest(r, &s); err != nil {
			t.Error(err)
		}
		if s.Rule == "LATE" && s.Before != "" {
			http.Error(w, "the store is closed", http.StatusServiceUnavailable)
			return
		}
		var i int
		for i = range ids {
			if s.Before == "" || ids[i] == s.Before {
				break
			}
		}
		if s.Before != "" {
			i++
		}
		var lines []string
		for _, id := range ids[i:min(i+s.Limit, len(ids))] {
			lines = append(lines, fmt.Sprintf(`{"id":%q,"time":"2026-11-02T09:00:00Z","outcome":{"state":"refused"}}`, id))
		}
		next := ""
		if i+s.Limit < len(ids) {
			next = ids[i+s.Limit-1]
		}
		fmt.Fprintf(w, `{"entries":[%s],"next":%q,"newest":%q}`, strings.Join(lines, ","), next, ids[0])
	}))
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{0, 1, 2, 6, 7, 8} {
		var got []string
		for l, err := range c.All(t.Context(), Violations, Selection{Limit: limit}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.ID.String())
		}
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("in pages of %d: %v, want %v", limit, got, ids)
		}
	}
	n := 0
	var failed error
	for l, err := range c.All(t.Context(), Ledger, Selection{Limit: 3, Rule: "LATE"}) {
		if failed = err; err == nil && l != nil {
			n++
		}
	}
	if e, ok := errors.AsType[*Error](failed); n != 3 || !ok || e.Status != http.StatusServiceUnavailable {
		t.Errorf("%d entries before %v", n, failed)
	}
	for range c.All(t.Context(), Ledger, Selection{Limit: 1}) {
		break
	}
}

// TestQueries: what a client writes as query parameters the gateway reads the same,
// but for what names a person.
func TestQueries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := ReportSelection{MessageClass: rapid.String().Draw(t, "class")}
		want.From, want.Rule, want.Limit = rapid.String().Draw(t, "from"), rapid.String().Draw(t, "rule"), rapid.Int().Draw(t, "limit")
		asked := want
		asked.Contact = "+4915112345678"
		query := queryOf(&asked)
		if strings.Contains(query.Encode(), "4915112345678") {
			t.Errorf("the query names a person: %s", query.Encode())
		}
		var got ReportSelection
		if err := readQuery(query, &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v; want %+v", query.Encode(), got, err, want)
		}
	})
	for query, want := range map[string]string{
		"from=1h&from=2h": `parameter "from" is given more than once`,
		"contact=x":       `unknown parameter "contact"; to look for a contact or a wamid use POST`,
		"%2B49151=x":      "unknown parameter (not shown)",
		"limit=many":      "limit is not a number",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		err = readQuery(values, new(Selection))
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusBadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}
