package cloudapi

import (
	"net/url"
	"strings"
)

// queryReading is what matters in a query.
type queryReading struct {
	batch *string // the batch, decoded
}

// readQuery looks for parameters that make the request something else. hidden
// is what decoding the path would add to the query. On a send edge, and where
// the path could be one, no field of a send may stand in the query: nobody knows
// whether the query or the body wins.
func readQuery(query, hidden string, edge bool) (queryReading, *Refusal) {
	var q queryReading
	if query == "" && hidden == "" {
		return q, nil
	}
	for name, value := range looseForm(hidden) {
		if p := roleOf(name, value); p != harmless || edge && isSendField(name) {
			return q, refusef(RulePath, "write the query after a plain question mark",
				"the path holds an escaped question mark and parameters after it")
		}
	}
	for name, value := range looseForm(query) {
		switch roleOf(name, value) {
		case overridesMethod:
			return q, methodParameter("the query")
		case holdsBatch:
			batch, refusal := queryBatch(query)
			if refusal != nil {
				return q, refusal
			}
			q.batch = &batch
		}
		if strings.Contains(strings.ToLower(unescape(value)), ".method(") {
			// The list of fields to read takes parameters for nested edges.
			return q, methodParameter("the query")
		}
		if edge && isSendField(name) {
			return q, refusef(RuleParameter, "put all fields of the message into a JSON body; only access_token and appsecret_proof belong in the query",
				"a field of the message stands in the query of the address")
		}
	}
	return q, nil
}

// queryBatch reads the one parameter called exactly batch.
func queryBatch(query string) (string, *Refusal) {
	unclear := refusef(RuleBatch, "put the batch into a JSON body, as an array",
		"the query holds a batch that can be read in several ways")
	values, err := url.ParseQuery(query)
	if err != nil || len(values["batch"]) != 1 || strings.IndexByte(query, '#') >= 0 {
		return "", unclear
	}
	found := 0
	for name, value := range looseForm(query) {
		if roleOf(name, value) == holdsBatch {
			found++
		}
	}
	if found != 1 {
		return "", unclear
	}
	return values.Get("batch"), nil
}
