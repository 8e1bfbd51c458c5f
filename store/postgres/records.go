package postgres

import (
	"bytes"
	"context"
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
	l, err := r.e.lookUp(r.ctx, keys, nil, store.ID{})
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
	l, err := r.e.lookUp(r.ctx, keys, nil, store.ID{})
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
	l, err := r.e.lookUp(r.ctx, nil, []lineName{{j, id}}, store.ID{})
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
	var head []keyed
	whole := false
	err := r.e.retryRead(r.ctx, func(ctx context.Context, conn *pgx.Conn) error {
		head = head[:0]
		rows, err := conn.Query(ctx, statement+` limit $3`, from, to, page+1)
		if err != nil {
			return err
		}
		for rows.Next() {
			var k keyed
			if err := rows.Scan(&k.key, &k.value); err != nil {
				return err
			}
			head = append(head, k)
		}
		whole = len(head) <= page
		return rows.Err()
	})
	if err != nil {
		return err
	}
	if !whole {
		return r.stream(statement, from, to, visit)
	}
	for _, k := range head {
		if enough, err := visit(k.key, k.value); enough || err != nil {
			return err
		}
	}
	return nil
}

// stream visits rows while they come.
func (r records) stream(statement string, from, to []byte, visit func(key, value []byte) (bool, error)) error {
	select {
	case r.e.streams <- struct{}{}:
		defer func() { <-r.e.streams }()
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	var visited error // what visit says is none of the database's
	err := r.e.with(r.ctx, func(conn *pgx.Conn) error {
		r.e.counts.statements.Add(1)
		rows, err := conn.Query(r.ctx, statement, from, to)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k keyed
			if err := rows.Scan(&k.key, &k.value); err != nil {
				return err
			}
			enough, err := visit(k.key, k.value)
			if enough || err != nil {
				visited = err
				// What is left is not read to its end: the connection goes.
				return conn.Close(context.WithoutCancel(r.ctx))
			}
		}
		return rows.Err()
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
