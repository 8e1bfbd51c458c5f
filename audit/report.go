package audit

import (
	"fmt"
	"time"
)

// Report is what verifying a log has found.
type Report struct {
	// Origin is that of the newest tree, Verifier its key.
	Origin   string `json:"origin,omitempty"`
	Verifier string `json:"verifier,omitempty"`
	Epochs   uint32 `json:"epochs"`
	// Leaves and Root are those of the newest tree.
	Leaves uint64 `json:"leaves"`
	Root   string `json:"root,omitempty"`
	// Records are the consent records that were compared with their leaves,
	// Checkpoints the signed ones that were.
	Records     uint64 `json:"records"`
	Checkpoints int    `json:"checkpoints"`
	// Kept says of a checkpoint that was kept elsewhere what was found.
	Kept string `json:"kept_checkpoint,omitempty"`
	// Findings are what is not as it was written, the first of them; More is how many
	// others there are.
	Findings []Finding `json:"findings,omitempty"`
	More     int       `json:"more_findings,omitempty"`
}

// Finding is something that is not as it was written. It names no person.
type Finding struct {
	Epoch uint32  `json:"epoch,omitempty"`
	Index *uint64 `json:"index,omitempty"`
	// Record is the record's id, Time when it was given.
	Record string     `json:"record,omitempty"`
	Time   *time.Time `json:"time,omitempty"`
	What   string     `json:"what"`
}

// String is the finding as a line.
func (f Finding) String() string {
	s := ""
	if f.Index != nil {
		s = fmt.Sprintf("leaf %d", *f.Index)
		if f.Epoch > 1 {
			s += fmt.Sprintf(" of epoch %d", f.Epoch)
		}
	}
	if f.Record != "" {
		if s != "" {
			s += ", "
		}
		s += "record " + f.Record
	}
	if f.Time != nil {
		s += " of " + f.Time.UTC().Format(time.RFC3339)
	}
	if s != "" {
		s += ": "
	}
	return s + f.What
}

// Sound reports that everything is as it was written.
func (r *Report) Sound() bool { return len(r.Findings) == 0 }

// mostFindings is how many findings a report has at most.
const mostFindings = 50

// Add adds a finding.
func (r *Report) Add(f Finding) {
	if len(r.Findings) == mostFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// Proof is that of one record, with what it is about.
type Proof struct {
	Epoch    uint32 `json:"epoch"`
	Index    uint64 `json:"index"`
	Verifier string `json:"verifier"`
	// Leaf is the leaf's exact bytes, Proof a file as c2sp.org/tlog-proof lays it down.
	Leaf  string `json:"leaf"`
	Proof string `json:"proof"`
	// Opening is what the leaf commits to; nil where that is gone, or wasn't asked for.
	Opening *Opening `json:"opening,omitempty"`
}

// Signed is a signed checkpoint, and the key to verify it with.
type Signed struct {
	Checkpoint string `json:"checkpoint"`
	Verifier   string `json:"verifier"`
}
