package caddymodule

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// Countries says to which countries messages go.
type Countries struct {
	// To no others than those. Otherwise to all but those.
	// Default: false.
	Only bool `json:"only,omitempty"`
	// Of which kind: `marketing`, `transactional`, `authentication` or `all`. Required.
	Scope string `json:"scope"`
	// ISO codes of two letters, such as `DE`. Required.
	Countries []string `json:"countries"`
}

// parseCountries reads where messages go: `countries only marketing DE AT CH`.
func (p *Policy) parseCountries(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 3 {
		return d.ArgErr()
	}
	if args[0] != "refuse" && args[0] != "only" {
		return d.Errf("countries has %q; it must be refuse or only, then a scope and countries", args[0])
	}
	c := Countries{Only: args[0] == "only", Scope: args[1], Countries: args[2:]}
	if _, err := countryRules([]Countries{c}); err != nil {
		return d.Err(err.Error())
	}
	p.Countries = append(p.Countries, c)
	return nil
}

// countryRules checks where messages go.
func countryRules(list []Countries) (rules []policy.CountryRule, err error) {
	for _, c := range list {
		scopes, ok := policy.ParseScope(c.Scope)
		switch {
		case !ok:
			return nil, fmt.Errorf("countries are for %q; they must be for marketing, transactional, authentication or all", c.Scope)
		case len(c.Countries) == 0:
			return nil, errors.New("countries names none")
		}
		for _, iso := range c.Countries {
			if !phone.KnownCountry(iso) {
				return nil, fmt.Errorf("countries has %q; it must be an ISO code of two capital letters, such as DE", iso)
			}
		}
		rules = append(rules, policy.CountryRule{Scopes: policy.ScopesOf(scopes...), Only: c.Only, Countries: c.Countries})
	}
	return rules, nil
}
