package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// keeper makes the partitions that come, drops those that are over, and deletes what
// has expired. Every gateway may; two that do at the same time don't disturb each other.
type keeper struct {
	e    *Engine
	done sync.WaitGroup
	// making is locked by whoever makes partitions.
	making sync.Mutex
	// known is what was found out about the partitions; nil for nothing yet.
	known atomic.Pointer[keeping]
	// scarce: there is a notice, which was logged.
	scarce atomic.Bool
}

const (
	// keepEvery is how often a gateway looks, at odd times.
	keepEvery = time.Hour
	// ahead is for how long there are partitions already.
	ahead = 40 * 24 * time.Hour
	// sweptAtOnce bounds how many rows one statement deletes.
	sweptAtOnce = 5000
)

func (k *keeper) begin(e *Engine) {
	k.e = e
	k.done.Go(k.run)
}

func (k *keeper) wait() { k.done.Wait() }

func (k *keeper) run() {
	for first := true; ; first = false {
		pause := keepEvery/2 + rand.N(keepEvery) // #nosec G404 -- it only spreads them
		if first || k.scarce.Load() {
			pause = soon/2 + rand.N(soon/2) // #nosec G404 -- as above
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-k.e.ctx.Done():
			timer.Stop()
			return
		}
		if err := k.e.Sweep(k.e.ctx); err != nil && k.e.ctx.Err() == nil {
			k.e.o.Logger.Warn("the database could not be tidied up; it is tried again", zap.Error(err))
		}
	}
}

// soon is how long a gateway waits until it looks again whether somebody has done what it
// may not do itself.
const soon = time.Minute

// Sweep makes the partitions that come, drops those whose lines are all older than they
// are kept, and deletes records that have expired.
func (e *Engine) Sweep(ctx context.Context) error {
	now, err := e.databaseNow(ctx)
	if err != nil {
		return err
	}
	if _, err := e.maintain(ctx); err != nil && !errors.Is(err, errNotOwner) {
		return err
	}
	notice := e.keeper.notice(now)
	if notice != "" && !e.keeper.scarce.Load() {
		e.o.Logger.Error(notice)
	}
	e.keeper.scarce.Store(notice != "")
	if keep := e.o.LedgerRetention; keep > 0 {
		const sums = `delete from waguard.state where (key, shard) in (select key, shard from waguard.state where key > $2 and key < $3 limit $1)`
		if err := e.deleteAll(ctx, sums, []byte{store.SumsPrefix}, store.SumsBefore(now.Add(-keep))); err != nil {
			return err
		}
	}
	for _, statement := range []string{
		// A row may be written anew while this waits for it: that it has expired is asked of
		// what is deleted, too. What others hold is left for the next time.
		`delete from waguard.state where until < $2 and (key, shard) in (select key, shard from waguard.state where until < $2 order by until limit $1 for update skip locked)`,
		`delete from waguard.batch where id in (select id from waguard.batch where at < $2::timestamptz - interval '1 day' order by at limit $1)`,
	} {
		if err := e.deleteAll(ctx, statement, now); err != nil {
			return err
		}
	}
	return nil
}

// deleteAll runs a statement that deletes as many rows at most as its first argument says,
// until it finds fewer. The others are for it.
func (e *Engine) deleteAll(ctx context.Context, statement string, others ...any) error {
	arguments := append([]any{sweptAtOnce}, others...)
	for n := int64(sweptAtOnce); n == sweptAtOnce; {
		err := e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, statement, arguments...)
			n = tag.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) databaseNow(ctx context.Context) (now time.Time, err error) {
	if e.o.DatabaseNow != nil {
		return e.o.DatabaseNow(), nil
	}
	err = e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `select clock_timestamp()`).Scan(&now)
	})
	return now, err
}

// monthOf is the first moment of a month.
func monthOf(at time.Time) time.Time {
	at = at.UTC()
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// partitionsFor makes the partitions that the lines of a batch go into.
func (k *keeper) partitionsFor(ctx context.Context, b *batch) error {
	months := make(map[time.Time]bool)
	for name := range b.lines {
		months[monthOf(timeOf(name.id))] = true
	}
	for month := range months {
		if err := k.partitions(ctx, month); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) partitions(ctx context.Context, month time.Time) error {
	k.making.Lock()
	defer k.making.Unlock()
	for _, table := range []string{ledgerTable, violationTable} {
		if err := k.partition(ctx, table, month); err != nil {
			return fmt.Errorf("making the partition of %s for %s: %w", table, month.Format("January 2006"), err)
		}
	}
	return nil
}

// partition makes a table first and attaches it then, for which nobody who reads or
// writes has to wait.
func (k *keeper) partition(ctx context.Context, table string, month time.Time) error {
	name := partitionName(table, month)
	return k.e.with(ctx, func(conn *pgx.Conn) error {
		var attached bool
		err := conn.QueryRow(ctx, `select exists (select from pg_inherits where inhrelid = to_regclass($1))`, name).Scan(&attached)
		if err != nil || attached {
			return err
		}
		for _, statement := range []string{
			`create table if not exists ` + name + ` (like ` + table + ` including all)`,
			fmt.Sprintf(`alter table %s attach partition %s for values from ('%s') to ('%s')`, table, name, month.Format(time.RFC3339), month.AddDate(0, 1, 0).Format(time.RFC3339)),
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				switch codeOf(err) {
				case codeTableThere, codeTypeThere, codeDuplicate, "42809", "42P17", "55000": // somebody else did, at the same time
					continue
				}
				return err
			}
		}
		return nil
	})
}

func partitionName(table string, month time.Time) string { return table + month.Format("_200601") }

// dropBefore drops the partitions all of whose lines are older, attached or not.
func (e *Engine) dropBefore(ctx context.Context, table string, oldest time.Time) error {
	short := strings.TrimPrefix(table, "waguard.")
	var names []string
	err := e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `select relname from pg_class where relnamespace = 'waguard'::regnamespace and relkind = 'r' and relname ~ ('^' || $1 || '_[0-9]{6}$')`, short)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	for _, name := range names {
		month, parsed := time.Parse("200601", strings.TrimPrefix(name, short+"_"))
		if parsed != nil || month.AddDate(0, 1, 0).After(oldest) {
			continue
		}
		if err := e.drop(ctx, table, name); err != nil {
			return fmt.Errorf("dropping the partition %s: %w", name, err)
		}
		e.o.Logger.Info("dropped what is older than it is kept", zap.String("partition", name))
	}
	return err
}

func (e *Engine) drop(ctx context.Context, table, name string) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		var attached, pending bool
		err := conn.QueryRow(ctx, `select inhdetachpending from pg_inherits where inhrelid = to_regclass('waguard.' || $1)`, name).Scan(&pending)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return err
		default:
			attached = true
		}
		if attached {
			how := "concurrently"
			if pending {
				how = "finalize"
			}
			if _, err := conn.Exec(ctx, `alter table `+table+` detach partition waguard.`+name+` `+how); err != nil && codeOf(err) != codeNoTable {
				return err
			}
		}
		_, err = conn.Exec(ctx, `drop table if exists waguard.`+name)
		return err
	})
}

// Redact lets redact change lines, which nobody enters or settles meanwhile.
func (e *Engine) Redact(ctx context.Context, j store.Journal, ids []store.ID, redact func(*store.Line) error) error {
	if err := e.serving(ctx); err != nil {
		return err
	}
	table := tables[j]
	// Lines are held in the order of their ids, as in commit.sql.
	ids = slices.SortedFunc(slices.Values(ids), func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) })
	return e.with(ctx, func(conn *pgx.Conn) error {
		return confirmed(conn, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, id := range ids {
				var data, settled []byte
				err := tx.QueryRow(ctx, `select data, settled from `+table+` where at = $1 and id = $2 for no key update`, timeOf(id), [16]byte(id)).Scan(&data, &settled)
				if errors.Is(err, pgx.ErrNoRows) {
					continue
				}
				if err != nil {
					return err
				}
				l := store.Line{ID: id, Data: data, Settled: settled}
				if err := redact(&l); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `update `+table+` set data = $3, settled = $4, version = version + 1 where at = $1 and id = $2`, timeOf(id), [16]byte(id), l.Data, l.Settled); err != nil {
					return err
				}
			}
			return nil
		}))
	})
}
