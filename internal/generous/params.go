package generous

import (
	"encoding/json"
	"slices"
	"strings"
)

const (
	maxSources    = 32   // readings of one body
	maxQueries    = 8    // readings of one query
	maxBracketed  = 2000 // bracketed names in one form
	maxSubscripts = 8    // subscripts of one name
)

// params is one reading of where parameters come from.
type params struct {
	fields []field
	how    string
}

// texts lists what a parameter could say: each scalar of each occurrence, and an empty text for an occurrence that
// says nothing. It is empty if the parameter is absent.
func (p params) texts(key string) []string {
	var out []string
	for _, v := range get(p.fields, key) {
		said := false
		for _, s := range scalars(v) {
			out = append(out, s.text)
			said = true
		}
		if !said {
			out = append(out, "")
		}
	}
	return out
}

// queryParams reads the query of each target.
func queryParams(targets []target) []params {
	var out []params
	seen := map[string]bool{}
	for _, t := range targets {
		if t.query == "" || seen[t.query] {
			continue
		}
		seen[t.query] = true
		for _, p := range readForm(t.query) {
			p.how = joinHow("query", p.how)
			out = append(out, p)
		}
	}
	return bounded(out, maxQueries)
}

// bodyParams reads the body as JSON, as a form and as multipart, whatever its content type says. Only a body that is
// JSON to the letter and says so is spared the other two, or each "&to=" in a text would be a send.
func bodyParams(r request) []params {
	var out []params
	if len(r.fields) > 0 {
		out = append(out, params{fields: nest(r.fields), how: "body given as object"})
	}
	types := headerValues(r.Header, "Content-Type")
	for _, b := range readBody(r.Header, r.Body) {
		for i, v := range readJSON(b.text) {
			for _, fields := range objects(v) {
				p := params{fields: nest(fields), how: joinHow(b.how, "JSON body")}
				if i > 0 {
					p.how = joinHow(b.how, "JSON after the first value")
				}
				out = append(out, p)
			}
		}
		if saysJSON(types) && json.Valid([]byte(b.text)) {
			continue
		}
		for _, p := range readForm(b.text) {
			p.how = joinHow(b.how, "form body", p.how)
			out = append(out, p)
		}
		for _, p := range readMultipart(types, b.text) {
			p.how = joinHow(b.how, "multipart body", p.how)
			out = append(out, p)
		}
	}
	return bounded(out, maxSources)
}

// saysJSON reports whether there is a content type and each is JSON.
func saysJSON(types []string) bool {
	for _, t := range types {
		if media, _, _ := strings.Cut(t, ";"); fold(media) != "application/json" {
			return false
		}
	}
	return len(types) > 0
}

// mergings lists each source alone, and each query with each body. The values of a merged source compete as
// duplicates do, so either wins.
func mergings(queries, bodies []params) []params {
	out := slices.Concat(bodies, queries)
	for _, q := range queries {
		for _, b := range bodies {
			out = append(out, params{slices.Concat(q.fields, b.fields), joinHow(q.how, b.how)})
		}
	}
	return out
}

// nest turns names with brackets into objects: template[name]=x, to[]=x, batch[0][method]=x.
func nest(fields []field) []field {
	if !slices.ContainsFunc(fields, func(f field) bool { return strings.Contains(f.name, "[") }) {
		return fields
	}
	var out []field
	bracketed := 0
	for _, f := range fields {
		base, rest, ok := strings.Cut(f.name, "[")
		if !ok {
			out = append(out, f)
		} else if bracketed++; bracketed <= maxBracketed {
			out = graft(out, base, subscripts(rest), f.value)
		}
	}
	return out
}

// subscripts reads what follows the first bracket of a name; a missing closing bracket is forgiven.
func subscripts(rest string) []string {
	subs := strings.SplitN(rest, "[", maxSubscripts)
	for i := range subs {
		subs[i], _, _ = strings.Cut(subs[i], "]")
	}
	return subs
}

// graft puts a value under name and subscripts, into an object that is already there if there is one.
func graft(fields []field, name string, subs []string, v value) []field {
	if len(subs) == 0 {
		return append(fields, newField(name, v))
	}
	key := foldKey(name)
	for i := range fields {
		if f := &fields[i]; f.key == key && f.value.kind == object {
			// A slice of its own: the fields may belong to another reading.
			f.value.fields = graft(slices.Clone(f.value.fields), subs[0], subs[1:], v)
			return fields
		}
	}
	return append(fields, newField(name, value{kind: object, fields: graft(nil, subs[0], subs[1:], v)}))
}
