package cloudapi

import (
	"slices"
	"strings"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// maxElements is how many elements Meta takes in one batch.
const maxElements = 50

// readBatch reads every element of a batch with the code that reads requests. A
// batch passes only if each element could be read.
func readBatch(rt *Route, batch []byte, home func(string) string) (Reading, *Refusal) {
	r := Reading{Batch: true}
	root, err := strictjson.Parse(batch)
	if err != nil {
		return r, refusef(policy.RuleBatch, "write the batch as a JSON array, with each key once", "the batch is not JSON with one meaning: %s", err)
	}
	if root.Kind() != strictjson.Array {
		return r, refusef(policy.RuleBatch, "write the batch as an array", "the batch is %s", root.Kind())
	}
	elements := slices.Collect(root.Elements())
	if len(elements) > maxElements {
		return r, refusef(policy.RuleBatch, "split it", "the batch has %d elements; Meta takes %d", len(elements), maxElements)
	}
	var refused []Element
	var first *Refusal
	for i, e := range elements {
		if refusal := r.readElement(rt, i, e, home); refusal != nil {
			if first == nil {
				first = refusal
			}
			refused = append(refused, Element{Index: i, Rule: refusal.Rule, Reason: refusal.Reason, Remedy: refusal.Remedy})
		}
	}
	if first == nil {
		return r, nil
	}
	refusal := refusef(policy.RuleBatch, first.Remedy, "%d of the %d elements of the batch can't be judged, so none was sent; the first: %s",
		len(refused), len(elements), first.Reason)
	refusal.Elements = refused
	return r, refusal
}

// The fields of an element on which its meaning depends.
const (
	elementMethod = iota
	elementURL
	elementBody
	elementHeaders
	elementFiles
	elementBatch
	numElementFields
)

var elementFields = newVocabulary([]string{
	elementMethod: "method", elementURL: "relative_url", elementBody: "body",
	elementHeaders: "headers", elementFiles: "attached_files", elementBatch: "batch",
})

// readElement reads an element as the request it stands for.
func (r *Reading) readElement(outer *Route, index int, e strictjson.Value, home func(string) string) *Refusal {
	if e.Kind() != strictjson.Object {
		return refusef(policy.RuleBatch, "write each element as an object with method and relative_url", "an element is %s", e.Kind())
	}
	var fields [numElementFields]strictjson.Value
	if _, refusal := elementFields.pick(e, fields[:]); refusal != nil {
		return refusal
	}
	for v := range e.All() {
		if text, _ := v.Text(); v.Kind() == strictjson.String && hasReference(text) {
			return refusef(policy.RuleBatch, "write the value itself, and send what depends on an answer afterwards",
				"an element takes a part of itself from the answer to another")
		}
	}
	switch {
	case fields[elementFiles].Given() && !fields[elementFiles].Is(""):
		return refusef(policy.RuleBatch, "upload files to /media in requests of their own", "an element has attached files")
	case fields[elementBatch].Given():
		return refusef(policy.RuleBatch, "put all elements into one batch", "an element holds a batch itself")
	}
	rt, refusal := elementRoute(outer, fields)
	if refusal != nil {
		return refusal
	}
	body, ok := fields[elementBody].Text()
	if fields[elementBody].Given() && !ok {
		return refusef(policy.RuleBatch, "write the body as a string: a form or JSON", "the body of an element is not a plain string")
	}
	if body != "" && isSafe(rt.method) {
		return refusef(policy.RuleMethod, "send what has a body with POST", "an element with the method %s has a body", rt.method)
	}
	if h := fields[elementHeaders]; h.Given() && (!isSafe(rt.method) || rt.loose) {
		return refusef(policy.RuleBatch, "leave headers out", "an element has header fields of its own")
	}
	if rt.Class == SendEdge {
		f := formatForm
		if startsLikeJSON([]byte(body)) {
			f = formatUntyped
		}
		one := new(oneSend)
		if refusal := readSend(&rt, f, []byte(body), home, one); refusal != nil {
			return refusal
		}
		one.details[0].element = index
		r.add(one.sends[0], one.details[0])
		return nil
	}
	if nested, refusal := searchBody(formatUntyped, []byte(body)); refusal != nil || nested != nil {
		if refusal == nil {
			refusal = refusef(policy.RuleBatch, "put all elements into one batch", "an element holds a batch itself")
		}
		return refusal
	}
	address, _ := fields[elementURL].Text()
	r.Others = append(r.Others, elementRequest(rt.method, address, body))
	return nil
}

// elementRoute tells where an element goes.
func elementRoute(outer *Route, fields [numElementFields]strictjson.Value) (Route, *Refusal) {
	rt := Route{dialect: outer.dialect, configured: outer.configured}
	method, ok := fields[elementMethod].Text()
	rt.method = strings.ToUpper(method)
	if !ok || !methods[rt.method] {
		return rt, refusef(policy.RuleMethod, "give each element the method GET, POST or DELETE", "an element has no method that the API has")
	}
	address, ok := fields[elementURL].Text()
	if !ok || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7F || r == '#' || r == '\\' }) {
		return rt, refusef(policy.RulePath, "write relative_url as a path without spaces", "an element has no relative_url that can be read in one way")
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(address, "/"), "?")
	if strings.HasPrefix(path, "/") || strings.Contains(unescape(path), "://") {
		return rt, refusef(policy.RulePath, "write relative_url as a path, such as 123/messages", "an element has a full address in relative_url")
	}
	path = "/" + path
	rt.readEdge(path)
	if refusal := rt.readAddress(path, query); refusal != nil {
		return rt, refusal
	}
	if rt.batch != nil {
		return rt, refusef(policy.RuleBatch, "put all elements into one batch", "an element holds a batch itself")
	}
	return rt, nil
}

// hasReference reports whether a text could refer to the answer to another
// element, also once it is decoded.
func hasReference(s string) bool {
	for range maxDecodings {
		if mayRefer(s) {
			return true
		}
		decoded := unescape(s)
		if decoded == s {
			return false
		}
		s = decoded
	}
	return false
}
