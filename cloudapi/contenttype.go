package cloudapi

import "strings"

// format is how a content type says a body is to be read.
type format uint8

const (
	formatJSON      format = iota + 1 // application/json, which nobody reads otherwise
	formatUntyped                     // no type or text/plain: JSON if it is JSON
	formatForm                        // application/x-www-form-urlencoded
	formatMultipart                   // multipart/form-data with a boundary
	formatFile                        // an image or another file
	formatOdd                         // what no client of this API writes
)

// contentType is a content type taken apart. Servers differ in how they read one
// that is written in an unusual way: some compare beginnings only, some search
// for the word boundary. So the few types that matter are taken only as clients
// write them.
type contentType struct {
	format   format
	charset  string // lower case
	boundary string
	problem  string // what is unusual, if the format is formatOdd
}

// textCharsets are those that libraries name for the text in the parts of a
// multipart body. In all of them ASCII looks like ASCII.
var textCharsets = map[string]bool{"": true, "utf-8": true, "utf8": true, "us-ascii": true, "iso-8859-1": true, "windows-1252": true}

// parseContentType reads a content type.
func parseContentType(s string) contentType {
	if s == "application/json" { // the usual case
		return contentType{format: formatJSON}
	}
	if s = strings.Trim(s, " \t"); s == "" {
		return contentType{format: formatUntyped}
	}
	media, rest, _ := strings.Cut(s, ";")
	media = strings.TrimRight(media, " ")
	typed := isMediaType(media)
	media = strings.ToLower(media)
	params, ok := parseParameters(rest)
	switch {
	case !ok:
		return oddType("its parameters can't be read in one way")
	case !typed:
		return oddType("it is not a type and a subtype")
	case media == "multipart/form-data":
		return multipartType(params)
	case strings.HasPrefix(media, "multipart/"):
		return oddType("the only multipart type of this API is multipart/form-data")
	case strings.Contains(strings.ToLower(rest), "boundary"):
		return oddType("it names a boundary and is not multipart/form-data")
	}
	t := contentType{}
	switch {
	case media == "application/json":
		t.format = formatJSON
	case media == "application/x-www-form-urlencoded":
		t.format = formatForm
	case media == "text/plain":
		t.format = formatUntyped
	case strings.HasPrefix(media, "application/json"), strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		return oddType("it only starts like a type of this API")
	case strings.HasSuffix(media, "+json"), strings.HasSuffix(media, "/json"), strings.HasSuffix(media, "/x-json"):
		return oddType("JSON for this API is called application/json")
	default:
		return contentType{format: formatFile}
	}
	for _, p := range params {
		if p.name != "charset" || t.charset != "" {
			return oddType("it has another parameter than one charset")
		}
		t.charset = strings.ToLower(p.value)
	}
	return t
}

func oddType(problem string) contentType { return contentType{format: formatOdd, problem: problem} }

// multipartType takes multipart/form-data with one boundary and, as some Java
// libraries write, a charset.
func multipartType(params []parameter) contentType {
	t := contentType{format: formatMultipart}
	for _, p := range params {
		switch {
		case p.raw == "boundary" && t.boundary == "":
			t.boundary = p.value
		case p.name == "charset" && t.charset == "" && textCharsets[strings.ToLower(p.value)]:
			t.charset = strings.ToLower(p.value)
		default:
			return oddType("it has another parameter than one boundary and a charset")
		}
	}
	if !isBoundary(t.boundary) {
		return oddType("it is multipart without a boundary of letters, digits and hyphens")
	}
	return t
}

// maxBoundary is how long a boundary may be, as RFC 2046 has it.
const maxBoundary = 70

// isBoundary reports a boundary that every server reads alike.
func isBoundary(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && !('0' <= c && c <= '9') && strings.IndexByte("'()+_-./:=?", c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxBoundary && !strings.Contains(s, "boundary=")
}

// isMediaType reports a type and a subtype of the letters that registered ones
// have.
func isMediaType(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && !('0' <= c && c <= '9') && strings.IndexByte("/.+-_", c) < 0 {
			return false
		}
	}
	typ, subtype, ok := strings.Cut(s, "/")
	return ok && typ != "" && subtype != "" && !strings.Contains(subtype, "/")
}

// parameter is a parameter of a content type, its name in lower case and as it
// is written.
type parameter struct{ name, raw, value string }

// parseParameters reads what follows the first semicolon of a content type. It
// takes only values that mean the same with quotes and without.
func parseParameters(s string) (params []parameter, ok bool) {
	for s = strings.Trim(s, " "); s != ""; s = strings.Trim(s, " ") {
		if rest, empty := strings.CutPrefix(s, ";"); empty {
			s = rest
			continue
		}
		raw, rest, found := strings.Cut(s, "=")
		if !found || !isToken(raw) {
			return nil, false
		}
		p := parameter{name: strings.ToLower(raw), raw: raw}
		if quoted, q := strings.CutPrefix(rest, `"`); q {
			if p.value, rest, found = strings.Cut(quoted, `"`); !found || strings.ContainsAny(p.value, `\;`) {
				return nil, false
			}
			rest = strings.TrimLeft(rest, " ")
			if rest != "" && rest[0] != ';' {
				return nil, false
			}
			s = rest
		} else {
			p.value, s, _ = strings.Cut(rest, ";")
			if !isToken(strings.ReplaceAll(p.value, "=", "")) {
				return nil, false
			}
		}
		for _, c := range []byte(p.value) {
			if c < ' ' || c >= 0x7F {
				return nil, false
			}
		}
		params = append(params, p)
	}
	return params, true
}

// isToken reports a word of the signs that need no quotes in a header field. It
// leaves out those that nobody uses.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && !('0' <= c && c <= '9') && strings.IndexByte("!#$&'+-.^_~", c) < 0 {
			return false
		}
	}
	return s != ""
}
