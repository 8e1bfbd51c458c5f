package badger

import (
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
)

// What people opted out of under a key that is now somebody else's still counts
// for them, and nothing else does. What the other one says since is their own.
func TestFormerKeys(t *testing.T) {
	const mobile, shared = "5511934567890", "551134567890"
	dir := t.TempDir()
	options := Options{Now: testNow, Former: func(who policy.Identity) (policy.Identity, bool) {
		if who.Value == mobile {
			return phone(shared), true
		}
		return policy.Identity{}, false
	}}
	now := policy.MomentOf(testTime)
	said := func(state policy.ConsentState, at policy.Moment, digits string) policy.Event {
		return policy.ConsentChanged{PhoneNumberID: testNumber, Who: []policy.Identity{phone(digits)}, At: at, State: state, Scopes: policy.AllScopes, Source: policy.SourceKeyword}
	}
	state := func(s *Store, digits string) policy.ConsentState {
		t.Helper()
		p, err := s.Person(t.Context(), phone(digits), testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Consent[policy.Marketing].State
	}

	// A new store has no former keys, whatever the time of what is said.
	s := openStore(t, dir, options)
	apply(t, s, said(policy.OptedOut, now-10, shared), opened(shared, now-9))
	if got := state(s, mobile); got != policy.ConsentUnknown {
		t.Errorf("in a new store the opt-out of somebody else counts: %s", got)
	}
	// Make it one of an earlier version.
	err := s.engine.db.Update(func(txn *badger.Txn) error {
		meta, err := readMeta(txn)
		if err != nil {
			return err
		}
		meta.Identities = 0
		value, err := encode(meta)
		if err != nil {
			return err
		}
		return txn.Set(metaKey, value)
	})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	s = openStore(t, dir, options)
	if got := state(s, mobile); got != policy.OptedOut {
		t.Errorf("after the upgrade the person is %s", got)
	}
	if p, err := s.Person(t.Context(), phone(mobile), testNumber, nil); err != nil || p.Opened != 0 || p.Known {
		t.Errorf("more than the opt-out counts: %+v, %v", p, err)
	}
	// The fixed line's own words change nothing about it, nor do they count.
	apply(t, s, said(policy.OptedIn, now+1, shared), said(policy.OptedOut, now+2, shared))
	if got := state(s, mobile); got != policy.OptedOut {
		t.Errorf("after the other one's words the person is %s", got)
	}
	apply(t, s, said(policy.OptedIn, now+3, mobile))
	if got := state(s, mobile); got != policy.OptedIn {
		t.Errorf("after their own opt-in the person is %s", got)
	}
	apply(t, s, said(policy.OptedOut, now+4, shared))
	if got := state(s, mobile); got != policy.OptedIn {
		t.Errorf("after an opt-out of the other one the person is %s", got)
	}
	closeStore(t, s)
	s = openStore(t, dir, options)
	if at := s.engine.Description().IdentitiesChanged; policy.MomentOf(at) != now {
		t.Errorf("the keys changed at %s, want the time of the upgrade", at)
	}
	closeStore(t, s)
}
