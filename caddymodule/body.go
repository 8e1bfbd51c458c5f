package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// Bodies that must be read before anything can be said about them are held in
// memory. What all of them hold together is bounded, and so is the time in which
// one must come: thousands of clients may announce the most, or send all but the
// last byte.

const (
	defaultBodyBudget  = 64 << 20
	smallestBodyBudget = 8 << 20
	defaultBodyTimeout = 30 * time.Second

	// firstRead is how much of an announced body room is made for at once; nearly
	// every send is smaller.
	firstRead = 8 << 10
)

// bodiesHeld is what the bodies of all requests hold at the moment. It belongs to
// the process: configurations overlap during a reload.
var bodiesHeld atomic.Int64

// errNoRoom: all bodies together would hold more than the budget.
var errNoRoom = errors.New("the bodies being read take all memory that is set aside for them")

// bodyReader reads bodies up to a cap, each within a time, and all within a
// budget.
type bodyReader struct {
	limit   int64 // of one body
	timeout time.Duration
	// small is how much all bodies may hold for one that is within firstRead to be
	// read, large the same for what is beyond. The difference keeps room for nearly
	// every send while large bodies fill the budget.
	small, large int64
	// courtesy has reading large bodies give way to sends, if set.
	courtesy *courtesy
}

// sendBodies reads what senders send.
func (a *App) sendBodies(limit int64) bodyReader {
	return bodyReader{limit: limit, timeout: time.Duration(a.BodyTimeout), small: a.BodyBudget, large: a.BodyBudget / 4 * 3}
}

// webhookBodies reads deliveries. Anybody may send some, and Meta delivers again:
// they leave half of the budget to sends.
func (a *App) webhookBodies(limit int64) bodyReader {
	return bodyReader{limit: limit, timeout: time.Duration(a.BodyTimeout), small: a.BodyBudget / 2, large: a.BodyBudget / 2, courtesy: courtesyOfAll}
}

// share is what one body takes of the budget.
type share struct{ size int64 }

// release gives it back. The body must not be used afterwards.
func (s *share) release() {
	if s != nil {
		bodiesHeld.Add(-s.size)
		s.size = 0
	}
}

// grow makes room for body to have size bytes, if the budget has it.
func (b bodyReader) grow(s *share, body []byte, size int) ([]byte, error) {
	most := b.large
	if size <= firstRead+1 {
		most = b.small
	}
	more := int64(size) - s.size
	if bodiesHeld.Add(more) > most {
		bodiesHeld.Add(-more)
		return body, errNoRoom
	}
	s.size += more
	grown := make([]byte, len(body), size)
	copy(grown, body)
	return grown, nil
}

// read reads a body. Of one that is too large, breaks off, doesn't come in time
// or finds no room, it gives what it has read together with the error. The share
// is to be released when the body is no longer needed.
func (b bodyReader) read(w http.ResponseWriter, r *http.Request) ([]byte, *share, error) {
	s := new(share)
	if r.Body == nil || r.Body == http.NoBody {
		return nil, s, nil
	}
	if r.ContentLength > b.limit {
		return nil, s, &http.MaxBytesError{Limit: b.limit}
	}
	setBodyDeadline(w, time.Now().Add(b.timeout))
	body, err := b.readAll(r, s)
	if !broken(err) {
		// What comes next has its own time. The deadline stays where no more comes:
		// the server would read on for a little.
		setBodyDeadline(w, time.Time{})
	}
	return body, s, err
}

func (b bodyReader) readAll(r *http.Request, s *share) ([]byte, error) {
	src, end := io.Reader(r.Body), b.limit+1
	if r.ContentLength >= 0 {
		// net/http ends the body there. What was announced need not come, though:
		// the buffer grows with what comes. One more byte has room for finding the
		// end.
		end = r.ContentLength + 1
	} else {
		src = io.LimitReader(r.Body, end)
	}
	first := firstRead
	if r.ContentLength < 0 {
		first = bytes.MinRead
	}
	body, err := b.grow(s, nil, int(min(end, int64(first)+1)))
	if err != nil {
		return nil, err
	}
	for unpaid := 0; ; {
		n, err := src.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if unpaid += n; unpaid >= readStep && b.courtesy != nil {
			b.courtesy.readLarge(unpaid)
			unpaid = 0
		}
		if int64(len(body)) > b.limit {
			return body, &http.MaxBytesError{Limit: b.limit}
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			if body, err = b.grow(s, body, int(min(end, 2*int64(len(body))))); err != nil {
				return body, err
			}
		}
	}
}

// setBodyDeadline sets the time until which the request's body must have come.
// Where a connection knows no deadlines, none is set.
func setBodyDeadline(w http.ResponseWriter, at time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(at)
}

// leaveUnread prepares an answer to a request of which nothing is read. The
// server would read up to [serverReads] before it answers, for the sake of the
// connection: of a body that may be larger, it answers at once and closes.
func leaveUnread(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	setBodyDeadline(w, time.Now().Add(timeout))
	if r.ProtoMajor == 1 && (r.ContentLength < 0 || r.ContentLength > serverReads) {
		w.Header().Set("Connection", "close")
	}
}

// serverReads is how much net/http reads of a body that a handler left.
const serverReads = 256 << 10

// largestDrain is how much of a refused request is read to its end: a document
// of 100 MB, the largest upload Meta takes, and what is around it.
const largestDrain = 128 << 20

// drain reads what is left of a refused request. Many clients read no answer
// while they write, and would see a broken connection instead of the refusal.
// A client that asked first doesn't write. What doesn't come in time is not
// waited for.
func drain(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.Body == nil || r.Header.Get("Expect") != "" {
		return
	}
	setBodyDeadline(w, time.Now().Add(timeout))
	if _, err := io.CopyN(io.Discard, r.Body, largestDrain); err == io.EOF {
		setBodyDeadline(w, time.Time{})
	}
}

// broken reports whether there is no more of a body than what was read.
func broken(err error) bool {
	_, over := errors.AsType[*http.MaxBytesError](err)
	return err != nil && !over && !errors.Is(err, errNoRoom)
}

// late reports whether a body did not come in time.
func late(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// provisionBodies checks the bounds of bodies, and sets those that are not set.
func (a *App) provisionBodies() error {
	if a.BodyBudget == 0 {
		a.BodyBudget = defaultBodyBudget
	}
	if a.BodyBudget < smallestBodyBudget {
		return fmt.Errorf("body_budget is %d; it must be at least %s, so that a webhook and sends find room", a.BodyBudget, humanize.IBytes(smallestBodyBudget))
	}
	if a.BodyTimeout == 0 {
		a.BodyTimeout = caddy.Duration(defaultBodyTimeout)
	}
	if a.BodyTimeout < caddy.Duration(time.Second) {
		return fmt.Errorf("body_timeout is %s; it must be a duration of at least a second, such as 30s", time.Duration(a.BodyTimeout))
	}
	return nil
}

// parseBodyBudget reads the subdirective body_budget.
func (a *App) parseBodyBudget(d *caddyfile.Dispenser) error {
	var arg string
	if !d.AllArgs(&arg) {
		return d.ArgErr()
	}
	size, err := humanize.ParseBytes(arg)
	if err != nil || size < smallestBodyBudget || size > 1<<40 {
		return d.Errf("body_budget is %q; it must be a size such as 64MiB, at least %s", arg, humanize.IBytes(smallestBodyBudget))
	}
	a.BodyBudget = int64(size)
	return nil
}

// parseBodyTimeout reads the subdirective body_timeout.
func (a *App) parseBodyTimeout(d *caddyfile.Dispenser) error {
	var timeout *caddy.Duration
	if err := durationInto(&timeout)(d); err != nil {
		return err
	}
	if *timeout < caddy.Duration(time.Second) {
		return d.Errf("body_timeout is %s; it must be a duration of at least a second, such as 30s", time.Duration(*timeout))
	}
	a.BodyTimeout = *timeout
	return nil
}
