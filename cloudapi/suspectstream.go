package cloudapi

import "io"

// StreamGuard searches a body while it streams. It gives out only bytes that
// were searched, so that the upstream never sees a complete request if there is
// something in it.
type StreamGuard struct {
	// Watch makes the guard give out everything, and note what it would have
	// refused.
	Watch bool

	body    io.Reader
	store   []byte // what holds buf
	buf     []byte // read from body and not given out
	ready   int    // how much of buf may be given out
	search  searcher
	err     error // of body, or io.EOF
	refusal *Refusal
}

// searcher searches what a guard holds.
type searcher interface {
	// search tells how many bytes at the start of buf may be given out. At the
	// end of the body that must be all of them.
	search(buf []byte, atEnd bool) (ready int, refusal *Refusal)
	// given says that n bytes at the start of buf were given out.
	given(n int)
}

// streamChunk is how much is read at a time.
const streamChunk = 32 << 10

// NewStreamGuard searches the body of a request whose class is StreamInspect.
// Its Read fails with a [*Refusal] when the request must not reach the
// upstream.
func NewStreamGuard(body io.Reader, contentType string) *StreamGuard {
	g := &StreamGuard{body: body}
	if t := parseContentType(contentType); t.format == formatMultipart {
		g.search = newPartSearcher(t)
	} else {
		g.search = new(fileSearcher)
	}
	return g
}

// Refusal is why the body broke off, or would have; nil if nothing was found.
func (g *StreamGuard) Refusal() *Refusal { return g.refusal }

// Read gives out what was searched.
func (g *StreamGuard) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for g.ready == 0 {
		if g.refusal != nil && !g.Watch {
			return 0, g.refusal
		}
		if g.err != nil && (g.err != io.EOF || len(g.buf) == 0) {
			return 0, g.err
		}
		if g.err == nil {
			g.fill()
		}
		var refusal *Refusal
		if g.ready, refusal = g.search.search(g.buf, g.err == io.EOF); refusal != nil {
			g.refusal = refusal
			if g.Watch {
				g.search, g.ready = noSearch{}, len(g.buf)
			}
		}
	}
	n := copy(p, g.buf[:g.ready])
	g.buf = g.buf[n:]
	g.ready -= n
	g.search.given(n)
	return n, nil
}

// fill reads some more of the body.
func (g *StreamGuard) fill() {
	if cap(g.buf)-len(g.buf) < streamChunk {
		if cap(g.store) < len(g.buf)+streamChunk {
			g.store = make([]byte, len(g.buf)+2*streamChunk)
		}
		g.buf = g.store[:copy(g.store, g.buf)]
	}
	n, err := g.body.Read(g.buf[len(g.buf) : len(g.buf)+streamChunk])
	g.buf, g.err = g.buf[:len(g.buf)+n], err
}

// noSearch lets everything through.
type noSearch struct{}

func (noSearch) search(buf []byte, _ bool) (int, *Refusal) { return len(buf), nil }

func (noSearch) given(int) {}
