package postgres

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What is reported: 10,000,000 entries of 30 days take some minutes to fill in, and 10 GB.
var (
	reportEntries = flag.Int("entries", 2_000, "how many entries BenchmarkReport reports")
	reportDays    = flag.Int("days", 1, "of how many days they are")
)

// BenchmarkReport counts a ledger by its sums.
func BenchmarkReport(b *testing.B) {
	server := durable()
	if server.err != nil {
		b.Fatal(server.err)
	}
	end := time.UnixMilli(1_790_000_000_000)
	now := func() time.Time { return end.Add(48 * time.Hour) }
	dsn := server.Database(b)
	s, err := Open(b.Context(), dsn, Options{Now: now, DatabaseNow: now, Key: keyOf(b.Name()), Migrate: true, Timeout: patience, Book: store.Options{Now: now}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	begin := end.AddDate(0, 0, -*reportDays)
	fillMonth(b, s, dsn, begin, end, *reportEntries)
	if err := s.SumUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	utc := func(string) *time.Location { return time.UTC }
	for b.Loop() {
		n := 0
		for sum, err := range s.SumsByDay(b.Context(), store.Filter{From: policy.MomentOf(begin), To: policy.MomentOf(end)}, utc) {
			if err != nil {
				b.Fatal(err)
			}
			n += sum.N
		}
		if n != *reportEntries {
			b.Fatalf("the report counts %d entries of %d", n, *reportEntries)
		}
	}
}

// fillMonth enters sends of several kinds, and copies of them at other times by SQL, for
// which nobody has the patience by any other way.
func fillMonth(b *testing.B, s *Store, dsn string, begin, end time.Time, entries int) {
	b.Helper()
	const kinds = 60
	for i := range kinds {
		at := policy.MomentOf(begin.Add(time.Duration(i) * time.Millisecond))
		e := &store.Entry{
			ID: store.NewID(at), At: at, Business: "shop",
			Send: policy.Send{
				Edge: policy.EdgeMessages, PhoneNumberID: fmt.Sprint("10654035224292", i%3), Kind: policy.TemplateMessage, Type: "template",
				Template: policy.TemplateRef{Name: fmt.Sprint("offer_", i%10), Language: "en"},
			},
			Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Reason: "the customer service window is open", Category: policy.CategoryMarketing, Initiation: policy.ByUser},
			Outcome:  store.Outcome{State: store.Reserved, At: at},
		}
		if err := s.Reserve(b.Context(), e).Wait(); err != nil {
			b.Fatal(err)
		}
		if err := s.Settle(b.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: 200}).Wait(); err != nil {
			b.Fatal(err)
		}
	}
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for month := monthOf(begin); month.Before(end); month = month.AddDate(0, 1, 0) {
		if err := s.engine.keeper.partitions(b.Context(), month); err != nil {
			b.Fatal(err)
		}
	}
	_, err = conn.Exec(b.Context(), `
insert into waguard.ledger (at, id, version, phone_number_id, business, rule, template, category, verdict, outcome, data, settled)
select to_timestamp(c.ms / 1000.0), (lpad(to_hex(c.ms), 12, '0') || '7' || substr(md5(c.n::text), 1, 19))::uuid,
    1, l.phone_number_id, l.business, l.rule, l.template, l.category, l.verdict, l.outcome,
    overlay(l.data placing int8send(c.ms) from position(int8send((extract(epoch from l.at) * 1000)::bigint) in l.data)), l.settled -- when it was is in it, too
from (select n, $2::bigint + (n - 1) * ($3::bigint - $2::bigint) / $1::bigint as ms from generate_series(1, $1::bigint) as n) as c
join (select row_number() over () as k, * from waguard.ledger) as l on l.k = 1 + c.n % $4`,
		entries-kinds, begin.UnixMilli()+1000, end.UnixMilli(), kinds)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(b.Context(), `analyze waguard.ledger`); err != nil {
		b.Fatal(err)
	}
}
