package generous

import (
	"slices"
	"strings"
)

const (
	maxKinds    = 64   // types, templates and languages of one message
	maxWords    = 16   // values of one other parameter
	maxProducts = 1000 // combinations of one message
)

// payloads are the objects that stand for a message type of the same name.
var payloads = []string{
	"text", "image", "video", "document", "sticker", "audio", "voice", "location", "contacts", "interactive",
	"reaction", "template", "pin", "hsm",
}

// person is one reading of who gets the message. A guess is digits picked out of a text with letters.
type person struct {
	to, recipient string
	guess         bool
}

// content is one reading of what is sent: a type and, for templates, which one.
type content struct{ typ, template, language, how string }

// sends reports the sends that one set of parameters makes on each edge.
func (c *collector) sends(edges []edge, p params) {
	people := readPeople(p)
	receipt := len(people) == 0 && slices.Contains(words(p, "status"), "read")
	messages, actions := readMessages(p), readActions(p)
	for _, e := range edges {
		e.how = joinHow(e.how, p.how)
		switch {
		case e.edge == edgeEncrypted: // reported without its parameters
		case receipt && e.edge != edgeCalls:
			c.sure.add(Send{Path: e.path, Edge: e.edge, Receipt: true, How: e.how})
		case len(people) == 0:
		case e.edge == edgeCalls:
			c.combine(e, people, actions, words(p, "recipient_type"), words(p, "category"))
		default:
			c.combine(e, people, messages, words(p, "recipient_type"), words(p, "category"))
		}
	}
}

// combine reports the combinations of lists that each hold something.
func (c *collector) combine(e edge, people []person, contents []content, recipientTypes, categories []string) {
	report := func(to *list, p, m, r, g int) {
		who, what, recipientType := people[p], contents[m], recipientTypes[r]
		if who.guess && recipientType == "group" {
			return // a group id has digits in it that are nobody's number
		}
		to.add(Send{
			Path: e.path, Edge: e.edge, To: who.to, Recipient: who.recipient, RecipientType: recipientType,
			Type: what.typ, Template: what.template, Language: what.language, Category: categories[g],
			How: joinHow(e.how, what.how),
		})
	}
	// First one source wins throughout, so that no value is left out if there are too many combinations.
	for i := range max(len(people), len(contents), len(recipientTypes), len(categories)) {
		report(&c.sure, min(i, len(people)-1), min(i, len(contents)-1), min(i, len(recipientTypes)-1),
			min(i, len(categories)-1))
	}
	products := 0
	for g := range categories {
		for r := range recipientTypes {
			for m := range contents {
				for p := range people {
					if products++; products > maxProducts {
						return
					}
					report(&c.unsure, p, m, r, g)
				}
			}
		}
	}
}

// readPeople lists who is named by either parameter. With both present, either could win.
func readPeople(p params) []person {
	var out []person
	for _, a := range addresses(p, "to") {
		out = append(out, person{to: a.name, guess: a.guess})
	}
	for _, a := range addresses(p, "recipient") {
		out = append(out, person{recipient: a.name, guess: a.guess})
	}
	return out
}

// words lists the folded words a parameter could be, an empty one if it is absent.
func words(p params, key string) []string {
	out := p.texts(key)
	for i := range out {
		out[i] = clip(fold(out[i]))
	}
	if len(out) == 0 {
		return []string{""}
	}
	return unique(out, maxWords)
}

// readMessages lists the declared types, then the types that payload objects suggest.
func readMessages(p params) []content {
	var out []content
	for _, t := range words(p, "type") {
		how := ""
		if t == "" {
			t, how = "text", "no type"
		}
		out = append(out, namings(p, content{typ: t, how: how})...)
	}
	for _, name := range payloads {
		if slices.ContainsFunc(get(p.fields, name), holds) {
			out = append(out, namings(p, content{typ: name, how: "type named by payload"})...)
		}
	}
	return bounded(out, maxKinds)
}

// holds reports a payload with something in it. No upstream could send the others.
func holds(v value) bool {
	switch v.kind {
	case null:
		return false
	case array:
		return len(v.items) > 0
	case object:
		return len(v.fields) > 0
	}
	if inner := unwrap(v); len(inner) > 0 {
		return slices.ContainsFunc(inner, holds)
	}
	return strings.TrimSpace(v.text) != ""
}

// namings completes a template message with each name and language that the payload could give it. The fields of all
// payloads are pooled, so that a name in the query meets a language in the body.
func namings(p params, m content) []content {
	if m.typ != "template" && m.typ != "hsm" {
		return []content{m}
	}
	payload, names := pool(p.fields, "template", "hsm")
	names = append(names, payload.texts("name")...)
	names = append(names, payload.texts("element_name")...)
	language, codes := pool(payload.fields, "language")
	codes = append(codes, language.texts("code")...)

	var out []content
	for _, name := range cleaned(names) {
		for _, code := range cleaned(codes) {
			out = append(out, content{m.typ, name, code, m.how})
		}
	}
	return out
}

// pool collects the fields of every object under the keys, and the texts that stand in place of one.
func pool(fields []field, keys ...string) (pooled params, plain []string) {
	for _, key := range keys {
		for _, v := range get(fields, key) {
			objs := objects(v)
			for _, o := range objs {
				pooled.fields = append(pooled.fields, o...)
			}
			if len(objs) == 0 && v.kind == text && holds(v) {
				plain = append(plain, v.text)
			}
		}
	}
	return pooled, plain
}

// readActions lists what a call could do.
func readActions(p params) []content {
	var out []content
	for _, a := range words(p, "action") {
		if a == "" {
			a = "connect"
		}
		out = append(out, content{typ: a})
	}
	return out
}

// cleaned cleans and bounds a list, and gives an empty one an empty entry.
func cleaned(in []string) []string {
	if len(in) == 0 {
		return []string{""}
	}
	out := slices.Clone(in)
	for i := range out {
		out[i] = clip(clean(out[i]))
	}
	return unique(out, maxWords)
}
