package cloudapi

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/waguard/waguard/internal/lookalike"
)

// partSearcher searches a multipart body for parts that would make the request
// something else. It looks at whatever follows any occurrence of the boundary,
// so that it sees every part that any reader could see.
type partSearcher struct {
	delimiter []byte // "--" and the boundary; nil if there is none that can be read in one way
	pos       int    // up to where buf has been searched
	started   bool   // the first boundary was seen
}

const (
	maxBoundary = 70 // RFC 2046
	// maxPartHeader is how large the header of a part may be; browsers and SDKs
	// need some hundred bytes.
	maxPartHeader = 8 << 10
)

func newPartSearcher(boundary string) *partSearcher {
	if !isBoundary(boundary) {
		return &partSearcher{}
	}
	return &partSearcher{delimiter: []byte("--" + boundary)}
}

// forStream refuses a multipart body whose boundary can't be read in one way.
func (t contentType) forStream() *Refusal {
	if t.format == formatMultipart && !isBoundary(t.boundary) {
		return refusef(RuleEncoding, "let the HTTP library write the Content-Type header field",
			"the content type is multipart without a clear boundary")
	}
	return nil
}

func isBoundary(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && !('0' <= c && c <= '9') && strings.IndexByte("'()+_,-./:=?", c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxBoundary
}

func (p *partSearcher) given(n int) { p.pos = max(0, p.pos-n) }

func (p *partSearcher) search(buf []byte, atEnd bool) (int, *Refusal) {
	if p.delimiter == nil {
		return 0, contentType{format: formatMultipart}.forStream()
	}
	if !p.started {
		lead := len(buf) - len(bytes.TrimLeft(buf, "\r\n"))
		rest := buf[lead:]
		if len(rest) < len(p.delimiter) && !atEnd && lead < maxPartHeader {
			return 0, nil
		}
		if !bytes.HasPrefix(rest, p.delimiter) {
			return 0, refusef(RuleUnreadable, "let the HTTP library write the multipart body",
				"the multipart body does not start with the boundary its content type names")
		}
		p.started = true
	}
	for {
		i := bytes.Index(buf[p.pos:], p.delimiter)
		if i < 0 {
			if atEnd {
				p.pos = len(buf)
			} else {
				// The start of a boundary may stand at the end.
				p.pos = max(p.pos, len(buf)-len(p.delimiter)+1)
			}
			return p.pos, nil
		}
		start := p.pos + i
		header := buf[start+len(p.delimiter):]
		if bytes.HasPrefix(header, []byte("--")) {
			p.pos = start + len(p.delimiter) + 2
			continue
		}
		end := headerEnd(header)
		if end > maxPartHeader || end < 0 && len(header) > maxPartHeader {
			return 0, refusef(RuleTooLarge, "leave out needless header fields", "a part of the multipart body has a header of more than 8 KiB")
		}
		if end < 0 && !atEnd {
			return start, nil
		}
		if end < 0 {
			end = len(header)
		}
		if refusal := checkPart(header[:end]); refusal != nil {
			return 0, refusal
		}
		p.pos = start + len(p.delimiter) + end
	}
}

// headerEnd is the length of a part's header with the empty line after it, -1 if
// there is none yet.
func headerEnd(s []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(s[i:], '\n')
		if j < 0 {
			return -1
		}
		i += j + 1
		rest := s[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("\n")):
			return i + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return i + 2
		}
	}
}

// partName finds every name that a part's header could give, in quotes or not.
var partName = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])name([^=a-z0-9]{0,20}(?:[0-9]+\*?)?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\r\n]*)`)

// checkPart refuses a part that would be a parameter of the request, or could
// be under a name written in an unusual way.
func checkPart(header []byte) *Refusal {
	if strings.Contains(lookalike.Fold(string(header)), "contenttypemultipart") {
		return refusef(RuleUnreadable, "send one file in each part", "a part of the multipart body is multipart itself")
	}
	for _, match := range partName.FindAllSubmatch(header, -1) {
		name := string(match[2])
		if strings.Contains(string(match[1]), "*") || strings.Contains(name, "=?") {
			return refusef(RuleUnreadable, "write the names of parts in plain ASCII", "the name of a part is encoded")
		}
		name = strings.Trim(strings.ReplaceAll(name, `\`, ""), `"`)
		for n := range looseForm(name) {
			base, _, _ := strings.Cut(n, "[")
			switch folded := lookalike.Fold(base); {
			case folded == "method":
				return methodParameter("the multipart body")
			case strings.HasSuffix(folded, "batch"):
				return refusef(RuleBatch, "send the batch as JSON, and upload files to /media in requests of their own",
					"a part of the multipart body is a batch")
			}
		}
	}
	return nil
}
