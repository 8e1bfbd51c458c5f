package caddymodule

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/forward"
	"github.com/waguard/waguard/gateway"
)

// With `upstream` the guard passes on itself what it has judged. It does to a request
// and its answer what Caddy's reverse_proxy does, so that nothing changes for either
// end; what it has over that is that it knows whether anything of the request left.

// leaving is a request with sends that the guard passes on itself.
type leaving struct {
	upstream *Upstream
	body     []byte
	// timeout is how long the answer may take where nobody else says.
	timeout time.Duration
	// judged: the context says how long it may take, and doesn't end when the sender
	// goes. The answer is read by the gateway.
	judged bool
	// written is how much of it may have left.
	written forward.Written
}

// ServeHTTP passes the request on, and its answer back.
func (l *leaving) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	ctx, request := r.Context(), forward.Request{Method: r.Method, Target: targetOf(r), Body: l.body}
	if end, ok := ctx.Deadline(); l.judged && ok {
		ctx, request.Deadline = context.Background(), end // it ends then, and not before
	} else {
		request.Deadline = time.Now().Add(l.timeout)
	}
	fields := fieldLists.Get().(*[]forward.Field)
	defer func() {
		clear(*fields)
		fieldLists.Put(fields)
	}()
	*fields = l.upstream.header(&request, (*fields)[:0], r)
	request.Fields = *fields
	resp, err := l.upstream.client.Do(ctx, &request)
	if e, ok := errors.AsType[*forward.Error](err); ok && e.Kind == forward.Cancelled {
		l.written = e.Written
		w.WriteHeader(gateway.StatusClientClosed) // for the log: nobody waits for it
		return nil
	}
	if err != nil {
		return l.failed(r.Context(), request.Deadline, err)
	}
	defer resp.Body.Close()
	l.written = forward.Whole
	return l.answer(w, r, resp, request.Deadline)
}

// failed is what an error of the client means for who sent the request.
func (l *leaving) failed(ctx context.Context, deadline time.Time, err error) error {
	e, ok := errors.AsType[*forward.Error](err)
	if !ok {
		return caddyhttp.Error(http.StatusBadGateway, err)
	}
	l.written = max(l.written, e.Written)
	if !e.Timeout() {
		return caddyhttp.Error(http.StatusBadGateway, err)
	}
	if l.judged && !time.Now().Before(deadline) {
		<-ctx.Done() // at this very moment; it tells for want of what there is no answer
	}
	return caddyhttp.Error(http.StatusGatewayTimeout, err)
}

// answer passes the answer back.
func (l *leaving) answer(w http.ResponseWriter, r *http.Request, resp *http.Response, deadline time.Time) error {
	body := io.Reader(resp.Body)
	if l.judged && strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		// Nobody asked for it, and the answer is to be read.
		unzipped, err := gzip.NewReader(resp.Body)
		if err != nil && err != io.EOF {
			return l.failed(r.Context(), deadline, err)
		}
		if err == nil {
			body = unzipped
			resp.Header.Del("Content-Encoding")
			resp.Header.Del("Content-Length")
		}
	}
	dropHopByHop(resp.Header)
	h := w.Header()
	delete(h, "Server")
	h["Via"] = append(h["Via"], viaOf(resp.ProtoMajor, resp.ProtoMinor)...)
	addAll(h, resp.Header)
	announced := len(resp.Trailer)
	if announced > 0 {
		h.Add("Trailer", strings.Join(slices.Collect(maps.Keys(resp.Trailer)), ", "))
	}
	w.WriteHeader(resp.StatusCode)
	buffer := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buffer)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, body, *buffer); err != nil {
		if rec, ok := w.(*answer); ok && !rec.started() {
			return l.failed(r.Context(), deadline, err)
		}
		// The sender has some of it, and must see that it is not all.
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	switch {
	case len(resp.Trailer) == 0:
	case len(resp.Trailer) == announced:
		addAll(h, resp.Trailer)
	default:
		for name, values := range resp.Trailer {
			h[http.TrailerPrefix+name] = values
		}
	}
	return nil
}

var (
	fieldLists  = sync.Pool{New: func() any { f := make([]forward.Field, 0, 32); return &f }}
	copyBuffers = sync.Pool{New: func() any { b := make([]byte, 16<<10); return &b }}
)

// targetOf is path and query as reverse_proxy writes them: as they came, or as
// another handler has made them.
func targetOf(r *http.Request) string {
	u := *r.URL
	u.Scheme, u.Host = "", ""
	return u.RequestURI()
}

// viaOf is the value of Via for a version of HTTP.
func viaOf(major, minor int) []string {
	if major == 1 && minor == 1 {
		return via11
	}
	return []string{strconv.Itoa(major) + "." + strconv.Itoa(minor) + " Caddy"}
}

var via11 = []string{"1.1 Caddy"}

// addAll adds the fields of a header to another one.
func addAll(to, from http.Header) {
	for name, values := range from {
		if before := to[name]; len(before) > 0 {
			values = slices.Concat(before, values)
		}
		to[name] = values
	}
}
