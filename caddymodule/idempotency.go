package caddymodule

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Meta knows no idempotency key: a POST that is repeated is a second message. So
// the gateway keeps that promise itself, for senders that give their requests one.

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

// attempt is a request that came with an idempotency key.
type attempt struct {
	store.Attempt
	cipher cipher.AEAD
}

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

// newAttempt is the attempt of a request to a business phone number ("" for a
// batch). The same key at different numbers is two keys.
func newAttempt(st store.Store, key string, reading *cloudapi.Reading, body []byte, keep time.Duration) (*attempt, error) {
	phoneNumberID := ""
	if !reading.Batch {
		phoneNumberID = reading.Sends[0].PhoneNumberID
	}
	sealing, err := hkdf.Key(sha256.New, slices.Concat([]byte(key), []byte{0}, body), nil, "waguard answer", 32)
	if err != nil {
		return nil, fmt.Errorf("making the key that seals an answer: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("making the key that seals an answer: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making the key that seals an answer: %w", err)
	}
	return &attempt{
		Attempt: store.Attempt{
			Key:     st.AttemptPseudonym("key", phoneNumberID, key),
			Request: st.AttemptPseudonym("request", string(body)),
			Keep:    keep,
		},
		cipher: aead,
	}, nil
}

// sealedAnswer is what a repetition is answered.
type sealedAnswer struct {
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
}

// seal makes an answer fit to be kept: it names the recipient, and nobody can
// open it who doesn't have the request and its key.
func (a *attempt) seal(contentType string, body []byte) ([]byte, error) {
	plain, err := json.Marshal(sealedAnswer{contentType, body})
	if err != nil {
		return nil, err
	}
	return a.cipher.Seal(nil, nil, plain, a.Key[:]), nil // #nosec G407 -- the cipher makes the nonce itself, at random
}

// open is the answer that was sealed.
func (a *attempt) open(sealed []byte) (answer sealedAnswer, err error) {
	plain, err := a.cipher.Open(nil, nil, sealed, a.Key[:])
	if err != nil {
		return answer, fmt.Errorf("opening the answer to an earlier request: %w", err)
	}
	return answer, json.Unmarshal(plain, &answer)
}

// keepAnswer has the answer kept for repetitions of the request. Where nobody
// knows what became of the send there is none to keep; and where Meta turned it
// down for the moment, or it was a stranger's, it may be sent again under the same
// key.
func (g *Guard) keepAnswer(rec *answer, sends []judged, stranger bool) {
	a, o := sends[0].attempt, &sends[0].outcome
	switch {
	case a == nil, rec.started(), rec.status == 0, o.State == store.NotSent:
		return
	case len(sends) == 1 && o.State == store.Unknown:
		return
	case len(sends) == 1 && o.State == store.Rejected && (stranger || cloudapi.Transient(rec.status, o.ErrorCode)):
		o.Repeatable = true
		return
	}
	sealed, err := a.seal(rec.Header().Get("Content-Type"), rec.held.Bytes())
	if err != nil {
		g.logger.Error("the answer to a request with an idempotency key could not be kept; a repetition is not sent, and told that the outcome is unknown",
			zap.Stringer("id", sends[0].entry.ID), zap.Error(err))
		return
	}
	o.HTTPStatus, o.Answer = rec.status, sealed
}

// repeated answers a request whose idempotency key is known already. It reports
// false where it is not: then the request is the first. last says that it found
// the key free, and then taken by others, too often.
func (g *Guard) repeated(ctx context.Context, w http.ResponseWriter, st store.Store, a *attempt, last bool) (bool, error) {
	known, err := st.Attempt(ctx, a.Key)
	switch {
	case errors.Is(err, store.ErrNotFound) && last:
		known = &store.KnownAttempt{State: store.AttemptOpen, Request: a.Request}
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case known.Request == a.Request && known.State == store.AttemptAnswered:
		answer, err := a.open(known.Answer)
		if err != nil {
			return false, err
		}
		g.logger.Info("repeated send answered as the first time, not sent again", zap.Stringer("id", known.Entry))
		h := w.Header()
		h.Set("Content-Type", answer.ContentType)
		h.Set(replayedHeader, "true")
		h.Set(namespace+"Id", known.Entry.String())
		w.WriteHeader(known.Status)
		_, err = w.Write(answer.Body)
		return true, err
	}
	refusal := repetition(known, a)
	g.logger.Info("repeated send not sent again", zap.Stringer("id", known.Entry), zap.String("rule", string(refusal.Rule)), zap.String("reason", refusal.Reason))
	h := w.Header()
	h.Set(namespace+"Rule", string(refusal.Rule))
	h.Set(namespace+"Id", known.Entry.String())
	return true, writeRefusal(w, refusal, known.Entry, nil)
}

// repetition says why a request can't be sent again, nor answered.
func repetition(known *store.KnownAttempt, a *attempt) *cloudapi.Refusal {
	switch {
	case known.Request != a.Request:
		return &cloudapi.Refusal{
			Rule:   policy.RuleKeyReused,
			Reason: "another request was sent under this idempotency key",
			Remedy: "give each message a key of its own, and repeat a message with the very same body",
		}
	case known.State == store.AttemptOpen:
		return &cloudapi.Refusal{
			Rule:   policy.RuleInFlight,
			Reason: "the first request under this idempotency key is still being sent",
			Remedy: "wait a moment and repeat it: it gets the first one's answer then",
		}
	}
	return &cloudapi.Refusal{
		Rule:    policy.RuleUnconfirmed,
		Reason:  "the first request under this idempotency key may have been sent, and no answer to it is known",
		Remedy:  "do not send it again blindly, under another key: wait for the status webhook of the message, or ask the recipient",
		Outcome: string(store.Unknown),
	}
}
