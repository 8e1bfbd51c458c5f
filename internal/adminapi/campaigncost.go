package adminapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// CampaignCostRequest asks what a template to up to 1,000 people would cost now.
type CampaignCostRequest struct {
	PhoneNumberID string   `json:"phone_number_id"`
	Template      string   `json:"template"`
	Language      string   `json:"language"`
	Reference     string   `json:"reference,omitempty"`
	Contacts      []string `json:"contacts"`
	// Each asks for what would be decided about each person, too.
	Each bool `json:"each,omitempty"`
	// Config, Options and Shadow are other settings than those that hold: see
	// [PolicyTestRequest].
	Config  json.RawMessage `json:"config,omitempty"`
	Options string          `json:"options,omitempty"`
	Shadow  string          `json:"shadow,omitempty"`
}

// largestBody has room for a thousand people and a configuration.
func (*CampaignCostRequest) largestBody() int { return 36 * LargestRequest }

// CampaignCost is what a template to people would come to now.
type CampaignCost struct {
	// People are those asked about, each once; Pass would get it, Refused would not.
	People  int `json:"people"`
	Pass    int `json:"pass"`
	Refused int `json:"refused"`
	// Totals are what those would cost who would get it, by currency.
	Totals   []CampaignTotal   `json:"totals"`
	Markets  []CampaignMarket  `json:"markets"`
	Refusals []CampaignRefusal `json:"refusals"`
	// Each is what would be decided about each person, where that was asked for.
	Each []CampaignPerson `json:"each,omitempty"`
}

// CampaignPerson is what would be decided about one person.
type CampaignPerson struct {
	// Contact is as it was given.
	Contact   string            `json:"contact"`
	Verdict   policy.Verdict    `json:"verdict"`
	Rule      policy.Rule       `json:"rule"`
	RuleID    string            `json:"rule_id,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Remedy    string            `json:"remedy,omitempty"`
	RetryAt   *time.Time        `json:"retry_at,omitempty"`
	Market    string            `json:"market,omitempty"`
	Category  billing.Category  `json:"category,omitempty"`
	PriceType billing.PriceType `json:"price_type,omitempty"`
	UnitPrice *billing.Amount   `json:"unit_price,omitempty"`
	Currency  billing.Currency  `json:"currency,omitempty"`
}

// CampaignTotal is a sum in one currency.
type CampaignTotal struct {
	Currency billing.Currency `json:"currency"`
	Cost     billing.Amount   `json:"cost"`
	// Unpriced are messages whose price nobody knows; they are not in Cost.
	Unpriced int `json:"unpriced"`
}

// CampaignMarket are the people of one market who would get a message at one price.
type CampaignMarket struct {
	Market string `json:"market"`
	// Estimated: the market is told by the country of user ids.
	Estimated bool              `json:"market_estimated,omitempty"`
	Category  billing.Category  `json:"category"`
	PriceType billing.PriceType `json:"price_type"`
	Messages  int               `json:"messages"`
	// UnitPrice and Cost are absent where nobody knows the price.
	UnitPrice *billing.Amount  `json:"unit_price,omitempty"`
	Cost      *billing.Amount  `json:"cost,omitempty"`
	Currency  billing.Currency `json:"currency,omitempty"`
	Card      string           `json:"card,omitempty"`
}

// CampaignRefusal are the people who would not get it for one reason.
type CampaignRefusal struct {
	Rule   policy.Rule `json:"rule"`
	RuleID string      `json:"rule_id,omitempty"`
	People int         `json:"people"`
	// Reason and Remedy are those of the first of them.
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"`
}

// CampaignCost tells what a template to some people would cost now.
func (c *Client) CampaignCost(ctx context.Context, r *CampaignCostRequest) (*CampaignCost, error) {
	answer := new(CampaignCost)
	return answer, c.ask(ctx, RouteCampaignCost, r, answer)
}

// Add adds what other people would come to.
func (c *CampaignCost) Add(other *CampaignCost) error {
	c.People, c.Pass, c.Refused = c.People+other.People, c.Pass+other.Pass, c.Refused+other.Refused
	for _, m := range other.Markets {
		if err := c.addMarket(m); err != nil {
			return err
		}
	}
	for _, r := range other.Refusals {
		c.addRefusal(r)
	}
	c.Each = append(c.Each, other.Each...)
	return nil
}

func (c *CampaignCost) addMarket(m CampaignMarket) error {
	var err error
	total := c.total(m.Currency)
	if m.Cost == nil {
		total.Unpriced += m.Messages
	} else if total.Cost, err = total.Cost.Plus(*m.Cost); err != nil {
		return err
	}
	for i := range c.Markets {
		known := &c.Markets[i]
		if !known.alike(&m) {
			continue
		}
		known.Messages += m.Messages
		if m.Cost != nil {
			var sum billing.Amount
			if sum, err = known.Cost.Plus(*m.Cost); err == nil {
				known.Cost = &sum
			}
		}
		return err
	}
	c.Markets = append(c.Markets, m)
	return nil
}

func (c *CampaignCost) total(currency billing.Currency) *CampaignTotal {
	for i := range c.Totals {
		if c.Totals[i].Currency == currency {
			return &c.Totals[i]
		}
	}
	c.Totals = append(c.Totals, CampaignTotal{Currency: currency})
	return &c.Totals[len(c.Totals)-1]
}

// alike reports that two are of the same messages at the same price.
func (m *CampaignMarket) alike(o *CampaignMarket) bool {
	same := m.UnitPrice == nil && o.UnitPrice == nil || m.UnitPrice != nil && o.UnitPrice != nil && *m.UnitPrice == *o.UnitPrice
	return same && m.Market == o.Market && m.Estimated == o.Estimated && m.Category == o.Category && m.PriceType == o.PriceType && m.Currency == o.Currency && m.Card == o.Card
}

func (c *CampaignCost) addRefusal(r CampaignRefusal) {
	for i := range c.Refusals {
		if known := &c.Refusals[i]; known.Rule == r.Rule && known.RuleID == r.RuleID {
			known.People += r.People
			return
		}
	}
	c.Refusals = append(c.Refusals, r)
}
