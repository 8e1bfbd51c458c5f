package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The window ends 24 h after the event that opened it.
func TestWindow(t *testing.T) {
	opened := ago(day)
	for _, tc := range []struct {
		name   string
		opened Moment
		margin time.Duration
		now    Moment
		open   bool
	}{
		{"never-opened", 0, 0, noon, false},
		{"never-opened/at-the-beginning-of-time", 0, 0, 0, false},
		{"edge/-1s", opened, 0, noon.Add(-time.Second), true},
		{"edge/-1ms", opened, 0, noon - 1, true},
		{"edge/0", opened, 0, noon, false},
		{"edge/+1ms", opened, 0, noon + 1, false},
		{"edge/+1s", opened, 0, noon.Add(time.Second), false},
		{"at-the-opening-event", opened, 0, opened, true},
		{"margin/-1ms", opened, 5 * time.Minute, noon.Add(-5*time.Minute) - 1, true},
		{"margin/0", opened, 5 * time.Minute, noon.Add(-5 * time.Minute), false},
		{"margin/whole-window", opened, WindowLength, opened, false},
		{"margin/negative-is-none", opened, -hour, noon, false},
		{"margin/below-a-millisecond", opened, time.Microsecond, noon - 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := WindowOf(tc.opened, tc.margin).OpenAt(tc.now); got != tc.open {
				t.Errorf("open: %v, want %v", got, tc.open)
			}
		})
	}
}

// messageTypes are those Meta documents and some it may think of.
var messageTypes = []string{
	"text", "image", "video", "audio", "sticker", "document", "location", "contacts", "reaction", "pin",
	"interactive/button", "interactive/list", "interactive/product", "interactive/product_list", "interactive/cta_url",
	"interactive/flow", "interactive/location_request_message", "interactive/address_message", "interactive/catalog_message",
	"", "zzz", "interactive/zzz",
}

// Every type needs an open window, the unknown ones too; a template doesn't.
func TestWindowByMessageType(t *testing.T) {
	var rulings []ruling
	for _, kind := range messageTypes {
		label := kind
		if label == "" {
			label = "no-type"
		}
		rulings = append(rulings,
			ruling{name: "window/open/" + label, send: freeForm(kind), facts: toOne(wrote(hour)), want: RuleWindowOpen},
			ruling{name: "window/closed/" + label, send: freeForm(kind), facts: toOne(wrote(25 * hour)), want: RuleWindowClosed},
			ruling{name: "window/never-opened/" + label, send: freeForm(kind), facts: toOne(), want: RuleWindowClosed},
			ruling{name: "window/closed/opted-in/" + label, send: freeForm(kind), facts: toOne(optedIn(day, AllScopes...)), want: RuleWindowClosed},
		)
	}
	for _, kind := range []Kind{0, 99, CallPermissionRequest} {
		s := Send{Edge: EdgeMessages, Kind: kind, Type: "zzz"}
		rulings = append(rulings,
			ruling{name: fmt.Sprintf("window/open/kind-%s", kind), send: s, facts: toOne(wrote(hour)), want: RuleWindowOpen},
			ruling{name: fmt.Sprintf("window/closed/kind-%s", kind), send: s, facts: toOne(wrote(day)), want: RuleWindowClosed},
		)
	}
	rulings = append(rulings,
		ruling{name: "window/closed/marketing-template", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryMarketing), want: RuleConsent},
		ruling{name: "window/closed/utility-template", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryUtility), want: RuleConsent},
		ruling{name: "window/closed/authentication-template", send: template(), facts: toOne(optedIn(day, Authentication)).of(CategoryAuthentication), want: RuleConsent},
		ruling{name: "window/open/marketing-template/no-consent", send: template(), facts: toOne(wrote(hour)).of(CategoryMarketing), want: RuleNoConsent},
		ruling{name: "window/edge/-1ms", send: text(), facts: toOne(wrote(day)), now: noon - 1, want: RuleWindowOpen},
		ruling{name: "window/edge/0", send: text(), facts: toOne(wrote(day)), want: RuleWindowClosed},
		ruling{name: "window/margin/inside", send: text(), facts: toOne(wrote(day - 2*time.Minute)), policy: Policy{WindowMargin: time.Minute}, want: RuleWindowOpen},
		ruling{name: "window/margin/outside", send: text(), facts: toOne(wrote(day - time.Minute)), policy: Policy{WindowMargin: 2 * time.Minute}, want: RuleWindowClosed},
	)
	judge(t, rulings)
}

// The newest timestamp counts, not the newest arrival; nothing the business
// does moves the window; it is one number's.
func TestWindowIsOpenedByThePersonAlone(t *testing.T) {
	t.Run("newest-timestamp-not-newest-arrival", func(t *testing.T) {
		var c Contact
		r := c.Member(name(1)).Relation("1")
		r.Open(ago(hour), false)
		r.Open(ago(2*day), false) // delivered late
		if got := c.Person(name(1), ours("1")).Opened; got != ago(hour) {
			t.Errorf("opened %s, want %s", got, ago(hour))
		}
	})
	t.Run("confirmation-does-not-move-it", func(t *testing.T) {
		var c Contact
		r := c.Member(name(1)).Relation("1")
		r.Open(ago(30*hour), false)
		r.Confirm(ago(hour))
		r.Record(ConsentRecord{State: OptedIn, Scopes: AllScopes, At: ago(hour), Source: SourceOperator})
		r.PermitCalls(ago(hour), Forever)
		if got := c.Person(name(1), ours("1")).Opened; got != ago(30*hour) {
			t.Errorf("opened %s, want %s", got, ago(30*hour))
		}
	})
	t.Run("per-phone-number", func(t *testing.T) {
		var c Contact
		c.Member(name(1)).Relation("1").Open(ago(hour), false)
		if got := c.Person(name(1), ours("2")).Opened; got != 0 {
			t.Errorf("the window of another number of the same business opened at %s", got)
		}
	})
}

// Moving now past the window never opens it.
func TestWindowNeverReopens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSend().Filter(func(s Send) bool { return s.Kind == FreeForm || s.Kind == CallPermissionRequest || s.Kind == 0 }).Draw(t, "send")
		f, p := genFacts(&s).Draw(t, "facts"), genPolicy().Draw(t, "policy")
		now := genMoment().Draw(t, "now")
		later := now + Moment(rapid.Int64Range(0, int64(3*day/time.Millisecond)).Draw(t, "later"))
		before, after := Decide(&s, &f, &p, now.Time()), Decide(&s, &f, &p, later.Time())
		if before.Verdict == Refuse && after.Verdict == Allow {
			t.Fatalf("refused at %d (%s), allowed at %d (%s)", now, before.Rule, later, after.Rule)
		}
		opened := rapid.SampledFrom([]Moment{0, now, later, now - 1}).Draw(t, "opened")
		w := WindowOf(opened, p.WindowMargin)
		if !w.OpenAt(now) && w.OpenAt(later) {
			t.Fatalf("closed at %d, open at %d", now, later)
		}
	})
}

// After a restore, who may have written since the backup is told apart from who has not.
func TestWindowAfterRestore(t *testing.T) {
	restored := func(ago_ time.Duration, changes ...aspect) Facts {
		f := toOne(changes...)
		f.Restored = ago(ago_)
		return f
	}
	judge(t, []ruling{
		{name: "open-in-the-backup", send: text(), facts: restored(hour, wrote(20*hour)), want: RuleWindowOpen},
		{name: "closed-since-the-backup", send: text(), facts: restored(hour, wrote(25*hour)), want: RuleWindowUnknown},
		{name: "closed-before-the-backup", send: text(), facts: restored(hour, wrote(9*day)), want: RuleWindowUnknown},
		{name: "never-in-touch", send: text(), facts: restored(hour), want: RuleWindowUnknown},
		{name: "long-after-the-backup", send: text(), facts: restored(9*day, wrote(20*day)), want: RuleWindowUnknown},
		{name: "wrote-since", send: text(), facts: restored(2*day, wrote(hour)), want: RuleWindowOpen},
		{name: "wrote-since-and-closed", send: text(), facts: restored(3*day, wrote(2*day)), want: RuleWindowClosed},
		{name: "at-the-moment-of-the-backup", send: text(), facts: restored(2*day, wrote(2*day)), want: RuleWindowUnknown},
		{name: "template-with-consent", send: template(), facts: restored(hour, optedIn(day, Marketing)).of(CategoryMarketing), want: RuleConsent},
		{name: "template-without", send: template(), facts: restored(hour).of(CategoryMarketing), want: RuleNoConsent},
		{name: "call", send: call(), facts: restored(hour), want: RuleCallNotPermitted},
		{name: "call-permission-request", send: callPermissionRequest(), facts: restored(hour), want: RuleWindowUnknown},
	})
	f := restored(hour, wrote(25*hour))
	s, p := text(), Policy{}
	d := Decide(&s, &f, &p, noon.Time())
	if want := "the store was restored from a backup of " + ago(hour).String(); !strings.Contains(d.Reason, want) || !strings.Contains(d.Reason, ago(25*hour).String()) || d.Remedy != useTemplate {
		t.Errorf("the refusal says %q, %q", d.Reason, d.Remedy)
	}
}
