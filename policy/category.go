package policy

import "strings"

// Category is what a send is billed as.
type Category string

// The categories of sends. They are Meta's pricing categories plus CategoryNone
// for what is no message and CategoryUnknown for what nobody has told us yet.
const (
	CategoryMarketing      Category = "marketing"
	CategoryMarketingLite  Category = "marketing_lite" // sent through /marketing_messages
	CategoryUtility        Category = "utility"
	CategoryAuthentication Category = "authentication"
	CategoryService        Category = "service" // free-form
	CategoryNone           Category = "none"    // read receipts, typing, call control
	CategoryUnknown        Category = "unknown"
)

// ParseCategory reads a category in any case, as templates and webhooks write
// it. What it does not know is CategoryUnknown.
func ParseCategory(s string) Category {
	switch c := Category(strings.ToLower(s)); c {
	case CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication, CategoryService:
		return c
	}
	return CategoryUnknown
}

// Scope is what a consent is for.
type Scope uint8

const (
	// Marketing consent covers promotional templates.
	Marketing Scope = iota
	// Transactional consent covers utility templates, and free-form messages
	// where the policy demands consent for them.
	Transactional
	// Authentication consent covers one-time codes.
	Authentication

	// Scopes is the number of scopes.
	Scopes = 3
)

// AllScopes is every scope: what START, STOP and a general opt-in stand for.
var AllScopes = []Scope{Marketing, Transactional, Authentication}

var scopeNames = [Scopes]string{"marketing", "transactional", "authentication"}

// String is the scope's name in config, logs and reports.
func (s Scope) String() string { return nameOf(scopeNames[:], s) }

// MarshalText writes the scope's name.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Scope) UnmarshalText(text []byte) error { return parseName(scopeNames[:], string(text), s) }

// ParseScope reads one scope, or "all".
func ParseScope(s string) ([]Scope, bool) {
	if s == "all" {
		return AllScopes, true
	}
	for i, name := range scopeNames {
		if s == name {
			return []Scope{Scope(i)}, true
		}
	}
	return nil, false
}

// Scope is the consent a message of category c needs. A category nobody knows
// needs the consent that is hardest to get.
func (c Category) Scope() Scope {
	switch c {
	case CategoryUtility, CategoryService, CategoryNone:
		return Transactional
	case CategoryAuthentication:
		return Authentication
	}
	return Marketing
}
