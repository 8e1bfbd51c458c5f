package adminapi

import (
	"bytes"
	"io"
	"net/http"
)

// NewLocalClient is a client of the gateway in whose process it is: routes answers its
// requests, with the context they are made in. What it is told and answered is what a
// client at the admin endpoint is, so that a page can show nothing that a command can't.
func NewLocalClient(routes http.Handler) *Client {
	c := &Client{address: "this process", origin: "http://localhost"}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http.Transport = inProcess{routes}
	return c
}

// inProcess answers requests without a connection.
type inProcess struct{ routes http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a := &localAnswer{header: make(http.Header), status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	p.routes.ServeHTTP(a, r)
	return &http.Response{
		Status: statusOf(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r,
	}, nil
}

// localAnswer is an answer in memory.
type localAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *localAnswer) Header() http.Header         { return a.header }
func (a *localAnswer) WriteHeader(status int)      { a.status = status }
func (a *localAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }
