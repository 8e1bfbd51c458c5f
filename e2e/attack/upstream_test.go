package attack

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/generous"
)

// field is a header field as it stood on the wire.
type field struct{ name, value string }

// received is a request as it stood on the wire behind the gateway.
type received struct {
	method, target string
	fields         []field
	body           []byte // without chunk framing
	// whole says that the body came to its end. A request that broke off is none,
	// but it is read all the same.
	whole bool
}

// header gives the fields to readers that want them sorted. Names keep their
// spelling.
func (r *received) header() http.Header {
	h := http.Header{}
	for _, f := range r.fields {
		h[f.name] = append(h[f.name], f.value)
	}
	return h
}

// values lists the values of a field under any case of its name.
func (r *received) values(name string) []string {
	var values []string
	for _, f := range r.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// sends lists everything a reader as generous as can be finds in the request.
func (r *received) sends() []generous.Send {
	return generous.Read(generous.Request{Method: r.method, Target: r.target, Header: r.header(), Body: r.body})
}

// upstream stands for the Graph API. It reads requests off the socket with as
// little code as possible, so that nothing is tidied up, records them, and
// answers yes to everything.
type upstream struct {
	listener net.Listener

	mu   sync.Mutex // guards what follows
	open map[net.Conn]bool
	got  []received
	next int // numbers the message ids
}

// newUpstream listens on loopback until the test ends. With a configuration it
// speaks TLS.
func newUpstream(t testing.TB, config *tls.Config) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	u := &upstream{listener: l, open: map[net.Conn]bool{}}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			connections.Go(func() { u.serve(c) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		u.mu.Lock()
		for c := range u.open {
			c.Close() // the gateway, stopped before, keeps them for reuse
		}
		u.mu.Unlock()
		connections.Wait()
	})
	return u
}

func (u *upstream) addr() string { return u.listener.Addr().String() }

// take gives the requests recorded since the last call.
func (u *upstream) take() []received {
	u.mu.Lock()
	defer u.mu.Unlock()
	got := u.got
	u.got = nil
	return got
}

func (u *upstream) serve(c net.Conn) {
	u.mu.Lock()
	u.open[c] = true
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		delete(u.open, c)
		u.mu.Unlock()
		c.Close()
	}()
	in := bufio.NewReader(c)
	for {
		r, err := readRequest(in, c)
		if r != nil {
			u.mu.Lock()
			u.got = append(u.got, *r)
			u.next++
			n := u.next
			u.mu.Unlock()
			if err == nil {
				_, err = c.Write(answerTo(r, n))
			}
		}
		if err != nil {
			return
		}
	}
}

// readRequest reads one request. It gives what there is of one that broke off,
// and nil where there is none. A client that waits is told to go on.
func readRequest(in *bufio.Reader, c io.Writer) (*received, error) {
	line, err := readLine(in)
	if err != nil {
		return nil, err
	}
	r := &received{}
	var ok bool
	if r.method, r.target, ok = strings.Cut(line, " "); !ok {
		return r, errors.New("no request line")
	}
	r.target = strings.TrimSuffix(r.target, " HTTP/1.1")
	for {
		line, err := readLine(in)
		if err != nil {
			return r, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		r.fields = append(r.fields, field{name, strings.TrimSpace(value)})
	}
	if len(r.values("Expect")) > 0 {
		if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return r, err
		}
	}
	switch lengths := r.values("Content-Length"); {
	case slices.ContainsFunc(r.values("Transfer-Encoding"), func(v string) bool { return v == "chunked" }):
		err = r.readChunks(in)
	case len(lengths) > 0:
		var n int64
		if n, err = strconv.ParseInt(lengths[0], 10, 64); err == nil {
			var body bytes.Buffer
			_, err = io.CopyN(&body, in, n)
			r.body = body.Bytes()
		}
	}
	r.whole = err == nil
	return r, err
}

func (r *received) readChunks(in *bufio.Reader) error {
	var body bytes.Buffer
	defer func() { r.body = body.Bytes() }()
	for {
		line, err := readLine(in)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(line, 16, 64)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&body, in, n); err != nil {
			return err
		}
		if _, err := readLine(in); err != nil {
			return err
		}
	}
	for { // trailers
		line, err := readLine(in)
		if err != nil || line == "" {
			return err
		}
		name, value, _ := strings.Cut(line, ":")
		r.fields = append(r.fields, field{"(trailer) " + name, strings.TrimSpace(value)})
	}
}

func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
}

// templateList is what the upstream answers to a listing: one template of each
// category that matters.
const templateList = `{"data":[` +
	`{"name":"summer_sale","language":"de","category":"MARKETING","status":"APPROVED","id":"1"},` +
	`{"name":"parcel_ready","language":"de","category":"UTILITY","status":"APPROVED","id":"2"},` +
	`{"name":"parcel_ready","language":"en_US","category":"UTILITY","status":"APPROVED","id":"3"},` +
	`{"name":"login_code","language":"de","category":"AUTHENTICATION","status":"APPROVED","id":"4"}],"paging":{}}`

// answerTo says yes in the shape the Graph API has for it. It names no person,
// so that the gateway learns nothing from it.
func answerTo(r *received, n int) []byte {
	body := fmt.Sprintf(`{"messaging_product":"whatsapp","messages":[{"id":"wamid.%d"}],"success":true}`, n)
	path, _, _ := strings.Cut(r.target, "?")
	switch {
	case r.method == http.MethodGet && strings.HasSuffix(path, "/message_templates"):
		body = templateList
	case r.method == http.MethodHead:
		return []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 77\r\n\r\n")
	}
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		time.Unix(0, 0).UTC().Format(http.TimeFormat), len(body), body)
}
