package adminapi

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// Summary counts the violations of a period among its sends: what an operator
// decides by whether to enforce.
type Summary struct {
	// Finding says in a sentence or two what enforcing now would refuse, or what is
	// refused.
	Finding string    `json:"finding"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	// Oldest is the time of the oldest send counted, if there is one. Cut: there
	// were more sends than are counted at once, and those before Oldest are not.
	Oldest *time.Time `json:"oldest,omitempty"`
	Cut    bool       `json:"cut,omitempty"`
	// Sends are all that were seen, Refused those that were refused, Passed those
	// that would have been, had they not been monitored, SentToAnother those that
	// Meta sent to somebody else than they were judged by.
	Sends         int `json:"sends"`
	Refused       int `json:"refused"`
	Passed        int `json:"passed"`
	SentToAnother int `json:"sent_to_another"`
	// People is how many different people the violations were for; at least so many
	// where not all were told apart.
	People        int  `json:"people"`
	PeopleAtLeast bool `json:"people_at_least,omitempty"`
	// Monitored is what enforcing now would change.
	Monitored Monitored   `json:"monitored"`
	Rules     []RuleTally `json:"rules"`
	Templates []Tally     `json:"templates"`
	Senders   []Tally     `json:"senders"`
	Numbers   []Tally     `json:"numbers"`
	// Causes are the groups with rule, message, sender and number in common.
	Causes []CauseTally `json:"causes"`
	// Unlisted is as in Page: they are not counted here either.
	Unlisted int64 `json:"unlisted,omitempty"`
}

// Monitored counts the sends of the numbers that are in monitor mode now, of the
// whole time and of its last 24 hours, and how many of them enforcing would refuse.
type Monitored struct {
	Numbers        int `json:"numbers"`
	Sends          int `json:"sends"`
	WouldRefuse    int `json:"would_refuse"`
	DaySends       int `json:"day_sends"`
	DayWouldRefuse int `json:"day_would_refuse"`
}

// Tally is a group of violations.
type Tally struct {
	Key    string    `json:"key"`
	Count  int       `json:"count"`
	People int       `json:"people"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// RuleTally is what violates a rule.
type RuleTally struct {
	Tally
	// Newest is the newest of them, if it is still kept.
	Newest *Line `json:"newest,omitempty"`
}

// CauseTally is what violates a rule in the same way, from the same number and
// sender.
type CauseTally struct {
	Rule     policy.Rule `json:"rule"`
	Message  string      `json:"message"`
	Sender   string      `json:"sender,omitempty"`
	Business string      `json:"business,omitempty"`
	Count    int         `json:"count"`
	People   int         `json:"people"`
	First    time.Time   `json:"first"`
	Last     time.Time   `json:"last"`
}
