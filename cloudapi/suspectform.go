package cloudapi

import (
	"bytes"
	"encoding/json"
	"iter"
	"net/url"
	"strings"

	"github.com/waguard/waguard/policy"
)

// looseForm lists every name and value that some reader could find in a form,
// names decoded to the end. It is for finding what could be meant, not for
// reading what is.
func looseForm(s string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '&' || r == ';' }) {
			name, value, _ := strings.Cut(pair, "=")
			for range maxDecodings {
				decoded := unescape(name)
				if decoded == name {
					break
				}
				name = decoded
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// looseFormInJSON is looseForm of a body that is JSON. A name with a quote or a
// brace in it is JSON and no reader's parameter, unless the name ends before that
// for some reader: at a NUL or a bracket.
func looseFormInJSON(body []byte) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, value := range looseForm(string(body)) {
			base, _, _ := strings.Cut(name, "\x00")
			if base = string(beforeBracket([]byte(base))); !strings.ContainsAny(base, `{"`) && !yield(name, value) {
				return
			}
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
