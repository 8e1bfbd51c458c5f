package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// billedWorld is a gateway of an account in New York that asks Meta what it charges.
type billedWorld struct {
	*world
	*Figures
	// told are how many messages Meta says it delivered on each day, cost is of one.
	told map[string]int
	cost string
	// fails is what Meta answers instead; nil for figures.
	fails error
	// asked is what Meta was asked for.
	asked []string
}

func newBilledWorld(t *testing.T) *billedWorld {
	t.Helper()
	w := &billedWorld{world: newWorld(t), told: make(map[string]int), cost: "0.1365"}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range w.Sends.Businesses.Listed {
		b.Zone, b.Currency = zone, "USD"
	}
	w.Sends.Businesses.Listed[shop].Number = "15550001"
	w.Sends.Cards = testCards()
	w.start()
	return w
}

// start is what a reload does: nothing is known but what the store has.
func (w *billedWorld) start() {
	w.Figures = &Figures{Gateway: w.Sends.Gateway, Log: w.Sends.Log, Every: 24 * time.Hour, AlertBelow: 95_00, Get: w.get}
}

var asksFor = regexp.MustCompile(`start\((\d+)\)\.end\((\d+)\)`)

// get answers as Meta does: a page for each day.
func (w *billedWorld) get(_ context.Context, target string) (int, []byte, error) {
	w.asked = append(w.asked, target)
	if w.fails != nil {
		return 0, nil, w.fails
	}
	u, err := url.Parse(target)
	if err != nil {
		return 0, nil, err
	}
	if u.Query().Get("fields") == "currency" {
		return http.StatusOK, []byte(`{"id":"` + waba + `","currency":"USD"}`), nil
	}
	from, to := u.Query().Get("start"), u.Query().Get("end")
	if m := asksFor.FindStringSubmatch(u.Query().Get("fields")); m != nil {
		from, to = m[1], m[2]
	}
	zone := w.Sends.Businesses.Listed[shop].Zone
	day := billing.Day(unixTime(from), zone)
	begin, err := billing.Midnight(day, zone)
	if err != nil {
		return 0, nil, err
	}
	end, err := billing.Midnight(daysLater(day, 1), zone)
	if err != nil {
		return 0, nil, err
	}
	points := []any{}
	if n := w.told[day]; n > 0 {
		price, err := billing.ParseAmount(w.cost)
		if err != nil {
			return 0, nil, err
		}
		points = append(points, map[string]any{"start": begin.Unix(), "end": end.Unix(), "phone_number": "15550001", "country": "DE", "pricing_category": "MARKETING", "pricing_type": "REGULAR", "volume": n, "cost": json.Number((price * billing.Amount(n)).String())})
	}
	field := map[string]any{"data": []any{map[string]any{"data_points": points}}}
	if end.Before(unixTime(to)) {
		next := url.Values{"start": {fmt.Sprint(end.Unix())}, "end": {to}, "access_token": {"bill-token"}}
		field["paging"] = map[string]any{"next": "https://graph.facebook.com/v25.0/" + waba + "/pricing_analytics?" + next.Encode()}
	}
	answer := any(field)
	if !strings.Contains(u.Path, "pricing_analytics") {
		answer = map[string]any{"id": waba, "pricing_analytics": field}
	}
	body, err := json.Marshal(answer)
	return http.StatusOK, body, err
}

func unixTime(s string) time.Time {
	n, _ := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0)
}

// events are those that were made, the oldest first.
func (w *billedWorld) events(t *testing.T) (list []string) {
	t.Helper()
	for e, err := range w.store.AccountEvents(t.Context(), store.EventFilter{Kind: policy.Reconciliation}) {
		if err != nil {
			t.Fatal(err)
		}
		_, day, _ := strings.Cut(e.Detail, "of ")
		list = append([]string{e.Name + " " + day[:len(time.DateOnly)]}, list...)
	}
	return list
}

// goesOn has hours pass, in each of which it is looked whether something is due.
func (w *billedWorld) goesOn(t *testing.T, hours int) {
	t.Helper()
	for range hours {
		w.advance(time.Hour)
		w.Due(t.Context())
	}
}

// at has the clock of the account show a time.
func (w *billedWorld) at(t *testing.T, clock string) {
	t.Helper()
	to, err := time.ParseInLocation("2006-01-02 15:04", clock, w.Sends.Businesses.Listed[shop].Zone)
	if err != nil {
		t.Fatal(err)
	}
	w.advance(to.Sub(w.Sends.Now()))
}

// TestFiguresPages: pages are followed, by their parameters alone; the days asked for are the
// account's, whose clocks are put back meanwhile.
func TestFiguresPages(t *testing.T) {
	t.Parallel()
	w := newBilledWorld(t)
	w.told["2026-10-30"], w.told["2026-11-01"] = 3, 5
	w.Due(t.Context())
	days, err := w.store.Figures(t.Context(), waba, "2026-10-01", "2026-12-01")
	if err != nil || len(days) != 33 || days[32].Day != "2026-11-02" || days[0].Currency != "USD" {
		t.Fatalf("%d days are kept, %v", len(days), err)
	}
	for _, d := range days {
		n := 0
		for _, p := range d.Points {
			n += p.Volume
		}
		if n != w.told[d.Day] {
			t.Errorf("of %s %d messages are kept", d.Day, n)
		}
	}
	for _, target := range w.asked {
		if strings.Contains(target, "bill-token") {
			t.Errorf("a token is asked for by %s", target)
		}
		if !strings.HasPrefix(target, "/v25.0/"+waba) {
			t.Errorf("asked is %s", target)
		}
	}
	first, err := url.Parse(w.asked[1])
	if err != nil {
		t.Fatal(err)
	}
	m := asksFor.FindStringSubmatch(first.Query().Get("fields"))
	if got := unixTime(m[1]).UTC().Format(time.RFC3339); got != "2026-08-31T04:00:00Z" { // a day before 62 days ago, in New York
		t.Errorf("asked is from %s", got)
	}
	w.asked = nil
	w.goesOn(t, 23)
	w.start() // a reload
	w.Due(t.Context())
	if len(w.asked) > 0 {
		t.Errorf("within a day it is asked for %s", w.asked)
	}
	w.goesOn(t, 4)
	if len(w.asked) == 0 || !strings.Contains(w.asked[1], fmt.Sprint(time.Date(2026, 10, 25, 4, 0, 0, 0, time.UTC).Unix())) { // nine days before 3 November
		t.Errorf("a day later it is asked for %s", w.asked)
	}
}

// TestFiguresBroken: an answer that is none of ours, or has no end, is no figures.
func TestFiguresBroken(t *testing.T) {
	t.Parallel()
	endless := `{"id":"` + waba + `","pricing_analytics":{"data":[],"paging":{"next":"https://graph.facebook.com/v25.0/1?after=x"}}}`
	for name, tc := range map[string]struct {
		status     int
		body, says string
	}{
		"endless":         {200, endless, "more than 100 pages"},
		"huge":            {200, strings.TrimSuffix(endless, "}") + `,"x":"` + strings.Repeat("x", 8<<20-1000) + `"}`, "is larger than 32 MiB"},
		"another account": {200, `{"id":"1","pricing_analytics":{"data":[]}}`, "about another account"},
		"a page":          {200, `<html>`, "is no JSON"},
		"no link":         {200, `{"id":"1","pricing_analytics":{"paging":{"next":"?%zz"}}}`, "the link to the next page can't be read"},
		"refused":         {400, `{"error":{"message":"secret words","code":100}}`, "meta answers 400 with code 100"},
		"expired":         {401, `{"error":{"message":"secret words","code":190}}`, "put a new one where the token of reconcile comes from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBilledWorld(t)
			w.Get = func(context.Context, string) (int, []byte, error) { return tc.status, []byte(tc.body), nil }
			w.Due(t.Context())
			state := w.State()
			if len(state) != 1 || state[0].Err == nil || !strings.Contains(state[0].Err.Error(), tc.says) || strings.Contains(state[0].Err.Error(), "secret") || !state[0].Done.IsZero() {
				t.Errorf("it is %+v", state)
			}
			if days, err := w.store.Figures(t.Context(), waba, "2000-01-01", "2100-01-01"); err != nil || len(days) > 0 {
				t.Errorf("%d days are kept, %v", len(days), err)
			}
		})
	}
}

// TestFiguresRetried: after failures it is asked again later each time, an hour at the most,
// and what is mended by hand is noticed at once.
func TestFiguresRetried(t *testing.T) {
	t.Parallel()
	w := newBilledWorld(t)
	w.fails = errors.New("connection refused")
	var waits []time.Duration
	for range 14 {
		w.Due(t.Context())
		state := w.State()[0]
		if !unreached(state.Err) {
			t.Fatalf("the error is %v", state.Err)
		}
		wait := state.Next.Sub(w.Sends.Now())
		waits = append(waits, wait)
		w.advance(wait)
	}
	for i, wait := range waits {
		least := min(time.Minute<<i, time.Hour)
		if wait < least || wait > least+least/10+1 {
			t.Errorf("after failure %d it is asked in %s", i+1, wait)
		}
	}
	w.Due(t.Context())
	w.fails = nil
	asked := len(w.asked)
	if w.Due(t.Context()); len(w.asked) != asked {
		t.Error("it is asked before it is due")
	}
	if _, err := w.Sends.Reconcile(t.Context(), ReconcileSelection{From: "2026-11-01", Fetch: true}); err == nil {
		t.Error("figures are fetched where no option says so")
	}
	w.Sends.Figures.Store(w.Figures)
	w.fails = errors.New("connection refused")
	_, err := w.Sends.Reconcile(t.Context(), ReconcileSelection{From: "3d", Fetch: true})
	if p, ok := errors.AsType[*Problem](err); !ok || !strings.HasPrefix(p.Err.Error(), "account "+waba+": ") {
		t.Errorf("which account Meta doesn't tell of isn't said: %v", err)
	}
	list, err := w.Sends.Reconcile(t.Context(), ReconcileSelection{From: "2025-06-01", To: "2025-06-02"})
	if err != nil || len(list) != 1 || !strings.Contains(strings.Join(list[0].Notes, " "), "the gateway fetches them (option reconcile), and has none of these days yet") {
		t.Errorf("where Meta hasn't answered yet it is said %+v, %v", list, err)
	}
	w.fails = nil
	if _, err := w.Sends.Reconcile(t.Context(), ReconcileSelection{From: "2025-06-01", To: "2025-06-02", Fetch: true}); err == nil || !strings.Contains(err.Error(), "Meta keeps its figures for a year") {
		t.Errorf("fetching what Meta has no more ends with %v", err)
	}
	if _, err := w.Sends.Reconcile(t.Context(), ReconcileSelection{From: "3d", Fetch: true}); err != nil {
		t.Fatal(err)
	}
	if w.Due(t.Context()); w.State()[0].Err != nil {
		t.Errorf("once mended it is %+v", w.State())
	}
}

// TestFiguresJudged: a day is judged once it has been over for a day where the account is, by
// what Meta said then; each that matches too little is an event, also one that was missed.
func TestFiguresJudged(t *testing.T) {
	t.Parallel()
	w := newBilledWorld(t)
	w.at(t, "2026-11-04 00:30")
	w.told["2026-11-03"] = 4 // sent by somebody else
	w.Due(t.Context())
	w.goesOn(t, 22)
	if got := w.events(t); got != nil {
		t.Errorf("before it has been over for a day there are %s", got)
	}
	w.goesOn(t, 5) // 03:30 on the fifth
	want := []string{"MATCH_FELL 2026-11-03"}
	if got := w.events(t); !reflect.DeepEqual(got, want) {
		t.Fatalf("there are %s, want %s", got, want)
	}
	for range 3 { // reloads
		w.start()
		w.goesOn(t, 3)
		if j := w.State()[0].Judged; j == nil || j.Day != "2026-11-03" || !j.Below || j.Messages == nil || *j.Messages != 0 || len(j.Causes) != 1 || j.Causes[0].Cause != billing.UnknownToUs {
			t.Errorf("judged is %+v", j)
		}
	}
	w.told["2026-11-05"] = 4
	w.goesOn(t, 24*4)
	if got := w.events(t); !reflect.DeepEqual(got, want) {
		t.Errorf("while it stays so there are %s", got)
	}

	// Somebody sends by the gateway, and it matches; a day later somebody else does again. Meta
	// can't be reached meanwhile: both are told of, in their order.
	deliver := func() {
		t.Helper()
		w.writes(t, ana)
		if r := w.handle(t, w.request(t, shop, text(ana, "hello"))); r.Refusal != nil {
			t.Fatal(r.Refusal)
		}
		w.learn(t, policy.StatusChanged{PhoneNumberID: shop, Wamid: "wamid.HBgNAA", Status: policy.StatusDelivered, At: w.now(), Pricing: &policy.Pricing{Billable: true, Category: "marketing", Type: "regular"}})
	}
	w.at(t, "2026-11-10 12:00")
	w.fails = errors.New("connection refused")
	deliver()
	w.told["2026-11-10"], w.told["2026-11-11"] = 1, 7
	w.goesOn(t, 24*3)
	w.fails = nil
	w.goesOn(t, 24)
	want = append(want, "MATCH_RECOVERED 2026-11-10", "MATCH_FELL 2026-11-11")
	if got := w.events(t); !reflect.DeepEqual(got, want) {
		t.Errorf("there are %s, want %s", got, want)
	}

	// What was asked for before a day was over is asked for again, however long after.
	w.start()
	w.at(t, "2026-11-30 12:00")
	w.told["2026-11-14"] = 9
	w.Due(t.Context())
	days, err := w.store.Figures(t.Context(), waba, "2026-11-14", "2026-11-15")
	if err != nil || len(days) != 1 || len(days[0].Points) != 1 {
		t.Errorf("of a day that hadn't been over %+v is kept, %v", days, err)
	}
	if got := w.State()[0].Judged; got != nil {
		t.Errorf("of days without anything %+v is judged", got)
	}
}

// TestFiguresOff: where nothing is to be told, nothing is.
func TestFiguresOff(t *testing.T) {
	t.Parallel()
	w := newBilledWorld(t)
	w.AlertBelow = 0
	w.told["2026-10-30"] = 4
	w.Due(t.Context())
	if j := w.State()[0].Judged; j == nil || j.Below || len(w.events(t)) > 0 {
		t.Errorf("judged is %+v, there are %s", j, w.events(t))
	}
}

// TestFiguresEnded: a configuration that is gone while it asks leaves no trace of a failure.
func TestFiguresEnded(t *testing.T) {
	t.Parallel()
	w := newBilledWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Get = func(ctx context.Context, _ string) (int, []byte, error) { cancel(); return 0, nil, ctx.Err() }
	w.Due(ctx)
	if s := w.State()[0]; s.Err != nil || w.logs.FilterLevelExact(zap.WarnLevel).Len() > 0 {
		t.Errorf("it is %+v", s)
	}
}
