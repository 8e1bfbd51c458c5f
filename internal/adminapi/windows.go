package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// WindowSelection selects customer service windows that end soon, as query parameters of a
// GET or as the JSON body of a POST.
type WindowSelection struct {
	// PhoneNumberID is a business phone number, by id or name.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Ending is within which time they end, such as 2h, which is the default, at most 24h.
	Ending string `json:"ending,omitempty"`
	// Unanswered selects those in which the person waits for an answer.
	Unanswered bool `json:"unanswered,omitempty"`
	Limit      int  `json:"limit,omitempty"`
}

// Windows are customer service windows that end soon, those that end first before the
// others.
type Windows struct {
	// Time is when this was so.
	Time    time.Time `json:"time"`
	Windows []Window  `json:"windows"`
	// More is how many were left out, Waiting in how many of all somebody waits.
	More    int `json:"more"`
	Waiting int `json:"waiting"`
}

// Window is one of them.
type Window struct {
	PhoneNumberID string `json:"phone_number_id"`
	Business      string `json:"business,omitempty"`
	// Contact is the person's pseudonym.
	Contact string `json:"contact"`
	// Opened is when the person last wrote, Ends when only templates may be sent from, in
	// EndsIn seconds.
	Opened time.Time `json:"opened"`
	Ends   time.Time `json:"ends"`
	EndsIn int64     `json:"ends_in_seconds"`
	// Answer is unanswered, answered, nothing_to_answer or unknown; Answered is when the
	// business wrote last.
	Answer   string     `json:"answer"`
	Answered *time.Time `json:"answered,omitempty"`
	// LaterCategory is what a message will be after that, at least: that of the cheapest
	// template; "" where none is known. LaterPrice is what it costs; nil where nobody knows.
	LaterCategory policy.Category  `json:"later_category,omitempty"`
	LaterPrice    *billing.Amount  `json:"later_price,omitempty"`
	Currency      billing.Currency `json:"currency,omitempty"`
	Market        billing.Market   `json:"market,omitempty"`
	// MarketEstimated: it is that of the business's own number, since nobody knows the
	// person's, or it was told by a user id.
	MarketEstimated bool `json:"market_estimated,omitempty"`
}

// Windows lists customer service windows that end soon.
func (c *Client) Windows(ctx context.Context, s WindowSelection) (*Windows, error) {
	return answer[Windows](ctx, c, RouteWindows, s)
}
