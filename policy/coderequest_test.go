package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A person who asks for a one-time code gets it for some minutes, also if they opted out.
func TestCodeOnRequest(t *testing.T) {
	on := Policy{CodeOnRequest: 10 * time.Minute}
	requested := func(d time.Duration) aspect { return func(p *PersonFacts) { p.Requested = ago(d) } }
	out := func(d time.Duration) Facts {
		return toOne(optedOutOf(day, AllScopes...), requested(d)).of(CategoryAuthentication)
	}
	capped, quiet, expires := on, on, on
	capped.Caps = []Cap{{Scopes: ScopesOf(Authentication), Limit: 1, Period: day}}
	quiet.QuietHours = []Quiet{{Scopes: ScopesOf(Authentication), From: 11 * 60, To: 13 * 60}}
	expires.ConsentExpires = []Expiry{{ScopesOf(AllScopes...), 12 * hour}}
	judge(t, []ruling{
		{name: "opted-out", send: template(), facts: out(time.Minute), policy: on, want: RuleCodeRequested},
		{name: "opted-out/off", send: template(), facts: out(time.Minute), want: RuleOptedOut},
		{name: "opted-out/not-asked", send: template(), facts: toOne(optedOutOf(day, AllScopes...)).of(CategoryAuthentication), policy: on, want: RuleOptedOut},
		{name: "edge/-1s", send: template(), facts: out(10*time.Minute - time.Second), policy: on, want: RuleCodeRequested},
		{name: "edge/-1ms", send: template(), facts: out(10*time.Minute - time.Millisecond), policy: on, want: RuleCodeRequested},
		{name: "edge/0", send: template(), facts: out(10 * time.Minute), policy: on, want: RuleOptedOut},
		{name: "edge/+1s", send: template(), facts: out(10*time.Minute + time.Second), policy: on, want: RuleOptedOut},
		{name: "unknown", send: template(), facts: toOne(requested(time.Minute)).of(CategoryAuthentication), policy: on, want: RuleCodeRequested},
		{name: "unknown/too-late", send: template(), facts: toOne(requested(hour)).of(CategoryAuthentication), policy: on, want: RuleNoConsent},
		{name: "pending", send: template(), facts: toOne(asked(hour, AllScopes...), requested(time.Minute)).of(CategoryAuthentication), policy: on, want: RuleCodeRequested},
		{name: "opted-in", send: template(), facts: toOne(optedIn(day, Authentication), requested(time.Minute)).of(CategoryAuthentication), policy: on, want: RuleConsent},
		{name: "lapsed", send: template(), facts: toOne(optedIn(day, Authentication), requested(time.Minute)).of(CategoryAuthentication), policy: expires, want: RuleCodeRequested},
		{name: "utility", send: template(), facts: toOne(optedOutOf(day, AllScopes...), requested(time.Minute)).of(CategoryUtility), policy: on, want: RuleOptedOut},
		{name: "marketing", send: template(), facts: toOne(optedOutOf(day, AllScopes...), requested(time.Minute)).of(CategoryMarketing), policy: on, want: RuleOptedOutMarketing},
		{name: "unknown-category", send: template(), facts: toOne(optedOutOf(day, AllScopes...), requested(time.Minute)).of(CategoryUnknown), policy: on, want: RuleOptedOutMarketing},
		{name: "reply", send: text(), facts: toOne(optedOutOf(day, AllScopes...), requested(time.Minute)), policy: on, want: RuleWindowClosed},
		{name: "group", send: template().with(toGroup), facts: out(time.Minute), policy: Policy{CodeOnRequest: hour, AllowGroups: true}, want: RuleOptedOut},
		{name: "direct-send", send: direct(CategoryAuthentication), facts: toOne(requested(time.Minute)), policy: Policy{CodeOnRequest: hour, DirectSend: true}, want: RuleCodeRequested},
		{name: "capped", send: template(), facts: out(time.Minute).with(func(p *PersonFacts) { p.Sent = []Sent{{Scope: Authentication, At: ago(hour)}} }), policy: capped, want: RuleFrequencyCap},
		{name: "quiet", send: template(), facts: out(time.Minute).with(func(p *PersonFacts) { p.Clocks = []Clock{{}} }), policy: quiet, want: RuleQuietHours},
		{name: "country", send: template(), facts: out(time.Minute).with(func(p *PersonFacts) { p.Country = "CU" }), policy: on, want: RuleCountryBlock},
		{name: "session-only", send: template(), facts: out(time.Minute), policy: Policy{CodeOnRequest: hour, SessionOnly: true}, want: RuleSessionOnly},
	})
}

// A request is no consent, lasts from when it was made and at most from when it came in,
// and doesn't outlast an opt-out that comes in later.
func TestRecordCodeRequest(t *testing.T) {
	fold := DefaultTerms().For("1", func(string) string { return "" })
	request := func(at, recorded Moment) ConsentRecord {
		return ConsentRecord{State: CodeRequested, Scopes: []Scope{Authentication}, At: at, Recorded: recorded, Source: SourceRequest}
	}
	stop := func(at, recorded Moment) ConsentRecord {
		return ConsentRecord{State: OptedOut, Scopes: AllScopes, General: true, At: at, Recorded: recorded, Source: SourceKeyword}
	}
	for _, c := range []struct {
		name    string
		records []ConsentRecord
		want    Moment
	}{
		{"one", []ConsentRecord{request(100, 100)}, 100},
		{"of two the newest", []ConsentRecord{request(100, 100), request(90, 110)}, 100},
		{"of the future", []ConsentRecord{request(900, 100)}, 100},
		{"opted out before", []ConsentRecord{stop(99, 99), request(100, 100)}, 100},
		{"opted out since", []ConsentRecord{request(100, 100), stop(99, 101)}, 0},
		{"and asked again", []ConsentRecord{request(100, 100), stop(99, 101), request(102, 102)}, 102},
	} {
		for _, reverse := range []bool{false, true} {
			contact := new(Contact)
			for i := range c.records {
				if reverse {
					i = len(c.records) - 1 - i
				}
				contact.Member(name(1)).Relation("1").Record(c.records[i])
			}
			p := contact.Person(name(1), fold)
			if p.Requested != c.want {
				t.Errorf("%s: asked at %d, want %d", c.name, p.Requested, c.want)
			}
			if p.Consent[Authentication].State == OptedIn {
				t.Errorf("%s: it is taken for an opt-in", c.name)
			}
		}
	}
}

// What somebody asked for lets one-time codes through and nothing else.
func TestCodeRequestOpensOneDoor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSend().Draw(t, "send")
		f := genFacts(&s).Draw(t, "facts")
		p := genPolicy().Draw(t, "policy")
		d := Decide(&s, &f, &p, noon.Time())
		for i := range f.Persons {
			f.Persons[i].Requested = 0
		}
		without := Decide(&s, &f, &p, noon.Time())
		if d.Category != CategoryAuthentication && d.Verdict != without.Verdict {
			t.Fatalf("a request changes %s to %s of category %s", without.Rule, d.Rule, d.Category)
		}
		if d.Verdict == Refuse && without.Verdict == Allow {
			t.Fatalf("a request shuts a door: %s, without it %s", d.Rule, without.Rule)
		}
	})
}
