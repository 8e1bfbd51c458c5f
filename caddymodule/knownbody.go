package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// knownBody is a request body held in memory.
type knownBody struct {
	unread bytes.Reader
	reads  *reads
}

// reads is how far a body held in memory was read.
type reads struct {
	// begun: some of it was read.
	begun atomic.Bool
	// ended: it was read to its end. While it was not, the upstream can't have got
	// the request.
	ended atomic.Bool
	// rewound: Go's transport went back to the beginning, as it does where the
	// server is known not to have seen the request.
	rewound atomic.Bool
	// over: it must not be read from the beginning any more.
	over atomic.Bool
}

func (b *knownBody) Read(p []byte) (int, error) {
	n, err := b.unread.Read(p)
	b.reads.begun.Store(true)
	if b.unread.Len() == 0 {
		b.reads.ended.Store(true)
	}
	return n, err
}

func (*knownBody) Close() error { return nil }

// errSpent is what reading the body of a request comes to that was judged and
// answered.
var errSpent = errors.New("the gateway has judged this request, and it can't be sent again")

// putBack is a body that was put back, in one piece.
type putBack struct {
	reads reads
	body  []byte
	first knownBody
}

func (b *putBack) begin(k *knownBody) io.ReadCloser {
	k.reads = &b.reads
	k.unread.Reset(b.body)
	return k
}

// again gives the body from its beginning to a transport that goes back there.
func (b *putBack) again() (io.ReadCloser, error) {
	if b.reads.over.Load() {
		return nil, errSpent
	}
	b.reads.rewound.Store(true)
	return b.begin(new(knownBody)), nil
}

// withBody is r with body put back, to be sent as it was read. It keeps Go from
// resending it by itself, except where the server is known not to have seen it.
func withBody(r *http.Request, body []byte) (*http.Request, *reads) {
	b := &putBack{body: body}
	r.GetBody, r.Body = b.again, b.begin(&b.first)
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Trailer = nil
	// The client was asked for the body when it was read; the upstream need not
	// ask again.
	r.Header.Del("Expect")
	return r, &b.reads
}

// spend keeps what stands before the guard from sending a request whose body was
// put back, after it was judged and answered: the proxy of an `intercept`, or of
// an error route.
func spend(r *http.Request) {
	if r.GetBody != nil { // only withBody sets it
		r.GetBody, r.Body = nil, spentBody{}
	}
}

type spentBody struct{}

func (spentBody) Read([]byte) (int, error) { return 0, errSpent }
func (spentBody) Close() error             { return nil }
