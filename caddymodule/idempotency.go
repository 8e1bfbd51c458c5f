package caddymodule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
)

// idempotencyHeaders are the names the key goes by. Neither may reach the
// upstream; see dropHeaders.
var idempotencyHeaders = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

const (
	// longestIdempotencyKey is in bytes, as with the payment APIs that senders know.
	longestIdempotencyKey = 255
	// defaultIdempotencyWindow is for how long a key is remembered.
	defaultIdempotencyWindow = 24 * time.Hour
	// replayedHeader tells a sender that the answer is that to the first request.
	replayedHeader = "Idempotent-Replayed"
)

// idempotencyKey takes the request's idempotency key out of its header; "" where
// it has none.
func idempotencyKey(h http.Header) (string, *cloudapi.Refusal) {
	var keys []string
	for _, name := range idempotencyHeaders {
		for _, key := range h[name] {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		delete(h, name)
	}
	if len(keys) == 0 {
		return "", nil
	}
	unprintable := func(r rune) bool { return r <= ' ' || r > '~' }
	if key := keys[0]; len(keys) == 1 && key != "" && len(key) <= longestIdempotencyKey && !strings.ContainsFunc(key, unprintable) {
		return key, nil
	}
	return "", &cloudapi.Refusal{
		Rule:   policy.RuleParameter,
		Reason: fmt.Sprintf("the idempotency key is not one text of 1 to %d printable ASCII characters without spaces", longestIdempotencyKey),
		Remedy: "give each message one key of its own, such as a UUID, in the header field Idempotency-Key",
	}
}

// answerRepetition answers a request that was sent before.
func answerRepetition(w http.ResponseWriter, result *gateway.Result) error {
	h := w.Header()
	h.Set(namespace+"Id", result.ID.String())
	if result.First == nil {
		h.Set(namespace+"Rule", string(result.Refusal.Rule))
		return writeRefusal(w, result)
	}
	h.Set("Content-Type", result.First.ContentType)
	h.Set(replayedHeader, "true")
	if result.First.Fallback != "" {
		h.Set(namespace+"Fallback", result.First.Fallback)
	}
	w.WriteHeader(result.First.Status)
	_, err := w.Write(result.First.Body) // #nosec G705 -- it is what Meta answered, as Meta called it
	return err
}
