package cloudapi

import (
	"net/http"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// The files called suspect*.go look for what some reader, however lenient, could
// find in a request that is no send as it is written: a batch, another method. They
// find too much, never too little. What is there is read by send*.go, strictly.

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
