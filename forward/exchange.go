package forward

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"time"
)

// mostInterims is how many informational answers there may be before the answer.
const mostInterims = 16

// lateAnswer is how long an answer is waited for where the request could not be
// written to its end: a server that doesn't want all of it says so, and closes.
const lateAnswer = 500 * time.Millisecond

// What net/http wants to know of a request to read its answer.
var (
	anyRequest     = http.Request{Method: http.MethodPost}
	headRequest    = http.Request{Method: http.MethodHead}
	connectRequest = http.Request{Method: http.MethodConnect}
)

// exchange writes a request, which is first and then rest, and reads the head of the
// answer. The connection is its own from here on.
func (c *Client) exchange(ctx context.Context, cn *conn, deadline time.Time, method string, first, rest []byte) (*http.Response, *Error) {
	if cn.net.SetReadDeadline(deadline) != nil || cn.net.SetWriteDeadline(earlier(time.Now().Add(c.options.WriteTimeout), deadline)) != nil {
		c.discard(cn)
		return nil, &Error{Kind: Unconnected}
	}
	b := &body{client: c, conn: cn}
	if ctx.Done() != nil {
		b.stop = context.AfterFunc(ctx, cn.abort)
		if ctx.Err() != nil {
			b.end(false)
			return nil, &Error{Kind: ofContext(ctx), Err: ctx.Err()}
		}
	}
	written, unwritten := cn.write(first, rest)
	if unwritten != nil {
		if ctx.Err() == nil {
			_ = cn.net.SetReadDeadline(earlier(time.Now().Add(lateAnswer), deadline))
		}
	}
	b.from = readers.Get().(*bufio.Reader)
	b.from.Reset(cn)
	resp, kind, err := c.readHead(cn, b.from, method)
	if resp == nil {
		b.end(false)
		failed := &Error{Kind: kind, Written: written, Err: err}
		switch {
		case ctx.Err() != nil:
			failed.Kind, failed.Err = ofContext(ctx), ctx.Err()
		case unwritten != nil && timeout(unwritten):
			failed.Kind, failed.Err = Late, nil
		case unwritten != nil:
			failed.Kind, failed.Err = Unwritten, unwritten
		}
		return nil, failed
	}
	if unwritten != nil {
		_ = cn.net.SetReadDeadline(deadline)
	}
	b.reusable = unwritten == nil && !resp.Close
	if b.of = resp.Body; b.of == http.NoBody {
		b.finish(io.EOF)
		return resp, nil
	}
	resp.Body = b
	return resp, nil
}

// ofContext is what the end of a context means.
func ofContext(ctx context.Context) Kind {
	if timeout(ctx.Err()) {
		return Late
	}
	return Cancelled
}

// write writes a request, and tells how much of it may have left.
func (cn *conn) write(first, rest []byte) (Written, error) {
	if _, err := cn.net.Write(first); err != nil {
		return Part, err
	}
	if len(rest) > 0 {
		if _, err := cn.net.Write(rest); err != nil {
			return Part, err
		}
	}
	return Whole, nil
}

// readHead reads the head of the answer, after informational ones.
func (c *Client) readHead(cn *conn, from *bufio.Reader, method string) (*http.Response, Kind, error) {
	request := &anyRequest
	if method == http.MethodHead {
		request = &headRequest
	}
	cn.head.begin(c.options.MaxHead)
	for range mostInterims {
		resp, err := http.ReadResponse(from, request)
		if err != nil {
			kind, err := ofHead(err)
			return nil, kind, err
		}
		switch {
		case resp.ProtoMajor != 1:
			return nil, Unreadable, errVersion
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, Unreadable, errSwitching
		case resp.StatusCode >= 200:
			return resp, Answered, nil
		}
		cn.head.begin(c.options.MaxHead)
		came, _ := from.Peek(from.Buffered())
		if err := cn.head.see(came); err != nil {
			return nil, Unreadable, err
		}
	}
	return nil, Unreadable, errInterims
}

// body is the body of an answer. Whoever has read it to its end gives the connection
// back.
type body struct {
	client *Client
	conn   *conn
	of     io.ReadCloser
	from   *bufio.Reader
	// stop keeps the end of the context from aborting the connection; nil where there
	// is no end of it.
	stop func() bool
	// reusable: nothing so far speaks against another request.
	reusable, ended bool
	err             error
}

// Read reads on. An error other than io.EOF is an *[Error].
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.of.Read(p)
	if err != nil {
		b.finish(err)
	}
	return n, b.err
}

// Close ends it, wherever it was read to.
func (b *body) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
		b.client.counters.results[Answered].Add(1)
		b.end(false)
	}
	return nil
}

// finish ends it because of an error of reading it, or its end.
func (b *body) finish(err error) {
	b.err = err
	kind := Answered
	if err != io.EOF {
		failed := ofBody(err)
		b.err, kind = failed, failed.Kind
	}
	b.client.counters.results[kind].Add(1)
	b.end(err == io.EOF)
}

// end gives the connection back where its answer was read whole, and up where not.
func (b *body) end(whole bool) {
	if b.ended {
		return
	}
	b.ended = true
	keep := whole && b.reusable
	if b.from != nil {
		keep = keep && b.from.Buffered() == 0
		b.from.Reset(nil)
		readers.Put(b.from)
	}
	if b.stop != nil && !b.stop() {
		keep = false // it is aborted, or will be in a moment
	}
	if keep {
		b.client.give(b.conn)
	} else {
		b.client.discard(b.conn)
	}
}
