package store_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// ledgerOf is a book over a space, and the space.
func ledgerOf(t testing.TB, space *memory.Space) (*store.Book, store.Engine) {
	t.Helper()
	now := func() time.Time { return testTime }
	engine := space.Open(now)
	b, err := store.Open(t.Context(), engine, store.Options{Now: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b, engine
}

// policyKeys are those of the policies on record.
func policyKeys(t testing.TB, e store.Engine) (keys [][]byte) {
	t.Helper()
	err := e.View(t.Context(), func(r store.Records) error {
		return r.Scan([]byte("p"), func(key, _ []byte) (bool, error) {
			keys = append(keys, append([]byte(nil), key...))
			return false, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// decidedUnder is a send that is judged by a policy.
func decidedUnder(p policy.Policy) *store.Entry {
	at := policy.MomentOf(testTime)
	e := &store.Entry{
		ID: store.NewID(at), At: at, Policy: p,
		Send:    policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: testNumber, Kind: policy.FreeForm, Type: "text"},
		Facts:   policy.Facts{Persons: []policy.PersonFacts{{Contact: policy.Alias{1}}}, OnePerson: true},
		Outcome: store.Outcome{State: store.Reserved, At: at},
	}
	e.Decision = policy.Decide(&e.Send, &e.Facts, &e.Policy, testTime)
	return e
}

func reserve(t testing.TB, b *store.Book, entries ...*store.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := b.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPolicyOnce checks that a policy is on record once, whoever decides by it, that
// another configuration adds its own, and that the default one needs none.
func TestPolicyOnce(t *testing.T) {
	space := memory.NewSpace()
	b, engine := ledgerOf(t, space)
	other, _ := ledgerOf(t, space)
	before := policy.Policy{WindowMargin: time.Minute, EssentialTemplates: []string{"shipped"}}
	after := policy.Policy{WindowMargin: time.Hour, EssentialTemplates: []string{"shipped"}}
	reserve(t, b, decidedUnder(policy.Policy{}))
	if n := len(policyKeys(t, engine)); n != 0 {
		t.Errorf("the default policy has %d records", n)
	}
	first, second := decidedUnder(before), decidedUnder(before)
	reserve(t, b, first, second)
	reserve(t, other, decidedUnder(before))
	if n := len(policyKeys(t, engine)); n != 1 {
		t.Errorf("one policy has %d records", n)
	}
	changed := decidedUnder(after)
	reserve(t, b, changed)
	if n := len(policyKeys(t, engine)); n != 2 {
		t.Errorf("two policies have %d records", n)
	}
	for _, e := range []*store.Entry{first, second, changed} {
		got, err := other.Entry(t.Context(), e.ID)
		if err != nil || !reflect.DeepEqual(got.Policy, e.Policy) || !reflect.DeepEqual(got.Decision, e.Decision) {
			t.Errorf("got %+v %+v, %v; want %+v %+v", got.Policy, got.Decision, err, e.Policy, e.Decision)
		}
	}
}

// TestPolicyWithItsEntry checks that a policy is there with the entry, or not at all.
func TestPolicyWithItsEntry(t *testing.T) {
	b, engine := ledgerOf(t, memory.NewSpace())
	attempt := &store.Attempt{Key: policy.Alias{1}, Request: policy.Alias{2}, Keep: time.Hour}
	first := decidedUnder(policy.Policy{})
	first.Decision.Verdict, first.Attempt = policy.Allow, attempt
	reserve(t, b, first)
	again := decidedUnder(policy.Policy{AllowGroups: true})
	again.Attempt = attempt
	if err := b.Reserve(t.Context(), again).Wait(); !errors.Is(err, store.ErrRepeated) {
		t.Fatalf("a repeated request: %v", err)
	}
	if n := len(policyKeys(t, engine)); n != 0 {
		t.Errorf("an entry that wasn't entered left %d policies", n)
	}
	again.Attempt = nil
	reserve(t, b, again)
	if got, err := b.Entry(t.Context(), again.ID); err != nil || !got.Policy.AllowGroups {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestPolicyMissing checks that an entry whose policy is gone, or another one, is
// found to be damaged, and is not shown under the default policy.
func TestPolicyMissing(t *testing.T) {
	for name, change := range map[string]func(tx store.Tx, key []byte) error{
		"missing": func(tx store.Tx, key []byte) error { return tx.Delete(key) },
		"another": func(tx store.Tx, key []byte) error { return tx.Put(key, []byte{0xa1, 4, 0xf5}, 0) },
	} {
		space := memory.NewSpace()
		b, engine := ledgerOf(t, space)
		e := decidedUnder(policy.Policy{WindowMargin: time.Minute})
		reserve(t, b, e)
		key := policyKeys(t, engine)[0]
		check := func() (wrong error) {
			err := engine.View(t.Context(), func(r store.Records) error {
				l, err := r.Find(store.Ledger, e.ID)
				if err != nil {
					return err
				}
				wrong = store.EntryChecks(func(key []byte) ([]byte, error) {
					values, err := r.Get(key)
					return values[0], err
				})(l.Data)
				return nil
			})
			return errors.Join(err, wrong)
		}
		if err := check(); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		if err := engine.Update(context.Background(), func(tx store.Tx) error { return change(tx, key) }); err != nil {
			t.Fatal(err)
		}
		if err := check(); err == nil || !strings.Contains(err.Error(), "policy") {
			t.Errorf("%s: the check says %v", name, err)
		}
		other, _ := ledgerOf(t, space)
		if got, err := other.Entry(t.Context(), e.ID); !errors.Is(err, store.ErrUnreadable) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// TestEntryAsEntered checks that entries read as they were entered: with the words
// of decisions, those of [policy.Decide] and others.
func TestEntryAsEntered(t *testing.T) {
	b, _ := ledgerOf(t, memory.NewSpace())
	sends, people, policies := rapid.Make[policy.Send](), rapid.SliceOfN(rapid.Make[policy.PersonFacts](), 1, 3), rapid.Make[policy.Policy]()
	templates := rapid.Make[policy.TemplateFacts]()
	rapid.Check(t, func(r *rapid.T) {
		e := decidedUnder(policies.Draw(r, "policy"))
		e.Send = sends.Draw(r, "send")
		e.Send.To = e.Send.To[:min(len(e.Send.To), 2)]
		e.Send.Bare = rapid.SampledFrom([]policy.Bare{policy.NotBare, policy.BareNational}).Draw(r, "bare")
		e.Facts = policy.Facts{Persons: people.Draw(r, "people"), Template: templates.Draw(r, "template"), OnePerson: rapid.Bool().Draw(r, "one person")}
		if len(e.Policy.EssentialTemplates) == 0 {
			e.Policy.EssentialTemplates = nil
		}
		if len(e.Policy.Rules) == 0 {
			e.Policy.Rules = nil
		}
		if len(e.Policy.Caps) == 0 {
			e.Policy.Caps = nil
		}
		if len(e.Policy.Countries) == 0 {
			e.Policy.Countries = nil
		}
		if len(e.Policy.ConsentExpires) == 0 {
			e.Policy.ConsentExpires = nil
		}
		if len(e.Policy.QuietHours) == 0 {
			e.Policy.QuietHours = nil
		}
		if len(e.Policy.ConsentRequests) == 0 {
			e.Policy.ConsentRequests = nil
		}
		for i := range e.Facts.Persons {
			if len(e.Facts.Persons[i].Sent) == 0 {
				e.Facts.Persons[i].Sent = nil
			}
			if len(e.Facts.Persons[i].Limits) == 0 {
				e.Facts.Persons[i].Limits = nil
			}
			if len(e.Facts.Persons[i].Clocks) == 0 {
				e.Facts.Persons[i].Clocks = nil
			}
			if len(e.Facts.Persons[i].Lots) == 0 {
				e.Facts.Persons[i].Lots = nil
			}
		}
		e.Decision = policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time())
		switch rapid.IntRange(0, 3).Draw(r, "whose words") {
		case 0:
			e.Unread = true
		case 1:
			e.Decision.Reason = rapid.String().Draw(r, "reason")
		case 2:
			e.Decision.Remedy = rapid.String().Draw(r, "remedy")
		}
		e.Decision.Claims = nil // they are tried elsewhere
		e.Outcome.State = store.Refused
		before := *e
		if err := b.Reserve(t.Context(), e).Wait(); err != nil {
			r.Fatal(err)
		}
		if !reflect.DeepEqual(*e, before) {
			r.Fatalf("entering it made %+v of %+v", *e, before)
		}
		got, err := b.Entry(t.Context(), e.ID)
		if err != nil {
			r.Fatal(err)
		}
		e.Send.To, e.Send.Digits, e.Send.Recipient = nil, "", policy.Identity{} // aren't kept
		if !reflect.DeepEqual(got, e) {
			r.Fatalf("got %+v\nwant %+v", got, e)
		}
	})
}

// TestEntryOfVersionBefore checks that an entry that holds its policy and its words,
// as earlier versions wrote it, reads as it was written.
func TestEntryOfVersionBefore(t *testing.T) {
	b, engine := ledgerOf(t, memory.NewSpace())
	e := decidedUnder(policy.Policy{WindowMargin: time.Minute, EssentialTemplates: []string{"shipped"}, BareNumbers: policy.BareBoth})
	e.Decision.Reason, e.Decision.Remedy = "as it was said then", "as it was advised then"
	e.Outcome.State = store.Refused
	data, err := cbor.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Update(t.Context(), func(tx store.Tx) error {
		return tx.Append(store.Ledger, &store.Line{ID: e.ID, Data: data, Columns: &store.Columns{}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Entry(t.Context(), e.ID); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, e)
	}
}

// TestWordsOfAnotherVersion checks that a decision this version wouldn't make keeps
// its verdict and rule, and is not put into words that aren't its.
func TestWordsOfAnotherVersion(t *testing.T) {
	b, engine := ledgerOf(t, memory.NewSpace())
	e := decidedUnder(policy.Policy{})
	e.Decision.Rule, e.Decision.Reason, e.Decision.Remedy, e.Unworded = "RULE_OF_ANOTHER_VERSION", "", "", true
	data, err := cbor.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Update(t.Context(), func(tx store.Tx) error {
		return tx.Append(store.Ledger, &store.Line{ID: e.ID, Data: data, Columns: &store.Columns{}})
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Entry(t.Context(), e.ID)
	if err != nil || got.Decision.Rule != e.Decision.Rule || got.Decision.Verdict != e.Decision.Verdict || !strings.Contains(got.Decision.Reason, "another version") {
		t.Errorf("got %+v, %v", got, err)
	}
}
