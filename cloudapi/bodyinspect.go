package cloudapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// inspect reads a request that goes elsewhere than to a send edge. It may hold a
// batch, in the query or in the body.
func inspect(rt *Route, f format, body []byte, home func(string) string) (Reading, *Refusal) {
	batch, refusal := searchBody(f, body)
	if refusal != nil {
		return Reading{}, refusal
	}
	switch {
	case rt.batch == nil && batch == nil:
		return Reading{}, nil
	case rt.batch != nil && batch != nil:
		return Reading{}, refusef(policy.RuleBatch, "put the batch into the body alone", "the query and the body both hold a batch")
	case rt.batch != nil:
		batch = []byte(*rt.batch)
	case rt.method != http.MethodPost:
		return Reading{}, refusef(policy.RuleBatch, "send a batch with POST", "the body holds a batch, but the method is not POST")
	}
	return readBatch(rt, batch, home)
}

// searchBody looks in a body for parameters that make the request something
// else, and gives the batch if there is one. A body in which no reader could find
// such a parameter passes whatever it is; where some could and it can't be read
// in one way, it is refused.
func searchBody(f format, body []byte) (batch []byte, refusal *Refusal) {
	if isCompressed(body) {
		return nil, compressedBody()
	}
	if len(body) == 0 || !mentions(body, "batch") && !mentions(body, "method") {
		return nil, nil
	}
	if checkEncoding(body) != nil {
		return nil, severalReadings()
	}
	if f != formatJSON && !startsLikeJSON(body) {
		return searchForm(f, body)
	}
	root, err := strictjson.Parse(body)
	if err != nil {
		return nil, severalReadings()
	}
	if batch, refusal = searchJSON(root); refusal != nil {
		return nil, refusal
	}
	if f == formatJSON {
		return batch, formBatch(body)
	}
	// Any other type leaves it to the reader whether the body is a form.
	for name, value := range looseFormInJSON(body) {
		if roleOf(name, value) != harmless {
			return nil, severalReadings()
		}
	}
	if batch != nil && f != formatUntyped {
		return nil, severalReadings()
	}
	return batch, nil
}

func methodInFields() *Refusal {
	return refusef(policy.RuleMethod, "leave .method(...) out and send the other request by itself",
		"the body lists fields to read and asks for another method among them")
}

func severalReadings() *Refusal {
	return refusef(policy.RuleUnreadable, "send JSON with Content-Type: application/json and each key once",
		"the body mentions a batch or a method and can be read in several ways")
}

// formBatch refuses JSON in whose texts a server that reads every body as a form
// would find a batch. Links with parameters are common in texts, but none of them
// has a whole batch in it.
func formBatch(body []byte) *Refusal {
	for {
		i := bytes.IndexByte(body, '&')
		if i < 0 {
			return nil
		}
		body = body[i+1:]
		pair, _, _ := bytes.Cut(body, []byte("&"))
		equal := bytes.IndexByte(pair, '=')
		if equal < 0 || len(pair)-equal < len(`=[{}]`) || !mentions(pair[:equal], "batch") {
			continue
		}
		value, _ := url.QueryUnescape(string(pair[equal+1:]))
		var batch any
		if json.NewDecoder(strings.NewReader(value)).Decode(&batch) == nil && mentions([]byte(value), "relativeurl") {
			return refusef(policy.RuleBatch, "leave the parameter called batch out of the text",
				"a text holds a batch to servers that read every body as a form")
		}
	}
}

// searchForm looks for the fields of a body that is not JSON. If it does not say
// that it is a form, it may hold none.
func searchForm(f format, body []byte) (batch []byte, refusal *Refusal) {
	found := false
	for name, value := range looseForm(string(body)) {
		switch roleOf(name, value) {
		case overridesMethod:
			return nil, methodParameter("the body")
		case holdsBatch:
			found = true
		}
		if isFieldList(name) && callsMethod(name, value) {
			return nil, methodInFields()
		}
	}
	switch {
	case found && f == formatForm:
		form, ok := onlyBatch(string(body))
		if !ok {
			return nil, refusef(policy.RuleBatch, `send the batch as JSON: {"batch": [...]}`,
				"the form holds a batch that can be read in several ways")
		}
		return []byte(form), nil
	case found, mentions(body, "relativeurl"), bytes.Contains(body, []byte("--")) && mentions(body, "contentdisposition"):
		// Fields of a form, JSON behind something else, or parts.
		return nil, severalReadings()
	}
	return nil, nil
}

// searchJSON looks for the parameters of a JSON body: the keys of the object
// that it is.
func searchJSON(root strictjson.Value) (batch []byte, refusal *Refusal) {
	if root.Kind() != strictjson.Object {
		for v := range root.All() {
			text, _ := v.Text()
			if roleOf(text, "") != harmless || mentions([]byte(text), "relativeurl") {
				return nil, refusef(policy.RuleUnreadable, "send one JSON object", "the body is %s that holds a batch or a method", root.Kind())
			}
		}
		return nil, nil
	}
	for key, value := range root.Members() {
		if name := key.String(); isFieldList(name) && callsMethod(name, string(unescapeAll(value.Raw()))) {
			return nil, methodInFields()
		}
		switch roleOf([]byte(key.String()), value.Raw()) {
		case overridesMethod:
			return nil, methodParameter("the body")
		case holdsBatch:
			if raw, literal := key.Literal(); !literal || string(raw) != "batch" {
				return nil, refusef(policy.RuleBatch, "call it exactly batch", "the body has a parameter that could be taken for a batch")
			}
			switch value.Kind() {
			case strictjson.Null:
			case strictjson.Array:
				batch = value.Raw()
			case strictjson.String:
				text, ok := value.Text()
				if !ok {
					return nil, severalReadings()
				}
				batch = []byte(text)
			default:
				return nil, refusef(policy.RuleBatch, "write it as an array", "batch is %s", value.Kind())
			}
		}
	}
	return batch, nil
}

// startsLikeJSON reports whether a forgiving reader could take a body for JSON:
// after spaces, control characters and comments comes a value.
func startsLikeJSON(body []byte) bool {
	for _, c := range body {
		switch {
		case c <= ' ' || c == 0x7F:
		case c >= 0x80: // a byte order mark or an invisible character
		default:
			return strings.IndexByte(`{["'#/`, c) >= 0
		}
	}
	return false
}

// mentions reports whether some reader could find a word in a body: in any case,
// with escapes of any kind undone up to three times, whatever stands between its
// letters. It finds too much, never too little.
func mentions(body []byte, word string) bool {
	var letters []byte
	for range 3 {
		letters = lookalike.Append(letters[:0], body)
		if bytes.Contains(letters, []byte(word)) {
			return true
		}
		if bytes.IndexByte(body, '%') < 0 && bytes.IndexByte(body, '\\') < 0 {
			return false
		}
		body = unescapeAll(body)
	}
	return false
}

// unescapeAll undoes percent escapes and the escapes of strings.
func unescapeAll(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		s := body[i:]
		if c, ok := unescapeByte(string(s[:min(3, len(s))])); ok {
			out = append(out, c)
			i += 2
			continue
		}
		if s[0] != '\\' || len(s) < 2 {
			out = append(out, s[0])
			continue
		}
		n := 0
		switch s[1] {
		case 'x', 'X':
			n = 2
		case 'u', 'U':
			n = 4
		}
		r, digits := rune(0), 0
		for digits < n && len(s) > 2+digits {
			d, ok := hexDigit(s[2+digits])
			if !ok {
				break
			}
			r = r<<4 | rune(d)
			digits++
		}
		if n > 0 && digits == n {
			out = append(out, string(r)...)
			i += 1 + n
		} else {
			i++
			if s[1] != 'n' && s[1] != 't' && s[1] != 'r' {
				out = append(out, s[1])
			}
		}
	}
	return out
}
