package adminapi

import (
	"context"

	"github.com/waguard/waguard/internal/qr"
)

// LinkRequest asks for a link that opens a chat with a business.
type LinkRequest struct {
	PhoneNumberID string `json:"phone_number_id"`
	// Text is the message the link has ready.
	Text string `json:"text"`
	// Source is how those come who use it, such as qr:window.
	Source string `json:"source,omitempty"`
}

// Link is such a link.
type Link struct {
	Link   string `json:"link"`
	Text   string `json:"text"`
	Source string `json:"source,omitempty"`
	// Recognised: the configuration tells by the text that somebody came so.
	Recognised bool `json:"recognised"`
	// Configure is the line of the whatsapp block by which it would.
	Configure string   `json:"configure,omitempty"`
	QR        *qr.Code `json:"qr"`
}

// Link asks for a link.
func (c *Client) Link(ctx context.Context, r LinkRequest) (*Link, error) {
	return answer[Link](ctx, c, RouteLink, r)
}
