package generous

import "strings"

const (
	edgeMessages  = "messages"
	edgeMarketing = "marketing_messages"
	edgeEncrypted = "messages_encrypted"
	edgeCalls     = "calls"
)

// target is one reading of a request target. Its path may still hold empty and dot segments.
type target struct{ path, query, how string }

// edge is a send edge found in a path.
type edge struct{ edge, path, how string }

// readTarget splits a target into path and query, with the path decoded once and twice.
func readTarget(raw string) []target {
	raw = raw[:min(len(raw), maxTarget)]
	var ts []target
	for _, t := range []target{{path: raw}, {path: hideReferences(raw), how: "reference in target"}} {
		t.path = stripOrigin(t.path)
		t.path, t.query, _ = strings.Cut(t.path, "?")
		once := unescape(t.path)
		ts = addTarget(ts, target{path: once, query: t.query, how: t.how})
		ts = addTarget(ts, target{path: unescape(once), query: t.query, how: joinHow(t.how, "path decoded twice")})
	}
	return ts
}

// addTarget adds t unless it is known, and again for each query that decoding or a fragment reveals.
func addTarget(ts []target, t target) []target {
	for _, known := range ts {
		if known.path == t.path && known.query == t.query {
			return ts
		}
	}
	ts = append(ts, t)
	if path, query, ok := strings.Cut(t.path, "?"); ok {
		ts = append(ts, target{path, query, joinHow(t.how, "encoded question mark")})
	}
	if query, _, ok := strings.Cut(t.query, "#"); ok {
		ts = append(ts, target{t.path, query, joinHow(t.how, "fragment cut from query")})
	}
	return ts
}

// stripOrigin reduces an absolute-form target to what follows the authority.
func stripOrigin(raw string) string {
	raw = strings.TrimSpace(raw)
	i := strings.Index(raw, "://")
	if i < 0 || strings.ContainsAny(raw[:i], "/?#") {
		return raw
	}
	rest := raw[i+len("://"):]
	if j := strings.IndexAny(rest, "/\\?#"); j >= 0 {
		return rest[j:]
	}
	return ""
}

// hideReferences empties each {result=...}, whose JSONPath may hold slashes and question marks.
func hideReferences(raw string) string {
	var b strings.Builder
	for {
		i := strings.Index(raw, reference)
		if i < 0 {
			break
		}
		j := strings.IndexByte(raw[i:], '}')
		if j < 0 {
			break
		}
		b.WriteString(raw[:i])
		b.WriteString(reference + "}")
		raw = raw[i+j+1:]
	}
	b.WriteString(raw)
	return b.String()
}

// unescape decodes percent escapes and leaves broken ones as they are.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := hexDigit(s[i+1]), hexDigit(s[i+2])
			if hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// findEdges looks for a send edge in any segment of any reading: whatever stands before it may be a node, and
// whatever follows may be ignored.
func findEdges(targets []target) []edge {
	var es []edge
	seen := map[edge]bool{}
	add := func(name, path, how string) {
		e := edge{edge: name, path: path}
		if !seen[e] {
			seen[e] = true
			e.how = how
			es = append(es, e)
		}
	}
	for _, t := range targets {
		literal := segments(t.path)
		for _, way := range []struct {
			segments []string
			how      string
		}{{resolveDots(literal), t.how}, {literal, joinHow(t.how, "dot segments kept")}} {
			path := clip("/" + strings.Join(way.segments, "/"))
			for i, s := range way.segments {
				name, _, suffixed := strings.Cut(s, ".")
				switch {
				case name == edgeMessages, name == edgeMarketing, name == edgeEncrypted, name == edgeCalls:
					how := way.how
					if suffixed {
						how = joinHow(how, "suffix cut from edge")
					}
					if i < len(way.segments)-1 {
						how = joinHow(how, "segments after the edge")
					}
					add(name, path, how)
				case i == len(way.segments)-1 && strings.Contains(s, reference):
					add(edgeMessages, path, joinHow(way.how, "edge from a reference"))
				}
			}
		}
	}
	return es
}

// segments splits a decoded path at slashes of either kind, drops empty segments and parameters, and folds the rest.
func segments(path string) []string {
	var out []string
	for s := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if i := strings.IndexAny(s, ";#?"); i >= 0 && !strings.Contains(s, reference) {
			s = s[:i]
		}
		if s = fold(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func resolveDots(literal []string) []string {
	var out []string
	for _, s := range literal {
		switch s {
		case ".":
		case "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, s)
		}
	}
	return out
}
