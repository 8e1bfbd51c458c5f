package gateway

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/store"
)

// volumeOf is what a month's messages count in towards a tier.
type volumeOf struct {
	pool, month string
	market      billing.Market
	category    billing.Category
}

// toldTiers gives the volume tiers that Meta told of, by whose volume they are; nil where the
// price of nothing depends on them.
func (g *Gateway) toldTiers(ctx context.Context, st store.Store) (func(pool, month string, m billing.Market, c billing.Category) billing.ToldTiers, error) {
	if !g.Cards.Tiered() {
		return nil, nil
	}
	meters, err := st.MonthMeters(ctx, "")
	if err != nil {
		return nil, err
	}
	all := make(map[volumeOf]billing.ToldTiers)
	var pools map[string]account
	for i := range meters {
		m := &meters[i]
		if len(m.Tiers) == 0 {
			continue
		}
		if pools == nil {
			if pools, err = g.accountsByWABA(ctx, st); err != nil {
				return nil, err
			}
		}
		of := tierOf(m, pools)
		all[of] = billing.NewToldTiers(slices.Concat(all[of], m.Tiers)...)
	}
	return func(pool, month string, m billing.Market, c billing.Category) billing.ToldTiers {
		return all[volumeOf{pool, month, m, c}]
	}, nil
}

// tierOf is the volume that tiers were told of: that of the account's portfolio, where it is
// known to have one.
func tierOf(m *store.MonthMeter, byWABA map[string]account) volumeOf {
	of := volumeOf{poolOf("", m.WABA, ""), m.Month, m.Market, m.Volume}
	if a, ok := byWABA[m.WABA]; ok {
		of.pool = a.pool
	}
	return of
}

// accountsByWABA are the accounts of the business phone numbers that are known.
func (g *Gateway) accountsByWABA(ctx context.Context, st store.Store) (map[string]account, error) {
	told, err := st.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	l := liner{g: g, told: told, accounts: make(map[string]account)}
	byWABA := make(map[string]account)
	note := func(id string) {
		if a := l.account(id); a.waba != "" && (byWABA[a.waba].pool == "" || strings.HasPrefix(a.pool, namedPool)) {
			byWABA[a.waba] = a
		}
	}
	for id := range g.Businesses.Listed {
		note(id)
	}
	for id := range told {
		note(id)
	}
	return byWABA, nil
}

// namedPool begins the pool of a portfolio that has a name.
const namedPool = "portfolio "

// poolOf is whose volume the messages of a number count in: that of its portfolio, or else of
// its account, or its own.
func poolOf(portfolio, waba, phoneNumberID string) string {
	switch {
	case portfolio != "":
		return namedPool + portfolio
	case waba != "":
		return "account " + waba
	}
	return "number " + phoneNumberID
}

// Volume is how much of a month's free service messages a business phone number has used, or
// how far the messages of a portfolio or account are towards a volume tier.
type Volume struct {
	Month string
	// PhoneNumberID and Business are of the number whose free service messages these are;
	// Pool is whose volume it is.
	PhoneNumberID, Business string
	Pool                    string
	Market                  billing.Market
	Category                billing.Category
	// Counted are the messages that were counted, Charged those of them that are charged for, as
	// far as Meta's word agrees: of service messages the ones beyond the Allowance, which is how
	// many are free, where some are.
	Counted, Charged, Allowance int
	// Told is the tier that Meta told of last.
	Told billing.ToldTier
	// Price is that of the next message, and Next from which message of the month on it is
	// another one; zero for never. A service message that isn't free costs what it does in the
	// recipient's market, so that its price isn't known here.
	Price billing.Quote
	Next  int
}

// Volumes say how far the allowances and the volume tiers of a month are; of "" that of the
// running month where each account is.
func (g *Gateway) Volumes(ctx context.Context, month string) ([]Volume, error) {
	now := g.Now()
	months := make(map[string]bool)
	if month != "" {
		if _, err := time.Parse("2006-01", month); err != nil {
			return nil, misasked(fmt.Errorf("%q is no month; write 2026-10", month))
		}
		months[month] = true
	} else {
		for _, zone := range append(g.Businesses.Zones(""), time.UTC) {
			months[monthOf(billing.Day(now, zone))] = true
		}
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	told, err := st.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	byWABA, err := g.accountsByWABA(ctx, st)
	if err != nil {
		return nil, err
	}
	l := liner{g: g, told: told, accounts: make(map[string]account)}
	volumes := make(map[volumeOf]*Volume)
	pools := make(map[string]account)
	for _, waba := range slices.Sorted(maps.Keys(byWABA)) { // the first one of a portfolio stands for it
		if a := byWABA[waba]; pools[a.pool].waba == "" {
			pools[a.pool] = a
		}
	}
	tiers := make(map[volumeOf]billing.ToldTiers)
	volume := func(of volumeOf) *Volume {
		if volumes[of] == nil {
			volumes[of] = &Volume{Month: of.month, Pool: of.pool, Market: of.market, Category: of.category}
		}
		return volumes[of]
	}
	for month := range months {
		meters, err := st.MonthMeters(ctx, month)
		if err != nil {
			return nil, err
		}
		for i := range meters {
			switch m := &meters[i]; {
			case m.Number != "":
				a := l.account(m.Number)
				v := volume(volumeOf{pool: "number " + m.Number, month: m.Month, category: billing.Service})
				v.PhoneNumberID, v.Counted = m.Number, m.Messages
				if b, ok := g.Businesses.Of(m.Number); ok {
					v.Business = b.Name
				}
				pools[v.Pool] = a
			case m.Group != "":
				volume(volumeOf{poolOfGroup(m.Group), m.Month, m.Market, m.Volume}).Counted += m.Messages
			default:
				of := tierOf(m, byWABA)
				volume(of)
				tiers[of] = billing.NewToldTiers(slices.Concat(tiers[of], m.Tiers)...)
			}
		}
	}
	list := make([]Volume, 0, len(volumes))
	for of, v := range volumes {
		if v.Counted == 0 && len(tiers[of]) == 0 {
			continue
		}
		g.standOf(v, tiers[of], pools[of.pool], now)
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b Volume) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Pool, b.Pool), strings.Compare(string(a.Category), string(b.Category)), strings.Compare(string(a.Market), string(b.Market)))
	})
	return list, nil
}

// standOf says what the next message of a volume costs, where the account that stands for whose
// it is is; that may be one of which nothing is known.
func (g *Gateway) standOf(v *Volume, tiers billing.ToldTiers, of account, now time.Time) {
	currency, zone := cmp.Or(of.currency, "USD"), cmp.Or(of.zone, time.UTC)
	if monthOf(billing.Day(now, zone)) != v.Month { // of another month it is what held at its end
		now = monthAfter(v.Month, zone).Add(-time.Second)
	}
	day := billing.Day(now, zone)
	rules, card := billing.RulesOn(day), g.Cards.On(currency, day)
	m := billing.Message{Category: v.Category, Market: v.Market, Day: day}
	if v.Category == billing.Service {
		v.Allowance, m.ServiceBefore = rules.Allowance, v.Counted
		v.Price = card.Quote(&m, currency, rules)
		switch {
		case !v.Price.Type.Free():
			v.Charged = v.Counted - v.Allowance
		case v.Price.Type == billing.FreeAllowance:
			v.Next = v.Allowance + 1
		}
		return
	}
	v.Told = tiers.At(now)
	v.Charged = tiers.Count(v.Counted, now)
	m.Told, m.ChargedBefore = billing.Regular, v.Charged
	v.Price = card.Quote(&m, currency, rules)
	v.Next = card.NextTier(&m)
}

// poolOfGroup is whose volume a group of the store's is, as reports name it.
func poolOfGroup(group string) string {
	kind, name, _ := strings.Cut(group, "/")
	switch kind {
	case "portfolio":
		return poolOf(name, "", "")
	case "waba":
		return poolOf("", name, "")
	}
	return poolOf("", "", name)
}
