package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/policy"
)

// ScoreSelection says of which sends the gateway is to tell how often it was right. It is
// asked for by the last 30 days where nothing says so.
type ScoreSelection struct {
	From          string `json:"from,omitempty"` // RFC 3339, a date, or an age such as 24h
	To            string `json:"to,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Sender        string `json:"sender,omitempty"`
	Template      string `json:"template,omitempty"`
}

// Score says how often the gateway was right, by what Meta made of the sends.
type Score struct {
	// Finding says it in a sentence or two.
	Finding string    `json:"finding"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	// Oldest is the time of the oldest send looked at, if there is one. Cut: there were more
	// than are looked at at once, and those before Oldest are not counted.
	Oldest *time.Time `json:"oldest,omitempty"`
	Cut    bool       `json:"cut,omitempty"`
	// Unlooked is for how many refusals it was not looked whether a window had been open of
	// which the gateway heard late: that is done for the newest 20,000.
	Unlooked int         `json:"unlooked,omitempty"`
	Total    ScoreCounts `json:"total"`
	// Rules are those that judge what Meta judges, and those that refused.
	Rules []RuleScore `json:"rules"`
	// Numbers, Templates, Senders and Days are the sends in groups: those with most misses and
	// wrong refusals first, days in their order.
	Numbers   []ScoreGroup `json:"numbers"`
	Templates []ScoreGroup `json:"templates"`
	Senders   []ScoreGroup `json:"senders"`
	Days      []ScoreGroup `json:"days"`
	// Lacks are the facts that were missing for the misses, Errors the codes by which Meta
	// refused what was let through; the most frequent first.
	Lacks  []LackTally  `json:"lacks"`
	Errors []ErrorTally `json:"errors"`
	// Categories and Prices are what was expected and came otherwise.
	Categories []Mistaken `json:"categories"`
	Prices     []Mistaken `json:"prices"`
}

// Share is a part of so many, with where the share of all such sends lies with a confidence
// of 95 percent (by Wilson): none of three says less than none of three thousand.
type Share struct {
	Count int `json:"count"`
	Of    int `json:"of"`
	// Percent is missing where there is nothing to count.
	Percent *float64 `json:"percent,omitempty"`
	Low     *float64 `json:"low_percent,omitempty"`
	High    *float64 `json:"high_percent,omitempty"`
}

// ScoreCounts counts sends by what Meta's word says of the gateway's decision.
type ScoreCounts struct {
	// Passed are those that were let through. Of them Meta took Taken, refused Missed for a
	// reason that a rule judges and Beyond for one that none does, and has given no word on
	// Waiting.
	Passed  int `json:"passed"`
	Taken   int `json:"taken"`
	Missed  int `json:"missed"`
	Beyond  int `json:"beyond"`
	Waiting int `json:"waiting"`
	// Misses is the share of misses among what Meta took or a rule missed.
	Misses Share `json:"misses"`
	Refusals
	Category Expected `json:"category"`
	Price    Expected `json:"price"`
}

// Refusals counts what was refused, or would have been in monitor mode.
type Refusals struct {
	Refused int `json:"refused"`
	// Right: Meta refused it for the same reason. Wrong: Meta delivered it in monitor mode, or,
	// Late, a window was open of which the gateway heard after. OtherReason: Meta refused it
	// for another one. Open: it may yet be shown. Unknowable: nobody can know.
	Right       int `json:"right"`
	Wrong       int `json:"wrong"`
	Late        int `json:"late"`
	OtherReason int `json:"other_reason"`
	Open        int `json:"open"`
	Unknowable  int `json:"unknowable"`
	// Rights is the share of right ones among those of which it is known.
	Rights Share `json:"rights"`
}

// Expected counts messages by whether it was expected what Meta told.
type Expected struct {
	// Right is the share of those that came as expected among those that can be compared. Of
	// Unknown ones nothing was expected, of Untold ones Meta told nothing.
	Right   Share `json:"right"`
	Wrong   int   `json:"wrong"`
	Unknown int   `json:"unknown"`
	Untold  int   `json:"untold"`
}

// RuleScore is how a rule did.
type RuleScore struct {
	Rule policy.Rule `json:"rule"`
	// Misses are the sends let through that Meta refused for what the rule judges, among those
	// that put it to the test. Of zero: it is no rule that Meta's word can test so.
	Misses Share `json:"misses"`
	Refusals
}

// ScoreGroup is the score of the sends that have something in common.
type ScoreGroup struct {
	Key string `json:"key"`
	ScoreCounts
}

// LackTally counts the misses of a rule for want of a fact.
type LackTally struct {
	Rule  policy.Rule `json:"rule"`
	Lack  policy.Lack `json:"lack"`
	Count int         `json:"count"`
	// Newest is the decision of the newest of them, Said what happened there, Remedy what to
	// do.
	Newest string `json:"newest"`
	Said   string `json:"said"`
	Remedy string `json:"remedy"`
}

// ErrorTally counts Meta's refusals with a code, and how many of them are misses.
type ErrorTally struct {
	Code   int           `json:"code"`
	Matter policy.Matter `json:"matter"`
	Count  int           `json:"count"`
	Missed int           `json:"missed"`
	Newest string        `json:"newest"`
	// Said says why it is no miss, where some are none, Remedy what to do then.
	Said   string `json:"said,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Mistaken counts messages of which something was expected, and something else came.
type Mistaken struct {
	Expected string `json:"expected"`
	Told     string `json:"told"`
	Count    int    `json:"count"`
	Newest   string `json:"newest"`
}

// ScoredSelection selects sends by what Meta's word says of the decision.
type ScoredSelection struct {
	ScoreSelection
	// Finding is missed (the default), beyond, right, wrong or other_reason.
	Finding string `json:"finding,omitempty"`
	// Rule is the one that missed, or refused. Lack is a fact that was missing, Code an error of
	// Meta's.
	Rule string `json:"rule,omitempty"`
	Lack string `json:"lack,omitempty"`
	Code int    `json:"code,omitempty"`
	// Before is the Next of the page before.
	Before string `json:"before,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// ScoredPage is a page of such sends, newest first.
type ScoredPage struct {
	Sends []*ScoredSend `json:"sends"`
	// Next is the `before` of the next page; absent on the last.
	Next string `json:"next,omitempty"`
}

// ScoredSend is a send with what Meta's word says of the decision about it.
type ScoredSend struct {
	// Finding is missed, beyond, right, wrong or other_reason.
	Finding string `json:"finding"`
	// Should is the rule that should have refused it, where it is a miss, and Lack the fact that
	// was missing.
	Should policy.Rule `json:"should,omitempty"`
	Lack   policy.Lack `json:"lack,omitempty"`
	// Code is Meta's error, where it refused the send, and Matter what that is about. Later:
	// Meta took the message first, and a status told the error.
	Code   int           `json:"code,omitempty"`
	Matter policy.Matter `json:"matter,omitempty"`
	Later  bool          `json:"later,omitempty"`
	// Said tells what happened and which fact was missing, ToDo what to do.
	Said string `json:"said"`
	ToDo string `json:"to_do,omitempty"`
	// WindowOpened is when a message opened the window of which the gateway heard at Arrived,
	// after it had refused.
	WindowOpened *time.Time `json:"window_opened,omitempty"`
	Arrived      *time.Time `json:"arrived,omitempty"`
	// Send is the send as lists have it. Its id opens it in waguard why.
	Send *Line `json:"send"`
}

// Score says how often the gateway was right.
func (c *Client) Score(ctx context.Context, s ScoreSelection) (*Score, error) {
	return answer[Score](ctx, c, RouteScore, queryOf(&s))
}

// ScoredSends is a page of the sends that were missed, or of which Meta's word says something
// else.
func (c *Client) ScoredSends(ctx context.Context, s ScoredSelection) (*ScoredPage, error) {
	return answer[ScoredPage](ctx, c, RouteScored, queryOf(&s))
}
