package postgres

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/store"
)

// Examine reads all records and lines as they are at one moment, and what joins them. That
// the database's files are sound is for its own tools.
func (s *Store) Examine(ctx context.Context) (*store.CheckReport, error) {
	return s.engine.examine(ctx)
}

func (e *Engine) examine(ctx context.Context) (*store.CheckReport, error) {
	// A connection beside the pool's: it takes long, and sends need those.
	conn, err := pgx.ConnectConfig(ctx, e.pool.Config().ConnConfig)
	if err != nil {
		return nil, away(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	r := &store.CheckReport{Counts: make(map[string]int)}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		x := &examiner{ctx: ctx, tx: tx, CheckReport: r}
		return x.run()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", away(err))
	}
	return r, nil
}

// examiner reads in one transaction.
type examiner struct {
	ctx context.Context
	tx  pgx.Tx
	*store.CheckReport
}

func (x *examiner) run() error {
	var installation string
	err := x.tx.QueryRow(x.ctx, `select coalesce((select value from waguard.about where name = 'installation'), '')`).Scan(&installation)
	if err != nil {
		return err
	}
	if installation == "" {
		x.Problem("the database doesn't say whose it is")
	}
	err = x.tx.QueryRow(x.ctx, `
select count(*), coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class
where relnamespace = 'waguard'::regnamespace and relkind = 'r'`).Scan(&x.Tables, &x.Bytes)
	if err != nil {
		return err
	}
	for _, kind := range store.Kinds {
		if err := x.kind(kind); err != nil {
			return err
		}
	}
	for _, j := range []struct{ name, table string }{{"ledger entries", ledgerTable}, {"violations", violationTable}} {
		if err := x.journal(j.name, j.table); err != nil {
			return err
		}
	}
	return x.unknown()
}

func (x *examiner) get(key []byte) (value []byte, err error) {
	err = x.tx.QueryRow(x.ctx, `select (select value from waguard.state where key = $1 and shard = $2)`, key, shardOf(key)).Scan(&value)
	return value, err
}

// kind checks the records of a kind, page after page.
func (x *examiner) kind(kind store.Kind) error {
	type row struct{ shard, key, value []byte }
	from, to := []byte{kind.Prefix}, after([]byte{kind.Prefix})
	for {
		rows, err := x.tx.Query(x.ctx, `
select shard, key, value from waguard.state
where key >= $1 and key < $2 and value is not null order by key limit $3`, from, to, page)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (found row, err error) {
			return found, r.Scan(&found.shard, &found.key, &found.value)
		})
		if err != nil {
			return err
		}
		for _, r := range found {
			if !bytes.Equal(r.shard, shardOf(r.key)) {
				x.Problem("%s: record %x lies where it is not looked for", kind.Name, r.key)
			}
			if err := kind.Check(x.get, r.key, r.value); err != nil {
				x.Problem("%s: record %x: %v", kind.Name, r.key, err)
			}
		}
		x.Counts[kind.Name] += len(found)
		if len(found) < page {
			return x.ctx.Err()
		}
		from = append(bytes.Clone(found[page-1].key), 0)
	}
}

// unknown tells of records of no kind.
func (x *examiner) unknown() error {
	var known [][]byte
	for _, kind := range store.Kinds {
		known = append(known, []byte{kind.Prefix})
	}
	rows, err := x.tx.Query(x.ctx, `
select distinct substring(key from 1 for 1) from waguard.state
where value is not null and substring(key from 1 for 1) <> all($1::bytea[])`, known)
	if err != nil {
		return err
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	for _, prefix := range others {
		x.Notes = append(x.Notes, fmt.Sprintf("there are records that begin with %x, which this version doesn't know", prefix))
	}
	return err
}

// journal checks lines, page after page.
func (x *examiner) journal(name, table string) error {
	type line struct {
		id            [16]byte
		at            time.Time
		data, settled []byte
	}
	check := store.EntryChecks(x.get)
	from := line{at: time.Unix(0, 0)}
	for {
		rows, err := x.tx.Query(x.ctx, `
select id, at, data, settled from `+table+` where (at, id) > ($2, $1) order by at, id limit $3`,
			from.id, from.at, page)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (l line, err error) {
			return l, r.Scan(&l.id, &l.at, &l.data, &l.settled)
		})
		if err != nil {
			return err
		}
		for _, l := range found {
			id := store.ID(l.id)
			if !l.at.Equal(timeOf(id)) {
				x.Problem("%s: entry %s lies where it is not looked for", name, id)
			}
			if err := check(l.data); err != nil {
				x.Problem("%s: entry %s: %v", name, id, err)
			}
			if l.settled == nil {
				continue
			}
			x.Counts["settlements"]++
			if err := store.CheckSettled(l.settled); err != nil {
				x.Problem("%s: what became of %s: %v", name, id, err)
			}
		}
		x.Counts[name] += len(found)
		if n := len(found); n > 0 && table == ledgerTable {
			newest := store.ID(found[n-1].id).Moment().Time().UTC()
			x.Newest = &newest
		}
		if len(found) < page {
			return x.ctx.Err()
		}
		from = found[page-1]
	}
}

// counted is up to how many rows are counted; beyond, their number is estimated.
const counted = 10_000

// Count counts people and ledger entries; many are estimated.
func (s *Store) Count(ctx context.Context) (c store.Count, err error) {
	c.Where = s.where
	err = s.engine.with(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `select value from waguard.state where key >= $1 and key < $2 and value is not null limit $3`,
			[]byte{store.PeoplePrefix}, []byte{store.PeoplePrefix + 1}, counted)
		if err != nil {
			return err
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			return err
		}
		for _, value := range values {
			if store.HoldsPerson(value) {
				c.People.N++
			}
		}
		if len(values) == counted {
			all, err := planned(ctx, conn, fmt.Sprintf(`select from waguard.state where key >= '\x%02x' and key < '\x%02x' and value is not null`, store.PeoplePrefix, store.PeoplePrefix+1))
			if err != nil {
				return err
			}
			c.People = store.Tally{N: max(c.People.N, c.People.N*all/counted), Estimated: true}
		}
		if err := conn.QueryRow(ctx, `select count(*) from (select from waguard.ledger limit $1) as entries`, counted).Scan(&c.Entries.N); err != nil || c.Entries.N < counted {
			return err
		}
		all, err := planned(ctx, conn, `select from waguard.ledger`)
		c.Entries = store.Tally{N: max(c.Entries.N, all), Estimated: true}
		return err
	})
	return c, err
}

// planned is how many rows the planner expects of a query.
func planned(ctx context.Context, conn *pgx.Conn, query string) (n int64, err error) {
	var plan string
	if err := conn.QueryRow(ctx, `explain `+query).Scan(&plan); err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(plan, " rows=")
	if !found {
		return 0, nil
	}
	_, err = fmt.Sscan(strings.FieldsFunc(after, func(r rune) bool { return r == ' ' || r == ')' })[0], &n)
	return n, err
}
