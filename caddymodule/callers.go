package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Senders are the callers that may use the gateway, each known in one of these
// ways. The others are refused before anything is judged. Without it everybody may
// who reaches the gateway's port, and is told what is known of a person once Meta
// has accepted their access token for the business phone number.
type Senders struct {
	// SHA-256 hashes, in hexadecimal, of the access tokens that may send. The
	// configuration reveals no token.
	TokenSHA256 []string `json:"token_sha256,omitempty"`

	// Matchers of requests that may be sent: any of Caddy's. A request must match
	// all of one set.
	MatcherSetsRaw caddyhttp.RawMatcherSets `json:"match,omitempty" caddy:"namespace=http.matchers"`

	// Who has a client certificate may send: SHA-256 hashes of the certificates, in
	// hexadecimal, or `verified` for every one that Caddy has verified, as
	// `client_auth` of `tls` says.
	ClientCert []string `json:"client_cert,omitempty"`

	tokens, certs map[[sha256.Size]byte]bool
	// verified: any certificate will do that Caddy has verified.
	verified bool
	matchers caddyhttp.MatcherSets
	// unset are the placeholders of matchers that are empty. Such a matcher might
	// match who shows nothing, and is left out: it lets nobody in.
	unset []string
}

// certVerified stands for every certificate that Caddy has verified.
const certVerified = "verified"

// check reads the hashes.
func (s *Senders) check() error {
	if len(s.TokenSHA256)+len(s.MatcherSetsRaw)+len(s.ClientCert) == 0 {
		return errors.New("senders names nobody: nobody could send")
	}
	s.tokens, s.certs, s.verified = make(map[[sha256.Size]byte]bool), make(map[[sha256.Size]byte]bool), false
	for _, text := range s.TokenSHA256 {
		hash, err := hex.DecodeString(text)
		if err != nil || len(hash) != sha256.Size {
			// It is not shown: it may be the token itself.
			return errors.New("senders token_sha256 has 64 hexadecimal digits: printf %s \"$TOKEN\" | sha256sum")
		}
		s.tokens[[sha256.Size]byte(hash)] = true
	}
	for _, text := range s.ClientCert {
		hash, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		switch {
		case text == certVerified:
			s.verified = true
		case err != nil || len(hash) != sha256.Size:
			return fmt.Errorf("senders client_cert is %q; it must be 64 hexadecimal digits (openssl x509 -noout -fingerprint -sha256), or %s", text, certVerified)
		default:
			s.certs[[sha256.Size]byte(hash)] = true
		}
	}
	return nil
}

// provision reads the hashes and loads the matchers.
func (s *Senders) provision(ctx caddy.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	if len(s.MatcherSetsRaw) == 0 {
		return nil
	}
	var able caddyhttp.RawMatcherSets
	for _, set := range s.MatcherSetsRaw {
		if len(set) == 0 {
			return errors.New("senders match is empty, and would match everybody")
		}
		if unset := unsetIn(set); len(unset) > 0 {
			s.unset = append(s.unset, unset...)
			continue
		}
		able = append(able, set)
	}
	if s.MatcherSetsRaw = able; len(able) == 0 {
		return nil
	}
	loaded, err := ctx.LoadModule(s, "MatcherSetsRaw")
	if err != nil {
		return fmt.Errorf("loading the matchers of senders: %w", err)
	}
	if err := s.matchers.FromInterface(loaded); err != nil {
		return fmt.Errorf("loading the matchers of senders: %w", err)
	}
	return nil
}

// loadTime are the placeholders that are known when a configuration is loaded.
var loadTime = regexp.MustCompile(`\{(?:env|file)\.[^{}]+\}`)

// unsetIn are the placeholders of a set of matchers that are empty.
func unsetIn(set caddy.ModuleMap) (unset []string) {
	values := caddy.NewReplacer()
	for _, name := range slices.Sorted(maps.Keys(set)) {
		for _, placeholder := range loadTime.FindAllString(string(set[name]), -1) {
			if value, _ := values.GetString(strings.Trim(placeholder, "{}")); strings.TrimSpace(value) == "" {
				unset = append(unset, placeholder)
			}
		}
	}
	return unset
}

// have reports whether token is one of those that may send.
func (s *Senders) have(token string) bool {
	return token != "" && s.tokens[sha256.Sum256([]byte(token))]
}

// match reports whether r may be sent for what it is and where it comes from,
// whatever token it shows. A matcher that fails lets nobody in.
func (s *Senders) match(r *http.Request) (bool, error) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		if s.verified && len(r.TLS.VerifiedChains) > 0 || s.certs[sha256.Sum256(r.TLS.PeerCertificates[0].Raw)] {
			return true, nil
		}
	}
	if len(s.matchers) == 0 {
		return false, nil
	}
	return s.matchers.AnyMatchWithError(r)
}

// admit refuses a caller that may not send. A token in the body is looked for
// where the header and the address have none; the body is put back, and what it
// takes of the memory for bodies is to be released.
func (g *Guard) admit(w http.ResponseWriter, r *http.Request) (*http.Request, *share, *cloudapi.Refusal) {
	if g.Senders == nil {
		return r, nil, nil
	}
	matches, err := g.Senders.match(r)
	if err != nil {
		g.often(zapcore.ErrorLevel, "a matcher of senders failed", gateway.Cause(err))
	}
	if matches {
		return r, nil, nil
	}
	var sn seen
	token := accessToken(r, nil)
	if token == "" && len(g.Senders.tokens) > 0 && r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
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
		Reason: "the gateway doesn't let this caller send: it is none of those that it was told of",
		Remedy: "use the access token that the gateway knows, in the header Authorization, or have whoever runs the gateway add the caller to `senders`",
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
	return writeRefusal(w, &gateway.Result{ID: id, Refusal: refusal})
}

// parseSenders reads the subdirective `senders`, which may be repeated.
func (g *Guard) parseSenders(d *caddyfile.Dispenser) error {
	if g.Senders == nil {
		g.Senders = new(Senders)
	}
	s, way := g.Senders, ""
	if d.NextArg() {
		way = d.Val()
	}
	switch way {
	case "token_sha256":
		hashes := d.RemainingArgs()
		if len(hashes) == 0 {
			return d.Err("write senders token_sha256 <hash>...")
		}
		s.TokenSHA256 = append(s.TokenSHA256, hashes...)
	case "match":
		set, err := caddyhttp.ParseCaddyfileNestedMatcherSet(d)
		if err != nil {
			return err
		}
		if len(set) == 0 {
			return d.Err("write senders match <matcher>, or a block of matchers: without one it would match everybody")
		}
		s.MatcherSetsRaw = append(s.MatcherSetsRaw, set)
	case "client_cert":
		certs := d.RemainingArgs()
		if len(certs) == 0 {
			return d.Err("write senders client_cert verified, or client_cert <hash>...")
		}
		s.ClientCert = append(s.ClientCert, certs...)
	default:
		return d.Err("write senders token_sha256 <hash>..., senders match <matcher>, or senders client_cert verified|<hash>...")
	}
	if err := s.check(); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

// provisionSenders checks the setting, if there is one.
func (g *Guard) provisionSenders(ctx caddy.Context) error {
	if g.Senders == nil {
		return nil
	}
	if err := g.Senders.provision(ctx); err != nil {
		return fmt.Errorf("whatsapp_guard: %w", err)
	}
	if unset := g.Senders.unset; len(unset) > 0 {
		g.logger.Warn("a matcher of senders has a placeholder that is empty; it lets nobody in until that is set, and the configuration is loaded again", zap.Strings("empty", unset))
	}
	return nil
}
