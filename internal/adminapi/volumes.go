package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/billing"
)

// VolumeSelection is what the route over the volumes of a month takes, as query parameters.
type VolumeSelection struct {
	// Month such as 2026-11; without it, the running one.
	Month string `json:"month,omitempty"`
}

// Volumes say how much of a month's free service messages and volume tiers is used.
type Volumes struct {
	Volumes []Volume `json:"volumes"`
}

// Volume says so of one: the free service messages of a business phone number, or the charged
// messages of a market and category in a portfolio or account.
type Volume struct {
	Month string `json:"month"`
	// PhoneNumberID and Business are of the number whose free service messages these are, Of
	// is whose volume it is.
	PhoneNumberID string           `json:"phone_number_id,omitempty"`
	Business      string           `json:"business,omitempty"`
	Of            string           `json:"of"`
	Category      billing.Category `json:"category"`
	Market        billing.Market   `json:"market,omitempty"`
	// Counted are the messages that were counted here. Charged are those that are charged for: of
	// service messages the ones beyond the Allowance, which is how many are free, of others what
	// Meta's word makes of the count, which knows of messages of others.
	Counted   int `json:"counted"`
	Charged   int `json:"charged"`
	Allowance int `json:"allowance,omitempty"`
	// TierFrom and TierTo bound the tier that Meta told of last; without TierTo it is open.
	TierFrom int        `json:"tier_from,omitempty"`
	TierTo   int        `json:"tier_to,omitempty"`
	TierTold *time.Time `json:"tier_told,omitempty"`
	// UnitPrice is that of the next message, absent where nobody knows one, and of service
	// messages that aren't free, which cost what they do in each market; from message NextFrom of
	// the month on it is another one.
	UnitPrice *billing.Amount  `json:"unit_price,omitempty"`
	ListPrice *billing.Amount  `json:"list_price,omitempty"`
	Currency  billing.Currency `json:"currency,omitempty"`
	Card      string           `json:"card,omitempty"`
	NextFrom  int              `json:"next_from,omitempty"`
}

// Volumes say how far the allowances and volume tiers of a month are.
func (c *Client) Volumes(ctx context.Context, s VolumeSelection) (*Volumes, error) {
	return answer[Volumes](ctx, c, RouteVolumes, queryOf(&s))
}
