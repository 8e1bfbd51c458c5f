package adminapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/waguard/waguard/lab"
)

// PolicyTestRequest asks what would have been decided in a period under other settings.
// Without Config and Options it is asked under those that hold now.
type PolicyTestRequest struct {
	// From and To are RFC 3339, a date, or an age such as 30d, which is the default.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// PhoneNumberID is the id of a business phone number, or its name; "" for all.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Config is the whatsapp app of another configuration, as Caddy's JSON has it, as far as
	// it says what is sent: its businesses, policy, words, tags and budgets.
	Config json.RawMessage `json:"config,omitempty"`
	// Options are some of a policy block, as a Caddyfile has them, one a line. They are laid
	// over what each business has.
	Options string `json:"options,omitempty"`
	// Shadow is the name of a policy on trial that is configured: it takes the place of the
	// one that is enforced.
	Shadow string `json:"shadow,omitempty"`
	// Examples is how many are given of each way in which answers change. Default: 3.
	Examples *int `json:"examples,omitempty"`
}

// largestBody has room for a configuration.
func (*PolicyTestRequest) largestBody() int { return 32 * LargestRequest }

// PolicyTest is what would have been decided in a period under other settings.
type PolicyTest struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// LedgerSince is where the ledger begins, if that is after From.
	LedgerSince *time.Time `json:"ledger_since,omitempty"`
	lab.Comparison
	// Unread are requests that could not be read, which no policy sees.
	Unread int `json:"unread,omitempty"`
	// Differences are the options in which the settings differ from those that hold now.
	Differences []PolicyDifference `json:"differences"`
	// Notes say what else is to be known, such as what can't be tested on what was.
	Notes   []string `json:"notes"`
	Seconds float64  `json:"seconds"`
}

// PolicyDifference is what is otherwise for a business phone number; * for all that are not
// listed.
type PolicyDifference struct {
	PhoneNumberID string   `json:"phone_number_id"`
	Options       []string `json:"options"`
}

// PolicyTestProgress is how far the test of a policy is that runs.
type PolicyTestProgress struct {
	Running bool `json:"running"`
	// Decided are the decisions that were made again, At is the time of the newest.
	Decided int64      `json:"decided"`
	From    *time.Time `json:"from,omitempty"`
	To      *time.Time `json:"to,omitempty"`
	At      *time.Time `json:"at,omitempty"`
}

// Part is how much of the period is done, from 0 to 1.
func (p *PolicyTestProgress) Part() float64 {
	if p.From == nil || p.To == nil || p.At == nil || !p.To.After(*p.From) {
		return 0
	}
	return min(max(float64(p.At.Sub(*p.From))/float64(p.To.Sub(*p.From)), 0), 1)
}

// TestPolicy has everything decided again that was decided in a period, under other settings.
func (c *Client) TestPolicy(ctx context.Context, r *PolicyTestRequest) (*PolicyTest, error) {
	return answer[PolicyTest](ctx, c, RoutePolicyTest, r)
}

// PolicyTestProgress is how far the test is that runs.
func (c *Client) PolicyTestProgress(ctx context.Context) (*PolicyTestProgress, error) {
	return answer[PolicyTestProgress](ctx, c, RoutePolicyProgress, nil)
}

// ShadowSelection selects what policies on trial said. Its zero value is the last day.
type ShadowSelection struct {
	// From and To are RFC 3339, a date, or an age such as 24h, which is the default.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// PhoneNumberID is the id of a business phone number, or its name; "" for all. Name is
	// a shadow's.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Name          string `json:"name,omitempty"`
	// Examples is how many are given of each way in which answers differ. Default: 3.
	Examples *int `json:"examples,omitempty"`
}

// Shadows are the policies on trial, and how often they differed from what was enforced.
type Shadows struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Oldest is the time of the oldest send looked at, if there is one. Cut: there were more
	// than are looked at at once, and those before Oldest are not.
	Oldest  *time.Time `json:"oldest,omitempty"`
	Cut     bool       `json:"cut,omitempty"`
	Shadows []Shadow   `json:"shadows"`
}

// Shadow is a policy on trial.
type Shadow struct {
	Name string `json:"name"`
	// Configured: it judges now, for the numbers of Differences. Percent is for how many people in a
	// hundred it is enforced.
	Configured bool    `json:"configured"`
	Percent    float64 `json:"enforce_percent,omitempty"`
	// Differences are the options in which it differs from what is enforced, by number.
	Differences []PolicyDifference `json:"differences"`
	// Enforced are the sends that it decided about, of those that were compared.
	Enforced int `json:"enforced"`
	// Unlooked are the sends with another answer of which nobody looked what they cost: that
	// is done for the newest 20,000.
	Unlooked int `json:"unlooked,omitempty"`
	lab.Comparison
}

// Shadows is what policies on trial said in a period.
func (c *Client) Shadows(ctx context.Context, s ShadowSelection) (*Shadows, error) {
	return answer[Shadows](ctx, c, RoutePolicyShadow, s)
}
