package generous

import (
	"encoding/json"
	"slices"
	"strings"
)

// This is how HHVM, the server software that Meta published, takes parameters
// from a request, where that differs from what other readers do:
//
//   - a body is multipart if the type in its content type, up to the first
//     semicolon, comma or space, is any beginning of multipart/form-data, even none;
//     the boundary follows the first "boundary" and the next equals sign, wherever
//     they stand;
//   - in the header of a part, a line that starts with a space or has no colon goes
//     on where the one before ended, and a line ends at a NUL; the last of two names
//     wins, in single or double quotes or none;
//   - a part with a file name is a file and no parameter; what follows the last
//     boundary is read on;
//   - any other body may be read as a form, whatever its type
//     (AlwaysDecodePostData);
//   - names end at a NUL and lose spaces before them, and spaces and dots in them
//     become underscores;
//   - cookies are parameters too.

// ReadHHVM is [Read] with the readings of HHVM alone.
func ReadHHVM(r Request) []Send {
	c := collector{onlyHHVM: true}
	c.read(request{Method: r.Method, Target: r.Target, Header: r.Header, Body: r.Body}, 0)
	return c.all()
}

const asHHVM = "as HHVM reads it"

// hhvmQuery are the parameters of the query with the cookies, and the cookies
// alone. Either may win.
func hhvmQuery(r request, targets []target) []params {
	cookies := hhvmCookies(r)
	var out []params
	seen := map[string]bool{}
	for _, t := range targets {
		if t.query != "" && !seen[t.query] {
			seen[t.query] = true
			p := params{hhvmForm(t.query), "query " + asHHVM}
			if len(cookies) > 0 {
				p = params{slices.Concat(p.fields, cookies), "query and cookies " + asHHVM}
			}
			out = append(out, p)
		}
	}
	if len(cookies) > 0 {
		out = append(out, params{cookies, "cookies " + asHHVM})
	}
	return bounded(out, maxQueries)
}

func hhvmCookies(r request) []field {
	var cookies []field
	for _, line := range headerValues(r.Header, "Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			name, v, _ := strings.Cut(strings.TrimLeft(pair, hhvmSpace), "=")
			if name = hhvmName(unplus(name)); name != "" {
				cookies = append(cookies, newField(name, textValue(unplus(v))))
			}
		}
	}
	return nest(cookies)
}

// hhvmBody are the parameters of the body.
func hhvmBody(r request) []params {
	var out []params
	types := r.Header["Content-Type"]
	multipart := false
	for _, t := range types {
		if boundary, ok := hhvmBoundary(t); ok {
			multipart = true
			out = append(out, params{nest(hhvmParts(string(r.Body), boundary)), "multipart body " + asHHVM})
		}
	}
	if multipart || len(r.Body) == 0 {
		return out
	}
	fields := hhvmForm(string(r.Body))
	if saysJSON(types) && json.Valid(r.Body) {
		// Meta documents JSON, in whose texts links with "&to=" are common. If those
		// became parameters, such messages would go astray every day. A whole batch is
		// in no such text.
		fields = slices.DeleteFunc(fields, func(f field) bool { return f.key != "batch" || !startsWithJSON(f.value.text) })
	}
	return append(out, params{fields, "body decoded as a form " + asHHVM})
}

// startsWithJSON reports a list, object or string of JSON, whatever follows it.
func startsWithJSON(s string) bool {
	var v any
	return json.NewDecoder(strings.NewReader(s)).Decode(&v) == nil
}

// hhvmForm splits a form at ampersands and nothing else.
func hhvmForm(s string) []field {
	var fields []field
	for pair := range strings.SplitSeq(s, "&") {
		if len(fields) >= maxPairs {
			break
		}
		name, v, _ := strings.Cut(pair, "=")
		if name = hhvmName(unplus(name)); name != "" {
			fields = append(fields, newField(name, textValue(unplus(v))))
		}
	}
	return nest(fields)
}

// hhvmName is the name under which a parameter is registered. What follows the
// first bracket is left as it is.
func hhvmName(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.TrimLeft(name, " ")
	base, rest, bracket := strings.Cut(name, "[")
	base = strings.NewReplacer(" ", "_", ".", "_").Replace(base)
	if bracket {
		return base + "[" + rest
	}
	return base
}

// hhvmBoundary takes a content type for multipart if it starts like it.
func hhvmBoundary(contentType string) (string, bool) {
	s, _, _ := strings.Cut(contentType, "\x00")
	end := strings.IndexAny(s, ";, ")
	if end < 0 {
		end = len(s)
	}
	const media = "multipart/form-data"
	if end > len(media) || !strings.EqualFold(s[:end], media[:end]) {
		return "", false
	}
	_, s, ok := strings.Cut(s[end:], "boundary")
	if !ok {
		return "", false
	}
	if _, s, ok = strings.Cut(s, "="); !ok {
		return "", false
	}
	if quoted, q := strings.CutPrefix(s, `"`); q {
		boundary, _, closed := strings.Cut(quoted, `"`)
		return boundary, closed
	}
	if end := strings.IndexAny(s, ",;"); end >= 0 {
		s = s[:end]
	}
	return s, true
}

// hhvmParts reads the parts that are no files.
func hhvmParts(s, boundary string) []field {
	var fields []field
	for range maxParts {
		// A part starts behind a line that is the boundary and nothing else.
		found := false
		for s != "" && !found {
			var line string
			line, s = hhvmLine(s)
			found = line == "--"+boundary
		}
		if !found {
			break
		}
		var header [][2]string
		for s != "" {
			var line string
			if line, s = hhvmLine(s); line == "" {
				break
			}
			name, v, colon := strings.Cut(line, ":")
			switch {
			case colon && strings.IndexByte(" \t\v\f\r", line[0]) < 0:
				header = append(header, [2]string{name, strings.TrimLeft(v, " \t\v\f\r")})
			case len(header) > 0:
				header[len(header)-1][1] += line
			}
		}
		content := s
		if end := strings.Index(s, "\n--"+boundary); end >= 0 {
			content = strings.TrimSuffix(s[:end], "\r")
			s = s[end:]
		} else {
			s = ""
		}
		for _, h := range header {
			if strings.EqualFold(h[0], "Content-Disposition") {
				if name, file := hhvmDisposition(h[1]); name != "" && !file {
					if name = hhvmName(name); name != "" {
						fields = append(fields, newField(name, textValue(content)))
					}
				}
				break
			}
		}
	}
	return fields
}

// hhvmLine cuts the first line off. It ends at a NUL for whoever reads it.
func hhvmLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	line = strings.TrimSuffix(line, "\r")
	line, _, _ = strings.Cut(line, "\x00")
	return line, rest
}

// hhvmDisposition reads the name of a part, and whether it has a file name.
func hhvmDisposition(s string) (name string, file bool) {
	for s = strings.TrimLeft(s, hhvmSpace); s != ""; s = strings.TrimLeft(s, hhvmSpace) {
		var pair string
		pair, s = hhvmWord(s, ';')
		if !strings.Contains(pair, "=") {
			continue
		}
		key, v := hhvmWord(pair, '=')
		switch {
		case strings.EqualFold(key, "name"):
			name = hhvmText(v)
		case strings.EqualFold(key, "filename"):
			file = true
		}
	}
	return name, file
}

const hhvmSpace = " \t\n\v\f\r"

// hhvmWord cuts at a sign that is not in quotes, of either kind.
func hhvmWord(s string, stop byte) (word, rest string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case stop:
			return s[:i], strings.TrimLeft(s[i:], string(stop))
		case '"', '\'':
			for i++; i < len(s) && s[i] != c; i++ {
				if s[i] == '\\' && i+1 < len(s) && s[i+1] == c {
					i++
				}
			}
		}
	}
	return s, ""
}

// hhvmText takes a value out of its quotes, which end at the last of them.
func hhvmText(s string) string {
	s = strings.TrimLeft(s, hhvmSpace)
	if s == "" {
		return ""
	}
	if q := s[0]; q == '"' || q == '\'' {
		s = s[1:]
		if end := strings.LastIndexByte(s, q); end >= 0 {
			s = s[:end]
		}
		return strings.NewReplacer(`\`+string(q), string(q), `\\`, `\`).Replace(s)
	}
	if end := strings.IndexAny(s, hhvmSpace); end >= 0 {
		s = s[:end]
	}
	return strings.ReplaceAll(s, `\\`, `\`)
}
