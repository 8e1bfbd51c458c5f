package policy

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Words of the tables below come in as they are said, unless they say otherwise.

func (u update) from(source Source) update { u.Source = source; return u }
func (u update) arriving(m Moment) update  { u.Recorded = m; return u }
func (u update) said(m Moment) update      { u.At = m; return u }
func (u update) heard(all bool) update     { u.Recorded, u.General = u.At, all; return u }
func stop(d time.Duration) update          { return says(1, OptedOut, d, AllScopes...).heard(true) }
func startWord(d time.Duration) update     { return says(1, OptedIn, d, AllScopes...).heard(true) }
func stopOnly(d time.Duration, s ...Scope) update {
	return says(1, OptedOut, d, s...).heard(false)
}
func startOnly(d time.Duration, s ...Scope) update { return says(1, OptedIn, d, s...).heard(false) }
func records(d time.Duration, s ...Scope) update {
	return startOnly(d, s...).from("website")
}

// START gives back what STOP took, and no more.
func TestStartGivesBack(t *testing.T) {
	const m, tr, au = Marketing, Transactional, Authentication
	in, out, none := OptedIn, OptedOut, ConsentUnknown
	tap := func(d time.Duration, s ...Scope) update { u := startOnly(d, s...); u.Tap = true; return u }
	for _, tc := range []struct {
		name    string
		updates []update
		want    [Scopes]ConsentState
	}{
		{"stranger/start", []update{startWord(hour)}, [Scopes]ConsentState{none, in, none}},
		{"stranger/stop", []update{stop(hour)}, [Scopes]ConsentState{out, out, out}},
		{"stranger/stop-start", []update{stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{none, none, none}},
		{"stranger/start-stop-start", []update{startWord(3 * hour), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{none, in, none}},
		{"stranger/start-and-stop-in-one-second", []update{startWord(hour), stop(hour)}, [Scopes]ConsentState{out, out, out}},
		{"stranger/start-and-stop-in-one-second/start", []update{startWord(2 * hour), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{none, none, none}},

		{"transactional/stop-start", []update{records(day, tr), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{none, in, none}},
		{"marketing/stop-start", []update{records(day, m), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{in, none, none}},
		{"all/stop-start", []update{records(day, AllScopes...), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{in, in, in}},
		{"all/stop-start-stop", []update{records(day, AllScopes...), stop(3 * hour), startWord(2 * hour), stop(hour)}, [Scopes]ConsentState{out, out, out}},
		{"all/stop-start-twice", []update{records(day, AllScopes...), stop(4 * hour), startWord(3 * hour), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{in, in, in}},
		{"transactional/start-without-stop", []update{records(day, tr), startWord(hour)}, [Scopes]ConsentState{none, in, none}},
		{"start-by-word/stop-start", []update{startOnly(day, m), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{in, none, none}},

		// What was refused for itself stays refused.
		{"all/stop-promotions-stop-start", []update{records(day, AllScopes...), stopOnly(3*hour, m), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/stop-stop-promotions-start", []update{records(day, AllScopes...), stop(3 * hour), stopOnly(2*hour, m), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/stop-promotions-start", []update{records(day, AllScopes...), stopOnly(2*hour, m), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/stop-promotions-start-promotions-stop-start", []update{
			records(day, AllScopes...), stopOnly(5*hour, m), startOnly(4*hour, m), stop(3 * hour), startWord(hour),
		}, [Scopes]ConsentState{in, in, in}},
		{"all/preference-stop-start", []update{records(day, AllScopes...), stopOnly(2*hour, m).from(SourcePreference), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/131050-start", []update{records(day, AllScopes...), stopOnly(2*hour, m).from(SourceMeta131050), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/131050-resume", []update{records(day, AllScopes...), stopOnly(2*hour, m).from(SourceMeta131050), startOnly(hour, m).from(SourcePreference)}, [Scopes]ConsentState{in, in, in}},
		{"all/operator-stops-one-start", []update{records(day, AllScopes...), stopOnly(2*hour, m).from(SourceOperator), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"all/operator-stops-all-start", []update{records(day, AllScopes...), stop(2 * hour).from(SourceOperator), startWord(hour)}, [Scopes]ConsentState{in, in, in}},

		// A word for one scope lifts a STOP of that scope.
		{"all/stop-start-promotions", []update{records(day, AllScopes...), stop(2 * hour), startOnly(hour, m)}, [Scopes]ConsentState{in, out, out}},
		{"stranger/stop-start-promotions", []update{stop(2 * hour), startOnly(hour, m)}, [Scopes]ConsentState{in, out, out}},
		{"stranger/stop-opt-in-recorded", []update{stop(2 * hour), records(hour, au)}, [Scopes]ConsentState{out, out, in}},

		// A tap on a title opts in, and lifts nothing.
		{"tap/stranger", []update{tap(hour, m)}, [Scopes]ConsentState{in, none, none}},
		{"tap/stopped", []update{stop(2 * hour), tap(hour, m)}, [Scopes]ConsentState{out, out, out}},
		{"tap/stopped/start", []update{stop(3 * hour), tap(2*hour, m), startWord(hour)}, [Scopes]ConsentState{none, none, none}},
		{"tap/before-stop/start", []update{tap(3*hour, m), stop(2 * hour), startWord(hour)}, [Scopes]ConsentState{in, none, none}},
		{"tap/after-start", []update{stop(3 * hour), startWord(2 * hour), tap(hour, m)}, [Scopes]ConsentState{in, none, none}},

		// Records that don't tell a STOP from three opt-outs.
		{"old/all/stop-start", []update{says(1, OptedIn, day, AllScopes...), says(1, OptedOut, 2*hour, AllScopes...), startWord(hour)}, [Scopes]ConsentState{in, in, in}},
		{"old/transactional/stop-start", []update{says(1, OptedIn, day, tr), says(1, OptedOut, 2*hour, AllScopes...), startWord(hour)}, [Scopes]ConsentState{none, in, none}},
		{"old/all/stop/stop-promotions/start", []update{
			says(1, OptedIn, day, AllScopes...), says(1, OptedOut, 3*hour, AllScopes...), says(1, OptedOut, 2*hour, m), startWord(hour),
		}, [Scopes]ConsentState{out, in, in}},
		{"old/all/stop-promotions/start", []update{says(1, OptedIn, day, AllScopes...), says(1, OptedOut, 2*hour, m), startWord(hour)}, [Scopes]ConsentState{out, in, in}},
		{"old/all/operator-stops-all/start", []update{
			says(1, OptedIn, day, AllScopes...), says(1, OptedOut, 2*hour, AllScopes...).from(SourceOperator), startWord(hour),
		}, [Scopes]ConsentState{out, out, out}},
		{"old/start", []update{says(1, OptedIn, hour, AllScopes...)}, [Scopes]ConsentState{in, in, in}},

		// Another name of the person.
		{"alias/stop-start", []update{link(1, 2, 2*day), records(day, m), stop(2 * hour), {What: "say", A: name(2), Number: "1", State: OptedIn, Scopes: AllScopes, At: ago(hour), Source: SourceKeyword, General: true, Recorded: ago(hour)}}, [Scopes]ConsentState{in, none, none}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := applied(tc.updates).Person(name(1), ours("1"))
			for s, want := range tc.want {
				if got := p.Consent[s].State; got != want {
					t.Errorf("%s: %s, want %s", Scope(s), got, want)
				}
			}
		})
	}
}

// START of a stranger opts in to what the terms say, and to nothing else.
func TestStartOfAStranger(t *testing.T) {
	c := applied([]update{startWord(hour)})
	for _, scopes := range [][]Scope{nil, {Marketing}, {Transactional, Authentication}, AllScopes} {
		fold := ours("1")
		fold.Start = [Scopes]bool{}
		for _, s := range scopes {
			fold.Start[s] = true
		}
		p := c.Person(name(1), fold)
		for s, want := range fold.Start {
			if got := p.Consent[s].State == OptedIn; got != want {
				t.Errorf("START opts in to %v; %s: %v", scopes, Scope(s), got)
			}
		}
	}
}

// Whether a confirmation may be sent again depends on when the person was last
// opted in: START counts where it gave something back.
func TestLastOptInOfStart(t *testing.T) {
	for _, tc := range []struct {
		name    string
		updates []update
		want    Moment
	}{
		{"given-back", []update{records(day, Transactional), stop(3 * hour), startWord(2 * hour), stop(hour)}, ago(2 * hour)},
		{"nothing-to-give-back", []update{stop(3 * hour), startWord(2 * hour), stop(hour)}, 0},
		{"not-given-back", []update{records(day, Transactional), stopOnly(3*hour, Transactional), startWord(2 * hour), stop(hour)}, ago(day)},
		{"tap-lifts-nothing", []update{
			records(day, Transactional), stop(3 * hour), {What: "say", A: name(1), Number: "1", State: OptedIn, Scopes: AllScopes, At: ago(2 * hour), Source: SourceButton, Tap: true, Recorded: ago(2 * hour)},
		}, ago(day)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := applied(tc.updates).Person(name(1), ours("1")).Consent[Transactional].LastOptIn; got != tc.want {
				t.Errorf("opted in last at %s, want %s", got, tc.want)
			}
		})
	}
}

// Ties and late news favour the opt-out, whatever the clocks say.
func TestWhichWordHolds(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	five := ago(hour) // a whole second
	out := func(at, arrives Moment) update { return stop(0).said(at).arriving(arrives) }
	told := func(at, arrives Moment) update { return out(at, arrives).from(SourceOperator) }
	word := func(at, arrives Moment) update { return startOnly(0, Marketing).said(at).arriving(arrives) }
	given := func(at, arrives Moment) update { return records(0, Marketing).said(at).arriving(arrives) }
	for _, tc := range []struct {
		name    string
		updates []update
		want    ConsentState
	}{
		// Both on WhatsApp.
		{"whatsapp/tie", []update{out(five, five), word(five, five+1)}, OptedOut},
		{"whatsapp/one-second-later", []update{out(five, five), word(five.Add(s), five+1)}, OptedIn},
		{"whatsapp/later-but-delivered-first", []update{word(five.Add(s), five), out(five, five+1)}, OptedIn},
		{"whatsapp/earlier-but-delivered-last", []update{out(five.Add(s), five), word(five, five.Add(hour))}, OptedOut},

		// A word of tomorrow: WhatsApp's clock is wrong, or ours is slow.
		{"whatsapp/of-tomorrow", []update{out(five, five), word(five.Add(day), five.Add(s))}, OptedIn},
		{"whatsapp/of-tomorrow/then-stopped", []update{word(five.Add(day), five), out(five.Add(s), five.Add(s))}, OptedOut},
		{"whatsapp/of-tomorrow/stopped-and-said-again", []update{word(five.Add(day), five), out(five.Add(s), five.Add(s)), word(five.Add(2*s), five.Add(2*s))}, OptedIn},
		{"whatsapp/of-tomorrow/late-stop-of-before-another-word", []update{word(five, five), word(five.Add(day), five.Add(s)), out(five.Add(-hour), five.Add(2*s))}, OptedIn},
		{"whatsapp/slow-clock", []update{out(five, five.Add(-hour)), word(five.Add(20*s), five.Add(-hour+20*s))}, OptedIn},
		{"whatsapp/slow-clock/stopped-again", []update{out(five, five.Add(-hour)), word(five.Add(20*s), five.Add(-hour+20*s)), out(five.Add(40*s), five.Add(-hour+40*s))}, OptedOut},

		// Meta's clock has seconds, ours milliseconds.
		{"given/305ms-after-the-second", []update{out(five, five), given(five.Add(305*ms), five.Add(305*ms))}, OptedOut},
		{"given/within-the-skew", []update{out(five, five), given(five.Add(60*s), five.Add(60*s))}, OptedOut},
		{"given/within-the-skew/almost-a-second-more", []update{out(five, five), given(five.Add(61*s-ms), five.Add(61*s-ms))}, OptedOut},
		{"given/beyond-the-skew", []update{out(five, five), given(five.Add(61*s), five.Add(61*s))}, OptedIn},
		{"given/list-of-old", []update{out(five, five), given(ago(365*day), five.Add(hour))}, OptedOut},
		{"given/list-of-old/before-the-stop", []update{given(ago(365*day), ago(day)), out(five, five)}, OptedOut},

		// What arrives after an opt-in comes after it.
		{"late/stop-of-ten-seconds-ago", []update{given(five, five), out(five.Add(-10*s), five.Add(s))}, OptedOut},
		{"late/stop-of-a-week-ago", []update{given(five, five), out(five.Add(-7*day), five.Add(s))}, OptedOut},
		{"late/stop/then-given-again", []update{given(five, five), out(five.Add(-10*s), five.Add(s)), given(five.Add(2*hour), five.Add(2*hour))}, OptedIn},
		{"late/second-stop-of-before", []update{out(five, five), given(five.Add(hour), five.Add(hour)), out(five.Add(-hour), five.Add(2*hour))}, OptedOut},
		{"clock-5m-ahead", []update{given(five.Add(5*time.Minute), five.Add(5*time.Minute)), out(five.Add(s), five.Add(5*time.Minute+s))}, OptedOut},
		{"clock-stepped-back-an-hour", []update{given(five, five), out(five.Add(s), five+1)}, OptedOut},
		{"clock-30-days-ahead-once", []update{given(five.Add(30*day), five.Add(30*day)), out(five.Add(s), five.Add(30*day)+1)}, OptedOut},
		{"clock-30-days-ahead-once/given-again", []update{
			given(five.Add(30*day), five.Add(30*day)), out(five.Add(s), five.Add(30*day)+1), given(five.Add(hour), five.Add(30*day)+2),
		}, OptedIn},
		{"clock-30-days-ahead-once/given-again/then-a-list-of-old", []update{
			given(five.Add(30*day), five.Add(30*day)), out(five.Add(s), five.Add(30*day)+1), given(five.Add(hour), five.Add(30*day)+2),
			given(ago(365*day), five.Add(30*day)+3),
		}, OptedIn},
		{"clock-30-days-ahead-once/stopped-again", []update{
			given(five.Add(30*day), five.Add(30*day)), out(five.Add(s), five.Add(30*day)+1), given(five.Add(hour), five.Add(30*day)+2),
			out(five.Add(2*hour), five.Add(30*day)+3),
		}, OptedOut},

		// An operator's opt-out.
		{"told/then-given-right-after", []update{told(five, five), given(five+1, five+1)}, OptedIn},
		{"told/given-in-the-same-moment", []update{told(five, five), given(five, five+1)}, OptedOut},
		{"told/given-before", []update{told(five, five), given(five.Add(-hour), five.Add(hour))}, OptedOut},
		{"told/start-within-the-skew", []update{told(five, five), word(five.Add(30*s), five.Add(30*s))}, OptedOut},
		{"told/start-later", []update{told(five, five), word(five.Add(hour), five.Add(hour))}, OptedIn},
		{"told/with-a-slow-clock-after-start", []update{word(five, five), told(five.Add(-hour), five+1)}, OptedOut},
		{"told/30-days-ahead/stopped/given", []update{
			told(five.Add(30*day), five.Add(30*day)), out(five, five.Add(30*day)+2), given(five.Add(30*day)+1, five.Add(30*day)+1),
		}, OptedOut},

		// Nobody kept when the older words came in.
		{"old/given-after", []update{out(five, 0).heardAs(0), given(five.Add(ms), 0)}, OptedIn},
		{"old/opt-in/late-stop", []update{given(five, 0), out(five.Add(-day), five)}, OptedOut},
		{"old/stop/given", []update{says(1, OptedOut, 2*hour, AllScopes...), given(five, five)}, OptedIn},
		{"old/stop/given-within-the-skew", []update{says(1, OptedOut, hour, AllScopes...), given(five.Add(s), five.Add(s))}, OptedOut},
		{"old/stop/list-of-old", []update{says(1, OptedOut, 2*hour, AllScopes...), given(ago(365*day), five)}, OptedOut},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := applied(tc.updates).Person(name(1), ours("1")).Consent[Marketing]; got.State != tc.want {
				t.Errorf("%s since %s (%s), want %s", got.State, got.Since, got.Source, tc.want)
			}
		})
	}
}

func (u update) heardAs(recorded Moment) update { u.Recorded, u.General = recorded, false; return u }

// Nothing said before an identity went to somebody new counts, except an opt-out
// the gateway heard of later: then nobody knows whose it is.
func TestNewPersonAndArrival(t *testing.T) {
	given := newPerson(1, hour).arriving(ago(hour))
	for _, tc := range []struct {
		name    string
		updates []update
		want    ConsentState
	}{
		{"stop-before", []update{stop(2 * hour), given}, ConsentUnknown},
		{"stop-before/delivered-after", []update{given, stop(2 * hour).arriving(ago(time.Minute))}, OptedOut},
		// The clock was 30 days ahead when the operator said so.
		{"told-by-a-wrong-clock", []update{newPerson(1, -30*day).arriving(ago(-30 * day)), stop(time.Minute).arriving(ago(-30*day) + 1)}, OptedOut},
		{"opt-in-before", []update{records(2*hour, Marketing), given}, ConsentUnknown},
		{"opt-in-before/delivered-after", []update{given, startOnly(2*hour, Marketing).arriving(ago(time.Minute))}, ConsentUnknown},
		{"stop-before/start-after", []update{stop(2 * hour), given, startOnly(time.Minute, Marketing)}, OptedIn},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := applied(tc.updates).Person(name(1), ours("1")).Consent[Marketing].State; got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

// Of any words in any order of arrival: while the last word on WhatsApp, and what
// an operator recorded after it was heard of, is not an opt-in, nothing of a
// person who opted out is opted in.
func TestAnOptOutHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(genUpdateOf("say"), 1, 8).Draw(t, "words")
		arrival := Moment(1)
		for i := range words {
			w := &words[i]
			w.A, w.Number, w.Scopes, w.General = name(1), "1", []Scope{Marketing}, false
			w.Recorded = arrival // any clock: each after the one before
			arrival++
		}
		fold := ours("1")
		got := applied(words).Person(name(1), fold).Consent[Marketing].State
		if got != OptedIn {
			return
		}
		for _, out := range words {
			if out.State != OptedOut {
				continue
			}
			lifted := false
			for _, in := range words {
				if in.State != OptedIn || in.Tap {
					continue
				}
				switch {
				case in.Source.Observed() && out.Source.Observed():
					lifted = lifted || in.At/1000 > out.At/1000 && in.Recorded > out.Recorded // all are ahead of their arrival
				case in.Source.Observed() == out.Source.Observed():
					lifted = lifted || in.Recorded > out.Recorded && in.At > out.At
				default:
					lifted = lifted || in.Recorded > out.Recorded && in.At > out.At.Add(fold.Skew)
				}
			}
			if !lifted {
				t.Fatalf("opted in, though nothing lifts %+v", out)
			}
		}
	})
}

// How far words reach.
func TestReach(t *testing.T) {
	// Number 1 and 2 are of one account, 3 of another, 4 of none anybody named.
	learned := map[string]string{"1": "A", "2": "A", "3": "B"}
	c := func(number string, u update) *Contact { return applied([]update{u.on(number)}) }
	for _, tc := range []struct {
		reach   Reach
		named   map[string]string
		out, in [4]bool // told to 1, 2, 3, 4: does it count for 1?
	}{
		{ReachNumber, nil, [4]bool{true}, [4]bool{true}},
		{ReachWABA, nil, [4]bool{true, true, false, true}, [4]bool{true, true}},
		{ReachAll, nil, [4]bool{true, true, true, true}, [4]bool{true, true, true, true}},
		// What an operator named and what webhooks told both count for an opt-out,
		// what the operator named alone for an opt-in.
		{ReachWABA, map[string]string{"1": "B", "3": "B"}, [4]bool{true, true, true, true}, [4]bool{true, false, true}},
		{ReachWABA, map[string]string{"1": "A", "2": "C", "3": "A", "4": "A"}, [4]bool{true, true, true, true}, [4]bool{true, false, true, true}},
		{ReachWABA, map[string]string{"1": "A", "3": "B", "4": "B"}, [4]bool{true, true}, [4]bool{true, true}},
	} {
		terms := DefaultTerms()
		terms.OptOutReach, terms.OptInReach, terms.WABA = tc.reach, tc.reach, tc.named
		fold := terms.For("1", func(id string) string { return learned[id] })
		for i, number := range []string{"1", "2", "3", "4"} {
			t.Run(fmt.Sprintf("%s/%v/%s", tc.reach, tc.named, number), func(t *testing.T) {
				if got := c(number, stop(hour)).Person(name(1), fold).Consent[Marketing].State == OptedOut; got != tc.out[i] {
					t.Errorf("the opt-out counts: %v, want %v", got, tc.out[i])
				}
				if got := c(number, records(hour, Marketing)).Person(name(1), fold).Consent[Marketing].State == OptedIn; got != tc.in[i] {
					t.Errorf("the opt-in counts: %v, want %v", got, tc.in[i])
				}
				confirm := update{What: "confirm", A: name(1), Number: number, At: ago(hour)}
				if got := applied([]update{confirm}).Person(name(1), fold).Confirmed != 0; got != tc.out[i] {
					t.Errorf("the confirmation counts: %v, want %v", got, tc.out[i])
				}
			})
		}
	}
	// A number nobody told the account of hears every opt-out.
	fold := DefaultTerms().For("9", func(id string) string { return learned[id] })
	for _, number := range []string{"1", "3", "4"} {
		if got := c(number, stop(hour)).Person(name(1), fold).Consent[Marketing].State; got != OptedOut {
			t.Errorf("for a number of an unknown account, an opt-out told to %s is %s", number, got)
		}
		if got := c(number, records(hour, Marketing)).Person(name(1), fold).Consent[Marketing].State; got != ConsentUnknown {
			t.Errorf("for a number of an unknown account, an opt-in told to %s is %s", number, got)
		}
	}
}

// What a person wrote counts apart from how they opted out.
func TestSpoke(t *testing.T) {
	stopping := func(d time.Duration) update { u := opens(1, d); u.OptOut = true; return u }
	old := &Contact{}
	old.Member(name(1)).Relation("1").Opened = ago(3 * hour)
	for _, tc := range []struct {
		name    string
		updates []update
		want    Moment
	}{
		{"never", nil, 0},
		{"wrote", []update{opens(1, hour)}, ago(hour)},
		{"only-opted-out", []update{stopping(hour)}, 1},
		{"wrote-then-opted-out", []update{opens(1, 2*hour), stopping(hour)}, ago(2 * hour)},
		{"opted-out-then-wrote", []update{stopping(2 * hour), opens(1, hour)}, ago(hour)},
		{"by-another-name", []update{link(1, 2, day), stopping(2 * hour), {What: "open", A: name(2), Number: "1", At: ago(hour)}}, ago(hour)},
		{"new-person/wrote-before", []update{opens(1, 3*hour), newPerson(1, 2*hour), stopping(hour)}, 1},
		{"new-person/nothing-since", []update{opens(1, 3*hour), newPerson(1, 2*hour)}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := applied(tc.updates).Person(name(1), ours("1")).Spoke; got != tc.want {
				t.Errorf("spoke at %d, want %d", got, tc.want)
			}
		})
	}
	t.Run("record-of-old", func(t *testing.T) {
		c := old.Clone()
		if got := c.Person(name(1), ours("1")).Spoke; got != ago(3*hour) {
			t.Errorf("spoke at %s, want %s", got, ago(3*hour))
		}
		stopping(hour).apply(c)
		if got := c.Person(name(1), ours("1")).Spoke; got != ago(3*hour) {
			t.Errorf("then opted out: spoke at %s, want %s", got, ago(3*hour))
		}
		other := applied([]update{stopping(hour)})
		other.Merge(old)
		if got := other.Person(name(1), ours("1")).Spoke; got != ago(3*hour) {
			t.Errorf("merged the other way: spoke at %s, want %s", got, ago(3*hour))
		}
	})
}
