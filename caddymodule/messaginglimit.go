package caddymodule

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// MessagingLimit bounds how many different people are written to outside of customer service
// windows within 24 hours, from all numbers of a portfolio.
type MessagingLimit struct {
	// How many: a number, `learn` for what Meta's webhooks tell, or `off`. Required.
	Limit string `json:"limit"`
	// The last people of the limit, to whom only utility and authentication templates go.
	// Default: 0.
	Reserve int `json:"reserve,omitempty"`
}

// largestMessagingLimit is more than anybody writes to in a day.
const largestMessagingLimit = 1_000_000_000

// parseMessagingLimit reads `messaging_limit 1000 reserve 100`.
func (p *Policy) parseMessagingLimit(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	l := new(MessagingLimit)
	switch {
	case len(args) == 1:
	case len(args) == 3 && args[1] == "reserve":
		var err error
		if l.Reserve, err = strconv.Atoi(args[2]); err != nil {
			return d.Errf("the reserve of messaging_limit is %q; it must be a number of people", args[2])
		}
		if l.Reserve < 1 {
			return d.Errf("the reserve of messaging_limit is %d; it must be 1 or more, or left out", l.Reserve)
		}
	default:
		return d.ArgErr()
	}
	l.Limit = args[0]
	if _, err := l.resolve(); err != nil {
		return d.Err(err.Error())
	}
	p.MessagingLimit = l
	return nil
}

// resolve checks the limit; nil bounds nothing.
func (l *MessagingLimit) resolve() (policy.MessagingLimit, error) {
	var r policy.MessagingLimit
	if l == nil {
		return r, nil
	}
	switch l.Limit {
	case "off":
		if l.Reserve != 0 {
			return r, fmt.Errorf("messaging_limit is off, and has a reserve of %d; leave that out", l.Reserve)
		}
		return r, nil
	case "learn":
		r.Learn = true
	default:
		n, err := strconv.Atoi(l.Limit)
		if err != nil || n < 1 || n > largestMessagingLimit {
			return r, fmt.Errorf("messaging_limit is %q; it must be a number of people from 1 to %d, learn or off", l.Limit, largestMessagingLimit)
		}
		r.Number = n
	}
	r.Reserve = l.Reserve
	if r.Reserve < 0 || r.Number > 0 && r.Reserve >= r.Number {
		return r, fmt.Errorf("the reserve of messaging_limit is %d; it must be less than the limit, %s", l.Reserve, l.Limit)
	}
	return r, nil
}

// checkPortfolio checks the name of a portfolio.
func checkPortfolio(name string) error {
	if name != strings.TrimSpace(name) || len(name) > 100 {
		return fmt.Errorf("portfolio is %q; it must be a name of at most 100 bytes", name)
	}
	return nil
}
