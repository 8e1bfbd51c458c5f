package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// over is a gateway over a space, whose clock shows a time after everything that is said.
func over(t interface{ Fatal(...any) }, space *memory.Space) (*Gateway, *store.Book) {
	now := func() time.Time { return epoch.Add(1000 * time.Hour) }
	st, err := store.Open(context.Background(), space.OpenAlone(now), store.Options{Now: now, CacheSize: 1 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{
		Now: now, Observer: new(counts), Open: func() (store.Store, error) { return st, nil },
		Businesses: Businesses{Listed: map[string]*Business{shop: business("Shop"), support: business("Support")}},
	}
	g.Silence.Store(new(Silence))
	return g, st
}

// Whatever was said by whom and however it was heard of, what is exported and imported
// into an empty gateway allows nobody more: who is opted out stays so under every name,
// nobody is opted in who wasn't. Where one number alone is concerned, who is opted in stays
// so, too; what reaches from number to number may end an opt-in, and never begin one.
func TestExportAllowsNobodyMore(t *testing.T) {
	phone := func(n int) policy.Identity {
		return policy.Identity{Kind: policy.Phone, Value: fmt.Sprintf("49151123456%02d", n)}
	}
	userID := func(n int) policy.Identity {
		return policy.Identity{Kind: policy.BSUID, Value: fmt.Sprintf("DE.134912086553027419%02d", n)}
	}
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		space := memory.NewSpace()
		a, from := over(t, space)
		defer from.Close()
		person := rapid.Custom(func(t *rapid.T) policy.Identity {
			n := rapid.IntRange(0, 2).Draw(t, "person")
			if rapid.Bool().Draw(t, "by user id") {
				return userID(n)
			}
			return phone(n)
		})
		numbers := rapid.SampledFrom([][]string{{shop}, {shop, support}}).Draw(t, "numbers")
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			at := policy.MomentOf(epoch.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second))
			var e policy.Event
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); kind {
			case 0:
				n := rapid.IntRange(0, 2).Draw(t, "linked")
				e = policy.IdentityLinked{Who: []policy.Identity{phone(n), userID(n)}, At: at}
			case 1:
				e = policy.NewPerson{Who: person.Draw(t, "new"), At: at, Actor: "desk"}
			default:
				said := policy.ConsentChanged{
					PhoneNumberID: rapid.SampledFrom(numbers).Draw(t, "number"), Who: []policy.Identity{person.Draw(t, "who")}, At: at,
					State:  rapid.SampledFrom([]policy.ConsentState{policy.OptedIn, policy.OptedOut, policy.OptOutSuspected, policy.ConsentPending}).Draw(t, "state"),
					Scopes: rapid.SampledFrom([][]policy.Scope{policy.AllScopes, {policy.Marketing}, {policy.Transactional}}).Draw(t, "scopes"),
					Source: rapid.SampledFrom([]policy.Source{"website", "paper", "other:fair", policy.SourceKeyword, policy.SourceButton, policy.SourceOperator}).Draw(t, "source"), Ref: "ref",
				}
				said.General = said.Source == policy.SourceKeyword && len(said.Scopes) > 1
				said.Tap = said.Source == policy.SourceButton && said.State == policy.OptedIn
				if rapid.Bool().Draw(t, "evidence") {
					said.Evidence = &consent.Evidence{PageURL: "https://example.com/", IP: "203.0.113.9", UserAgent: "=1+1", Text: "Yes"}
				}
				e = said
			}
			if err := a.Learn(ctx, []policy.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
		b, to := over(t, space.Empty())
		defer to.Close()
		list := &Import{Actor: "import"}
		for after := "start"; after != ""; {
			page, err := a.Export(ctx, ConsentSelection{After: map[bool]string{true: "", false: after}[after == "start"]})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				r.Line = len(list.Records)
				list.Records = append(list.Records, r)
			}
			after = page.Next
		}
		done, err := b.Import(ctx, list)
		if err != nil || len(done.Rejected) > 0 {
			t.Fatalf("%v: %+v", err, done)
		}
		for n := range 3 {
			for _, who := range []policy.Identity{phone(n), userID(n)} {
				for _, number := range []string{shop, support} {
					before, err := from.Person(ctx, who, number, business("").Terms)
					if err != nil {
						t.Fatal(err)
					}
					then, err := to.Person(ctx, who, number, business("").Terms)
					if err != nil {
						t.Fatal(err)
					}
					for _, scope := range policy.AllScopes {
						was, is := before.Consent[scope].State, then.Consent[scope].State
						held := scope == policy.Marketing && before.Suspected != 0
						if is == policy.OptedIn && (was != policy.OptedIn || held) || was == policy.OptedOut && is != policy.OptedOut ||
							len(numbers) == 1 && was == policy.OptedIn && !held && is != policy.OptedIn || held && is != policy.OptedOut {
							t.Fatalf("%v, number %s, %s: was %s (held: %t), is %s\n%+v", who, number, scope, was, held, is, list.Records)
						}
					}
				}
			}
		}
	})
}

// A pseudonym is that of one key: under another it would be nobody.
func TestPseudonymOfAnotherInstallation(t *testing.T) {
	g, st := over(t, memory.NewSpace())
	defer st.Close()
	_, elsewhere := over(t, memory.NewSpace())
	defer elsewhere.Close()
	who, err := readContact(ana)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		contact string
		good    bool
	}{
		"its own":    {contactOf(st, st.Pseudonym(who)), true},
		"another's":  {contactOf(elsewhere, elsewhere.Pseudonym(who)), false},
		"cut":        {contactOf(st, st.Pseudonym(who))[:50], false},
		"no digits":  {pseudonymPrefix + st.Installation()[:16] + "/" + fmt.Sprintf("%032s", "x"), false},
		"no key":     {pseudonymPrefix + st.Pseudonym(who).String(), false},
		"the number": {ana, true},
	} {
		got, err := readPerson(st, want.contact)
		if (err == nil) != want.good || want.good && st.Pseudonym(got) != st.Pseudonym(who) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := g.RecordConsent(t.Context(), ConsentRequest{PhoneNumberID: shop, Contact: contactOf(st, st.Pseudonym(who))}, policy.OptedOut); err != nil {
		t.Fatal(err)
	}
	if known, err := g.Consent(t.Context(), ConsentRequest{PhoneNumberID: shop, Contact: ana}, nil); err != nil || known.Consent[policy.Marketing].State != policy.OptedOut {
		t.Errorf("recorded by pseudonym: %+v, %v", known, err)
	}
}
