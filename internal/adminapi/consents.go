package adminapi

import (
	"context"
	"iter"
)

// ConsentSelection selects consent records of all people.
type ConsentSelection struct {
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// State is pending, opted_in, opted_out, suspected, dismissed or requested.
	State  string `json:"state,omitempty"`
	Source string `json:"source,omitempty"`
	// Incomplete is true for opt-ins that lacked what would have made them valid.
	Incomplete string `json:"incomplete,omitempty"`
	// From and To bound when the gateway heard of it: RFC 3339, a date, or an age.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// After is where the page before ended.
	After string `json:"after,omitempty"`
}

// ConsentPage is a part of the records. Pages are not of one size.
type ConsentPage struct {
	Records []ConsentRecord `json:"records"`
	// Next is where the next page begins; "" for none.
	Next string `json:"next,omitempty"`
}

// Consents yields consent records of all people, from page to page, up to the first error.
func (c *Client) Consents(ctx context.Context, s ConsentSelection) iter.Seq2[[]ConsentRecord, error] {
	return recordPages(s, func(s ConsentSelection) ([]ConsentRecord, string, error) {
		p, err := answer[ConsentPage](ctx, c, RouteConsents, s)
		if err != nil {
			return nil, "", err
		}
		return p.Records, p.Next, nil
	})
}

// recordPages yields the records of pages, up to the last one or the first error. page asks
// for one, and tells where the next begins.
func recordPages[R any](s ConsentSelection, page func(ConsentSelection) (records []R, next string, err error)) iter.Seq2[[]R, error] {
	return func(yield func([]R, error) bool) {
		for {
			records, next, err := page(s)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(records, nil) || next == "" {
				return
			}
			s.After = next
		}
	}
}

// ExportRecord is what holds for a person, as an import takes it. Its contact is a
// pseudonym, which the same installation takes in the place of a number.
type ExportRecord struct {
	State string `json:"state"`
	ConsentRequest
}

// ExportPage is a part of what holds for all people. Pages are not of one size.
type ExportPage struct {
	Records []ExportRecord `json:"records"`
	// Next is where the next page begins; "" for none.
	Next string `json:"next,omitempty"`
}

// Standing yields what holds for all people, from page to page, up to the first error.
func (c *Client) Standing(ctx context.Context, s ConsentSelection) iter.Seq2[[]ExportRecord, error] {
	return recordPages(s, func(s ConsentSelection) ([]ExportRecord, string, error) {
		p, err := answer[ExportPage](ctx, c, RouteStanding, s)
		if err != nil {
			return nil, "", err
		}
		return p.Records, p.Next, nil
	})
}
