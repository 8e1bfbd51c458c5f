package generous

import (
	"net/http"
	"slices"
	"strings"
)

const (
	maxElements = 200 // elements read from one batch; Graph stops at 50
	maxVariants = 4   // methods, addresses and bodies tried for one element
)

// batch reads every element of every batch among the parameters as a request of its own. Any parameter whose name
// ends in "batch" counts, on any node, whatever the method of the request around it.
func (c *collector) batch(p params, how string, nesting int) {
	for _, f := range p.fields {
		if !strings.HasSuffix(f.key, "batch") {
			continue
		}
		for _, e := range elements(f.value, 0) {
			for _, r := range elementRequests(e) {
				r.how = joinHow(how, p.how, "batch element")
				c.read(r, nesting+1)
			}
		}
	}
}

// elements finds the objects that name a relative_url, in arrays, in objects that stand for arrays and in strings.
func elements(v value, depth int) [][]field {
	if depth > maxWraps+2 {
		return nil
	}
	var inner []value
	switch v.kind {
	case object:
		if len(get(v.fields, "relative_url")) > 0 {
			return [][]field{v.fields}
		}
		for _, f := range v.fields {
			inner = append(inner, f.value)
		}
	case array:
		inner = v.items
	case text:
		inner = unwrap(v)
	}
	var out [][]field
	for _, i := range bounded(inner, maxElements) {
		out = append(out, elements(i, depth+1)...)
	}
	return bounded(out, maxElements)
}

// elementRequests lists the requests one element could mean: each of its methods, addresses and bodies. Attached
// files are ignored.
func elementRequests(fields []field) []request {
	e := params{fields: fields}
	methods := unique(e.texts("method"), maxVariants)
	if len(methods) == 0 {
		methods = []string{""} // could be anything
	}
	header := elementHeader(get(fields, "headers"))
	bodies := elementBodies(get(fields, "body"))
	var out []request
	for _, method := range methods {
		for _, url := range unique(e.texts("relative_url"), maxVariants) {
			for _, b := range bodies {
				out = append(out, request{Method: method, Target: url, Header: header, Body: b.Body, fields: b.fields})
			}
		}
	}
	return out
}

// elementBodies reads a body as a string of any format, and as an object that is the parameters themselves.
func elementBodies(values []value) []request {
	var out []request
	for _, v := range bounded(values, maxVariants) {
		switch v.kind {
		case text:
			out = append(out, request{Body: []byte(v.text)})
		case object, array:
			for _, fields := range bounded(objects(v), maxVariants) {
				out = append(out, request{fields: fields})
			}
		}
	}
	if len(out) == 0 {
		return []request{{}}
	}
	return out
}

// elementHeader reads headers as "Name: value" strings, as {name, value} objects and as fields.
func elementHeader(values []value) http.Header {
	h := http.Header{}
	for _, v := range bounded(values, maxVariants) {
		for _, s := range scalars(v) {
			if name, v, ok := strings.Cut(s.text, ":"); ok {
				h.Add(strings.TrimSpace(name), strings.TrimSpace(v))
			}
		}
		for _, fields := range objects(v) {
			pair := params{fields: fields}
			names, vals := pair.texts("name"), pair.texts("value")
			for i := range min(len(names), len(vals)) {
				h.Add(names[i], vals[i])
			}
			for _, f := range fields {
				if f.value.kind == text && !slices.Contains([]string{"name", "value"}, f.key) {
					h.Add(f.name, f.value.text)
				}
			}
		}
	}
	return h
}
