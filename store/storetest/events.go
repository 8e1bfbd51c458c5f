package storetest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func (f *fixture) events(filter store.EventFilter) (names []string, ids []store.EventID) {
	f.t.Helper()
	for e, err := range f.AccountEvents(f.t.Context(), filter) {
		if err != nil {
			f.t.Fatalf("reading account events: %v", err)
		}
		names, ids = append(names, e.Name), append(ids, e.ID)
	}
	return names, ids
}

// testAccountEvents: events are kept once, however often and in whatever order
// they are told, and are found newest first by every filter.
func testAccountEvents(t *testing.T, open Open) {
	f := newFixture(t, open)
	events := []policy.Event{
		policy.AccountEvent{At: start, WABA: waba, Kind: "account_update", Name: "a", Severity: policy.Critical},
		policy.AccountEvent{At: start, WABA: waba, Kind: "account_update", Name: "b"},
		policy.AccountEvent{At: start + minute, WABA: waba, PhoneNumberID: number1, Kind: policy.WebhookChange, Name: "c", Severity: policy.Warning},
		policy.AccountEvent{At: start + 2*minute, WABA: waba, PhoneNumberID: number2, Kind: policy.WebhookChange, Name: "d"},
		policy.AccountEvent{At: start + 3*minute, WABA: "other", Kind: "account_update", Name: "e"},
		policy.AccountEvent{At: start + 4*minute, WABA: waba, Display: "15550999", Kind: "phone_number_quality_update", Name: "f"},
	}
	f.apply(events...)
	f.apply(events[3], events[0], events[3])
	for _, reopened := range []bool{false, true} {
		if reopened {
			f.reopen()
			f.apply(policy.NumberSeen{PhoneNumberID: number2, WABA: waba, Display: "15550999", At: start}, policy.NumberSeen{PhoneNumberID: number1, WABA: waba, At: start})
		}
		all, ids := f.events(store.EventFilter{})
		if len(all) != len(events) || all[0] != "f" || !slices.Equal(all[1:4], []string{"e", "d", "c"}) {
			t.Fatalf("all events are %v", all)
		}
		for _, test := range []struct {
			filter store.EventFilter
			want   string
		}{
			{store.EventFilter{From: start + 2*minute, To: start + 4*minute}, "[e d]"},
			{store.EventFilter{To: start}, "[]"},
			{store.EventFilter{Limit: 2}, "[f e]"},
			{store.EventFilter{Before: ids[1], Limit: 1}, "[d]"},
			{store.EventFilter{Before: ids[1], To: start + 2*minute, Limit: 1}, "[c]"},
			{store.EventFilter{Kind: policy.WebhookChange}, "[d c]"},
			{store.EventFilter{Severity: policy.Warning, From: start + 1}, "[c]"},
			{store.EventFilter{WABA: "other"}, "[e]"},
			{store.EventFilter{PhoneNumberID: number3}, "[]"},
		} {
			if got, _ := f.events(test.filter); fmt.Sprint(got) != test.want {
				t.Errorf("%+v: got %v, want %s", test.filter, got, test.want)
			}
		}
	}
	// Of a number are also the events of its whole account, and those that name it
	// by its digits.
	if got, _ := f.events(store.EventFilter{PhoneNumberID: number1, From: start + 1}); fmt.Sprint(got) != "[c]" {
		t.Errorf("of number 1: %v", got)
	}
	if got, _ := f.events(store.EventFilter{PhoneNumberID: number1}); len(got) != 3 {
		t.Errorf("of number 1 and its account: %v", got)
	}
	if got, _ := f.events(store.EventFilter{PhoneNumberID: number2, From: start + 1}); fmt.Sprint(got) != "[f d]" {
		t.Errorf("of number 2: %v", got)
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		kind := policy.AccountEventKind(fmt.Sprint("round ", n))
		told := rapid.SliceOfN(rapid.SampledFrom(events), 1, 30).Draw(r, "told")
		want := make(map[string]bool)
		for _, e := range told {
			e := e.(policy.AccountEvent)
			e.Kind = kind
			f.apply(e)
			want[e.Name] = true
		}
		got, _ := f.events(store.EventFilter{Kind: kind})
		if len(got) != len(want) {
			r.Fatalf("told %d different events, got %v", len(want), got)
		}
		// In pages of every size it is the same list.
		var paged []string
		filter := store.EventFilter{Kind: kind, Limit: rapid.IntRange(1, 4).Draw(r, "limit")}
		for {
			names, ids := f.events(filter)
			if paged = append(paged, names...); len(names) < filter.Limit {
				break
			}
			filter.Before = ids[len(ids)-1]
		}
		if !slices.Equal(paged, got) {
			r.Fatalf("in pages of %d: %v, want %v", filter.Limit, paged, got)
		}
	})
}
