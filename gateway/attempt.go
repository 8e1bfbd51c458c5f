package gateway

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Meta knows no idempotency key: a POST that is repeated is a second message. So
// the gateway keeps that promise itself, for senders that give their requests one.

// attempt is a request that came with an idempotency key.
type attempt struct {
	store.Attempt
	cipher cipher.AEAD
}

// newAttempt is the attempt of a request to a business phone number ("" for a
// batch). The same key at different numbers is two keys.
func newAttempt(st store.Store, r *Request, keep time.Duration) (*attempt, error) {
	phoneNumberID := ""
	if !r.Reading.Batch {
		phoneNumberID = r.Reading.Sends[0].PhoneNumberID
	}
	sealing, err := hkdf.Key(sha256.New, slices.Concat([]byte(r.Key), []byte{0}, r.Body), nil, "waguard answer", 32)
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
			Key:     st.AttemptPseudonym("key", phoneNumberID, r.Key),
			Request: st.AttemptPseudonym("request", string(r.Body)),
			Keep:    keep,
		},
		cipher: aead,
	}, nil
}

// FirstAnswer is what the first of equal requests was answered, and every
// repetition is.
type FirstAnswer struct {
	Status      int    `json:"-"` // kept in clear
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
	// Fallback names the template that was sent in place of a text, if one was.
	Fallback string `json:"fallback,omitempty"`
}

// seal makes an answer fit to be kept: it names the recipient, and nobody can
// open it who doesn't have the request and its key.
func (a *attempt) seal(first FirstAnswer) ([]byte, error) {
	plain, err := json.Marshal(first)
	if err != nil {
		return nil, err
	}
	return a.cipher.Seal(nil, nil, plain, a.Key[:]), nil // #nosec G407 -- the cipher makes the nonce itself, at random
}

// open is the answer that was sealed.
func (a *attempt) open(sealed []byte) (answer *FirstAnswer, err error) {
	plain, err := a.cipher.Open(nil, nil, sealed, a.Key[:])
	if err != nil {
		return nil, fmt.Errorf("opening the answer to an earlier request: %w", err)
	}
	answer = new(FirstAnswer)
	return answer, json.Unmarshal(plain, answer)
}

// keepAnswer has the answer kept for repetitions of the request. Where nobody
// knows what became of the send there is none to keep; and where Meta turned it
// down for the moment, or it was a stranger's, it may be sent again under the same
// key.
func (d *Sends) keepAnswer(answer *Answer, sends []Judged, stranger bool) {
	a, o := sends[0].attempt, &sends[0].Outcome
	switch {
	case a == nil, answer.Streamed, answer.Status == 0, o.State == store.NotSent:
		return
	case len(sends) == 1 && o.State == store.Unknown:
		return
	case len(sends) == 1 && o.State == store.Rejected && (stranger || cloudapi.Transient(answer.Status, o.ErrorCode)):
		o.Repeatable = true
		return
	}
	first := FirstAnswer{ContentType: answer.ContentType, Body: answer.Body}
	if e := sends[0].Entry; e.Fallback != nil {
		first.Fallback = e.Send.Template.Name
	}
	sealed, err := a.seal(first)
	if err != nil {
		d.often(zapcore.ErrorLevel, "the answer to a request with an idempotency key could not be kept; a repetition is not sent, and told that the outcome is unknown",
			zap.Stringer("id", sends[0].Entry.ID), zap.Error(err))
		return
	}
	o.HTTPStatus, o.Answer = answer.Status, sealed
}

// repeated is what a request comes to whose idempotency key is known already. It
// reports false where it is not: then the request is the first. last says that it
// found the key free, and then taken by others, too often.
func (d *Sends) repeated(ctx context.Context, st store.Store, a *attempt, last bool) (result Result, known bool, err error) {
	before, err := st.Attempt(ctx, a.Key)
	switch {
	case errors.Is(err, store.ErrNotFound) && last:
		before = &store.KnownAttempt{State: store.AttemptOpen, Request: a.Request}
	case errors.Is(err, store.ErrNotFound):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, err
	}
	result = Result{ID: before.Entry, Repetition: true}
	if before.Request == a.Request && before.State == store.AttemptAnswered {
		if result.First, err = a.open(before.Answer); err != nil {
			return Result{}, false, err
		}
		result.First.Status = before.Status
		d.Log.Info("repeated send answered as the first time, not sent again", zap.Stringer("id", before.Entry))
		return result, true, nil
	}
	result.Refusal = repetition(before, a)
	d.Log.Info("repeated send not sent again", zap.Stringer("id", before.Entry),
		zap.String("rule", string(result.Refusal.Rule)), zap.String("reason", result.Refusal.Reason))
	return result, true, nil
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
