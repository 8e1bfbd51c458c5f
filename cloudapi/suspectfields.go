package cloudapi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/waguard/waguard/internal/lookalike"
)

// Graph's list of fields to read takes parameters for nested edges, and one of
// them is the method: fields=messages.method(post).to(...) would send. Nothing an
// honest client reads needs it.

// callsMethod reports whether a parameter could be such a list.
func callsMethod(name, value string) bool {
	fields := isFieldList(name)
	for range maxDecodings {
		if strings.Contains(strings.ToLower(value), ".method(") {
			return true
		}
		if hasMethodCall(value, fields) {
			return true
		}
		decoded := unescape(value)
		if decoded == value {
			break
		}
		value = decoded
	}
	return false
}

// isFieldList reports the parameters that list fields.
func isFieldList(name string) bool {
	folded := lookalike.Fold(string(beforeBracket([]byte(name))))
	return folded == "fields" || folded == "field"
}

// hasMethodCall looks for method and an opening parenthesis, whatever case, width
// or spaces they are written with. Outside a list of fields it must say which
// method it calls, since people write "Method (see below)" in texts.
func hasMethodCall(s string, fields bool) bool {
	s = withoutSpace(s)
	for {
		before, after, found := strings.Cut(s, "method(")
		if !found {
			return false
		}
		last := rune(0)
		for _, r := range before {
			last = r
		}
		argument, _, _ := strings.Cut(after, ")")
		switch {
		case fields && last != '_' && !unicode.IsLetter(last) && !unicode.IsDigit(last):
			return true
		case last == '.' && methods[strings.ToUpper(lookalike.Fold(argument))]:
			return true
		}
		s = after
	}
}

// withoutSpace is a text in lower case and plain width, without comments and
// without anything that shows nothing.
func withoutSpace(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '(' || r >= utf8.RuneSelf }) {
		return ""
	}
	s = norm.NFKC.String(string(lookalike.Unfold([]byte(s))))
	var b strings.Builder
	for s != "" {
		before, comment, found := strings.Cut(s, "/*")
		for _, r := range before {
			if unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != unicode.ReplacementChar && r != '+' {
				b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
			}
		}
		if !found {
			break
		}
		_, s, _ = strings.Cut(comment, "*/")
	}
	return b.String()
}
