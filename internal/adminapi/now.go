package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// NowRequest asks whether a send of the ledger would pass now.
type NowRequest struct {
	// ID is that of its decision.
	ID string `json:"id"`
}

// Now is what would be decided about a send of the ledger at this moment. What only the
// recipient's number tells, which nobody keeps, is as it was.
type Now struct {
	ID store.ID  `json:"id"`
	At time.Time `json:"at"`
	// Monitored: its number is in monitor mode, and what is refused passes.
	Monitored bool `json:"monitored,omitempty"`
	Verdict
}

// WhyNow decides a send of the ledger again, by what is known now.
func (c *Client) WhyNow(ctx context.Context, id string) (*Now, error) {
	return answer[Now](ctx, c, RouteWhyNow, NowRequest{ID: id})
}

// PersonViewRequest asks for what there is of a person, to be looked at.
type PersonViewRequest struct {
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact"`
	// PhoneNumberID is the business phone number; "" for all.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Template is one that might be sent; none stands for a text.
	Template *WhyTemplate `json:"template,omitempty"`
	// Limit is how many decisions are wanted, the newest; 0 for 100.
	Limit int `json:"limit,omitempty"`
}

// PersonView is what there is of a person.
type PersonView struct {
	// Shown is the contact so that nobody reads it by chance, such as +49…78.
	Shown     string           `json:"shown"`
	Pseudonym policy.ContactID `json:"pseudonym"`
	// Names are all names the person is known by, and Links what ties them together.
	Names []policy.Alias `json:"names"`
	Links []PersonLink   `json:"links,omitempty"`
	// Wrote is when the person last wrote to a number, by the name they wrote under.
	Wrote     []PersonWrote   `json:"wrote,omitempty"`
	Numbers   []PersonNumber  `json:"numbers"`
	Records   []ConsentRecord `json:"records"`
	Decisions []*Line         `json:"decisions"`
	// More: there are older decisions.
	More bool `json:"more,omitempty"`
}

// PersonLink ties two names together.
type PersonLink struct {
	One   policy.Alias `json:"one"`
	Other policy.Alias `json:"other"`
	// Kind is same_person, for two names at one time, or successor, where the person went
	// from one to the other.
	Kind  string    `json:"kind"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// PersonWrote is when a person was last in touch with a business phone number.
type PersonWrote struct {
	PhoneNumberID string       `json:"phone_number_id"`
	Name          policy.Alias `json:"name"`
	Time          time.Time    `json:"time"`
}

// PersonNumber is how a person stands with a business phone number.
type PersonNumber struct {
	PhoneNumberID string   `json:"phone_number_id"`
	Business      string   `json:"business,omitempty"`
	Now           *Consent `json:"now"`
	// Send is what would be decided about the message that was asked about.
	Send         Verdict           `json:"send"`
	Price        *Price            `json:"price,omitempty"`
	Market       string            `json:"market,omitempty"`
	Alternatives []PersonAlternate `json:"alternatives,omitempty"`
}

// PersonAlternate is a template that would pass in place of a message that is refused.
type PersonAlternate struct {
	Template string          `json:"template"`
	Language string          `json:"language"`
	Category policy.Category `json:"category"`
}

// PersonView is what there is of a person, to be looked at.
func (c *Client) PersonView(ctx context.Context, r PersonViewRequest) (*PersonView, error) {
	return answer[PersonView](ctx, c, RoutePersonView, r)
}
