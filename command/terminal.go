package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// What the gateway keeps was written by others: names, references, senders,
// template names. A terminal obeys escapes in it, and a line feed makes a line
// that the gateway never wrote. All that commands print of it goes through here.

// printed is text as a terminal may show it: on one line, what is not printable
// as an escape.
func printed(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // no UTF-8
		default:
			b.Write(escape(r))
		}
	}
	return b.String()
}

// unprintable reports control characters, line breaks, and what hides or turns
// text around.
func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

// escape is a character as JSON escapes it.
func escape(r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		return fmt.Appendf(nil, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(nil, `\u%04x`, r)
}

// printedJSON is a line of JSON as a terminal may show it. encoding/json escapes
// the control characters of ASCII alone.
func printedJSON(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	var b bytes.Buffer
	for _, r := range string(line) {
		if unprintable(r) {
			b.Write(escape(r))
			continue
		}
		b.WriteRune(r)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// printedAnswer is a JSON document whose texts are as a terminal may show them.
func printedAnswer(raw []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(printedTexts(v))
}

func printedTexts(v any) any {
	switch v := v.(type) {
	case string:
		return printed(v)
	case []any:
		for i := range v {
			v[i] = printedTexts(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = printedTexts(v[key])
		}
	}
	return v
}
