package adminapi

import (
	"context"
	"io"
)

// PersonRequest is what the routes take that give out what there is of a person.
type PersonRequest struct {
	// PhoneNumberID is the business phone number; "" for all.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact"`
	// Record is the id of one record, where a route gives one alone.
	Record string `json:"record,omitempty"`
	// Format is one of [ExportFormats], where a route gives several.
	Format string `json:"format,omitempty"`
}

// The formats of what there is of a person: an evidence pack, or what a person is told
// who asks.
const (
	FormatPack = "pack"
	FormatJSON = "json"
	FormatHTML = "html"
)

// ExportFormats are all of them.
var ExportFormats = []string{FormatPack, FormatJSON, FormatHTML}

// Person streams what there is of a person in a format.
func (c *Client) Person(ctx context.Context, r PersonRequest) (io.ReadCloser, error) {
	return c.open(ctx, RouteExport, r)
}

// Receipts streams receipts of a person's consent records.
func (c *Client) Receipts(ctx context.Context, r PersonRequest) (io.ReadCloser, error) {
	return c.open(ctx, RouteReceipt, r)
}
