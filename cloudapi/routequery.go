package cloudapi

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/policy"
)

// readQuery looks for parameters that make the request something else, and gives
// the batch if there is one. hidden is what decoding the path would add to the
// query. Where some reader could find a send edge in the path, no field of a send
// may stand in the query: nobody knows whether the query or the body wins.
func (rt *Route) readQuery(query, hidden string) (batch *string, refusal *Refusal) {
	for name, value := range looseForm(hidden) {
		if roleOf(name, value) != harmless || rt.loose && isSendField(name) {
			return nil, refusef(policy.RulePath, "write the query after a plain question mark",
				"the path holds an escaped question mark and parameters after it")
		}
	}
	for name, value := range looseForm(query) {
		switch roleOf(name, value) {
		case overridesMethod:
			return nil, methodParameter("the query")
		case holdsBatch:
			if batch, refusal = queryBatch(query); refusal != nil {
				return nil, refusal
			}
		}
		if callsMethod(name, value) {
			return nil, refusef(policy.RuleMethod, "leave .method(...) out and send the other request by itself",
				"the query lists fields to read and asks for another method among them")
		}
		if refusal := rt.checkName(name); refusal != nil {
			return nil, refusal
		}
	}
	return batch, nil
}

// checkName refuses a name in a query that some reader takes for another.
func (rt *Route) checkName(name string) *Refusal {
	const remedy = "put all fields of the message into a JSON body; only access_token and appsecret_proof belong in the query"
	switch {
	case rt.loose && isSendField(name):
		return refusef(policy.RuleParameter, remedy, "a field of the message stands in the query of the address")
	case isCutName(name):
		return refusef(policy.RuleParameter, "write the names of parameters in plain letters",
			"the name of a parameter in the query holds a control character or is not UTF-8, and some servers read another name")
	case rt.loose && !isSafe(rt.method) && !isQueryName(name):
		return refusef(policy.RuleParameter, remedy, "the query of the address has a parameter whose name is not plain letters, digits and underscores")
	}
	if !strings.ContainsAny(name, "&;=") {
		return nil
	}
	// A reader that decodes first and splits then finds more parameters here.
	for inner, value := range looseForm(name) {
		if roleOf(inner, value) != harmless || rt.loose && isSendField(inner) {
			return refusef(policy.RuleParameter, "write parameters apart, with plain & and = between them",
				"the name of a parameter in the query holds other parameters, escaped")
		}
	}
	return nil
}

// isCutName reports a name that some reader ends early, or reads as another.
func isCutName(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c == 0x7F {
			return true
		}
	}
	return !utf8.ValidString(name)
}

// isQueryName reports a name of the letters that the names of parameters have.
func isQueryName(s string) bool {
	return isPlainName(strings.Map(func(r rune) rune {
		if r == '.' || r == '-' {
			return '_'
		}
		return r
	}, s))
}

// checkCookies refuses cookies that a server could take for parameters: PHP
// merges them into a request's unless told not to.
func (rt *Route) checkCookies(fields []string) *Refusal {
	const remedy = "leave the cookie out; the API needs none"
	for _, field := range fields {
		for cookie := range strings.SplitSeq(field, ";") {
			for name, value := range looseForm(strings.TrimLeft(cookie, " \t")) {
				switch role := roleOf(name, value); {
				case role == overridesMethod:
					return refusef(policy.RuleMethod, remedy, "a cookie is called method, and some servers take cookies for parameters")
				case role == holdsBatch:
					return refusef(policy.RuleBatch, remedy, "a cookie is called batch, and some servers take cookies for parameters")
				case isSendField(name) && (rt.loose || !isSafe(rt.method)):
					return refusef(policy.RuleParameter, remedy, "a cookie is called like a field of a message, and some servers take cookies for parameters")
				}
				break // what follows an ampersand belongs to the value
			}
		}
	}
	return nil
}

// queryBatch reads the one parameter called exactly batch.
func queryBatch(query string) (*string, *Refusal) {
	batch, ok := onlyBatch(query)
	if !ok || strings.Contains(query, "#") { // some readers cut the query there
		return nil, refusef(policy.RuleBatch, "put the batch into a JSON body, as an array",
			"the query holds a batch that can be read in several ways")
	}
	return &batch, nil
}

// onlyBatch is the value of the one field of a form called exactly batch. It is
// not ok if another could be taken for it.
func onlyBatch(form string) (batch string, ok bool) {
	values, err := url.ParseQuery(form)
	found := 0
	for name, value := range looseForm(form) {
		if roleOf(name, value) == holdsBatch {
			found++
		}
	}
	return values.Get("batch"), err == nil && found == 1 && len(values["batch"]) == 1
}
