package adminapi

import "fmt"

// Diagnosis is what a gateway found when it looked at itself.
type Diagnosis struct {
	Findings []Finding `json:"findings"`
}

// Finding is what a check found.
type Finding struct {
	// Check is what was looked at.
	Check  string      `json:"check"`
	Status CheckStatus `json:"status"`
	// Finding is what was found, Remedy what to do about it; "" where nothing is to
	// be done.
	Finding string `json:"finding"`
	Remedy  string `json:"remedy,omitempty"`
}

// CheckStatus says how it is with what was looked at.
type CheckStatus string

const (
	// CheckOK: it is as it should be.
	CheckOK CheckStatus = "ok"
	// CheckNote: it may be meant so; it could be better.
	CheckNote CheckStatus = "note"
	// CheckProblem: something doesn't work, or soon won't.
	CheckProblem CheckStatus = "problem"
	// CheckUnchecked: it could not be looked at.
	CheckUnchecked CheckStatus = "unchecked"
)

// OK is a finding of what is as it should be.
func OK(check, finding string, args ...any) Finding {
	return Finding{check, CheckOK, fmt.Sprintf(finding, args...), ""}
}

// Note is a finding of what could be better.
func Note(check, remedy, finding string, args ...any) Finding {
	return Finding{check, CheckNote, fmt.Sprintf(finding, args...), remedy}
}

// Trouble is a finding of what doesn't work, or soon won't.
func Trouble(check, remedy, finding string, args ...any) Finding {
	return Finding{check, CheckProblem, fmt.Sprintf(finding, args...), remedy}
}

// Unchecked is a finding of what could not be looked at, and how it can be.
func Unchecked(check, remedy, finding string, args ...any) Finding {
	return Finding{check, CheckUnchecked, fmt.Sprintf(finding, args...), remedy}
}
