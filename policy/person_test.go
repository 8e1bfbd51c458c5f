package policy

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Short forms of what events do to the contact of the tables: everything happens
// on business phone number 1 unless it says otherwise.

func opens(n byte, d time.Duration) update {
	return update{What: "open", A: name(n), Number: "1", At: ago(d)}
}

func says(n byte, state ConsentState, d time.Duration, scopes ...Scope) update {
	return update{What: "say", A: name(n), Number: "1", State: state, Scopes: scopes, At: ago(d), Source: SourceKeyword}
}

func link(a, b byte, d time.Duration) update {
	return update{What: "link", A: name(a), B: name(b), Kind: SamePerson, At: ago(d)}
}

func changed(a, b byte, d time.Duration) update {
	return update{What: "link", A: name(a), B: name(b), Kind: Successor, At: ago(d)}
}

func newPerson(n byte, d time.Duration) update {
	return update{What: "new", A: name(n), At: ago(d)}
}

func (u update) on(number string) update { u.Number = number; return u }

// Where the person behind name 1 stands on marketing.
func TestPersonConsent(t *testing.T) {
	m := Marketing
	for _, tc := range []struct {
		name    string
		updates []update
		want    ConsentState
		since   time.Duration
	}{
		{"nothing", nil, ConsentUnknown, 0},
		{"opted-in", []update{says(1, OptedIn, 2*hour, m)}, OptedIn, 2 * hour},
		{"opted-in/twice", []update{says(1, OptedIn, 2*hour, m), says(1, OptedIn, hour, m)}, OptedIn, hour},
		{"opted-in/another-scope", []update{says(1, OptedIn, hour, Transactional)}, ConsentUnknown, 0},
		{"opted-out", []update{says(1, OptedOut, hour, m)}, OptedOut, hour},
		{"opted-out/after-opt-in", []update{says(1, OptedIn, 2*hour, m), says(1, OptedOut, hour, m)}, OptedOut, hour},
		{"opted-out/before-opt-in", []update{says(1, OptedIn, hour, m), says(1, OptedOut, 2*hour, m)}, OptedIn, hour},
		{"opted-out/same-time-as-opt-in", []update{says(1, OptedIn, hour, m), says(1, OptedOut, hour, m)}, OptedOut, hour},
		{"opted-out/1ms-before-opt-in", []update{says(1, OptedIn, hour, m), says(1, OptedOut, hour+time.Millisecond, m)}, OptedIn, hour},
		{"opted-out/another-scope", []update{says(1, OptedIn, 2*hour, m), says(1, OptedOut, hour, Transactional)}, OptedIn, 2 * hour},

		{"pending", []update{says(1, ConsentPending, hour, m)}, ConsentPending, hour},
		{"pending/then-opted-in", []update{says(1, ConsentPending, 2*hour, m), says(1, OptedIn, hour, m)}, OptedIn, hour},
		{"pending/asked-again-after-opt-in", []update{says(1, OptedIn, 2*hour, m), says(1, ConsentPending, hour, m)}, OptedIn, 2 * hour},
		{"pending/asked-again-after-opt-out", []update{says(1, OptedOut, 2*hour, m), says(1, ConsentPending, hour, m)}, OptedOut, 2 * hour},

		{"group/opt-in-to-another-number", []update{says(1, OptedIn, hour, m).on("2")}, OptedIn, hour},
		{"group/opt-out-to-another-number", []update{says(1, OptedIn, 2*hour, m), says(1, OptedOut, hour, m).on("2")}, OptedOut, hour},
		{"group/opt-in-to-another-account", []update{says(1, OptedIn, hour, m).on("3")}, ConsentUnknown, 0},
		{"group/opt-out-to-another-account", []update{says(1, OptedIn, 2*hour, m), says(1, OptedOut, hour, m).on("3")}, OptedIn, 2 * hour},

		// Blocked by any alias is blocked.
		{"alias/opt-in", []update{link(1, 2, day), says(2, OptedIn, hour, m)}, OptedIn, hour},
		{"alias/opt-out", []update{link(1, 2, day), says(1, OptedIn, 2*hour, m), says(2, OptedOut, hour, m)}, OptedOut, hour},
		{"alias/opt-out/linked-later", []update{says(1, OptedIn, 2*hour, m), says(2, OptedOut, hour, m), link(1, 2, 0)}, OptedOut, hour},
		{"alias/opt-out/older-than-our-opt-in/linked-later", []update{says(2, OptedOut, 3*hour, m), says(1, OptedIn, 2*hour, m), link(1, 2, hour)}, OptedOut, 3 * hour},
		{"alias/opt-out/two-steps-away", []update{link(1, 2, day), link(2, 3, day), says(1, OptedIn, 2*hour, m), says(3, OptedOut, hour, m)}, OptedOut, hour},
		{"alias/opt-out/not-linked", []update{says(1, OptedIn, 2*hour, m), says(2, OptedOut, hour, m)}, OptedIn, 2 * hour},
		{"alias/pending/asked-again", []update{link(1, 2, day), says(1, OptedIn, 2*hour, m), says(2, ConsentPending, hour, m)}, OptedIn, 2 * hour},

		// An opt-in undoes the opt-out of a name known by then to be the same
		// person's, and of no other.
		{"undo/by-known-alias", []update{link(1, 2, day), says(1, OptedOut, 2*hour, m), says(2, OptedIn, hour, m)}, OptedIn, hour},
		{"undo/by-alias-linked-by-the-same-message", []update{says(1, OptedOut, 2*hour, m), link(1, 2, hour), says(2, OptedIn, hour, m)}, OptedIn, hour},
		{"undo/by-alias-linked-1ms-later", []update{says(1, OptedOut, 2*hour, m), says(2, OptedIn, hour, m), link(1, 2, hour-time.Millisecond)}, OptedOut, 2 * hour},
		{"undo/by-alias-linked-later", []update{says(1, OptedOut, 3*hour, m), says(2, OptedIn, 2*hour, m), link(1, 2, hour)}, OptedOut, 3 * hour},
		{"undo/by-alias-linked-later/said-again", []update{says(1, OptedOut, 3*hour, m), says(2, OptedIn, 2*hour, m), link(1, 2, hour), says(2, OptedIn, time.Minute, m)}, OptedIn, time.Minute},
		{"undo/by-alias/path-known", []update{says(1, OptedOut, 3*hour, m), link(1, 2, day), link(2, 3, day), says(3, OptedIn, hour, m)}, OptedIn, hour},
		{"undo/by-alias/path-half-known", []update{says(1, OptedOut, 3*hour, m), link(1, 2, day), link(2, 3, hour), says(3, OptedIn, 2*hour, m)}, OptedOut, 3 * hour},
		{"undo/one-of-two-opt-outs", []update{link(1, 2, day), says(1, OptedOut, 3*hour, m), says(3, OptedOut, 4*hour, m), says(2, OptedIn, 2*hour, m), link(2, 3, hour)}, OptedOut, 4 * hour},

		// Consent follows the person through a number change, in both directions of
		// the question.
		{"number-change/opt-in", []update{says(2, OptedIn, 2*hour, m), changed(2, 1, hour)}, OptedIn, 2 * hour},
		{"number-change/opt-out", []update{says(2, OptedOut, 2*hour, m), changed(2, 1, hour)}, OptedOut, 2 * hour},
		{"number-change/opt-in-under-the-new-name", []update{says(2, OptedOut, 3*hour, m), changed(2, 1, 2*hour), says(1, OptedIn, hour, m)}, OptedIn, hour},
		{"number-change/learned-late", []update{says(2, OptedOut, 3*hour, m), says(1, OptedIn, 2*hour, m), changed(2, 1, hour)}, OptedOut, 3 * hour},

		// A recycled number: nothing older counts for it.
		{"new-person/opt-in-before", []update{says(1, OptedIn, 2*hour, m), newPerson(1, hour)}, ConsentUnknown, 0},
		{"new-person/opt-out-before", []update{says(1, OptedOut, 2*hour, m), newPerson(1, hour)}, ConsentUnknown, 0},
		{"new-person/opt-in-after", []update{says(1, OptedOut, 3*hour, m), newPerson(1, 2*hour), says(1, OptedIn, hour, m)}, OptedIn, hour},
		{"new-person/opt-out-after", []update{newPerson(1, 2*hour), says(1, OptedOut, hour, m)}, OptedOut, hour},
		// Lists are dated by the day: the opt-out of that day must not get lost.
		{"new-person/opt-out-same-moment", []update{newPerson(1, hour), says(1, OptedOut, hour, m)}, OptedOut, hour},
		{"new-person/opt-in-same-moment", []update{newPerson(1, hour), says(1, OptedIn, hour, m)}, ConsentUnknown, 0},
		{"new-person/cuts-old-links", []update{link(1, 2, 3*hour), newPerson(1, 2*hour), says(2, OptedIn, hour, m)}, ConsentUnknown, 0},
		{"new-person/cuts-old-links/opt-out", []update{link(1, 2, 3*hour), newPerson(1, 2*hour), says(1, OptedIn, hour, m), says(2, OptedOut, hour, m)}, OptedIn, hour},
		{"new-person/cuts-old-links/number-change", []update{says(1, OptedOut, 4*hour, m), changed(1, 2, 3*hour), newPerson(1, 2*hour)}, ConsentUnknown, 0},
		// The one who had the number before keeps what they said with it. This used to
		// be forgotten, and let marketing through to a person who had said no.
		{"new-person/opt-out-stays-with-the-former", []update{link(1, 2, 3*hour), says(1, OptedIn, 3*hour, m), says(2, OptedOut, 2*hour, m), newPerson(2, hour)}, OptedOut, 2 * hour},
		{"new-person/opt-out-stays-with-the-former/number-change", []update{says(2, OptedOut, 4*hour, m), changed(2, 1, 3*hour), newPerson(2, 2*hour)}, OptedOut, 4 * hour},
		{"new-person/opt-out-stays-with-the-former/new-one-opts-out-too", []update{
			link(1, 2, 5*hour), says(2, OptedOut, 4*hour, m), newPerson(2, 3*hour), says(2, OptedOut, 2*hour, m),
		}, OptedOut, 4 * hour},
		{"new-person/opt-out-stays-with-the-former/through-another", []update{
			says(3, OptedOut, 5*hour, m), link(2, 3, 4*hour), link(1, 2, 4*hour), newPerson(3, 3*hour), newPerson(2, 2*hour),
		}, OptedOut, 5 * hour},
		{"new-person/opt-out-stays-with-the-former/undone-by-the-name", []update{
			link(1, 2, 5*hour), says(2, OptedOut, 4*hour, m), says(2, OptedIn, 3*hour, m), newPerson(2, 2*hour),
		}, ConsentUnknown, 0},
		{"new-person/opt-out-stays-with-the-former/undone-by-another-name", []update{
			link(1, 2, 5*hour), says(2, OptedOut, 4*hour, m), newPerson(2, 3*hour), says(1, OptedIn, hour, m),
		}, OptedIn, hour},
		{"new-person/opt-in-of-the-new-one-is-not-theirs", []update{
			link(1, 2, 5*hour), says(2, OptedOut, 4*hour, m), newPerson(2, 3*hour), says(2, OptedIn, hour, m),
		}, OptedOut, 4 * hour},
		{"new-person/cuts-the-path", []update{link(1, 2, 3*hour), link(2, 3, 3*hour), newPerson(2, 2*hour), says(3, OptedIn, hour, m)}, ConsentUnknown, 0},
		{"new-person/linked-again", []update{link(1, 2, 4*hour), newPerson(1, 3*hour), link(1, 2, 2*hour), says(2, OptedIn, hour, m)}, OptedIn, hour},
		{"new-person/linked-again/old-words-stay-away", []update{says(1, OptedIn, 5*hour, m), link(1, 2, 4*hour), newPerson(1, 3*hour), link(1, 2, 2*hour)}, ConsentUnknown, 0},
		// The link was known in name 1's former life only; the opt-in under name 2
		// was not yet known to be the new person's. The first sight of the link used
		// to count, and undid the opt-out.
		{"new-person/linked-again/too-late-to-undo", []update{
			link(1, 2, 6*hour), newPerson(1, 5*hour), says(1, OptedOut, 4*hour, m), says(2, OptedIn, 3*hour, m), link(1, 2, 2*hour),
		}, OptedOut, 4 * hour},
		{"new-person/twice/newest-counts", []update{newPerson(1, hour), newPerson(1, 3*hour), says(1, OptedIn, 2*hour, m)}, ConsentUnknown, 0},
		{"link-of-unknown-time/opt-out", []update{says(2, OptedOut, hour, m), {What: "link", A: name(1), B: name(2), Kind: SamePerson}}, OptedOut, hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := applied(tc.updates).Person(name(1), ours("1")).Consent[Marketing]
			var since Moment
			if tc.want != ConsentUnknown {
				since = ago(tc.since)
			}
			if got.State != tc.want || got.Since != since {
				t.Errorf("%s since %s, want %s since %s", got.State, got.Since, tc.want, since)
			}
		})
	}
}

func TestPersonLastOptIn(t *testing.T) {
	c := applied([]update{says(1, OptedIn, 3*hour, AllScopes...), says(1, OptedOut, 2*hour, AllScopes...)})
	if got := c.Person(name(1), ours("1")).Consent[Marketing].LastOptIn; got != ago(3*hour) {
		t.Errorf("opted in last at %s, want %s", got, ago(3*hour))
	}
	c = applied([]update{says(1, OptedOut, 2*hour, AllScopes...)})
	if got := c.Person(name(1), ours("1")).Consent[Marketing].LastOptIn; got != 0 {
		t.Errorf("opted in last at %s, want never", got)
	}
}

// Open by any alias is open, but not across a number change.
func TestPersonWindow(t *testing.T) {
	for _, tc := range []struct {
		name    string
		updates []update
		want    Moment
	}{
		{"never", nil, 0},
		{"own", []update{opens(1, hour)}, ago(hour)},
		{"another-number-of-the-business", []update{opens(1, hour).on("2")}, 0},
		{"alias", []update{link(1, 2, day), opens(2, hour)}, ago(hour)},
		{"alias/linked-later", []update{opens(2, hour), link(1, 2, 0)}, ago(hour)},
		{"alias/newest", []update{link(1, 2, day), opens(2, 2*hour), opens(1, hour)}, ago(hour)},
		{"alias/stranger", []update{opens(2, hour)}, 0},
		{"number-change/opened-before", []update{opens(2, 2*hour), changed(2, 1, hour)}, 0},
		{"number-change/opened-by-an-alias-before", []update{link(2, 3, day), opens(3, 2*hour), changed(2, 1, hour)}, 0},
		{"number-change/opened-by-the-new-name", []update{opens(2, 2*hour), changed(2, 1, hour), opens(1, time.Minute)}, ago(time.Minute)},
		{"number-change/opened-by-the-new-user-id", []update{opens(2, 2*hour), changed(2, 1, hour), link(1, 3, hour), opens(3, time.Minute)}, ago(time.Minute)},
		{"number-change/old-name", []update{changed(1, 2, hour), opens(2, time.Minute)}, 0},
		{"new-person", []update{opens(1, 2*hour), newPerson(1, hour)}, 0},
		{"new-person/wrote", []update{newPerson(1, 2*hour), opens(1, hour)}, ago(hour)},
		{"new-person/same-moment", []update{newPerson(1, hour), opens(1, hour)}, 0},
		{"new-person/alias", []update{link(1, 2, 3*hour), newPerson(1, 2*hour), opens(2, hour)}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := applied(tc.updates).Person(name(1), ours("1")).Opened; got != tc.want {
				t.Errorf("opened %s, want %s", got, tc.want)
			}
		})
	}
}

func TestPersonConfirmationAndCalls(t *testing.T) {
	confirms := func(n byte, d time.Duration) update {
		return update{What: "confirm", A: name(n), Number: "1", At: ago(d)}
	}
	permits := func(n byte, d time.Duration, until Moment) update {
		return update{What: "calls", A: name(n), Number: "1", At: ago(d), Until: until}
	}
	for _, tc := range []struct {
		name      string
		updates   []update
		confirmed Moment
		callUntil Moment
	}{
		{"confirmed/by-any-name", []update{link(1, 2, day), confirms(2, hour)}, ago(hour), 0},
		{"confirmed/before-a-number-change", []update{confirms(2, 2*hour), changed(2, 1, hour)}, ago(2 * hour), 0},
		{"confirmed/by-another-number-of-the-group", []update{confirms(1, hour).on("2")}, ago(hour), 0},
		{"confirmed/by-another-account", []update{confirms(1, hour).on("3")}, 0, 0},
		{"confirmed/new-person", []update{confirms(1, 2*hour), newPerson(1, hour)}, 0, 0},
		{"calls/permitted", []update{permits(1, hour, Forever)}, 0, Forever},
		{"calls/another-number-of-the-group", []update{permits(1, hour, Forever).on("2")}, 0, 0},
		{"calls/withdrawn-by-another-name", []update{link(1, 2, day), permits(1, 2*hour, Forever), permits(2, hour, 0)}, 0, 0},
		{"calls/permitted-again", []update{link(1, 2, day), permits(2, 2*hour, 0), permits(1, hour, Forever)}, 0, Forever},
		{"calls/new-person", []update{permits(1, 2*hour, Forever), newPerson(1, hour)}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := applied(tc.updates).Person(name(1), ours("1"))
			if got.Confirmed != tc.confirmed || got.CallUntil != tc.callUntil {
				t.Errorf("confirmed %s, calls until %d; want %s and %d", got.Confirmed, got.CallUntil, tc.confirmed, tc.callUntil)
			}
		})
	}
}

func TestPersonContact(t *testing.T) {
	c := applied([]update{link(3, 2, day), changed(3, 5, day), newPerson(2, hour)})
	for n, want := range map[byte]byte{2: 2, 3: 3, 5: 3, 4: 4} {
		if got := c.Person(name(n), ours("1")).Contact; got != name(want) {
			t.Errorf("the contact of %s is %s, want %s", name(n), got, name(want))
		}
	}
}

// Being one person is an equivalence, whatever was linked and recycled.
func TestSamePersonIsAnEquivalence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genContact().Draw(t, "contact")
		for _, a := range someNames {
			if !c.SamePerson(a, a) {
				t.Fatalf("%s is not itself", a)
			}
			for _, b := range someNames {
				if c.SamePerson(a, b) != c.SamePerson(b, a) {
					t.Fatalf("%s and %s are one person in one direction only", a, b)
				}
				for _, d := range someNames {
					if c.SamePerson(a, b) && c.SamePerson(b, d) && !c.SamePerson(a, d) {
						t.Fatalf("%s is %s and that is %s, but the first is not the last", a, b, d)
					}
				}
			}
		}
	})
}

// Links learned in any order give the same persons and the same verdicts, and
// all names of a person get the same answer about consent.
func TestLinksInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(genUpdateOf("open", "say", "new"), 0, 8).Draw(t, "words")
		links := rapid.SliceOfN(genUpdateOf("link"), 0, 6).Draw(t, "links")
		one := applied(append(words[:len(words):len(words)], links...))
		other := applied(append(rapid.Permutation(links).Draw(t, "another order"), words...))
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		tf := genTemplateFacts().Draw(t, "template")
		for _, a := range someNames {
			for _, b := range someNames {
				if one.SamePerson(a, b) != other.SamePerson(a, b) {
					t.Fatalf("%s and %s are one person in one order only", a, b)
				}
				if pa, pb := one.Person(a, ours("1")), one.Person(b, ours("1")); one.SamePerson(a, b) && (pa.Consent != pb.Consent || pa.Contact != pb.Contact) {
					t.Fatalf("two names of one person: %+v and %+v", pa, pb)
				}
			}
			if x, y := one.Person(a, ours("1")), other.Person(a, ours("1")); !reflect.DeepEqual(x, y) {
				t.Fatalf("%+v in one order, %+v in another", x, y)
			}
		}
		f, g := factsOf(one, &s, tf), factsOf(other, &s, tf)
		if x, y := Decide(&s, &f, &p, now.Time()), Decide(&s, &g, &p, now.Time()); !reflect.DeepEqual(x, y) {
			t.Fatalf("%+v in one order, %+v in another", x, y)
		}
	})
}

// Whoever turns out to be the same person: an opt-out by any of the names with
// no opt-in by any of them since stops marketing to all of them.
func TestLinkNeverFreesTheOptedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genContact().Draw(t, "contact")
		genUpdateOf("link").Draw(t, "link").apply(c)
		p, now := genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		p.SessionOnly = false // nobody is asked about then
		for _, who := range someNames {
			var in, out Moment
			for _, n := range someNames {
				if !c.SamePerson(who, n) {
					continue
				}
				for _, number := range ourGroup {
					r, ok := c.relation(n, number)
					if !ok {
						continue
					}
					for _, w := range appendIns(nil, &r.Consent[Marketing], n) {
						in = max(in, w.At)
					}
					for _, w := range appendOuts(nil, r, Marketing, n) {
						out = max(out, w.At)
					}
				}
			}
			if out == 0 || in > out {
				continue
			}
			s := template().with(aboutTransaction)
			f := Facts{Persons: []PersonFacts{c.Person(who, ours("1"))}}.of(CategoryMarketing)
			if d := Decide(&s, &f, &p, now.Time()); d.Rule != RuleOptedOutMarketing {
				t.Fatalf("%s opted out at %d (last in at %d), a marketing template gets %s", who, out, in, d.Rule)
			}
		}
	})
}

// A link learned after everything else undoes no opt-out, on either end.
func TestLateLinkUndoesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genContact().Draw(t, "contact")
		l := genUpdateOf("link").Draw(t, "link")
		l.At = noon + 2
		linked := c.Clone()
		l.apply(linked)
		for _, n := range someNames {
			before, after := c.Person(n, ours("1")), linked.Person(n, ours("1"))
			for s := range before.Consent {
				if before.Consent[s].State == OptedOut && after.Consent[s].State != OptedOut {
					t.Fatalf("%s opted out of %s; after the link: %s", n, Scope(s), after.Consent[s].State)
				}
			}
		}
	})
}

// An opt-in under a name that was only later known to be theirs lifts no opt-out of a
// name they had before.
func TestLateLinkLiftsNoFormerOptOut(t *testing.T) {
	given, now, former := name(2), name(4), name(5)
	contact := &Contact{}
	contact.Link(now, former, SamePerson, 100)
	contact.Member(former).NewSince = 100
	contact.Member(former).Relation("1").Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: 100, Source: SourceKeyword})
	contact.Member(given).Relation("1").Record(ConsentRecord{State: OptedIn, Scopes: AllScopes, At: 2000, Source: SourceKeyword})
	contact.Link(given, now, SamePerson, 3000)
	if got := contact.Person(now, ours("1")).Consent[Marketing].State; got != OptedOut {
		t.Errorf("%s: at 2000 nobody knew that the names were one person's", got)
	}
	contact.Link(given, now, SamePerson, 1500)
	if got := contact.Person(now, ours("1")).Consent[Marketing].State; got != OptedIn {
		t.Errorf("%s, and somebody knew", got)
	}
}

// A former name is the person's from the earliest time it was seen to be, on
// whichever way: here by way of c and not directly.
func TestFormerNameSeenEarliest(t *testing.T) {
	for _, order := range [][3]byte{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}} {
		a, b, c := name(order[0]), name(order[1]), name(order[2])
		contact := &Contact{}
		contact.Link(a, b, SamePerson, 60)
		contact.Link(a, c, SamePerson, 10)
		contact.Link(b, c, SamePerson, 20)
		contact.Member(b).NewSince, contact.Member(c).NewSince = 100, 100
		contact.Member(b).Relation("1").Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: 15, Source: SourceKeyword})
		contact.Member(a).Relation("1").Record(ConsentRecord{State: OptedIn, Scopes: AllScopes, At: 30, Source: SourceButton})
		if got := contact.Person(a, ours("1")).Consent[Marketing].State; got != OptedIn {
			t.Errorf("%v: %s, want opted_in: at 30 it was known that b was the same person's", order, got)
		}
	}
}
