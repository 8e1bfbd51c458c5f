package store

import (
	"fmt"
	"time"
)

// CheckReport says what a check of a store has found.
type CheckReport struct {
	// Tables, Logs and Bytes are what was read and verified.
	Tables int   `json:"tables"`
	Logs   int   `json:"logs"`
	Bytes  int64 `json:"bytes"`
	// Transaction is the number of the newest one, Newest the time of the newest
	// ledger entry.
	Transaction uint64     `json:"transaction"`
	Newest      *time.Time `json:"newest_entry,omitempty"`
	// Counts are the records there are, by kind.
	Counts map[string]int `json:"counts"`
	// Problems say in words what is wrong, the first of them. More is how many
	// others there are.
	Problems []string `json:"problems,omitempty"`
	More     int      `json:"more_problems,omitempty"`
	// Notes are worth knowing and no problem.
	Notes []string `json:"notes,omitempty"`
}

// Sound reports that no problem was found.
func (r *CheckReport) Sound() bool { return len(r.Problems) == 0 }

// mostProblems is how many problems a report has at most.
const mostProblems = 50

// Problem adds one, in the words of [fmt.Sprintf].
func (r *CheckReport) Problem(format string, args ...any) {
	if len(r.Problems) == mostProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}
