package caddymodule

import (
	"fmt"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// parseCap reads a cap: `frequency_cap marketing 2 7d`.
func (p *Policy) parseCap(d *caddyfile.Dispenser) error {
	var scope, limit, period string
	if !d.AllArgs(&scope, &limit, &period) {
		return d.ArgErr()
	}
	c := FrequencyCap{Scope: scope}
	var err error
	if c.Limit, err = strconv.Atoi(limit); err != nil {
		return d.Errf("frequency_cap allows %q messages; it must be a number", limit)
	}
	within, err := caddy.ParseDuration(period)
	if err != nil {
		return d.Errf("frequency_cap is for %q; it must be a period such as 24h or 7d", period)
	}
	c.Period = caddy.Duration(within)
	if _, err := capsOf([]FrequencyCap{c}); err != nil {
		return d.Err(err.Error())
	}
	p.FrequencyCaps = append(p.FrequencyCaps, c)
	return nil
}

// capsOf checks caps.
func capsOf(list []FrequencyCap) (caps []policy.Cap, err error) {
	for _, c := range list {
		scopes, ok := policy.ParseScope(c.Scope)
		switch {
		case !ok:
			return nil, fmt.Errorf("frequency_cap is for %q; it must be marketing, transactional, authentication or all", c.Scope)
		case c.Limit < 1 || c.Limit > policy.LargestCap:
			return nil, fmt.Errorf("frequency_cap allows %d messages; it must allow 1 to %d", c.Limit, policy.LargestCap)
		case c.Period < caddy.Duration(time.Minute) || time.Duration(c.Period) > policy.LongestCap:
			return nil, fmt.Errorf("frequency_cap is for %s; the period must be 1 minute to 90 days", time.Duration(c.Period))
		}
		caps = append(caps, policy.Cap{Scopes: policy.ScopesOf(scopes...), Limit: c.Limit, Period: time.Duration(c.Period)})
	}
	return caps, nil
}
