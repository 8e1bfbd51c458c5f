package adminapi

import (
	"context"
	"time"
)

// UnseenSelection says of which time it is asked what the gateway never saw.
type UnseenSelection struct {
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	Month string `json:"month,omitempty"`
}

// UnseenMessages are messages that statuses told of, and that the gateway never saw.
type UnseenMessages struct {
	Rows     []UnseenRow `json:"rows"`
	TimeZone string      `json:"time_zone"`
	// Until is when the newest statuses came that are counted: of later ones the send may
	// still be found.
	Until time.Time `json:"until"`
}

// UnseenRow counts those of a day, category and price type in Meta's words.
type UnseenRow struct {
	Day       string `json:"day"`
	Category  string `json:"category,omitempty"`
	PriceType string `json:"price_type,omitempty"`
	Messages  int    `json:"messages"`
	Delivered int    `json:"delivered"`
	Failed    int    `json:"failed"`
	Billable  int    `json:"billable"`
}

// Unseen counts what statuses told of messages that the gateway never saw.
func (c *Client) Unseen(ctx context.Context, s UnseenSelection) (*UnseenMessages, error) {
	return answer[UnseenMessages](ctx, c, RouteLedgerUnseen, queryOf(&s))
}
