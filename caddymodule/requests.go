package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// RequestLimit bounds how often one person is asked for consent.
type RequestLimit struct {
	// How often at most. Required.
	Limit int `json:"limit"`
	// Within which time, up to 90 days. Required.
	Period caddy.Duration `json:"period"`
}

// parseRequestLimit reads how often people are asked: `consent_request_limit 1 30d`.
func (p *Policy) parseRequestLimit(d *caddyfile.Dispenser) error {
	var limit, period string
	if !d.AllArgs(&limit, &period) {
		return d.ArgErr()
	}
	l := new(RequestLimit)
	var err error
	if l.Limit, err = strconv.Atoi(limit); err != nil {
		return d.Errf("consent_request_limit is %q; it must be a number", limit)
	}
	within, err := caddy.ParseDuration(period)
	if err != nil {
		return d.Errf("consent_request_limit is for %q; it must be a period such as 24h or 30d", period)
	}
	l.Period = caddy.Duration(within)
	if err := l.check(); err != nil {
		return d.Err(err.Error())
	}
	p.ConsentRequestLimit = l
	return nil
}

func (l *RequestLimit) check() error {
	switch {
	case l.Limit < 1 || l.Limit > policy.LargestCap:
		return fmt.Errorf("consent_request_limit is %d; it must be 1 to %d", l.Limit, policy.LargestCap)
	case l.Period < caddy.Duration(time.Minute) || time.Duration(l.Period) > policy.LongestCap:
		return fmt.Errorf("consent_request_limit is for %s; the period must be 1 minute to 90 days", time.Duration(l.Period))
	}
	return nil
}

// asksOnce is how often people are asked where nobody says otherwise.
var asksOnce = RequestLimit{Limit: 1, Period: caddy.Duration(30 * 24 * time.Hour)}

// resolveRequests sets which templates ask for consent, for what and how often.
func (p *Policy) resolveRequests(defaults *Policy, r *policy.Policy) error {
	limit := p.ConsentRequestLimit
	if limit == nil {
		limit = defaults.ConsentRequestLimit
	}
	if limit == nil {
		limit = &asksOnce
	}
	if err := limit.check(); err != nil {
		return err
	}
	templates := either(p.ConsentRequestTemplates, defaults.ConsentRequestTemplates)
	if len(templates) == 0 {
		return nil
	}
	asked, err := questions(either(p.OptInQuestions, defaults.OptInQuestions))
	if err != nil {
		return err
	}
	r.RequestLimit, r.RequestPeriod = limit.Limit, time.Duration(limit.Period)
	for i, name := range templates {
		switch {
		case name == "":
			return errors.New("consent_request_templates has an empty name")
		case slices.Contains(either(p.EssentialTemplates, defaults.EssentialTemplates), name):
			return fmt.Errorf("%q is named in consent_request_templates and in essential_templates; what goes to people who opted out can't ask for consent", name)
		case slices.Contains(templates[:i], name):
			continue
		}
		r.ConsentRequests = append(r.ConsentRequests, policy.ConsentRequest{Template: name, Scopes: policy.ScopesOf(asked[name]...)})
	}
	return nil
}
