package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
	"github.com/waguard/waguard/internal/partition"
	"github.com/waguard/waguard/store"
)

// onTheWay is how long before its delivery a message may have been sent.
const onTheWay = 31 * 24 * time.Hour

// folder writes rows of a kind into folders.
type folder[T any, R row[T]] struct {
	*exporting
	from read[T]
	// rows are those that were read, and of files some are new, replaced by others, or gone.
	rows, added, replaced, gone int
}

func writeFolder[T any, R row[T]](ctx context.Context, e *exporting, from read[T]) error {
	w := &folder[T, R]{exporting: e, from: from}
	if e.follow {
		return w.goOn(ctx)
	}
	if err := w.once(ctx); err != nil {
		return err
	}
	e.hint("%s: %s; of its partitions %d are new, %d replaced, %d removed", e.into, plural(w.rows, "row"), w.added, w.replaced, w.gone)
	return nil
}

// opened is the folder, for nobody else meanwhile.
func (w *folder[T, R]) opened() (*partition.Folder, error) {
	return partition.Open(w.into, partition.Layout{
		What: string(w.kind), Schema: w.kind.Schema(), Format: string(w.format), Dialect: string(w.options.Dialect), Business: w.PhoneNumberID, Issuer: w.issuer, Final: w.final,
	})
}

// once writes what was asked for.
func (w *folder[T, R]) once(ctx context.Context) (err error) {
	f, err := w.opened()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !f.New && !w.replace && !w.final {
		return misused("%s holds an export: --replace writes the files anew whose rows changed, --follow adds what is new", named(w.into))
	}
	return w.sweep(ctx, f, w.SendSelection)
}

func (w *folder[T, R]) run(f *partition.Folder) *partition.Run[T] {
	return partition.NewRun(f, func(to io.Writer) (export.Writer[T], error) { return export.NewWriter[T](to, w.format, w.options) })
}

// sweep writes all partitions of a selection, where they are new or changed.
func (w *folder[T, R]) sweep(ctx context.Context, f *partition.Folder, s adminapi.SendSelection) error {
	if w.final && !w.replace {
		s.From = max(s.From, f.State.FinalBefore)
	}
	if s.From != "" && s.From >= s.To && s.To != "" {
		return nil
	}
	run := w.run(f)
	defer run.Drop()
	var asked *adminapi.SendPage // the first answer
	var horizon time.Time
	incomplete := "" // the last day of which something is kept no longer
	// Where it also writes what --follow would add, that begins anew should this be interrupted:
	// else rows were there twice.
	reaches := s.To == "" || s.To > billing.Day(f.State.Through.Add(-latestDay), time.UTC)
	publish := func(complete func(day string) bool) error {
		parts, err := run.Finish(complete)
		if err != nil || len(parts) == 0 {
			return err
		}
		if reaches {
			f.State.Through, f.State.Beyond = time.Time{}, nil
		}
		added, replaced, err := f.Replace(parts, func(day string) bool { return day <= incomplete })
		w.added, w.replaced = w.added+added, w.replaced+replaced
		return err
	}
	bounded := s.To != "" || !f.State.Through.IsZero() && s.From > billing.Day(f.State.Through.Add(-latestDay), time.UTC)
	through, beyond := f.State.Through, make(map[string]bool)
	if bounded {
		for _, id := range f.State.Beyond {
			beyond[id] = true
		}
	}
	err := w.from(ctx, s, func(p *adminapi.SendPage) {
		if asked != nil {
			return
		}
		asked = p
		incomplete = w.incompleteUntil(p)
		if horizon = p.Now.Add(-w.delay).Truncate(time.Millisecond); !bounded {
			through = horizon
		}
	}, func(row *T) error {
		place := R(row).In()
		if w.final && place.Day <= incomplete {
			return nil
		}
		if send, ok := any(row).(*export.Send); ok && !w.final && !through.IsZero() && !send.Time.Before(through) {
			beyond[send.ID] = true
		}
		w.rows++
		return run.Write(place, row)
	}, publish)
	if err == nil {
		err = publish(partition.All)
	}
	if err != nil {
		return err
	}
	// What was removed meanwhile, in the store or by another configuration, goes here as well.
	w.gone, err = f.Vanish(run.Seen, func(day string) bool {
		return day >= s.From && (s.To == "" || day < s.To) && day > incomplete && (!w.final || day < asked.FinalBefore)
	})
	if err != nil {
		return err
	}
	f.State.Through, f.State.Beyond = through, f.State.Beyond[:0]
	for id := range beyond {
		f.State.Beyond = append(f.State.Beyond, id)
	}
	if w.kind != export.Ledger || w.final {
		f.State.Through, f.State.Beyond = time.Time{}, nil
	}
	if w.final {
		if incomplete >= asked.FinalBefore {
			return fmt.Errorf("no day is both final and kept whole: a day is final 45 days after it ended, and what it needs is kept from %s on (ledger_retention)", incomplete)
		}
		w.warnOfGap(f, incomplete)
		end := asked.FinalBefore
		if s.To != "" {
			end = min(end, s.To)
		}
		f.State.FinalBefore = max(f.State.FinalBefore, end)
	}
	return f.Save()
}

// incompleteUntil is the last day that isn't kept whole any more, or can't be reckoned whole.
func (w *folder[T, R]) incompleteUntil(p *adminapi.SendPage) string {
	if p.KeptSince == nil {
		return ""
	}
	since := p.KeptSince.Add(latestDay)
	if w.kind == export.Ledger {
		return billing.Day(since, time.UTC)
	}
	// A day's deliveries were sent up to a month before, and their prices depend on all that were
	// delivered in the month.
	since = since.Add(onTheWay)
	return time.Date(since.Year(), since.Month()+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// warnOfGap tells of days that the ledger forgot before they were exported.
func (w *folder[T, R]) warnOfGap(f *partition.Folder, incomplete string) {
	if f.State.FinalBefore != "" && f.State.FinalBefore <= incomplete {
		w.hint("the days from %s to %s are not there: the ledger doesn't keep them whole any more (ledger_retention)", f.State.FinalBefore, incomplete)
	}
}

// goOn writes what is new until Ctrl-C.
func (w *folder[T, R]) goOn(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	trouble := ""
	for first := true; ; first = false {
		w.rows, w.added, w.replaced, w.gone = 0, 0, 0, 0
		err := w.look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			trouble = ""
			if w.added+w.replaced+w.gone > 0 {
				w.hint("%s: %s; %d files are new, %d replaced, %d removed", w.into, plural(w.rows, "row"), w.added, w.replaced, w.gone)
			}
		case first && !errors.Is(err, partition.ErrBusy), errors.Is(err, partition.ErrOther):
			return err
		case trouble != err.Error():
			// A gateway that restarts, another export or a full disk: it goes on when it can.
			trouble = err.Error()
			w.hint("%s; trying again", printed(trouble))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.interval):
		}
	}
}

// look writes what is new by now.
func (w *folder[T, R]) look(ctx context.Context) (err error) {
	f, err := w.opened()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if w.kind != export.Ledger || w.final || f.State.Through.IsZero() {
		return w.sweep(ctx, f, w.SendSelection)
	}
	for {
		more, err := w.append(ctx, f)
		if err != nil || !more {
			return err
		}
	}
}

// mostAtOnce is how much time is followed up at once.
const mostAtOnce = 24 * time.Hour

// append adds what was decided since the last time, and is whether there is more.
func (w *folder[T, R]) append(ctx context.Context, f *partition.Folder) (more bool, err error) {
	from := f.State.Through
	until := from.Add(mostAtOnce)
	run := w.run(f)
	defer run.Drop()
	there := make(map[string]bool)
	for _, id := range f.State.Beyond {
		there[id] = true
	}
	asked, rows := false, 0
	s := adminapi.SendSelection{From: from.Format(time.RFC3339Nano), To: until.Format(time.RFC3339Nano), PhoneNumberID: w.PhoneNumberID}
	err = w.from(ctx, s, func(p *adminapi.SendPage) {
		if asked {
			return
		}
		asked = true
		if horizon := p.Now.Add(-w.delay).Truncate(time.Millisecond); horizon.Before(until) {
			until = horizon
		}
		if p.Now.Before(from) {
			w.hint("the gateway's clock is behind what was exported: it was set back. What is decided until it has caught up is left out; --replace writes it")
		}
		if p.KeptSince != nil && p.KeptSince.After(from) {
			w.hint("what was decided from %s to %s is not there: the ledger forgot it before it was exported (ledger_retention)", from.Format(tableTime), p.KeptSince.Format(tableTime))
		}
	}, func(row *T) error {
		send, ok := any(row).(*export.Send)
		if !ok || !send.Time.Before(until) || there[send.ID] {
			return nil
		}
		rows++
		return run.Write(R(row).In(), row)
	}, func(func(string) bool) error { return nil })
	if err != nil {
		return false, err
	}
	whole := until.Sub(from) == mostAtOnce
	if w.rows += rows; rows == 0 && !whole || !until.After(from) {
		return false, nil
	}
	parts, err := run.Finish(partition.All)
	if err != nil {
		return false, err
	}
	w.added += len(parts)
	f.State.Through = until
	var beyond []string
	for id := range there {
		if parsed, err := store.ParseID(id); err == nil && !parsed.Moment().Time().Before(until) {
			beyond = append(beyond, id)
		}
	}
	f.State.Beyond = beyond
	return whole, f.Add(parts, strings.ReplaceAll(until.UTC().Format("20060102T150405.000Z"), ".", ""))
}
