package generous

import (
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"
)

const (
	maxPairs      = 20_000 // fields of one form
	maxParts      = 1000   // parts of one multipart body
	maxBoundaries = 8
)

// readForm reads name=value pairs, with '&' between them, and once more with ';' as well if there is one.
func readForm(s string) []params {
	if !strings.Contains(s, "=") {
		return nil
	}
	out := []params{{fields: readPairs(s, "&")}}
	if strings.Contains(s, ";") {
		out = append(out, params{readPairs(s, "&;"), "semicolons between fields"})
	}
	return out
}

func readPairs(s, separators string) []field {
	var fields []field
	for pair := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if len(fields) >= maxPairs {
			break
		}
		name, v, _ := strings.Cut(pair, "=")
		fields = append(fields, newField(unplus(name), textValue(unplus(v))))
	}
	return nest(fields)
}

func unplus(s string) string { return unescape(strings.ReplaceAll(s, "+", " ")) }

var (
	boundaryParam = regexp.MustCompile(`(?i)boundary\s*=\s*("[^"]*"|[^;,\s]+)`)
	boundaryLine  = regexp.MustCompile(`(?m)^--([^\r\n]+?)\s*$`)
	nameParam     = regexp.MustCompile(`(?i)(?:^|[;\s])name\*?\s*=\s*("(?:[^"\\]|\\.)*"|[^;\r\n]*)`)
	partHeader    = regexp.MustCompile(`(?i)(?:^|\n)[ \t]*content-disposition[ \t]*:((?:[^\n]|\n[ \t])*)`)
	encodedPart   = regexp.MustCompile(`(?i)content-transfer-encoding\s*:\s*(base64|quoted-printable)`)
	partHeaderEnd = regexp.MustCompile(`\r?\n\r?\n`)
)

// readMultipart reads the body once for each boundary that a content type or the body's own first line names. Every
// named part is a field, a file too.
func readMultipart(types []string, s string) []params {
	if !strings.Contains(s, "--") {
		return nil
	}
	var boundaries []string
	for _, t := range types {
		for _, m := range boundaryParam.FindAllStringSubmatch(t, maxBoundaries) {
			boundaries = append(boundaries, strings.Trim(m[1], `"`))
		}
	}
	if m := boundaryLine.FindStringSubmatch(s); m != nil {
		boundaries = append(boundaries, m[1])
	}
	var out []params
	for _, b := range unique(boundaries, maxBoundaries) {
		if fields := readParts(s, "--"+b); len(fields) > 0 {
			out = append(out, params{fields: nest(fields)})
		}
	}
	return out
}

func readParts(s, delimiter string) []field {
	parts := strings.SplitN(s, delimiter, maxParts)
	var fields []field
	for _, part := range parts[1:] {
		part = strings.TrimLeft(part, " \t")
		part = strings.TrimPrefix(strings.TrimPrefix(part, "\r"), "\n")
		end := partHeaderEnd.FindStringIndex(part)
		if end == nil {
			continue
		}
		header, body := part[:end[0]], part[end[1]:]
		body = strings.TrimSuffix(strings.TrimSuffix(body, "\n"), "\r")
		values := []value{textValue(body)}
		if m := encodedPart.FindStringSubmatch(header); m != nil {
			values = append(values, textValue(decodePart(strings.ToLower(m[1]), body)))
		}
		for _, name := range partNames(header) {
			for _, v := range values {
				fields = append(fields, newField(name, v))
			}
		}
	}
	return fields
}

// partNames lists every name a part's header gives it, in the plain and in the extended form.
func partNames(header string) []string {
	var names []string
	for _, m := range partHeader.FindAllStringSubmatch(header, maxBoundaries) {
		for _, n := range nameParam.FindAllStringSubmatch(m[1], maxBoundaries) {
			name := strings.TrimSpace(n[1])
			if len(name) > 1 && name[0] == '"' {
				name = strings.ReplaceAll(name[1:len(name)-1], `\`, "")
			}
			if i := strings.LastIndex(name, "''"); i >= 0 {
				name = unescape(name[i+2:])
			}
			names = append(names, name)
		}
	}
	return names
}

// decodePart decodes as far as it can.
func decodePart(encoding, s string) string {
	var r io.Reader = quotedprintable.NewReader(strings.NewReader(s))
	if encoding == "base64" {
		r = base64.NewDecoder(base64.StdEncoding, strings.NewReader(s))
	}
	decoded, _ := io.ReadAll(r)
	return string(decoded)
}
