package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// scaleResult is what stores of each size take.
type scaleResult struct {
	At      time.Time      `json:"at"`
	Machine machine        `json:"machine"`
	Path    string         `json:"path"`
	People  []*peopleScale `json:"people"`
	Ledger  []*ledgerScale `json:"ledger"`
}

// write prints tables in Markdown, and the command that made them.
func (r *scaleResult) write(w io.Writer, command string) error {
	fmt.Fprintf(w, "%s, %s, `%s`:\n\n", r.Machine, r.At.Format(time.DateOnly), command)
	fmt.Fprintln(w, "| contacts | learned in | anonymous memory meanwhile | disk per contact | start, clean | start after kill -9 | anonymous memory under load | above plain Caddy | lookup | backup |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, p := range r.People {
		fmt.Fprintf(w, "| %s | %s (%s/s) | %s | %d B | %s | %s | %s | %s | %s | %s |\n", comma(p.Contacts), short(p.Learning), comma(rate(p.Contacts, p.Learning)), mib(p.LearningMemory),
			p.PerContact, short(p.Clean), short(p.Killed), mib(p.Memory), mib(p.Above), short(p.Lookup), p.backedUp)
	}
	fmt.Fprintln(w, "\n| ledger entries | filled in | disk per entry | start, clean | start after kill -9 | anonymous memory | lookup | page of violations | report of 30 days | backup |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, l := range r.Ledger {
		fmt.Fprintf(w, "| %s | %s (%s/s) | %d B | %s | %s | %s | %s | %s | %s | %s |\n", comma(l.Entries), short(l.Filling), comma(rate(l.Entries, l.Filling)),
			l.PerEntry, short(l.Clean), short(l.Killed), mib(l.Memory), short(l.Lookup), short(l.Violations), short(l.Report), l.backedUp)
	}
	return nil
}

func (b backedUp) String() string {
	return fmt.Sprintf("%s, %s", short(b.Backup), humanize.IBytes(uint64(b.Size)))
}

func comma(n int) string { return humanize.Comma(int64(n)) }

func rate(n int, d time.Duration) int { return int(float64(n) / d.Seconds()) }

// short is a time with three digits that count.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	default:
		return strconv.FormatFloat(d.Seconds()*1000, 'g', 3, 64) + " ms"
	}
}
