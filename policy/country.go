package policy

import (
	"fmt"
	"slices"
	"strings"
)

// CountryRule says to which countries templates of some kinds go.
type CountryRule struct {
	Scopes ScopeSet `json:"scopes" cbor:"1,keyasint"`
	// Only: to no others than those. Else: to all but those.
	Only bool `json:"only,omitempty" cbor:"2,keyasint,omitempty"`
	// Countries are ISO codes.
	Countries []string `json:"countries" cbor:"3,keyasint"`
}

// blocked is what Meta doesn't deliver to people of a country.
type blocked struct {
	countries []string
	// marketing: nothing else is blocked.
	marketing bool
	from      Moment // 0: always
	reason    string
}

// countryPack is what is known of countries without being told. Rows are added, and none
// is changed that decisions were made by.
var countryPack = []blocked{
	{[]string{"US"}, true, 1743465600000 /* 2025-04-01 */, "Meta delivers no marketing templates to phone numbers of the United States since 2025-04-01"},
	{[]string{"CU", "IR", "KP", "SY"}, false, 0, "WhatsApp Business doesn't serve people there"},
}

// InCountries tells the rules the countries of the people a send may go to, as far as they
// make a difference; "" is one that can't be told.
func (f *Facts) InCountries(p *Policy, send *Send, now Moment, country func(person int) string) {
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	if !c.isBilled() && !c.customApplies() || send.Group {
		return
	}
	scope := c.Category.Scope()
	matters := c.customApplies() || slices.ContainsFunc(p.Countries, func(r CountryRule) bool { return r.Scopes.Has(scope) })
	for i := range f.Persons {
		if iso := country(i); matters || c.isBilled() && !p.NoCountryPack && c.packed(iso) != nil {
			f.Persons[i].Country = iso
		}
	}
}

// packed is the row of the pack about a template to a country.
func (c *Case) packed(iso string) *blocked {
	for i := range countryPack {
		b := &countryPack[i]
		if c.Now >= b.from && slices.Contains(b.countries, iso) && (!b.marketing || c.Category == CategoryMarketing || c.Category == CategoryMarketingLite) {
			return b
		}
	}
	return nil
}

// countryBlocked refuses templates to countries that they don't go to. Who opted out is
// told so before.
func (c *Case) countryBlocked() bool {
	if !c.billed || c.Send.Group {
		return false
	}
	scope, iso := c.Category.Scope(), c.person.Country
	if c.consent(scope).State == OptedOut && !(c.Send.Transaction && c.mayBeEssential()) && !c.codeAsked() {
		return false
	}
	if iso != "" && !c.Policy.NoCountryPack {
		if b := c.packed(iso); b != nil {
			return c.refuse(RuleCountryBlock, "the user's country is "+iso+": "+b.reason, "don't send it, or set `country_pack off` if that isn't so any more")
		}
	}
	only, among := "", false
	for i := range c.Policy.Countries {
		r := &c.Policy.Countries[i]
		listed := iso != "" && slices.Contains(r.Countries, iso)
		switch {
		case !r.Scopes.Has(scope):
		case !r.Only && listed:
			return c.refuse(RuleCountryBlock, fmt.Sprintf("the user's country is %s, and this business sends no %s messages there", iso, scope), "don't send it, or change `countries` for this business")
		case r.Only:
			among = among || listed
			only = strings.TrimPrefix(only+", "+strings.Join(r.Countries, ", "), ", ")
		}
	}
	if only == "" || among {
		return false
	}
	found := "the user's country is " + iso
	if iso == "" {
		found = "the user's country can't be told"
	}
	return c.refuse(RuleCountryBlock, fmt.Sprintf("%s, and this business sends %s messages only to %s", found, scope, only), "don't send it, or change `countries` for this business")
}
