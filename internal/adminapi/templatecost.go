package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TemplateCostSelection is what the route takes that says what changed categories cost, as
// query parameters.
type TemplateCostSelection struct {
	WABA string `json:"waba,omitempty"`
	// Name is a template; without it, it is about all whose category changes or has changed.
	Name string `json:"name,omitempty"`
	// As asks what the template would cost under a category.
	As string `json:"as,omitempty"`
}

// TemplateCosts say what it costs a month that Meta files templates under other categories.
type TemplateCosts struct {
	// Since is the first of the days that were counted, Days how many those are, with today.
	Since string `json:"since"`
	Days  int    `json:"days"`
	// SendersSince is from when on senders were counted: at most so many sends are looked at.
	SendersSince *time.Time         `json:"senders_since,omitempty"`
	Cards        []billing.CardUsed `json:"cards"`
	Templates    []TemplateCost     `json:"templates"`
}

// TemplateCost is what a change of category costs.
type TemplateCost struct {
	WABA      string   `json:"waba"`
	Template  string   `json:"template"`
	Languages []string `json:"languages"`
	// Before and Category are the categories, Since when it changed, at the earliest, and
	// LearnedFrom how that is known. Where it is Announced, it is when it will.
	Before      policy.Category  `json:"before"`
	Category    policy.Category  `json:"category"`
	Since       *time.Time       `json:"since,omitempty"`
	LearnedFrom store.WordSource `json:"learned_from,omitempty"`
	Announced   bool             `json:"announced,omitempty"`
	// Totals are the money by currency, Markets by market.
	Totals  []TemplateMoney `json:"totals"`
	Markets []TemplateMoney `json:"markets"`
	// Numbers, Tags and Senders are who sends it, the most first.
	Numbers []TemplateUse `json:"numbers"`
	Tags    []TemplateUse `json:"tags"`
	Senders []TemplateUse `json:"senders"`
}

// TemplateMoney is what messages cost under the category before, and under the new one.
type TemplateMoney struct {
	Market    string           `json:"market,omitempty"`
	Estimated bool             `json:"market_estimated,omitempty"`
	Currency  billing.Currency `json:"currency"`
	Delivered int              `json:"delivered"`
	// CostBefore and Cost are those of messages with a known price, nil where none has one; of
	// UnpricedBefore and Unpriced nobody knows it. Difference is what it costs more in Days,
	// nil where nobody knows. Of all markets it is all of those that can be compared.
	CostBefore     *billing.Amount `json:"cost_before"`
	Cost           *billing.Amount `json:"cost"`
	Difference     *billing.Amount `json:"difference"`
	UnpricedBefore int             `json:"unpriced_before"`
	Unpriced       int             `json:"unpriced"`
}

// TemplateUse is how often somebody sent a template: a business phone number, a sender, or
// who gave a tag a value.
type TemplateUse struct {
	Number   string `json:"phone_number_id,omitempty"`
	Business string `json:"business,omitempty"`
	Sender   string `json:"sender,omitempty"`
	Tag      string `json:"tag,omitempty"`
	Value    string `json:"value,omitempty"`
	Sends    int    `json:"sends"`
}

// TemplateCosts says what changed categories of templates cost.
func (c *Client) TemplateCosts(ctx context.Context, s TemplateCostSelection) (*TemplateCosts, error) {
	return answer[TemplateCosts](ctx, c, RouteTemplatesCost, queryOf(&s))
}
