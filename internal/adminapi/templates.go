package adminapi

import (
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TemplateSelection is what the route over templates takes, as query parameters.
type TemplateSelection struct {
	WABA string `json:"waba,omitempty"`
	Name string `json:"name,omitempty"`
	// Problems is yes or no: only those that somebody should look at.
	Problems string `json:"problems,omitempty"`
	// Drift is yes or no: only those whose category has changed.
	Drift string `json:"drift,omitempty"`
}

// TemplateAcceptance is what the route takes that accepts the category a template has now.
type TemplateAcceptance struct {
	// WABA is the account, or PhoneNumberID a number of it, by its id or name.
	WABA          string `json:"waba,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Name          string `json:"name"`
	// Language is of the one template; without it, all of the name are accepted.
	Language string `json:"language,omitempty"`
	// Actor is who does it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// TemplatesAccepted are the templates as they stand after that.
type TemplatesAccepted struct {
	Templates []Template `json:"templates"`
}

// Templates is what is known about templates, and which of them are used.
type Templates struct {
	Accounts  []TemplateAccount `json:"accounts"`
	Templates []Template        `json:"templates"`
	// More is how many known ones were left out.
	More int `json:"more,omitempty"`
	// UsesSince is from when on uses were counted.
	UsesSince time.Time `json:"uses_since"`
}

// TemplateAccount says how well the templates of an account are known.
type TemplateAccount struct {
	WABA string `json:"waba"`
	// Complete: all its templates are known now, and one that isn't here doesn't
	// exist.
	Complete bool `json:"complete"`
	// Listed is when the list was read that still counts, if one was.
	Listed *time.Time `json:"listed,omitempty"`
}

// Template is what is known about a template.
type Template struct {
	WABA     string `json:"waba,omitempty"`
	Name     string `json:"name"`
	Language string `json:"language,omitempty"`
	// Known: Meta told of it. ID is the one at Meta, where that is known.
	Known bool   `json:"known"`
	ID    string `json:"id,omitempty"`
	// Sendable: Meta is not known to refuse it.
	Sendable bool  `json:"sendable"`
	Status   *Word `json:"status,omitempty"`
	Category *Word `json:"category,omitempty"`
	// NextCategory is the one Meta announced to apply from NextFrom on.
	NextCategory policy.Category `json:"next_category,omitempty"`
	NextFrom     *time.Time      `json:"next_from,omitempty"`
	// ToldCategory is the one that Meta told, where it bills under another.
	ToldCategory policy.Category `json:"told_category,omitempty"`
	// PreviousCategory is the one it had before the one it has now, CategoryChanged when
	// that ended, at the earliest, and CategoryChangedFrom where it was heard.
	PreviousCategory    policy.Category  `json:"previous_category,omitempty"`
	CategoryChanged     *time.Time       `json:"category_changed,omitempty"`
	CategoryChangedFrom store.WordSource `json:"category_changed_from,omitempty"`
	// AcceptedCategory is what an operator accepted last, when and who it was.
	AcceptedCategory policy.Category `json:"accepted_category,omitempty"`
	Accepted         *time.Time      `json:"accepted,omitempty"`
	AcceptedBy       string          `json:"accepted_by,omitempty"`
	// Drifted: the category asks for another consent than the one it had first, or the one
	// accepted last. With category_drift hold it is refused.
	Drifted bool       `json:"drifted,omitempty"`
	Quality *Word      `json:"quality,omitempty"`
	Uses    int        `json:"uses"`
	LastUse *time.Time `json:"last_use,omitempty"`
	// Senders are who sent it, the most first, as far as uses are counted: at most ten.
	Senders []TemplateUse `json:"senders,omitempty"`
}

// TemplateSync is how it stands with the listing of templates that the gateway does by
// itself.
type TemplateSync struct {
	Accounts []SyncedAccount `json:"accounts"`
}

// SyncedAccount is how it stands with an account.
type SyncedAccount struct {
	WABA string `json:"waba"`
	// Listed is when the list was last read to its end, if ever.
	Listed *time.Time `json:"listed,omitempty"`
	// Templates is how many there were.
	Templates int `json:"templates"`
	// Error says why the last time failed; "" where it did not.
	Error string `json:"error,omitempty"`
	// Next is when it is listed next.
	Next time.Time `json:"next"`
}

// Word is what somebody said of it, when, and where it was heard: in a webhook, an
// answer of Meta's API, or a price.
type Word struct {
	Value string           `json:"value"`
	Time  time.Time        `json:"time"`
	From  store.WordSource `json:"from"`
}
