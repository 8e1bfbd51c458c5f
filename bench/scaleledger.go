package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// ledgerScale is what a store with so many ledger entries takes.
type ledgerScale struct {
	Entries  int           `json:"entries"`
	Filling  time.Duration `json:"filling"` // in bulk, three statuses each
	PerEntry int64         `json:"disk_bytes_per_entry"`
	starts
	// Memory is anonymous, after a start and everything below.
	Memory     int64         `json:"anonymous_bytes"`
	Lookup     time.Duration `json:"lookup"`     // median, of an entry by its id
	Violations time.Duration `json:"violations"` // median, of the newest page
	Report     time.Duration `json:"report"`     // the first, over 30 days
	backedUp
}

func (s *scaled) ledger(ctx context.Context, n int) (*ledgerScale, error) {
	r := &ledgerScale{Entries: n}
	empty, filled, err := s.fill(ctx, n)
	if err != nil {
		return r, err
	}
	r.Filling = filled.took
	full, err := onDisk(s.store)
	if err != nil {
		return r, err
	}
	r.PerEntry = (full - empty) / int64(n)
	if r.starts, err = s.started(ctx, fillPeople); err != nil {
		return r, err
	}
	admin, err := adminapi.NewClient(s.gateway.admin)
	if err != nil {
		return r, err
	}
	r.Lookup, err = medianTime(func(i int) error {
		_, err := admin.Page(ctx, adminapi.Ledger, adminapi.Selection{ID: filled.some[i%len(filled.some)].String()})
		return err
	})
	if err != nil {
		return r, err
	}
	r.Violations, err = medianTime(func(int) error {
		_, err := admin.Page(ctx, adminapi.Violations, adminapi.Selection{From: "744h"})
		return err
	})
	if err != nil {
		return r, err
	}
	before := time.Now()
	report, err := admin.Report(ctx, adminapi.ReportSelection{Selection: adminapi.Selection{From: "744h"}})
	if err != nil {
		return r, err
	}
	r.Report = time.Since(before)
	if allowed := n - (n+fillRefused-1)/fillRefused; report.Total.Accepted < allowed {
		return r, fmt.Errorf("the report counts %d accepted sends of %d", report.Total.Accepted, allowed)
	}
	if r.backedUp, err = backUp(ctx, admin); err != nil {
		return r, err
	}
	_, r.Memory, err = resident(s.gateway.cmd.Process.Pid)
	return r, err
}

// asked is how often something is asked of which the median is taken.
const asked = 21

// medianTime is the median of how long something takes.
func medianTime(ask func(i int) error) (time.Duration, error) {
	var took latencies
	for i := range asked {
		before := time.Now()
		if err := ask(i); err != nil {
			return 0, err
		}
		took = append(took, time.Since(before))
	}
	slices.Sort(took)
	return median(took), nil
}

// backedUp is a backup while the gateway serves.
type backedUp struct {
	Backup time.Duration `json:"backup"`
	Size   int64         `json:"backup_bytes"`
}

func backUp(ctx context.Context, admin *adminapi.Client) (b backedUp, err error) {
	before := time.Now()
	backup, err := admin.Backup(ctx, adminapi.BackupRequest{})
	if err != nil {
		return b, err
	}
	defer backup.Close()
	b.Size, err = io.Copy(io.Discard, backup)
	b.Backup = time.Since(before)
	return b, err
}
