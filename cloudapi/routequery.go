package cloudapi

import (
	"net/url"
	"strings"
)

// readQuery looks for parameters that make the request something else, and gives
// the batch if there is one. hidden is what decoding the path would add to the
// query. Where some reader could find a send edge in the path, no field of a send
// may stand in the query: nobody knows whether the query or the body wins.
func readQuery(query, hidden string, edge bool) (batch *string, refusal *Refusal) {
	for name, value := range looseForm(hidden) {
		if roleOf(name, value) != harmless || edge && isSendField(name) {
			return nil, refusef(RulePath, "write the query after a plain question mark",
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
		if strings.Contains(strings.ToLower(unescape(value)), ".method(") {
			// The list of fields to read takes parameters for nested edges.
			return nil, methodParameter("the query")
		}
		if edge && isSendField(name) {
			return nil, refusef(RuleParameter,
				"put all fields of the message into a JSON body; only access_token and appsecret_proof belong in the query",
				"a field of the message stands in the query of the address")
		}
	}
	return batch, nil
}

// queryBatch reads the one parameter called exactly batch.
func queryBatch(query string) (*string, *Refusal) {
	batch, ok := onlyBatch(query)
	if !ok || strings.Contains(query, "#") { // some readers cut the query there
		return nil, refusef(RuleBatch, "put the batch into a JSON body, as an array",
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
