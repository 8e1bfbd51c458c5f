package cloudapi

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// formToJSON rewrites a form as the JSON object it stands for, so that there is
// one reader for both: fields that are objects hold JSON, all others plain text.
// It reads only what every reader of forms reads alike.
func formToJSON(body []byte) ([]byte, *Refusal) {
	const remedy = "send the message as JSON with Content-Type: application/json"
	if !utf8.Valid(body) || bytes.ContainsFunc(body, func(r rune) bool { return r < ' ' || r == 0x7F || r == ';' }) {
		return nil, refusef(policy.RuleUnreadable, "percent-encode the fields, or "+remedy, "the form holds characters that must be percent-encoded, or is not UTF-8")
	}
	out := []byte{'{'}
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		name, encoded, ok := strings.Cut(pair, "=")
		if !ok || !isPlainName(name) {
			reason := "the name of a form field is not plain letters, digits and underscores"
			if !ok {
				reason = "the content type says that the body is a form, but a part of it has no equals sign"
			}
			if strings.ContainsAny(name, "[]") || strings.Contains(strings.ToLower(name), "%5b") {
				reason = "the form has fields with brackets, which readers take apart differently"
			}
			if strings.HasPrefix(name, "{") {
				reason = "the body is JSON, but its content type says it is a form"
			}
			return nil, refusef(policy.RuleUnreadable, remedy, "%s", reason)
		}
		value, err := url.QueryUnescape(encoded)
		if err != nil || !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			return nil, refusef(policy.RuleUnreadable, "percent-encode the fields as UTF-8, or "+remedy, "a form field is not percent-encoded UTF-8, or holds a NUL")
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), '"', ':')
		if !isObjectField(name) || value == "" {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, refusef(policy.RuleUnreadable, remedy, "a form field can't be read")
			}
			out = append(out, text...)
			continue
		}
		// The value must be JSON by itself, or it could add fields beside its own;
		// and an object or array, since null is a word to readers of forms.
		v, err := strictjson.Parse([]byte(value))
		if err != nil || v.Kind() < strictjson.Array {
			return nil, refusef(policy.RuleUnreadable, "write the field as JSON with each key once, or "+remedy, "the form field %s does not hold a JSON object or array that can be read in one way", name)
		}
		out = append(out, value...)
	}
	return append(out, '}'), nil
}

// isPlainName reports a name that needs no decoding.
func isPlainName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return s != ""
}
