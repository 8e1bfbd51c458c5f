package caddymodule

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Money of what Meta took, as it was expected when it left: what is charged in the end is
// known once statuses have come, and is for reports. A metric is a float, which is good
// enough to see how fast money goes, and for nothing else.
var (
	pricedSends = counters("priced_sends_total",
		"Sends that Meta took, by business phone number and by why they are expected to be charged for or free (regular, free_customer_service, free_entry_point, free_allowance, in_conversation; unknown where no rate is known).", "business", "price_type")

	estimatedCost = counters("estimated_cost_total",
		"What sends that Meta took are expected to cost if they are delivered, in units of the currency, by business phone number and category.", "business", "category", "currency")

	taggedSends = counters("tagged_sends_total",
		"Sends that Meta took, by the tags with declared values that their senders gave them.", "tag", "value")

	taggedCost = counters("tagged_estimated_cost_total",
		"What these are expected to cost if they are delivered, in units of the currency.", "tag", "value", "currency")
)

// unknownPrice stands for a price type where no rate is known.
const unknownPrice billing.PriceType = "unknown"

var (
	priceTypes = []billing.PriceType{
		billing.Regular, billing.FreeCustomerService, billing.FreeEntryPoint, billing.FreeAllowance, billing.InConversation, unknownPrice,
	}
	pricedCategories = []policy.Category{
		policy.CategoryMarketing, policy.CategoryMarketingLite, policy.CategoryUtility, policy.CategoryAuthentication, policy.CategoryService,
	}
)

// moneyCounters are those of the money of one business phone number.
type moneyCounters struct {
	types map[billing.PriceType]prometheus.Counter
	costs map[policy.Category]prometheus.Counter
}

func moneyOf(business string, currency billing.Currency) moneyCounters {
	c := moneyCounters{make(map[billing.PriceType]prometheus.Counter, len(priceTypes)), make(map[policy.Category]prometheus.Counter, len(pricedCategories))}
	for _, t := range priceTypes {
		c.types[t] = pricedSends.WithLabelValues(business, string(t))
	}
	for _, category := range pricedCategories {
		c.costs[category] = estimatedCost.WithLabelValues(business, string(category), string(currency))
	}
	return c
}

// units is an amount in units of its currency.
func units(a billing.Amount) float64 { return float64(a) / 1e6 }

// took counts the money of a send that Meta took.
func (c moneyCounters) took(e *store.Entry) {
	switch q := &e.Price; {
	case q.Type == "":
	case !q.Known:
		c.types[unknownPrice].Inc()
	default:
		if counter, ok := c.types[q.Type]; ok {
			counter.Inc()
		}
		if counter, ok := c.costs[e.Decision.Category]; ok {
			counter.Add(units(q.Unit))
		}
	}
}

// tagCounters are the counters of the tags whose values are declared, by tag and value.
type tagCounters map[string]map[string]tagCounter

type tagCounter struct {
	sends prometheus.Counter
	costs map[billing.Currency]prometheus.Counter
}

func countersOfTags(declared map[string]*gateway.Tag, businesses *gateway.Businesses) tagCounters {
	currencies := make(map[billing.Currency]bool)
	for _, b := range businesses.Listed {
		currencies[b.Currency] = true
	}
	if businesses.Others != nil {
		currencies[businesses.Others.Currency] = true
	}
	all := make(tagCounters)
	for name, tag := range declared {
		if len(tag.Values) == 0 {
			continue // nobody knows how many there will be
		}
		all[name] = make(map[string]tagCounter)
		for _, value := range append(slices.Clone(tag.Values), gateway.OtherValue) {
			c := tagCounter{taggedSends.WithLabelValues(name, value), make(map[billing.Currency]prometheus.Counter)}
			for currency := range currencies {
				c.costs[currency] = taggedCost.WithLabelValues(name, value, string(currency))
			}
			all[name][value] = c
		}
	}
	return all
}

// took counts the tags of a send that Meta took.
func (all tagCounters) took(e *store.Entry) {
	if e.Tags == "" || len(all) == 0 {
		return
	}
	for name, value := range e.Tags.ByName() {
		c, ok := all[name][value]
		if !ok {
			continue
		}
		c.sends.Inc()
		if cost, ok := c.costs[e.Price.Currency]; ok && e.Price.Known {
			cost.Add(units(e.Price.Unit))
		}
	}
}
