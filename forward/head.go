package forward

import "bytes"

// head watches the head of an answer go by, before net/http reads it: net/http
// knows no bound for it, and takes lines that others end elsewhere.
type head struct {
	// on: the head has not come to its end.
	on bool
	// left is how many bytes more it may have.
	left int
	// line is how many bytes of the current line came, last the last one of them.
	line int
	last byte
	// wrong is what was seen to be wrong with it.
	wrong error
}

// begin begins a head of at most size bytes.
func (h *head) begin(size int) { *h = head{on: true, left: size} }

// see sees what comes next.
func (h *head) see(p []byte) error {
	for h.on && len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		n := end + 1
		if end < 0 {
			n = len(p)
		}
		if h.left -= n; h.left < 0 {
			h.wrong = errHeadSize
			return h.wrong
		}
		if end < 0 {
			h.line, h.last = h.line+n, p[n-1]
			return nil
		}
		if end > 0 {
			h.last = p[end-1]
		}
		if h.line += end; h.line == 0 || h.last != '\r' {
			h.wrong = errBareLF
			return h.wrong
		}
		h.on = h.line > 1
		h.line, h.last, p = 0, '\n', p[n:]
	}
	return nil
}
