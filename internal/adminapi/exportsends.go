package adminapi

import (
	"context"
	"iter"
	"time"

	"github.com/waguard/waguard/internal/export"
)

// SendSelection is what the route takes that exports the ledger.
type SendSelection struct {
	// From and To are RFC 3339, a date where the account is, or an age; Month is a calendar
	// month such as 2026-10, in place of both.
	From          string `json:"from,omitempty"`
	To            string `json:"to,omitempty"`
	Month         string `json:"month,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Final is true for those alone of days on which nothing can change any more.
	Final string `json:"final,omitempty"`
	// Before is the `next` of the page before.
	Before string `json:"before,omitempty"`
}

// SendPage is a page of the ledger with all that an export has of it, newest first.
type SendPage struct {
	Sends []export.Send `json:"sends"`
	// Next is the `before` of the next page; absent on the last.
	Next string `json:"next,omitempty"`
	// Now is the gateway's time. KeptSince is that of the oldest sends that are kept; absent
	// where all are.
	Now       time.Time  `json:"now"`
	KeptSince *time.Time `json:"kept_since,omitempty"`
	// FinalBefore is the first date on which something can still change.
	FinalBefore string `json:"final_before"`
}

// Sends yields pages of the ledger, newest first, up to the first error.
func (c *Client) Sends(ctx context.Context, s SendSelection) iter.Seq2[*SendPage, error] {
	return func(yield func(*SendPage, error) bool) {
		for {
			p, err := answer[SendPage](ctx, c, RouteLedgerExport, s)
			if !yield(p, err) || err != nil {
				return
			}
			if s.Before = p.Next; s.Before == "" {
				return
			}
		}
	}
}
