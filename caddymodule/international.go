package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/phone"
)

// InternationalRate says since when authentication templates cost the international rate.
type InternationalRate struct {
	// The first day, such as `2026-08-01`, where the account is. Required.
	From string `json:"from"`
	// ISO codes of countries that have the rate, such as `IN`; or `all`, without that of
	// the business's own `number`. Required.
	Countries []string `json:"countries"`
}

// everyCountry stands for all countries that have an international rate.
const everyCountry = "all"

// parseInternational reads `authentication_international 2026-08-01 IN ID`.
func (p *Policy) parseInternational(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.ArgErr()
	}
	rate := InternationalRate{From: args[0], Countries: args[1:]}
	if _, err := internationalRates([]InternationalRate{rate}, ""); err != nil {
		return d.Err(err.Error())
	}
	p.AuthenticationInternational = append(p.AuthenticationInternational, rate)
	return nil
}

// internationalRates checks where authentication costs the international rate, for a business
// with a number.
func internationalRates(list []InternationalRate, number string) (rates []billing.International, err error) {
	home, _ := billing.InternationalMarket(phone.Country(number))
	for _, rate := range list {
		if _, err := time.Parse(time.DateOnly, rate.From); err != nil {
			return nil, fmt.Errorf("authentication_international is from %q on; it must be a day, such as 2026-08-01, and then all or the ISO codes of countries", rate.From)
		}
		countries := rate.Countries
		all := len(countries) == 1 && countries[0] == everyCountry
		switch {
		case len(countries) == 0:
			return nil, errors.New("authentication_international names no country; write their ISO codes, such as IN, or all")
		case all:
			countries = billing.InternationalCountries
		}
		for _, iso := range countries {
			market, ok := billing.InternationalMarket(iso)
			if !ok {
				return nil, fmt.Errorf("authentication_international has %q; an international rate have all or %s", iso, strings.Join(billing.InternationalCountries, ", "))
			}
			from := billing.International{Market: market, From: rate.From}
			if all && market == home || slices.Contains(rates, from) {
				continue
			}
			rates = append(rates, from)
		}
	}
	return rates, nil
}
