package store_test

import (
	"fmt"
	"testing"

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
