package cloudapi

import (
	"bytes"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/policy"
)

// edgeEncrypted is POST /{phone_number_id}/messages_encrypted, an edge that
// policy never sees.
const edgeEncrypted = "messages_encrypted"

var edges = map[string]policy.Edge{
	"messages":           policy.EdgeMessages,
	"marketing_messages": policy.EdgeMarketing,
	edgeEncrypted:        policy.EdgeMessages,
	"calls":              policy.EdgeCalls,
}

// lookalikeEdges are the edges as lookalike leaves them.
var lookalikeEdges = map[string]bool{
	"messages": true, "marketingmessages": true, "messagesencrypted": true, "calls": true,
}

// readEdge recognises a path that is written as exactly one send edge and
// nothing else: no trailing or doubled slash, no escape, no other case.
func (rt *Route) readEdge(path string) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return
	}
	version, number := "", rt.configured
	switch rt.dialect {
	case OnPremises:
		if rest, ok = strings.CutPrefix(rest, "v1/"); !ok {
			return
		}
		if id, ok := strings.CutPrefix(rest, "messages/"); ok && rt.method == http.MethodPut && isOpaqueID(id) && !strings.Contains(id, "/") {
			rt.receiptOnly, rest = true, "messages"
		}
	case Cloud:
		version, rest = cutVersion(rest)
		if number, rest, ok = strings.Cut(rest, "/"); !ok || !identity.IsNode(number) {
			return
		}
	}
	if rt.Edge, rt.exact = edges[rest]; rt.exact {
		rt.PhoneNumberID, rt.Version, rt.encrypted = number, version, rest == edgeEncrypted
	}
}

// readTemplateList recognises GET /{waba_id}/message_templates.
func (rt *Route) readTemplateList(path string) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok || rt.dialect != Cloud {
		return
	}
	version, rest := cutVersion(rest)
	if id, ok := strings.CutSuffix(rest, "/message_templates"); ok && identity.IsNode(id) {
		rt.Class, rt.Version, rt.WABA = TemplateList, version, id
	}
}

// isUpload reports a path that takes a file as it is: an upload session of the
// Cloud API, /v25.0/upload:..., or where the others take media.
func (rt *Route) isUpload(path string) bool {
	if rt.dialect != Cloud {
		return path == "/media" || path == "/v1/media"
	}
	_, rest := cutVersion(strings.TrimPrefix(path, "/"))
	return strings.HasPrefix(unescape(rest), "upload:")
}

// isPlainPath reports a path that is ASCII however often it is decoded. Nothing
// in this API is called otherwise, while some readers make a slash or a letter of
// what is not one.
func isPlainPath(path string) bool {
	for range maxDecodings {
		for _, c := range []byte(path) {
			if c >= utf8.RuneSelf {
				return false
			}
		}
		decoded := unescape(path)
		if decoded == path {
			break
		}
		path = decoded
	}
	return true
}

// cutVersion cuts the version off a path.
func cutVersion(path string) (version, rest string) {
	if first, after, ok := strings.Cut(path, "/"); ok && isVersion(first) {
		return first, after
	}
	return "", path
}

// isVersion reports an API version such as v25.0. Which ones exist is the
// upstream's business.
func isVersion(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	number, v := strings.CutPrefix(major, "v")
	return ok && v && len(number) <= 3 && identity.IsNode(number) && len(minor) <= 2 && isDigits(minor)
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// isOpaqueID reports an id made of letters, digits and the signs that ids of
// messages and groups have.
func isOpaqueID(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && strings.IndexByte("-_=+/.:@", c) >= 0 && !strings.HasSuffix(s[:i+1], ".."):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 512
}

const (
	// maxDecodings is how often a path is decoded in search of a send edge: twice
	// is what chains of proxies do by accident, the rest is margin.
	maxDecodings = 4
	// openBraces and equalSigns are those signs in all their widths.
	openBraces, equalSigns = "{｛﹛", "=＝﹦"
)

// mayRefer reports whether some reader could find a batch's reference to the
// result of another element, {result=…}.
func mayRefer(s string) bool {
	for {
		brace := strings.IndexAny(s, openBraces)
		if brace < 0 {
			return false
		}
		s = s[brace+1:] // what is left of a wide brace is no letter
		name := s
		if next := strings.IndexAny(s, openBraces); next >= 0 {
			name = s[:next]
		}
		if equal := strings.IndexAny(name, equalSigns); equal >= 0 && lookalike.Fold(name[:equal]) == "result" {
			return true
		}
	}
}

// looseEdge reports whether some reader could find a send edge in a path. Any
// segment counts, since dot segments may remove what follows and the edge may
// ignore it. hidden is what follows an encoded question mark, which decoding
// would turn into a query.
func looseEdge(path string) (found bool, hidden string) {
	for range maxDecodings {
		before, after, _ := strings.Cut(path, "?")
		hidden += "&" + after
		found = found || mayRefer(path) || hasEdgeSegment(before) || hasEdgeSegment(after)
		decoded := unescape(path)
		if decoded == path {
			break
		}
		path = decoded
	}
	return found, strings.Trim(hidden, "&")
}

func hasEdgeSegment(path string) bool {
	var buf [64]byte
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune("/\\;#?", r) }) {
		name, _, dotted := strings.Cut(segment, ".")
		if lookalikeEdges[string(lookalike.Append(buf[:0], []byte(segment)))] ||
			dotted && lookalikeEdges[string(lookalike.Append(buf[:0], []byte(name)))] {
			return true
		}
	}
	return false
}

// unescape undoes percent escapes and leaves broken ones as they are. It is for
// finding what could be meant, not for reading what is.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if c, ok := unescapeByte(s[i:]); ok {
			b.WriteByte(c)
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unescapeByte reads the escape at the start of s.
func unescapeByte(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
