package cloudapi

import (
	"strings"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

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
