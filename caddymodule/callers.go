package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Senders are the callers that may use the gateway. Whoever reaches its port
// learns from refusals whether a person's window is open and when they opted
// out; with this, the others are refused before anything is judged.
type Senders struct {
	// SHA-256 hashes, in hexadecimal, of the access tokens that may send. The
	// configuration reveals no token. Required.
	TokenSHA256 []string `json:"token_sha256,omitempty"`

	tokens map[[sha256.Size]byte]bool
}

// provision reads the hashes.
func (s *Senders) provision() error {
	if len(s.TokenSHA256) == 0 {
		return errors.New("senders names no token_sha256: nobody could send")
	}
	s.tokens = make(map[[sha256.Size]byte]bool)
	for _, text := range s.TokenSHA256 {
		hash, err := hex.DecodeString(text)
		if err != nil || len(hash) != sha256.Size {
			// It is not shown: it may be the token itself.
			return errors.New("senders token_sha256 has 64 hexadecimal digits: printf %s \"$TOKEN\" | sha256sum")
		}
		s.tokens[[sha256.Size]byte(hash)] = true
	}
	return nil
}

// have reports whether token is one of those that may send.
func (s *Senders) have(token string) bool {
	return token != "" && s.tokens[sha256.Sum256([]byte(token))]
}

// admit refuses a caller that may not send. A token in the body is looked for
// where the header and the address have none; the body is put back, and what it
// takes of the memory for bodies is to be released.
func (g *Guard) admit(w http.ResponseWriter, r *http.Request) (*http.Request, *share, *cloudapi.Refusal) {
	if g.Senders == nil {
		return r, nil, nil
	}
	var sn seen
	token := accessToken(r, nil)
	if token == "" && r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		var refusal *cloudapi.Refusal
		if sn, refusal = g.readBody(w, r); refusal == nil {
			r, _ = withBody(r, sn.body)
			token = accessToken(r, sn.body)
		} else if sn.noRoom {
			return r, sn.held, refusal // who asks is not known
		}
	}
	if g.Senders.have(token) {
		return r, sn.held, nil
	}
	return r, sn.held, &cloudapi.Refusal{
		Rule:   policy.RuleCaller,
		Reason: "the gateway doesn't let this caller send: it shows no access token that the gateway was told of",
		Remedy: "use the access token that the gateway knows, in the header Authorization, or have whoever runs the gateway add its hash to `senders`",
	}
}

// turnAway answers a caller that may not send. It is counted, and not in the
// ledger, which anybody could fill; nor is it ever passed on, whatever the mode.
func (g *Guard) turnAway(w http.ResponseWriter, r *http.Request, refusal *cloudapi.Refusal) error {
	if refusal.Rule == policy.RuleCaller {
		callersRefused.Inc()
	}
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	g.logger.Debug("caller refused", zap.Stringer("id", id), zap.String("rule", string(refusal.Rule)), zap.String("sender", clientAddress(r)))
	drain(w, r, time.Duration(g.app.BodyTimeout))
	return writeRefusal(w, refusal, id, nil)
}

// parseSenders reads the subdirective `senders`.
func (g *Guard) parseSenders(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 || args[0] != "token_sha256" {
		return d.Err("write senders token_sha256 <hash>...")
	}
	g.Senders = &Senders{TokenSHA256: args[1:]}
	if err := g.Senders.provision(); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

// provisionSenders checks the setting, if there is one.
func (g *Guard) provisionSenders() error {
	if g.Senders == nil {
		return nil
	}
	if err := g.Senders.provision(); err != nil {
		return fmt.Errorf("whatsapp_guard: %w", err)
	}
	return nil
}
