package forward

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// script is a connection that says what it is told in pieces, and then ends.
type script struct {
	net.Conn
	says   []byte
	piece  int
	takes  int // how much of a request it takes
	writes int
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.says) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.piece)], s.says)
	s.says = s.says[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.writes++
	n := min(len(p), s.takes)
	if s.takes -= n; n < len(p) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

func (*script) Close() error                     { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// FuzzAnswer has a server answer anything, in pieces of any size, to a request that
// it may not take whole. Nothing panics; once a write was begun nobody is told that
// nothing was written; and the connection is used again only where the request was
// taken and the answer came to its end there, and no byte earlier.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		ok, "", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.1 200 OK\r\n\r\nto the end",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2;x\r\nok\r\n0\r\nX: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok, ok + ok,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
	} {
		f.Add([]byte(answer), uint16(1), uint16(9999), false)
		f.Add([]byte(answer), uint16(7), uint16(9999), true)
		f.Add([]byte(answer), uint16(4096), uint16(20), false)
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece, takes uint16, isHead bool) {
		c, err := New(Options{Server: &url.URL{Scheme: "http", Host: "example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		method := "POST"
		if isHead {
			method = "HEAD"
		}
		s := &script{says: answer, piece: int(piece) + 1, takes: int(takes)}
		if _, leave := c.take(); leave != nil {
			t.Fatal("there is no leave to connect")
		}
		request := []byte("POST / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, failed := c.exchange(t.Context(), &conn{net: s, born: time.Now()}, time.Time{}, method, request, []byte("the body"))
		if failed != nil {
			if failed.Written == Nothing && s.writes > 0 {
				t.Fatal("it says nothing was written, after a write")
			}
			if len(c.idle) > 0 {
				t.Fatal("a connection without answer is kept")
			}
			return
		}
		_, err = io.ReadAll(resp.Body)
		if closed := resp.Body.Close(); closed != nil {
			t.Fatal(closed)
		}
		if c.open != len(c.idle) {
			t.Fatal("a connection is neither kept nor closed")
		}
		if len(c.idle) == 0 {
			return
		}
		used := answer[:len(answer)-len(s.says)]
		switch {
		case err != nil:
			t.Fatal("a connection is kept whose answer broke off")
		case int(takes) < len(request)+len("the body"):
			t.Fatal("a connection is kept that did not take the request")
		case !complete(used, method):
			t.Fatalf("a connection is kept after %q, which is not an answer", used)
		case complete(used[:len(used)-1], method):
			t.Fatalf("a connection is kept after %q, where the answer had its end before", used)
		}
	})
}

// complete reports whether bytes are an answer, or several, the last of which ends
// by itself and with them.
func complete(b []byte, method string) bool {
	from := bufio.NewReader(bytes.NewReader(b))
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil {
			return false
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return false
		}
		if resp.StatusCode >= 200 {
			_, err := from.Peek(1)
			return err == io.EOF && !resp.Close
		}
	}
}
