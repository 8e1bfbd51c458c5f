package cloudapi

import (
	"bytes"

	"github.com/waguard/waguard/policy"
)

// partSearcher searches a multipart body for parts that would make the request
// something else. It takes only bodies that every reader takes apart alike: each
// occurrence of the boundary is a line of its own, the header of each part is
// written as clients write it, and the last boundary ends the body.
type partSearcher struct {
	delimiter []byte // "--" and the boundary; nil if the content type is odd
	pos       int    // up to where buf has been searched
	content   int    // where in buf the content of the current part starts; negative once it was given out
	started   bool   // the first boundary was seen
	ended     bool   // the last boundary was seen
}

// maxPartHeader is how large the header of a part may be; browsers and SDKs need
// some hundred bytes.
const maxPartHeader = 8 << 10

func newPartSearcher(t contentType) *partSearcher {
	if t.format != formatMultipart {
		return &partSearcher{}
	}
	return &partSearcher{delimiter: []byte("--" + t.boundary)}
}

func (p *partSearcher) given(n int) { p.pos, p.content = max(0, p.pos-n), p.content-n }

// byLibrary is what helps where a body could be taken apart differently.
const byLibrary = "let the HTTP library write the multipart body"

func (p *partSearcher) search(buf []byte, atEnd bool) (int, *Refusal) {
	if p.delimiter == nil {
		return 0, refusef(policy.RuleEncoding, "let the HTTP library write the Content-Type header field", "the content type is multipart without a clear boundary")
	}
	if !p.started {
		p.pos = len(buf) - len(bytes.TrimLeft(buf, "\r\n"))
		if !atEnd && p.pos < maxPartHeader && len(buf) < p.pos+len(p.delimiter) {
			return 0, nil
		}
		if !bytes.HasPrefix(buf[p.pos:], p.delimiter) {
			return 0, refusef(policy.RuleUnreadable, byLibrary, "the multipart body does not start with the boundary its content type names")
		}
	}
	for !p.ended {
		i := bytes.Index(buf[p.pos:], p.delimiter)
		if i < 0 {
			if atEnd {
				return 0, refusef(policy.RuleUnreadable, byLibrary, "the multipart body ends without its last boundary")
			}
			// A line end and the start of a boundary may stand at the end.
			p.pos = max(p.pos, len(buf)-len(p.delimiter)-1)
			return p.pos, nil
		}
		start := p.pos + i
		hold := max(0, start-2)
		if p.started && (start-2 < p.content || string(buf[start-2:start]) != "\r\n") {
			return 0, refusef(policy.RuleUnreadable, byLibrary, "the boundary of the multipart body occurs elsewhere than on a line of its own")
		}
		n, refusal := p.line(buf[start+len(p.delimiter):], atEnd)
		if refusal != nil {
			return 0, refusal
		}
		if n < 0 {
			if p.started {
				p.pos = hold
			}
			return hold, nil
		}
		p.pos, p.started = start+len(p.delimiter)+n, true
		p.content = p.pos
	}
	if len(bytes.Trim(buf[p.pos:], "\r\n")) > 0 {
		return 0, refusef(policy.RuleUnreadable, byLibrary, "something follows the last boundary of the multipart body")
	}
	p.pos = len(buf)
	return p.pos, nil
}

// line reads what follows a boundary: the end of the body, or the header of a
// part. n is its length, negative if there is more to come.
func (p *partSearcher) line(s []byte, atEnd bool) (n int, refusal *Refusal) {
	switch {
	case bytes.HasPrefix(s, []byte("--")):
		p.ended = true
		return 2, nil
	case len(s) < 2 && !atEnd:
		return -1, nil
	case !bytes.HasPrefix(s, []byte("\r\n")):
		return 0, refusef(policy.RuleUnreadable, byLibrary, "what follows a boundary of the multipart body is not the end of its line")
	}
	header := s[2:]
	end := bytes.Index(header, []byte("\r\n\r\n"))
	switch {
	case end > maxPartHeader || end < 0 && len(header) > maxPartHeader:
		return 0, refusef(policy.RuleTooLarge, "leave out needless header fields", "a part of the multipart body has a header of more than 8 KiB")
	case end < 0 && !atEnd:
		return -1, nil
	case end < 0:
		if refusal := checkPartNames(header); refusal != nil {
			return 0, refusal
		}
		return 0, refusef(policy.RuleUnreadable, byLibrary, "a part of the multipart body breaks off in its header")
	}
	return 2 + end + 4, checkPart(header[:end])
}
