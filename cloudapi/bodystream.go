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
		g.search = newPartSearcher(t.boundary)
	} else {
		g.search = new(headSearcher)
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
		g.buf = append(make([]byte, 0, len(g.buf)+2*streamChunk), g.buf...)
	}
	n, err := g.body.Read(g.buf[len(g.buf) : len(g.buf)+streamChunk])
	g.buf, g.err = g.buf[:len(g.buf)+n], err
}

// noSearch lets everything through.
type noSearch struct{}

func (noSearch) search(buf []byte, _ bool) (int, *Refusal) { return len(buf), nil }

func (noSearch) given(int) {}

const (
	// headSize is how far a body is looked at to tell whether it is text.
	headSize = 512
	// maxStructured is how large a body may be that calls itself something else
	// and starts like JSON or a form.
	maxStructured = 1 << 20
)

// headSearcher searches a body that calls itself neither text nor multipart,
// such as an image. It streams, unless it starts the way JSON or a form does: then
// it is searched as one.
type headSearcher struct{ passed bool }

func (h *headSearcher) search(buf []byte, atEnd bool) (int, *Refusal) {
	switch {
	case h.passed:
		return len(buf), nil
	case !atEnd && len(buf) < headSize:
		return 0, nil
	case !startsLikeText(buf[:min(len(buf), headSize)]):
		h.passed = true
		return len(buf), nil
	case len(buf) > maxStructured:
		return 0, refusef(RuleTooLarge, "send JSON under its own content type, or the file as multipart",
			"the body starts like JSON or a form under another content type, and is larger than 1 MiB")
	case !atEnd:
		return 0, nil
	}
	batch, refusal := searchBody(formatOther, buf)
	if refusal == nil && batch == nil {
		h.passed = true
		return len(buf), nil
	}
	return 0, refusef(RuleEncoding, "send JSON with Content-Type: application/json",
		"the body has parameters of a request, but its content type says it is something else")
}

func (h *headSearcher) given(int) {}

// startsLikeText reports whether the first bytes of a body could start JSON in
// some encoding, a form, or something compressed. Nothing but spaces leaves it
// open.
func startsLikeText(head []byte) bool {
	if isCompressed(head) {
		return true
	}
	for i, c := range head {
		switch {
		case c <= ' ', c == 0xEF && i == 0, c == 0xBB && i == 1, c == 0xBF && i == 2, c == 0xFE && i < 2, c == 0xFF && i < 2 && len(head) > 1 && (head[0] == 0xFE || head[1] == 0xFE):
		case c == '{', c == '[', c == '"', c == '\'', c == '#', c == '/':
			return true
		default:
			return startsLikeForm(head[i:])
		}
	}
	return true
}

// startsLikeForm reports a name and an equals sign.
func startsLikeForm(head []byte) bool {
	for i, c := range head {
		switch {
		case c == '=', c == '&', c == ';':
			return i > 0
		case c <= ' ', c >= 0x7F, i >= 64:
			return false
		}
	}
	return true
}
