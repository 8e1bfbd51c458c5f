package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/policy"
)

// ReviewSelection is what the route over messages that may be opt-outs takes, as
// query parameters of a GET or as the JSON body of a POST.
type ReviewSelection struct {
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact,omitempty" query:"-"`
	Limit   int    `json:"limit,omitempty"`
}

// Reviews are messages that may be opt-outs and wait for somebody to decide, what
// came in first before the rest.
type Reviews struct {
	Reviews []Review `json:"reviews"`
	// Waiting is how many there are in all.
	Waiting int `json:"waiting"`
}

// Review is what may be an opt-out: marketing to the person waits.
type Review struct {
	// ID names it for a decision. With a further such message of the person it is
	// another.
	ID string `json:"id"`
	// Time is when the person wrote it, Recorded when the gateway heard of it.
	Time     time.Time `json:"time"`
	Recorded time.Time `json:"recorded"`
	// Contact is the person's pseudonym.
	Contact       policy.ContactID `json:"contact"`
	PhoneNumberID string           `json:"phone_number_id"`
	Business      string           `json:"business,omitempty"`
	// Source is chat_keyword for what was typed, button for what was tapped.
	Source policy.Source `json:"source"`
}

// ReviewDecision is what the route takes by which somebody decides.
type ReviewDecision struct {
	ID string `json:"id"`
	// Decision is opt_out or dismiss.
	Decision string `json:"decision"`
	// Scope is what the person opted out of: all, the default, or marketing.
	Scope string `json:"scope,omitempty"`
	// Reason says what the message is about. It stays in the history.
	Reason string `json:"reason"`
	// Actor is who decided, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// Reviews lists what waits for a decision.
func (c *Client) Reviews(ctx context.Context, s ReviewSelection) (*Reviews, error) {
	answer := new(Reviews)
	return answer, c.ask(ctx, RouteReviews, s, answer)
}

// DecideReview records a decision, and is answered what it was about.
func (c *Client) DecideReview(ctx context.Context, d ReviewDecision) (*Review, error) {
	answer := new(Review)
	return answer, c.ask(ctx, RouteReviewDecide, d, answer)
}
