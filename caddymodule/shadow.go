package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/gateway"
)

// Shadow is a policy on trial: it judges what is sent beside the one that is enforced, and
// affects nothing. What it leaves open is as there.
type Shadow struct {
	// The name: letters, digits, `-` and `_`. Required. Who belongs to the part of the people
	// that it is enforced for goes by it, too.
	Name string `json:"name"`

	// For which part of the people it is enforced in place of the other one, such as `10%`.
	// Who belongs to it is told by a keyed hash, and belongs to every larger one.
	// Default: for nobody.
	Enforce string `json:"enforce,omitempty"`

	Policy
}

// longestShadowName is how many characters the name of a shadow may have.
const longestShadowName = 32

// shadowed are the options of a policy that a shadow may have: those by which sends are
// judged. Others say what people's words mean and how far they reach, or what an account is,
// of which there is one truth.
var shadowed = []string{
	"window_margin", "in_window_consent", "opted_out_replies", "groups", "direct_send", "bare_numbers", "countries", "country_pack", "quiet_hours", "consent_request_templates",
	"consent_request_limit", "consent_expires", "session_only", "post_session_followup", "otp_on_request", "meta_backoff", "campaign_switch_off", "pair_rate", "messaging_limit", "category_drift",
	"rule", "frequency_cap", "essential_templates",
}

// parseShadow reads a policy on trial.
func (p *Policy) parseShadow(d *caddyfile.Dispenser) error {
	s := new(Shadow)
	if !d.AllArgs(&s.Name) {
		return d.ArgErr()
	}
	at := *d
	if p.Shadow != nil {
		return d.Errf("there is one shadow beside what is enforced, and %s is it already: put the options into that one, or try one after the other", p.Shadow.Name)
	}
	if err := s.checkName(); err != nil {
		return d.Err(err.Error())
	}
	all := s.Policy.subdirectives()
	known := map[string]parser{"enforce": shareInto(&s.Enforce)}
	for name, parse := range all {
		if slices.Contains(shadowed, name) {
			known[name] = parse
		}
	}
	for ahead, nesting := at, at.Nesting(); ahead.NextBlock(nesting); {
		name := ahead.Val()
		if ahead.Nesting() != nesting+1 || !startsLine(&ahead) {
			continue
		}
		switch name {
		case "shadow":
			return ahead.Errf("a shadow has no shadow of its own: there is one beside what is enforced")
		case "mode":
			return ahead.Errf("mode is no option of a shadow: it stands in the business. A shadow refuses nothing unless it has enforce, such as enforce 10%%")
		}
		if _, there := all[name]; there && known[name] == nil {
			return ahead.Errf("%s is no option of a shadow: it holds for the business, whichever policy judges. A shadow has %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	if err := parseBlock(d, known, repeatable...); err != nil {
		return err
	}
	if err := s.Policy.check(); err != nil {
		return at.Errf("shadow %s: %v", s.Name, err)
	}
	p.Shadow = s
	return nil
}

// startsLine reports that the dispenser stands at the first word of a line.
func startsLine(d *caddyfile.Dispenser) bool {
	back := *d
	return !back.Prev() || back.Token().Line != d.Token().Line
}

// shareInto reads a share of people.
func shareInto(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if !d.AllArgs(to) {
			return d.ArgErr()
		}
		if _, err := gateway.ParseShare(*to); err != nil {
			return d.Errf("enforce is %v", err)
		}
		return nil
	}
}

func (s *Shadow) checkName() error {
	bad := func(r rune) bool {
		return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	if s.Name == "" || len(s.Name) > longestShadowName || strings.ContainsFunc(s.Name, bad) {
		return fmt.Errorf("%q is no name of a shadow: it has 1 to %d letters, digits, hyphens and underscores, such as stricter", s.Name, longestShadowName)
	}
	return nil
}

// share is for whom the policy is enforced in monitor mode.
func (b *Business) share() (gateway.Share, error) {
	if b.Enforce == "" {
		return 0, nil
	}
	if b.Mode != modeMonitor {
		return 0, errors.New("enforce says for whom the policy is enforced in monitor mode: write mode monitor as well, or give it to a shadow")
	}
	share, err := gateway.ParseShare(b.Enforce)
	if err != nil {
		return 0, fmt.Errorf("enforce is %w", err)
	}
	return share, nil
}

// shadow is the policy on trial of a business, laid over what is enforced; nil for none.
func (b *Business) shadow(defaults *Policy) (*gateway.Shadow, error) {
	s := b.Shadow
	if s == nil {
		s = defaults.Shadow
	}
	if s == nil {
		return nil, nil
	}
	of := func(err error) error { return fmt.Errorf("shadow %s: %w", s.Name, err) }
	if err := s.checkName(); err != nil {
		return nil, err
	}
	if s.Shadow != nil {
		return nil, of(errors.New("a shadow has no shadow"))
	}
	r := &gateway.Shadow{Name: s.Name}
	var err error
	if s.Enforce != "" {
		if r.Share, err = gateway.ParseShare(s.Enforce); err != nil {
			return nil, of(fmt.Errorf("enforce is %w", err))
		}
	}
	if r.Policy, err = s.Policy.resolve(b.Policy.over(defaults)); err != nil {
		return nil, of(err)
	}
	if len(r.Policy.Rules) > 0 {
		r.Policy.BusinessName = b.Name
	}
	return r, nil
}
