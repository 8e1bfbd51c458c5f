package caddymodule

import (
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// ConsentExpiry is after how long opt-ins lapse of people who don't write.
type ConsentExpiry struct {
	// Of which kind: `marketing`, `transactional`, `authentication` or `all`. Required.
	Scope string `json:"scope"`
	// After how long, from a day to ten years. Required.
	After caddy.Duration `json:"after"`
}

// parseExpiry reads when opt-ins lapse: `consent_expires marketing 365d`.
func (p *Policy) parseExpiry(d *caddyfile.Dispenser) error {
	var scope, after string
	if !d.AllArgs(&scope, &after) {
		return d.ArgErr()
	}
	period, err := caddy.ParseDuration(after)
	if err != nil {
		return d.Errf("consent_expires after %q; it must be a period such as 365d", after)
	}
	e := ConsentExpiry{Scope: scope, After: caddy.Duration(period)}
	if _, err := expiries([]ConsentExpiry{e}); err != nil {
		return d.Err(err.Error())
	}
	p.ConsentExpires = append(p.ConsentExpires, e)
	return nil
}

// expiries checks when opt-ins lapse.
func expiries(list []ConsentExpiry) (checked []policy.Expiry, err error) {
	const day = 24 * time.Hour
	for _, e := range list {
		scopes, ok := policy.ParseScope(e.Scope)
		after := time.Duration(e.After)
		switch {
		case !ok:
			return nil, fmt.Errorf("consent_expires is for %q; it must be for marketing, transactional, authentication or all", e.Scope)
		case after < day || after > 3650*day:
			return nil, fmt.Errorf("consent_expires after %s; it must be 1 to 3650 days", after)
		}
		checked = append(checked, policy.Expiry{Scopes: policy.ScopesOf(scopes...), After: after})
	}
	return checked, nil
}
