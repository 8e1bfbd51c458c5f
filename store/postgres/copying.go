package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// Copies read and write many rows with each statement, so that they have longer than a send
// has.
const (
	copyTimeout = time.Minute
	// copyPatience is for how long a statement is tried again while the database fails over.
	copyPatience = 3 * time.Minute
	// copyWorkers is how many statements there are at a time, copyPool how many connections.
	copyWorkers = 4
	copyPool    = copyWorkers + 2
	// copyPage is how many rows are read with one.
	copyPage = 2000
)

// openCopying is an engine that nobody serves from, as an end of a copy.
func openCopying(ctx context.Context, dsn string, key []byte, log *zap.Logger) (*Engine, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key of the pseudonyms has %d bytes, not %d", len(key), keySize)
	}
	address, err := ParseAddress(dsn)
	if err != nil {
		return nil, fmt.Errorf("the address of the database can't be used: %w", err)
	}
	o := Options{Logger: log, Key: key, Timeout: copyTimeout, PoolSize: copyPool, Mode: Unprepared} // there may be a PgBouncer
	o.complete()
	config, err := configOf(dsn, &o)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.ConnectTimeout = min(config.ConnConfig.ConnectTimeout, 15*time.Second)
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	e := &Engine{o: o, pool: pool}
	e.ctx, e.end = context.WithCancel(context.WithoutCancel(ctx))
	e.keeper.e = e
	if err := e.with(ctx, func(conn *pgx.Conn) error { return conn.Ping(ctx) }); err != nil {
		e.endCopying()
		return nil, unreached(address, err)
	}
	return e, nil
}

func (e *Engine) endCopying() {
	e.end()
	e.pool.Close()
}

// checkCopying sees to it that the tables are those of this version, and that the database
// doesn't forget what it has confirmed.
func (e *Engine) checkCopying(ctx context.Context) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		version, err := schemaVersion(conn.QueryRow(ctx, selectVersion))
		switch {
		case err != nil:
			return err
		case version == 0:
			return errors.New("there is no store in the database")
		case version > newestSchema():
			return fmt.Errorf("a newer waguard has made the database's tables (%d, this one knows %d): copy with that one", version, newestSchema())
		case version < newestSchema():
			return fmt.Errorf("the database's tables are those of an earlier version (%d, and %d is needed): run waguard store migrate", version, newestSchema())
		}
		return checkCommits(ctx, conn)
	})
}

// Source is a database whose store is copied. It must be closed.
type Source struct {
	e           *Engine
	description store.Description
}

// OpenSource opens the database that dsn names, to copy its store. key is that of its
// pseudonyms. Nothing in it is changed.
func OpenSource(ctx context.Context, dsn string, key []byte, log *zap.Logger) (*Source, error) {
	e, err := openCopying(ctx, dsn, key, log)
	if err != nil {
		return nil, err
	}
	s := &Source{e: e}
	if err := s.look(ctx); err != nil {
		e.endCopying()
		return nil, err
	}
	return s, nil
}

func (s *Source) look(ctx context.Context) error {
	if err := s.e.checkCopying(ctx); err != nil {
		return err
	}
	about, err := aboutOf(ctx, s.e.pool)
	if err != nil {
		return err
	}
	mine := store.Installation(s.e.o.Key)
	switch theirs := about[aboutInstallation]; {
	case about[aboutCopying] != "":
		return errHalfCopied
	case theirs == "":
		return errors.New("there is no store in the database: no gateway has served from it yet")
	case theirs != mine:
		return fmt.Errorf("the key of the pseudonyms is not the one that this database was made with: it gives the installation %s, and the database belongs to %s", mine, theirs)
	}
	if s.description, err = describe(about); err != nil {
		return err
	}
	s.description.Key = s.e.o.Key
	if missing := missingAbout(about, time.Now()); missing[identitiesNow] != "" {
		s.description.IdentitiesChanged = time.Now() // as a gateway of today would say
	}
	return nil
}

// Close lets go of the database.
func (s *Source) Close() error {
	s.e.endCopying()
	return nil
}

// Others is how many connections others have to the database. They may be those of
// gateways, whose next change is not in a copy.
func (s *Source) Others(ctx context.Context) (n int, err error) {
	const statement = `select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and not pid = any($1)`
	var own []int32
	for _, conn := range s.e.pool.AcquireAllIdle(ctx) {
		own = append(own, int32(conn.Conn().PgConn().PID())) // #nosec G115 -- as the server has it
		conn.Release()
	}
	err = s.e.with(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, statement, append(own, int32(conn.PgConn().PID()))).Scan(&n) // #nosec G115 -- as above
	})
	return n, err
}

// Description is described at [transfer.Source].
func (s *Source) Description() store.Description { return s.description }

// Shared is described at [transfer.Source]: gateways may still be at work.
func (s *Source) Shared() bool { return true }

// tableOf is where the rows of a shelf lie.
func tableOf(shelf transfer.Shelf) string {
	if table, ok := tables[shelf.Journal()]; ok {
		return table
	}
	return "waguard.state"
}

// Rows is described at [transfer.Source].
func (s *Source) Rows(ctx context.Context, shelf transfer.Shelf, visit func(*transfer.Row) error) error {
	return s.e.copiedRows(ctx, transfer.Span{Shelf: shelf}, func(r *transfer.Row) error {
		if shelf == transfer.Records && transfer.Stays(r.Key) {
			return nil
		}
		return visit(r)
	})
}

// copiedRows visits the rows of a span, page after page.
func (e *Engine) copiedRows(ctx context.Context, span transfer.Span, visit func(*transfer.Row) error) error {
	for {
		var rows []*transfer.Row
		err := e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
			rows, err = rowsIn(ctx, conn, span, copyPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := visit(r); err != nil {
				return err
			}
		}
		if len(rows) < copyPage {
			return nil
		}
		span.From = following(span.Shelf, rows[len(rows)-1].Key)
	}
}

// following is the next key there can be; nil where there is none.
func following(shelf transfer.Shelf, key []byte) []byte {
	if shelf == transfer.Records {
		return append(bytes.Clone(key), 0)
	}
	next := bytes.Clone(key)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next
		}
	}
	return maxLine[:]
}

// maxLine is an id that no line has.
var maxLine = [16]byte(bytes.Repeat([]byte{0xff}, 16))

// Where the rows of a span lie; $1 and $2, for lines $3 and $4 too, are its ends.
const (
	recordsWhere = ` from waguard.state where key >= $1 and key < $2 and value is not null`
	linesWhere   = ` where at >= $1 and at <= $2 and (at, id) >= ($1, $3) and (at, id) < ($2, $4)`
)

// in is the rest of a statement about a span, behind what it selects, and its arguments.
func in(span transfer.Span) (where string, arguments []any) {
	if span.Shelf == transfer.Records {
		low, high := endsOfRecord(span)
		return recordsWhere, []any{low, high}
	}
	first, before := endsOfLine(span)
	return " from " + tableOf(span.Shelf) + linesWhere, []any{timeOf(first), timeOf(before), first, before}
}

// rowsIn reads the first rows of a span.
func rowsIn(ctx context.Context, conn *pgx.Conn, span transfer.Span, most int) (all []*transfer.Row, err error) {
	where, arguments := in(span)
	if span.Shelf == transfer.Records {
		rows, err := conn.Query(ctx, `select key, value, until`+where+` order by key limit `+fmt.Sprint(most), arguments...)
		if err != nil {
			return nil, err
		}
		var until *time.Time
		r := new(transfer.Row)
		_, err = pgx.ForEachRow(rows, []any{&r.Key, &r.Value, &until}, func() error {
			found := *r
			if until != nil {
				found.Until = *until
			}
			all = append(all, &found)
			*r = transfer.Row{}
			return nil
		})
		return all, err
	}
	rows, err := conn.Query(ctx, `select id, data, settled`+where+` order by at, id limit `+fmt.Sprint(most), arguments...)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	r := new(transfer.Row)
	_, err = pgx.ForEachRow(rows, []any{&id, &r.Value, &r.Settled}, func() error {
		found := *r
		found.Key = slices.Clone(id[:])
		all = append(all, &found)
		*r = transfer.Row{}
		return nil
	})
	return all, err
}

// Copy is a database into which a store is copied. It must be closed.
type Copy struct {
	e *Engine
	// run names this copy: whoever began one before writes no more.
	run string
	// mu guards months, those of which there are partitions.
	mu     sync.Mutex
	months map[time.Time]bool
	// plain: the server can't sum up rows, so that they are read.
	plain bool
}

// OpenCopy opens the database that dsn names for a copy, and makes its tables. key is that of
// the pseudonyms of the store that is copied.
func OpenCopy(ctx context.Context, dsn string, key []byte, log *zap.Logger) (*Copy, error) {
	e, err := openCopying(ctx, dsn, key, log)
	if err != nil {
		return nil, err
	}
	err = Migrate(ctx, dsn, e.o.Logger)
	if err == nil {
		err = e.checkCopying(ctx)
	}
	if err != nil {
		e.endCopying()
		return nil, err
	}
	return &Copy{e: e, months: make(map[time.Time]bool)}, nil
}

// Close lets go of the database.
func (c *Copy) Close() error {
	c.e.endCopying()
	return nil
}

// Workers is described at [transfer.Target].
func (c *Copy) Workers() int { return copyWorkers }

// Begin is described at [transfer.Target].
func (c *Copy) Begin(ctx context.Context, key []byte) error {
	if !bytes.Equal(key, c.e.o.Key) {
		return errors.New("the key of the pseudonyms is another one than that of the store that is copied")
	}
	run := newID()
	c.run = fmt.Sprintf("%x", run)
	beginning := beginningCopy + c.run
	begun := false // before this one, and not finished
	err := c.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// Of two that begin at the same time the second waits here for the first, and then
		// takes over.
		first, err := tx.Exec(ctx, `insert into waguard.about (name, value) values ($1, $2) on conflict (name) do nothing`, aboutCopying, beginning)
		if err != nil {
			return err
		}
		about, err := aboutOf(ctx, tx)
		if err != nil {
			return err
		}
		mine, theirs := store.Installation(c.e.o.Key), about[aboutInstallation]
		begun = !strings.HasPrefix(about[aboutCopying], beginningCopy)
		_, copied := about[aboutCopied]
		switch {
		case first.RowsAffected() > 0 && !copied:
			return c.take(ctx, tx, mine)
		case theirs != mine:
			return fmt.Errorf("into this database the store of another installation was being copied (%s, and this one is %s): copy into another one, or empty it: drop schema waguard cascade", theirs, mine)
		case begun: // nobody serves from it, whoever has tried
			return say(ctx, tx, map[string]string{aboutCopying: c.run})
		case about[aboutServed] != "":
			return errUsed
		}
		return say(ctx, tx, map[string]string{aboutCopying: beginning})
	})
	if err != nil || begun {
		return err
	}
	// Who serves from it and began before the copy could be found says so by now.
	used := false
	err = c.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		about, err := aboutOf(ctx, tx)
		switch {
		case err != nil:
			return err
		case about[aboutCopying] == c.run: // an answer was lost
			return nil
		case about[aboutCopying] != beginning:
			return errOvertaken
		case about[aboutServed] == "":
			return say(ctx, tx, map[string]string{aboutCopying: c.run})
		}
		if _, err := tx.Exec(ctx, `delete from waguard.about where name = $1`, aboutCopying); err != nil {
			return err
		}
		used = true
		return nil
	})
	if used && err == nil {
		err = errUsed
	}
	return err
}

// beginningCopy is in front of the name of a copy that has written nothing yet.
const beginningCopy = "beginning "

var errUsed = errors.New("a gateway has used the database already: copy into one that none has used. Where nothing in it is needed, this empties it: drop schema waguard cascade")

// take takes a database that nobody has used.
func (c *Copy) take(ctx context.Context, tx pgx.Tx, installation string) error {
	// A gateway that starts at the same time waits, and finds the copy; or is there before.
	tag, err := tx.Exec(ctx, `insert into waguard.about (name, value) values ($1, $2) on conflict (name) do nothing`, aboutInstallation, installation)
	if err == nil && tag.RowsAffected() == 0 {
		err = errUsed
	}
	if err != nil {
		return err
	}
	var any bool
	err = tx.QueryRow(ctx, `select exists (select from waguard.state) or exists (select from waguard.ledger) or exists (select from waguard.violation)`).Scan(&any)
	if err == nil && any {
		err = errors.New("the database is not empty, and nothing that waguard store copy has begun: copy into another one")
	}
	return err
}

// say writes what a database says of itself.
func say(ctx context.Context, tx pgx.Tx, about map[string]string) error {
	for name, value := range about {
		_, err := tx.Exec(ctx, `insert into waguard.about (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, name, value)
		if err != nil {
			return err
		}
	}
	return nil
}

// change makes a change that may be made again, and waits until it is surely there.
func (c *Copy) change(ctx context.Context, change func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, copyPatience)
	defer cancel()
	for tries := 0; ; tries++ {
		err := c.e.with(ctx, func(conn *pgx.Conn) error {
			return confirmed(conn, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return change(ctx, tx) }))
		})
		again := errors.Is(err, errNotSent) || lost(err) || err != nil && (moved(err) || collided(err))
		if !again || ctx.Err() != nil {
			return err
		}
		if pause(ctx, tries+2) != nil {
			return away(err)
		}
	}
}

// What of rows is summed up, as [transfer.Hash] has it.
const (
	recordSummed = `int4send(octet_length(key)) || key || int8send(coalesce(ceil(extract(epoch from until)), 0)::int8) || int4send(octet_length(value)) || value || '\xffffffff'::bytea`
	lineSummed   = `'\x00000010'::bytea || uuid_send(id) || '\x0000000000000000'::bytea || int4send(octet_length(data)) || data || coalesce(int4send(octet_length(settled)) || settled, '\xffffffff'::bytea)`
)

// Statements that sum up rows in spans. $1 and $2 are the ends of records, $1 to $4 those of
// lines. The rows of a span are read in the order of the index, for which nothing is sorted.
var (
	sumRecords = `
select s.rows, s.sum from unnest($1::bytea[], $2::bytea[]) with ordinality as b(low, high, n) cross join lateral (
    select count(*) as rows, sha256(coalesce(string_agg(` + recordSummed + `, ''::bytea), ''::bytea)) as sum
    from (select key, value, until from waguard.state where key >= b.low and key < b.high and value is not null order by key) r
) s order by b.n`
	sumLines = func(table string) string {
		return `
select s.rows, s.sum from unnest($1::timestamptz[], $2::timestamptz[], $3::uuid[], $4::uuid[]) with ordinality as b(low, high, first, before, n) cross join lateral (
    select count(*) as rows, sha256(coalesce(string_agg(` + lineSummed + `, ''::bytea), ''::bytea)) as sum
    from (select at, id, data, settled from ` + table + ` where at >= b.low and at <= b.high and (at, id) >= (b.low, b.first) and (at, id) < (b.high, b.before) order by at, id) r
) s order by b.n`
	}
)

// Sums is described at [transfer.Target]. The server sums up, so that what is there already
// needn't be sent.
func (c *Copy) Sums(ctx context.Context, spans []transfer.Span) ([]transfer.Summed, error) {
	c.mu.Lock()
	plain := c.plain
	c.mu.Unlock()
	if plain {
		return transfer.SumRows(ctx, c, spans)
	}
	statement, arguments := sumRecords, endsOfRecords(spans)
	if shelf := spans[0].Shelf; shelf != transfer.Records {
		statement, arguments = sumLines(tableOf(shelf)), endsOfLines(spans)
	}
	other := false // the engine has other functions than PostgreSQL
	var all []transfer.Summed
	err := c.e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, statement, arguments...)
		if err != nil {
			return err
		}
		all = all[:0]
		var n int
		var b []byte
		_, err = pgx.ForEachRow(rows, []any{&n, &b}, func() error {
			var sum transfer.Sum
			other = other || len(b) != len(sum)
			copy(sum[:], b)
			all = append(all, transfer.Summed{Rows: n, Sum: sum})
			return nil
		})
		if code := codeOf(err); code == codeNoFunction || code == codeNoOperator {
			other = true
			return nil
		}
		return err
	})
	if !other || err != nil {
		return all, err
	}
	c.mu.Lock()
	c.plain = true
	c.mu.Unlock()
	return transfer.SumRows(ctx, c, spans)
}

func endsOfRecords(spans []transfer.Span) []any {
	low, high := make([][]byte, len(spans)), make([][]byte, len(spans))
	for i, span := range spans {
		low[i], high[i] = endsOfRecord(span)
	}
	return []any{low, high}
}

// endsOfRecord are the ends of a span. nil would be null.
func endsOfRecord(span transfer.Span) (low, high []byte) {
	if high = span.Before; len(high) == 0 {
		high = after(nil)
	}
	return append([]byte{}, span.From...), high
}

func endsOfLines(spans []transfer.Span) []any {
	low, high := make([]time.Time, len(spans)), make([]time.Time, len(spans))
	first, before := make([][16]byte, len(spans)), make([][16]byte, len(spans))
	for i, span := range spans {
		first[i], before[i] = endsOfLine(span)
		low[i], high[i] = timeOf(first[i]), timeOf(before[i])
	}
	return []any{low, high, first, before}
}

func endsOfLine(span transfer.Span) (first, before [16]byte) {
	copy(first[:], span.From)
	if copy(before[:], span.Before) == 0 {
		before = maxLine
	}
	return first, before
}

// Codes of functions and operators that a server lacks.
const (
	codeNoFunction = "42883"
	codeNoOperator = "42804"
)

// Rows is described at [transfer.Target].
func (c *Copy) Rows(ctx context.Context, span transfer.Span, visit func(*transfer.Row) error) error {
	return c.e.copiedRows(ctx, span, visit)
}

// Write is described at [transfer.Target]. All of it is written, or nothing.
func (c *Copy) Write(ctx context.Context, span transfer.Span, _ bool, put []*transfer.Row, gone [][]byte) error {
	write := c.putRecords
	if span.Shelf != transfer.Records {
		if err := c.partitions(ctx, put); err != nil {
			return err
		}
		write = c.putLines(span.Shelf)
	}
	return c.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var run string
		err := tx.QueryRow(ctx, `select value from waguard.about where name = $1 for share`, aboutCopying).Scan(&run)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && run != c.run {
			return errOvertaken
		}
		if err != nil {
			return err
		}
		if len(gone) > 0 {
			if err := remove(ctx, tx, span.Shelf, gone); err != nil {
				return err
			}
		}
		if len(put) == 0 {
			return nil
		}
		return write(ctx, tx, put)
	})
}

var errOvertaken = errors.New("another waguard store copy into this database was begun meanwhile, or the database was emptied")

// partitions makes those that lines go into.
func (c *Copy) partitions(ctx context.Context, lines []*transfer.Row) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range lines {
		month := monthOf(timeOf(store.ID(r.Key)))
		if c.months[month] {
			continue
		}
		if err := c.e.keeper.partitions(ctx, month); err != nil {
			return err
		}
		c.months[month] = true
	}
	return nil
}

func remove(ctx context.Context, tx pgx.Tx, shelf transfer.Shelf, gone [][]byte) error {
	if shelf == transfer.Records {
		shards := make([][]byte, len(gone))
		for i, key := range gone {
			shards[i] = shardOf(key)
		}
		_, err := tx.Exec(ctx, `delete from waguard.state s using unnest($1::bytea[], $2::bytea[]) as k(shard, key) where s.key = k.key and s.shard = k.shard`, shards, gone)
		return err
	}
	at, ids := make([]time.Time, len(gone)), make([][16]byte, len(gone))
	for i, key := range gone {
		at[i], ids[i] = timeOf(store.ID(key)), [16]byte(key)
	}
	_, err := tx.Exec(ctx, `delete from `+tableOf(shelf)+` l using unnest($1::timestamptz[], $2::uuid[]) as k(at, id) where l.at = k.at and l.id = k.id`, at, ids)
	return err
}

const putRecords = `
insert into waguard.state as s (shard, key, version, value, until, shown)
select shard, key, $1::bigint | 1, value, until, nullif(shown, '')::jsonb
from unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::timestamptz[], $6::text[]) as w(shard, key, value, until, shown)
on conflict (key, shard) do update set value = excluded.value, until = excluded.until, shown = excluded.shown,
    version = (greatest(s.version, excluded.version) + 2) & ~1::bigint`

func (c *Copy) putRecords(ctx context.Context, tx pgx.Tx, put []*transfer.Row) error {
	shards, keys, values, until, shown := make([][]byte, len(put)), make([][]byte, len(put)), make([][]byte, len(put)), make([]*time.Time, len(put)), make([]string, len(put))
	for i, r := range put {
		shards[i], keys[i], values[i], shown[i] = shardOf(r.Key), r.Key, r.Value, string(store.Shown(r.Key, r.Value))
		if !r.Until.IsZero() {
			until[i] = &r.Until
		}
	}
	_, err := tx.Exec(ctx, putRecords, least(), shards, keys, values, until, shown)
	return err
}

// putLines writes lines with their columns, which are found in what was entered.
func (c *Copy) putLines(shelf transfer.Shelf) func(context.Context, pgx.Tx, []*transfer.Row) error {
	return func(ctx context.Context, tx pgx.Tx, put []*transfer.Row) error {
		at, ids := make([]time.Time, len(put)), make([][16]byte, len(put))
		data, settled := make([][]byte, len(put)), make([][]byte, len(put))
		texts := make([][]string, len(columns))
		for i := range texts {
			texts[i] = make([]string, len(put))
		}
		for i, r := range put {
			told, err := store.ColumnsOf(r.Line())
			if err != nil { // what can't be read is not found by anything, and copied all the same
				told = nil
			}
			at[i], ids[i], data[i], settled[i] = timeOf(store.ID(r.Key)), [16]byte(r.Key), r.Value, r.Settled
			for k, text := range columnsOf(told) {
				texts[k][i] = text
			}
		}
		arguments := []any{at, ids, data, settled}
		for _, list := range texts {
			arguments = append(arguments, list)
		}
		_, err := tx.Exec(ctx, putLinesInto(tableOf(shelf)), arguments...)
		return err
	}
}

// putLinesInto is the statement that writes lines into a table, by arrays: times, ids, what
// was entered, what became of it, and the columns.
func putLinesInto(table string) string {
	var names, from, values, set strings.Builder
	for i, c := range columns {
		fmt.Fprintf(&names, ", %s", c.Name)
		fmt.Fprintf(&from, ", $%d::text[]", 5+i)
		fmt.Fprintf(&set, ", %[1]s = excluded.%[1]s", c.Name)
		fmt.Fprintf(&values, ", %s", c.Value)
	}
	return `insert into ` + table + ` as l (at, id, data, settled` + names.String() + `)
select w.at, w.id, w.data, w.settled` + values.String() + `
from unnest($1::timestamptz[], $2::uuid[], $3::bytea[], $4::bytea[]` + from.String() + `) as w(at, id, data, settled` + names.String() + `)
on conflict (at, id) do update set data = excluded.data, settled = excluded.settled, version = l.version + 1` + set.String()
}

// Finish is described at [transfer.Target].
func (c *Copy) Finish(ctx context.Context, d store.Description) error {
	err := c.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from waguard.about where name = $1 and value = $2`, aboutCopying, c.run)
		if err == nil && tag.RowsAffected() == 0 {
			about, err := aboutOf(ctx, tx)
			if err == nil && about[aboutCopied] != c.run { // else its answer was lost
				err = errOvertaken
			}
			return err
		}
		if err == nil { // a gateway that says that it serves has found the copy then
			_, err = tx.Exec(ctx, `delete from waguard.about where name in ($1, $2) or starts_with(name, $3)`, aboutServed, aboutRestored, aboutIdentities)
		}
		if err != nil {
			return err
		}
		about := aboutFrom(d)
		about[aboutCopied] = c.run
		return say(ctx, tx, about)
	})
	if err != nil {
		return err
	}
	// So that the first statements of a gateway are planned by what there is. It is done by
	// the server itself, too, in a minute or so.
	err = c.e.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `analyze waguard.state, waguard.ledger, waguard.violation`)
		return err
	})
	if err != nil {
		c.e.o.Logger.Warn("the copied tables could not be analysed; the database does so by itself", zap.Error(err))
	}
	return nil
}

var (
	_ transfer.Source = (*Source)(nil)
	_ transfer.Target = (*Copy)(nil)
)
