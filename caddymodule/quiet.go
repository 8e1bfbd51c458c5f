package caddymodule

import (
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// QuietHours are hours of the day at which messages don't leave.
type QuietHours struct {
	// Of which kind: `marketing`, `transactional`, `authentication` or `all`. Required.
	Scope string `json:"scope"`
	// The first minute that is quiet, such as `21:00`. Required.
	From string `json:"from"`
	// The first minute that isn't any more, such as `08:00`. Required.
	To string `json:"to"`
	// By whose clocks: the name of a time zone, or `recipient`.
	// Default: `recipient`.
	Zone string `json:"zone,omitempty"`
}

// ofRecipient is said of quiet hours that go by the recipient's clocks.
const ofRecipient = "recipient"

// parseQuietHours reads quiet hours: `quiet_hours marketing 21:00 08:00`.
func (p *Policy) parseQuietHours(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) != 3 && len(args) != 4 {
		return d.ArgErr()
	}
	q := QuietHours{Scope: args[0], From: args[1], To: args[2]}
	if len(args) == 4 {
		q.Zone = args[3]
	}
	if _, err := quietHours([]QuietHours{q}); err != nil {
		return d.Err(err.Error())
	}
	p.QuietHours = append(p.QuietHours, q)
	return nil
}

// quietHours checks quiet hours.
func quietHours(list []QuietHours) (hours []policy.Quiet, err error) {
	for _, q := range list {
		scopes, ok := policy.ParseScope(q.Scope)
		if !ok {
			return nil, fmt.Errorf("quiet_hours are for %q; they must be for marketing, transactional, authentication or all", q.Scope)
		}
		quiet := policy.Quiet{Scopes: policy.ScopesOf(scopes...)}
		if quiet.From, err = minuteOf(q.From); err != nil {
			return nil, err
		}
		if quiet.To, err = minuteOf(q.To); err != nil {
			return nil, err
		}
		if quiet.From %= 24 * 60; quiet.From == quiet.To%(24*60) {
			return nil, fmt.Errorf("quiet_hours from %s to %s are the whole day; to send no templates at all, use session_only", q.From, q.To)
		}
		if q.Zone != "" && q.Zone != ofRecipient {
			if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "Local" {
				return nil, fmt.Errorf("quiet_hours go by %q; it must be recipient or the name of a time zone, such as Europe/Berlin", q.Zone)
			}
			quiet.Zone = q.Zone
		}
		hours = append(hours, quiet)
	}
	return hours, nil
}

// minuteOf reads a time of the day.
func minuteOf(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	at, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("quiet_hours have %q; it must be a time of the day such as 21:00", s)
	}
	return at.Hour()*60 + at.Minute(), nil
}
