package gateway

import (
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/policy"
)

// A message that went to somebody else than it was judged by is told of; one to
// the same person by another name is not.
func TestStrayed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answer  string
		strayed bool
	}{
		{"the-same", `{"contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.A"}]}`, false},
		{"another", `{"contacts":[{"input":"+4915112345678","wa_id":"4915119876543"}],"messages":[{"id":"wamid.A"}]}`, true},
		{"nobody-named", `{"messages":[{"id":"wamid.A"}]}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.writes(t, ana)
			w.writes(t, ben)
			w.meta.answers = answer(200, test.answer)
			w.handle(t, w.request(t, shop, text(ana, "hi")))
			if strayed := w.newest(t).SentToAnother(); strayed != test.strayed {
				t.Errorf("the ledger says %v", strayed)
			}
			if said := w.said("send went to another person") == 1; said != test.strayed || (w.counts.sentToAnother.Load() == 1) != test.strayed {
				t.Errorf("told: %v, counted %d", said, w.counts.sentToAnother.Load())
			}
		})
	}
}

// A number whose messages Meta accepts, and that gets no webhooks, is told of once
// a day.
func TestNoWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.writes(t, ana)
		w.handle(t, w.request(t, shop, text(ana, "hi")))
		w.advance(13 * time.Hour)
	}
	const warning = "a business phone number sends and gets no webhooks: no opt-out is learned and no window opens; check where Meta sends them"
	if got := w.said(warning); got != 1 {
		t.Errorf("warned %d times", got)
	}
	if got := w.SilentNumbers(); len(got) != 1 || got[0].PhoneNumberID != shop {
		t.Errorf("silent are %+v", got)
	}
	if err := w.Hear(t.Context(), []policy.Event{policy.NumberSeen{PhoneNumberID: shop, WABA: waba, At: w.now()}}); err != nil {
		t.Fatal(err)
	}
	if got := w.SilentNumbers(); len(got) != 0 {
		t.Errorf("silent are %+v", got)
	}
}

// People appear in logs as the operator wants it.
func TestContacts(t *testing.T) {
	t.Parallel()
	who, contact := names(ana)[0], policy.ContactID{1}
	for how, want := range map[Contacts]string{"": contact.String(), Pseudonym: contact.String(), Masked: who.String(), Clear: who.Value} {
		if f := how.field("contact", who, contact); f.String != want {
			t.Errorf("%s: %q, want %q", how, f.String, want)
		}
	}
	for _, how := range []Contacts{Pseudonym, Masked, Clear} {
		if f := how.field("contact", policy.Identity{}, contact); f.Type != zapcore.SkipType {
			t.Errorf("%s: nobody is logged as %q", how, f.String)
		}
	}
	if f := Pseudonym.field("contact", who, policy.ContactID{}); f.Type != zapcore.SkipType {
		t.Errorf("somebody unknown is logged as %q", f.String)
	}
}
