package move

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// Two numbers of one account, and people who write to them.
var (
	numbers = []string{"106540352242922", "106540352242923"}
	people  = func() (list []policy.Identity) {
		for i := range 6 {
			list = append(list, policy.Identity{Kind: policy.Phone, Value: fmt.Sprint(15550400000 + i)})
		}
		return list
	}()
)

const (
	waba  = "102290129340398"
	start = policy.Moment(1_790_000_000_000)
)

// past fills a store with what may happen to one.
type past struct {
	book
	t   *rapid.T
	ctx context.Context
	now policy.Moment
	// sent are sends with the ids of their messages.
	sent map[store.ID]string
	ids  []store.ID
}

func (p *past) must(err error) {
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *past) step() {
	p.now += policy.Moment(rapid.IntRange(1, 10*60*1000).Draw(p.t, "later"))
	number := rapid.SampledFrom(numbers).Draw(p.t, "number")
	who := rapid.SampledFrom(people).Draw(p.t, "who")
	switch rapid.IntRange(0, 9).Draw(p.t, "what") {
	case 0, 1, 2, 3:
		p.send(number, who)
	case 4:
		p.settle()
	case 5:
		p.status()
	case 6:
		p.must(p.Apply(p.ctx, []policy.Event{policy.ServiceWindowOpened{PhoneNumberID: number, Who: []policy.Identity{who}, At: p.now}}))
	case 7:
		p.must(p.Apply(p.ctx, []policy.Event{policy.ConsentChanged{
			PhoneNumberID: number, Who: []policy.Identity{who}, At: p.now, Source: policy.SourceOperator, Ref: fmt.Sprint(p.now),
			State:  rapid.SampledFrom([]policy.ConsentState{policy.OptedIn, policy.OptedOut}).Draw(p.t, "state"),
			Scopes: policy.AllScopes,
		}}))
	case 8:
		p.must(p.Apply(p.ctx, []policy.Event{
			policy.TemplateChanged{WABA: waba, Template: template, At: p.now, Status: policy.TemplateApproved, Category: policy.CategoryUtility},
			policy.NumberSeen{PhoneNumberID: number, WABA: waba, Display: "1", At: p.now},
			policy.TemplatesListed{WABA: waba, At: p.now},
		}))
	case 9:
		if rapid.IntRange(0, 2).Draw(p.t, "erased") == 0 {
			_, err := p.Erase(p.ctx, &store.ErasureRequest{Who: []policy.Identity{who}, Actor: "ana"})
			p.must(err)
			p.must(p.awaitErasures())
		}
	}
}

func (p *past) awaitErasures() error {
	if w, ok := p.book.(interface {
		AwaitErasures(ctx context.Context) error
	}); ok {
		return w.AwaitErasures(p.ctx)
	}
	return nil
}

var template = policy.TemplateRef{Name: "a", Language: "en"}

func (p *past) send(number string, who policy.Identity) {
	facts, err := p.Facts(p.ctx, store.Query{PhoneNumberID: number, Who: []policy.Identity{who}, WABA: waba, Template: template})
	p.must(err)
	e := &store.Entry{
		ID: store.NewID(p.now), At: p.now, Sender: "crm", Token: "t", WABA: waba, Market: "US", Business: "Shop",
		Tags:  billing.Tags(rapid.SampledFrom([]string{"", "campaign=autumn", "campaign=autumn,team=crm"}).Draw(p.t, "tags")),
		Send:  policy.Send{PhoneNumberID: number, Kind: policy.TemplateMessage, Type: "template", Template: template},
		Facts: facts, Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent}, Outcome: store.Outcome{State: store.Reserved},
		Metering: store.Metering{Month: "2026-09", Budgets: []string{"autumn"}, Price: 5000},
	}
	if rapid.IntRange(0, 3).Draw(p.t, "refused") == 0 {
		e.Decision, e.Outcome, e.Metering = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed}, store.Outcome{State: store.Refused}, store.Metering{}
	} else if rapid.Bool().Draw(p.t, "keyed") {
		key := p.OpaquePseudonym(number, fmt.Sprint("order ", len(p.ids)))
		e.Opaque = key
		e.Attempt = &store.Attempt{Key: key, Request: policy.Alias{byte(len(p.ids))}, Keep: 24 * time.Hour}
	}
	err = p.Reserve(p.ctx, e).Wait()
	if errors.Is(err, store.ErrClaimed) {
		return // the person was erased
	}
	p.must(err)
	if e.Outcome.State == store.Reserved {
		p.ids, p.sent[e.ID] = append(p.ids, e.ID), fmt.Sprint("wamid.", len(p.ids))
	}
}

func (p *past) settle() {
	if len(p.ids) == 0 {
		return
	}
	id := rapid.SampledFrom(p.ids).Draw(p.t, "settled")
	o := store.Outcome{State: store.Accepted, At: p.now, HTTPStatus: 200, Wamid: p.sent[id]}
	if rapid.IntRange(0, 3).Draw(p.t, "rejected") == 0 {
		o = store.Outcome{State: store.Rejected, At: p.now, HTTPStatus: 400}
	}
	p.must(p.Settle(p.ctx, id, o).Wait())
}

func (p *past) status() {
	if len(p.ids) == 0 {
		return
	}
	id := rapid.SampledFrom(p.ids).Draw(p.t, "of")
	p.must(p.Apply(p.ctx, []policy.Event{policy.StatusChanged{
		PhoneNumberID: numbers[0], Wamid: p.sent[id], At: p.now,
		Status:  rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusFailed}).Draw(p.t, "status"),
		Pricing: &policy.Pricing{Category: "utility", Billable: true},
	}}))
}

// told is what a store answers, in words.
func told(t *rapid.T, ctx context.Context, b book) string {
	var out strings.Builder
	say := func(what string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s: %s\n", what, text)
	}
	for _, number := range numbers {
		for _, who := range people {
			facts, err := b.Facts(ctx, store.Query{PhoneNumberID: number, Who: []policy.Identity{who}, WABA: waba, Template: template})
			if err != nil {
				t.Fatal(err)
			}
			erased, err := b.ErasedAt(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
			if erased.At != 0 { // they have another random name each time
				facts.Persons[0].Contact = policy.ContactID{}
			}
			say("facts "+number, facts)
			say("erased", erased)
		}
		n, err := b.Number(ctx, number)
		if err != nil {
			t.Fatal(err)
		}
		say("number", n)
	}
	for _, who := range people {
		for r, err := range b.History(ctx, who) {
			if err != nil {
				t.Fatal(err)
			}
			say("record", r)
		}
	}
	for e, err := range b.Ledger(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome.State == store.Reserved { // whose process an engine can't know to have ended
			e.Outcome.State = store.Unknown
		}
		say("entry", e)
	}
	for e, err := range b.Violations(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		say("violation", e.ID)
	}
	sums := make(map[string]int) // which may come in parts
	for s, err := range b.Sums(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		sums[fmt.Sprintf("%s %+v", s.At, s.Alike)] += s.N
	}
	say("sums", sums)
	budgets, err := b.Meters(ctx, &store.MeterQuery{PhoneNumberID: numbers[0], Month: "2026-09", Service: true, Budgets: []string{"autumn"}})
	if err != nil {
		t.Fatal(err)
	}
	say("meters", budgets)
	return out.String()
}

// differences are the lines that differ.
func differences(was, is string) string {
	var out strings.Builder
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			fmt.Fprintf(&out, "was %s\nis  %s\n", x, y)
		}
	}
	return out.String()
}

// TestEqual: what a store was told, its copies answer alike, in a database and in a
// directory, also where the copy broke off at every step of it; and the log of consent
// records goes on.
func TestEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		from, back := directory(filepath.Join(dir, "from")), directory(filepath.Join(dir, "back"))
		database := newDatabase(t)
		p := &past{t: rt, ctx: t.Context(), now: start, sent: make(map[store.ID]string)}
		now := func() time.Time { return p.now.Time() }
		open := func(e end, key []byte) book {
			b, err := e.open(t, key, now)
			if err != nil {
				rt.Fatal(err)
			}
			return b
		}
		close := func(b book) {
			if err := b.Close(); err != nil {
				rt.Fatal(err)
			}
		}
		p.book = open(from, nil)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			p.step()
		}
		if rapid.Bool().Draw(rt, "summed up") {
			p.now += policy.Moment(time.Hour / time.Millisecond)
			p.must(p.book.(interface{ SumUp(context.Context) error }).SumUp(t.Context()))
		}
		kept, err := p.Checkpoint(t.Context())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			rt.Fatal(err)
		}
		close(p.book)
		key := keyIn(t, from)

		first := brokenOff(t, rt, key, from, database)
		second := brokenOff(t, rt, key, database, back)
		for i := range second {
			if first[i].Kind != second[i].Kind || first[i].Digest != second[i].Digest || first[i].Rows != second[i].Rows {
				rt.Fatalf("there it was %+v, and back it is %+v", first[i], second[i])
			}
		}
		wantColumns(t, rt, database)

		was := ""
		for _, e := range []end{from, database, back} {
			b := open(e, key)
			is := told(rt, t.Context(), b)
			if was != "" && is != was {
				rt.Fatalf("%T answers otherwise:\n%s", e, differences(was, is))
			}
			was = is
			var checkpoint []byte
			if kept != nil {
				checkpoint = []byte(kept.Checkpoint)
			}
			report, err := b.VerifyLog(t.Context(), checkpoint)
			if err != nil || !report.Sound() {
				rt.Fatalf("%T: the log of consent records: %v, %+v", e, err, report)
			}
			if now, err := b.Checkpoint(t.Context()); kept != nil && (err != nil || origin(now) != origin(kept) || now.Verifier != kept.Verifier) {
				rt.Fatalf("%T: the log is %+v, not %+v: %v", e, now, kept, err)
			}
			close(b)
		}
	})
}

// origin is the name of the log and of its tree.
func origin(s *audit.Signed) string {
	name, _, _ := strings.Cut(s.Checkpoint, "\n")
	return name
}

// brokenOff copies a store, and breaks off at the first call, then at the second, and so on,
// until it is through.
func brokenOff(t *testing.T, rt *rapid.T, key []byte, from, to end) (copied []transfer.Copied) {
	every := rapid.IntRange(2, 5).Draw(rt, "breaks off each")
	for n := 1; ; n += every {
		through := false
		err := from.from(t, key, func(s transfer.Source) error {
			c, err := to.into(t, s.Description().Key)
			if err != nil {
				return err
			}
			b := &breaking{target: c, left: n}
			copied, err = transfer.Copy(t.Context(), s, b, transfer.Options{SpanRows: 2})
			through = b.left > 0
			return errors.Join(err, c.Close())
		})
		switch {
		case through && err == nil:
			return copied
		case !errors.Is(err, errBreaks):
			rt.Fatalf("broken off at call %d: %v", n, err)
		}
		if b, err := to.open(t, key, time.Now); err == nil {
			b.Close()
			rt.Fatal("somebody serves from half a copy")
		} else if !strings.Contains(err.Error(), "half copied") {
			rt.Fatal(err)
		}
	}
}

var errBreaks = errors.New("it breaks off")

// breaking is a target that breaks off at a call.
type breaking struct {
	target
	left int
}

func (b *breaking) Workers() int { return 1 }

func (b *breaking) call() error {
	if b.left--; b.left <= 0 {
		return errBreaks
	}
	return nil
}

func (b *breaking) Sums(ctx context.Context, spans []transfer.Span) ([]transfer.Summed, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	return b.target.Sums(ctx, spans)
}

// Write is done, and nobody hears of it.
func (b *breaking) Write(ctx context.Context, span transfer.Span, empty bool, put []*transfer.Row, gone [][]byte) error {
	return errors.Join(b.target.Write(ctx, span, empty, put, gone), b.call())
}

func (b *breaking) Finish(ctx context.Context, d store.Description) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.target.Finish(ctx, d)
}

// wantColumns checks that lines that were copied have the columns that people look for them
// by.
func wantColumns(t *testing.T, rt *rapid.T, d database) {
	conn, err := pgx.Connect(t.Context(), string(d))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `select id, data, settled, phone_number_id, rule, coalesce(tags, '{}'), market, outcome from waguard.ledger`)
	if err != nil {
		t.Fatal(err)
	}
	var id [16]byte
	var data, settled []byte
	var number, rule, market, outcome string
	var tags []string
	_, err = pgx.ForEachRow(rows, []any{&id, &data, &settled, &number, &rule, &tags, &market, &outcome}, func() error {
		want, err := store.ColumnsOf(&store.Line{ID: id, Data: data, Settled: settled})
		if err == nil && (number != want.PhoneNumberID || rule != want.Rule || strings.Join(tags, ",") != string(want.Tags) || market != want.Market || outcome != want.Outcome) {
			err = fmt.Errorf("the entry %x has the columns %q %q %q %q %q, not %+v", id, number, rule, tags, market, outcome, *want)
		}
		data, settled, tags = nil, nil, nil
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
}

// TestBetweenDatabases: from a database to another one, lines have the same columns as when
// they were entered, but for the account of a template, which isn't in what was entered.
func TestBetweenDatabases(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		key := make([]byte, 32)
		from, to := newDatabase(t), newDatabase(t)
		p := &past{t: rt, ctx: t.Context(), now: start, sent: make(map[store.ID]string)}
		b, err := from.open(t, key, func() time.Time { return p.now.Time() })
		if err != nil {
			t.Fatal(err)
		}
		p.book = b
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			p.step()
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := move(t.Context(), t, key, from, to); err != nil {
			rt.Fatal(err)
		}
		was, is := tables(t, from), tables(t, to)
		for table := range was {
			if !slices.Equal(was[table], is[table]) {
				rt.Fatalf("of %s there are\n%s\nand there were\n%s", table, strings.Join(is[table], "\n"), strings.Join(was[table], "\n"))
			}
		}
	})
}

// tables are the rows of the tables that are copied, in their order.
func tables(t *testing.T, d database) map[string][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), string(d))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	all := make(map[string][]string)
	for table, order := range map[string]string{"state": "key", "ledger": "at, id", "violation": "at, id"} {
		rows, err := conn.Query(t.Context(), `select (to_jsonb(s) - 'version' - 'waba')::text from waguard.`+table+` s where to_jsonb(s)->'value' is distinct from 'null' order by `+order)
		if err != nil {
			t.Fatal(err)
		}
		if all[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
