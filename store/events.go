package store

import (
	"encoding/hex"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// EventID names an account event. Ids sort by time.
type EventID [16]byte

// IsZero reports that id names nothing.
func (id EventID) IsZero() bool { return id == EventID{} }

// String is the id in hexadecimal digits.
func (id EventID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the id as String does.
func (id EventID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *EventID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseEventID(string(text))
	return err
}

// ParseEventID reads what String wrote.
func ParseEventID(s string) (id EventID, err error) {
	if len(s) != hex.EncodedLen(len(id)) {
		return EventID{}, fmt.Errorf("%q is not the id of an event", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return EventID{}, fmt.Errorf("%q is not the id of an event", s)
	}
	return id, nil
}

// AccountEvent is an account event as it is kept.
type AccountEvent struct {
	ID EventID `json:"id"`
	policy.AccountEvent
}

// EventFilter selects account events. Zero fields select everything.
type EventFilter struct {
	// From and To bound the time of the event: From inclusive, To exclusive.
	From, To policy.Moment
	// Before yields only events older than this one: the last of the page before.
	Before EventID
	// PhoneNumberID selects the events of a number, and those of its whole
	// account: of WABA if given, else of the one webhooks named for the number.
	PhoneNumberID string
	WABA          string
	Kind          policy.AccountEventKind
	// Severity is the least severity.
	Severity policy.Severity
	// Limit is the most events to yield; zero is no limit.
	Limit int
}

// Selects reports whether e matches what the filter says beside time and page.
// The filter names the account of its phone number.
func (f *EventFilter) Selects(e *policy.AccountEvent) bool {
	switch {
	case f.Kind != "" && f.Kind != e.Kind, e.Severity < f.Severity:
		return false
	case f.PhoneNumberID == "":
		return f.WABA == "" || f.WABA == e.WABA
	case e.PhoneNumberID != "":
		return f.PhoneNumberID == e.PhoneNumberID
	}
	return e.Display == "" && f.WABA != "" && f.WABA == e.WABA
}
