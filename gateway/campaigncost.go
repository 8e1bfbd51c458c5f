package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// CampaignCost is what a template to many people would come to now: what those cost who
// would get it, by market, and why the others would not.
type CampaignCost struct {
	// People are those asked about, each once; Pass are those who would get it.
	People, Pass int
	Markets      []CampaignMarket
	Refusals     []CampaignRefusal
	// Each is what would be decided about each, in the order of Contacts: those that can be
	// read. Unread are the others, each with what is wrong with it.
	Contacts []string
	Each     []Checked
	Unread   []Illegible
}

// Illegible is what was given for a person and names none.
type Illegible struct {
	Contact string
	Err     error
}

// CampaignMarket are the people of one market who would get a message at one price.
type CampaignMarket struct {
	Market billing.Market
	// Estimated: the market is told by the country of user ids.
	Estimated bool
	Price     billing.Quote
	People    int
}

// CampaignRefusal are the people who would not get it for one reason.
type CampaignRefusal struct {
	Rule   policy.Rule
	RuleID string
	// Reason and Remedy are those of the first of them.
	Reason, Remedy string
	People         int
}

// CampaignCost tells what a template to some people would cost now, and who would be
// refused, by the rules that judge sends. Limits that the campaign itself would use up, such
// as a budget or a messaging limit, are as they stand before it.
func (g *Gateway) CampaignCost(ctx context.Context, r *CheckRequest) (*CampaignCost, error) {
	if r.Template.Name == "" {
		return nil, misasked(errors.New("template is missing: a campaign is sent as a template"))
	}
	all := slices.Clone(r.Contacts)
	slices.Sort(all)
	all = slices.Compact(all)
	cost := &CampaignCost{People: len(all)}
	people, unread := readable(all)
	if cost.Unread = unread; len(unread) > 0 {
		cost.Refusals = append(cost.Refusals, CampaignRefusal{Rule: policy.RuleParameter, Reason: unread[0].Err.Error(), Remedy: UnreadRemedy, People: len(unread)})
	}
	var checked []Checked
	if len(people) > 0 || len(all) == 0 {
		var err error
		if checked, err = g.check(ctx, &CheckRequest{PhoneNumberID: r.PhoneNumberID, Contacts: people, Template: r.Template, Reference: r.Reference, Under: r.Under}, false); err != nil {
			return nil, err
		}
	}
	cost.Contacts, cost.Each = people, checked
	type market struct {
		name      billing.Market
		estimated bool
		price     billing.Quote
	}
	markets, refusals := make(map[market]int), make(map[[2]string]*CampaignRefusal)
	for i := range checked {
		c := &checked[i]
		if c.Verdict == policy.Allow {
			cost.Pass++
			markets[market{c.Market, c.MarketEstimated, c.Price}]++
			continue
		}
		key := [2]string{string(c.Rule), c.RuleID}
		if refusals[key] == nil {
			refusals[key] = &CampaignRefusal{Rule: c.Rule, RuleID: c.RuleID, Reason: c.Reason, Remedy: c.Remedy}
		}
		refusals[key].People++
	}
	for m, n := range markets {
		cost.Markets = append(cost.Markets, CampaignMarket{m.name, m.estimated, m.price, n})
	}
	for _, refusal := range refusals {
		cost.Refusals = append(cost.Refusals, *refusal)
	}
	slices.SortFunc(cost.Markets, func(a, b CampaignMarket) int {
		return cmp.Or(strings.Compare(string(a.Market), string(b.Market)), cmp.Compare(a.Price.Unit, b.Price.Unit), -cmp.Compare(a.People, b.People))
	})
	slices.SortFunc(cost.Refusals, func(a, b CampaignRefusal) int {
		return cmp.Or(-cmp.Compare(a.People, b.People), strings.Compare(string(a.Rule), string(b.Rule)), strings.Compare(a.RuleID, b.RuleID))
	})
	return cost, nil
}

// readable are those of some contacts that can be read, and what to say of the others.
func readable(contacts []string) (people []string, others []Illegible) {
	for _, contact := range contacts {
		if _, err := readContact(contact); err != nil {
			others = append(others, Illegible{contact, err})
			continue
		}
		people = append(people, contact)
	}
	return people, others
}

// UnreadRemedy is what to do about people of a list who can't be read.
const UnreadRemedy = "write phone numbers with plus and country code, or user ids"
