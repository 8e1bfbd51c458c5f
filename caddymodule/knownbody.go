package caddymodule

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
)

// knownBody is a request body held in memory. It notes whether it was ever read
// to its end: while it was not, the upstream can't have got the request.
type knownBody struct {
	unread   bytes.Reader
	bodyRead *atomic.Bool
}

func (b *knownBody) Read(p []byte) (int, error) {
	n, err := b.unread.Read(p)
	if b.unread.Len() == 0 {
		b.bodyRead.Store(true)
	}
	return n, err
}

func (*knownBody) Close() error { return nil }

// withBody is r with body put back, to be sent as it was read. It keeps Go from
// resending it by itself, except where the server is known not to have seen it.
// The returned flag is set once the body has been read to its end.
func withBody(r *http.Request, body []byte) (*http.Request, *atomic.Bool) {
	bodyRead := new(atomic.Bool)
	r.GetBody = func() (io.ReadCloser, error) {
		b := &knownBody{bodyRead: bodyRead}
		b.unread.Reset(body)
		return b, nil
	}
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Trailer = nil
	// The client was asked for the body when it was read; the upstream need not
	// ask again.
	r.Header.Del("Expect")
	return r, bodyRead
}
