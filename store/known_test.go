package store_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// TestAccountsAreBounded: who names accounts nobody knows fills neither memory nor
// disk; what is known of others still changes.
func TestAccountsAreBounded(t *testing.T) {
	s := openBook(t, memory.NewSpace())
	for i := 0; i < store.MostAccounts+500; i += 50 {
		events := make([]policy.Event, 50)
		for j := range events {
			events[j] = policy.TemplatesUnsure{WABA: fmt.Sprint(i + j), At: 5}
		}
		apply(t, s, events...)
	}
	apply(t, s, policy.TemplatesListed{WABA: "1", At: 7}, policy.TemplatesListed{WABA: "another", At: 7})
	if n := s.AccountsListed(); n != store.MostAccounts {
		t.Errorf("%d accounts are known, want %d", n, store.MostAccounts)
	}
	ref := policy.TemplateRef{Name: "a", Language: "en"}
	for waba, listed := range map[string]bool{"1": true, "2": false, "another": false} {
		if f := s.TemplateFacts(waba, ref); f.Listed != listed {
			t.Errorf("account %s: listed is %v", waba, f.Listed)
		}
	}
}

// TestNumberSeen: of what webhooks tell of a number the newest holds, in whatever
// order and however often they come.
func TestNumberSeen(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := openBook(t, memory.NewSpace())
		var want store.Number
		var newestWABA, newestDisplay policy.Moment
		newest := func(value *string, newest *policy.Moment, told string, at policy.Moment) {
			if told != "" && (at > *newest || at == *newest && told > *value) {
				*value, *newest = told, at
			}
		}
		for range rapid.IntRange(1, 12).Draw(r, "events") {
			e := policy.NumberSeen{
				PhoneNumberID: testNumber, At: policy.Moment(rapid.IntRange(1, 4).Draw(r, "at")),
				WABA: rapid.SampledFrom([]string{"", "1", "2"}).Draw(r, "waba"), Display: rapid.SampledFrom([]string{"", "15", "16"}).Draw(r, "display"),
			}
			apply(t, s, e)
			newest(&want.WABA, &newestWABA, e.WABA, e.At)
			newest(&want.Display, &newestDisplay, e.Display, e.At)
			want.At = max(want.At, e.At)
			if got, err := s.Number(t.Context(), testNumber); err != nil || got != want {
				r.Fatalf("after %+v: %+v, %v; want %+v", e, got, err, want)
			}
		}
	})
}
