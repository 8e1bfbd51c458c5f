package postgres

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/store"
)

// page is how many rows of a scan or a walk one statement gives.
const page = 1000

// records are what is committed, read at the moment of each call.
type records struct {
	e   *Engine
	ctx context.Context
}

func (r records) Get(keys ...[]byte) ([][]byte, error) {
	l, err := r.e.lookUp(r.ctx, keys, nil, nil)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i := range keys {
		values[i] = l.records[i].value
	}
	return values, nil
}

// Read is like Get, and tells versions.
func (r records) Read(keys ...[]byte) ([]store.Reading, error) {
	l, err := r.e.lookUp(r.ctx, keys, nil, nil)
	if err != nil {
		return nil, err
	}
	read := make([]store.Reading, len(keys))
	for i, f := range l.records {
		read[i] = store.Reading{Version: f.version, Value: f.value}
	}
	return read, nil
}

func (r records) Find(j store.Journal, id store.ID) (*store.Line, error) {
	l, err := r.e.lookUp(r.ctx, nil, []lineName{{j, id}}, nil)
	if err != nil {
		return nil, err
	}
	return lineOf(id, &l.lines[0]), nil
}

// lineOf is nil where there is none.
func lineOf(id store.ID, f *foundLine) *store.Line {
	if f.version == 0 {
		return nil
	}
	return &store.Line{ID: id, Data: f.data, Settled: f.settled}
}

const (
	scanUp   = `select key, value from waguard.state where key >= $1 and key < $2 and value is not null order by key`
	scanDown = `select key, value from waguard.state where key >= $1 and key < $2 and value is not null order by key desc`
)

func (r records) Scan(prefix []byte, visit func(key, value []byte) (bool, error)) error {
	return r.scan(scanUp, prefix, after(prefix), visit)
}

func (r records) ScanBack(prefix, last []byte, visit func(key, value []byte) (bool, error)) error {
	to := append(bytes.Clone(last), 0)
	if end := after(prefix); bytes.Compare(end, to) < 0 {
		to = end
	}
	return r.scan(scanDown, prefix, to, visit)
}

type keyed struct{ key, value []byte }

// scan visits what one statement gives, which is of one moment. Most give little: that is
// visited when the connection is free again. A long one keeps it, and its place among few:
// whoever visits may need others.
func (r records) scan(statement string, from, to []byte, visit func(key, value []byte) (bool, error)) error {
	var few []keyed
	err := r.e.retryRead(r.ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, statement+` limit $3`, from, to, fewScanned+1)
		if err != nil {
			return err
		}
		few, err = pgx.AppendRows(few[:0], rows, scanKeyed)
		return err
	})
	if err != nil {
		return err
	}
	if len(few) > fewScanned {
		return r.scanMany(statement, from, to, visit)
	}
	_, err = visitAll(few, visit)
	return err
}

// fewScanned is how many rows a scan reads at once.
const fewScanned = 128

func scanKeyed(row pgx.CollectableRow) (k keyed, err error) {
	err = row.Scan(&k.key, &k.value)
	return k, err
}

func visitAll(all []keyed, visit func(key, value []byte) (bool, error)) (enough bool, err error) {
	for _, k := range all {
		if enough, err := visit(k.key, k.value); enough || err != nil {
			return enough, err
		}
	}
	return false, nil
}

// scanMany visits rows part by part: a cursor shows them as they were when it was made.
func (r records) scanMany(statement string, from, to []byte, visit func(key, value []byte) (bool, error)) error {
	select {
	case r.e.streams <- struct{}{}:
		defer func() { <-r.e.streams }()
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	var visited error // what visit says is none of the database's
	err := r.e.with(r.ctx, func(conn *pgx.Conn) error {
		return pgx.BeginTxFunc(r.ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(r.ctx, `declare scan no scroll cursor for `+statement, from, to); err != nil {
				return err
			}
			for {
				r.e.counts.statements.Add(1)
				rows, err := tx.Query(r.ctx, `fetch `+strconv.Itoa(page)+` from scan`)
				if err != nil {
					return err
				}
				part, err := pgx.CollectRows(rows, scanKeyed)
				if err != nil || len(part) == 0 {
					return err
				}
				var enough bool
				if enough, visited = visitAll(part, visit); enough || visited != nil {
					return nil
				}
			}
		})
	})
	switch {
	case visited != nil:
		return visited
	case err != nil:
		return away(err)
	}
	return nil
}

// after is the first key behind all with a prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return bytes.Repeat([]byte{0xff}, 64)
}

// walkOf is the statement that walks a journal. What isn't wanted is empty.
func walkOf(table string) string {
	return `
select id, data, settled from ` + table + `
where at >= $1 and at <= $2 and (at, id) < ($2, $3) and id >= $4
  and ($5 = '' or phone_number_id = $5) and ($6 = '' or rule = $6) and ($7 = '' or template = $7)
  and ($8 = '' or sender = $8 or token = $8)
order by at desc, id desc limit $9`
}

var walks = map[store.Journal]string{store.Ledger: walkOf(ledgerTable), store.Violations: walkOf(violationTable)}

// tables are those of the journals.
var tables = map[store.Journal]string{store.Ledger: ledgerTable, store.Violations: violationTable}

const (
	ledgerTable    = "waguard.ledger"
	violationTable = "waguard.violation"
)

func (r records) Walk(w store.Walk, visit func(*store.Line) (bool, error)) error {
	from, before := timeOf(w.From), w.Before
	for {
		var lines []*store.Line
		err := r.e.retryRead(r.ctx, func(ctx context.Context, conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, walks[w.Journal], from, timeOf(before), [16]byte(before), [16]byte(w.From),
				w.Wanted.PhoneNumberID, w.Wanted.Rule, w.Wanted.Template, w.Wanted.Sender, page)
			if err != nil {
				return err
			}
			lines = lines[:0]
			var id [16]byte
			var data, settled []byte
			_, err = pgx.ForEachRow(rows, []any{&id, &data, &settled}, func() error {
				lines = append(lines, &store.Line{ID: id, Data: data, Settled: settled})
				data, settled = nil, nil
				return nil
			})
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range lines {
			if enough, err := visit(l); enough || err != nil {
				return err
			}
		}
		if len(lines) < page {
			return nil
		}
		before = lines[page-1].ID
	}
}

// timeOf is that of an id. PostgreSQL's times end long before those of ids do.
func timeOf(id store.ID) time.Time {
	at := id.Moment().Time()
	if last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC); at.After(last) {
		return last
	}
	return at
}
