package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/store"
)

// record is what a row says at a moment; zero where there is none.
type record struct {
	version int64
	value   []byte
}

// lineName is where a line lies.
type lineName struct {
	journal store.Journal
	id      store.ID
}

// lookup asks for records and lines.
type lookup struct {
	ctx     context.Context // of who asks
	keys    [][]byte
	names   []lineName
	records []record
	lines   []foundLine
	done    chan error
}

type foundLine struct {
	version       int64
	data, settled []byte
}

// lookUp reads records and lines as they are committed now, in one round trip with
// whoever looks at the same time.
func (e *Engine) lookUp(ctx context.Context, keys [][]byte, names []lineName, own []store.ID) (*lookup, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.entering.settle(ctx, names, own); err != nil {
		return nil, err
	}
	return e.ask(ctx, keys, names)
}

// lookUpNow is lookUp for who must not wait for the changes of others: it fails where
// something is on its way of the lines.
func (e *Engine) lookUpNow(ctx context.Context, keys [][]byte, names []lineName, own []store.ID) (*lookup, error) {
	if e.entering.underWay(names, own) {
		return nil, errUnderWay
	}
	return e.ask(ctx, keys, names)
}

func (e *Engine) ask(ctx context.Context, keys [][]byte, names []lineName) (*lookup, error) {
	l := &lookup{ctx: ctx, keys: keys, names: names, done: make(chan error, 1)}
	if err := e.reads.add(l); err != nil {
		return nil, err
	}
	if err := wait(ctx, l.done); err != nil {
		return nil, err
	}
	return l, nil
}

// Rows are found one by one, by the primary key, and the plan is kept, as in commit.sql.
const readRecords = `
select k.n, s.version, s.value
from unnest((select $1::bytea[]), $2::bytea[]) with ordinality as k(shard, key, n)
cross join lateral (
    select s.version, s.value from waguard.state s where s.key = k.key and s.shard = k.shard limit 1
) as s`

// readLines is for one journal.
var readLines = map[store.Journal]string{
	store.Ledger:     readLinesOf(ledgerTable),
	store.Violations: readLinesOf(violationTable),
}

func readLinesOf(table string) string {
	return `
select k.n, l.version, l.data, l.settled
from unnest((select $1::timestamptz[]), $2::uuid[]) with ordinality as k(at, id, n)
cross join lateral (
    select l.version, l.data, l.settled from ` + table + ` l where l.at = k.at and l.id = k.id limit 1
) as l`
}

// answerLookups is for [batcher].
func (e *Engine) answerLookups(all []*lookup) {
	all = slices.DeleteFunc(all, func(l *lookup) bool { return l.ctx.Err() != nil }) // nobody waits any longer
	if len(all) == 0 {
		return
	}
	err := e.retryRead(e.ctx, func(ctx context.Context, conn *pgx.Conn) error { return readAll(ctx, conn, all) })
	for _, l := range all {
		l.done <- err
	}
}

// readAll sends everything that is asked for in one round trip.
func readAll(ctx context.Context, conn *pgx.Conn, all []*lookup) error {
	var shards, keys [][]byte
	var recordsOf []*record
	lines := make(map[store.Journal]*lineQuery)
	for _, l := range all {
		l.records, l.lines = make([]record, len(l.keys)), make([]foundLine, len(l.names))
		for i, key := range l.keys {
			shards, keys, recordsOf = append(shards, shardOf(key)), append(keys, key), append(recordsOf, &l.records[i])
		}
		for i, name := range l.names {
			q := lines[name.journal]
			if q == nil {
				q = new(lineQuery)
				lines[name.journal] = q
			}
			q.add(name.id, &l.lines[i])
		}
	}
	var batch pgx.Batch
	if len(keys) > 0 {
		batch.Queue(readRecords, shards, keys).Query(func(rows pgx.Rows) error {
			var n int64
			var r record
			_, err := pgx.ForEachRow(rows, []any{&n, &r.version, &r.value}, func() error {
				*recordsOf[n-1] = r
				r.value = nil
				return nil
			})
			return err
		})
	}
	for journal, q := range lines {
		batch.Queue(readLines[journal], q.at, q.id).Query(func(rows pgx.Rows) error {
			var n int64
			var l foundLine
			_, err := pgx.ForEachRow(rows, []any{&n, &l.version, &l.data, &l.settled}, func() error {
				*q.of[n-1] = l
				l.data, l.settled = nil, nil
				return nil
			})
			return err
		})
	}
	if batch.Len() == 0 {
		return nil
	}
	return conn.SendBatch(ctx, &batch).Close()
}

// lineQuery asks for lines of a journal.
type lineQuery struct {
	at []time.Time
	id [][16]byte
	of []*foundLine
}

func (q *lineQuery) add(id store.ID, to *foundLine) {
	q.at, q.id, q.of = append(q.at, timeOf(id)), append(q.id, id), append(q.of, to)
}

// shardOf is what the records of one person, number or template have in common: the
// digest or pseudonym behind the kind.
func shardOf(key []byte) []byte {
	const name = 16
	if len(key) > 1+name {
		return key[1 : 1+name]
	}
	return key[min(1, len(key)):]
}
