package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// asksFor records that somebody was asked for consent to offers, and gives the challenge.
func (w *world) asksFor(t testing.TB, p person, route adminapi.Route, more string) *adminapi.Consent {
	t.Helper()
	var c adminapi.Consent
	w.admin(t, route.Path, `{"phone_number_id":"`+shop+`","contact":"`+p.Phone+`","scope":"marketing","source":"sms","programme":"offers","instructions_shown":"reply YES"`+more+`}`, &c)
	return &c
}

func (w *world) replies(t testing.TB, challenge, text string) string {
	t.Helper()
	body, err := json.Marshal(adminapi.Reply{Challenge: challenge, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var a adminapi.Answered
	w.admin(t, adminapi.RouteConfirm.Path, string(body), &a)
	return a.Result
}

// TestDoubleOptIn: who was asked elsewhere is opted in once they confirm in time, with one
// of the words that mean it, in whatever language.
func TestDoubleOptIn(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	list(t, w)
	pending := "refuse CONSENT_PENDING 403/131005 marketing by business"
	asked := w.asksFor(t, ana, adminapi.RouteAsk, "")
	if asked.Challenge == nil || asked.Challenge.Expires.Sub(w.Clock.Now()) != 7*day {
		t.Fatalf("asked: %+v", asked.Challenge)
	}
	template(ana, "sale", pending)(t, w)
	for _, text := range []string{"what is this?", "call me", "yes but not now"} {
		if got := w.replies(t, asked.Challenge.ID, text); got != "unclear" {
			t.Errorf("%q: %s", text, got)
		}
	}
	template(ana, "sale", pending)(t, w)
	if got := w.replies(t, asked.Challenge.ID, "Ja!"); got != "confirmed" {
		t.Errorf("Ja: %s", got)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	if got := w.replies(t, asked.Challenge.ID, ""); got != "confirmed" {
		t.Errorf("told again: %s", got)
	}
	if h := w.historyOf(t, ana.Phone); len(h) != 2 || h[0].Evidence == nil || h[0].Evidence.Programme != "offers" {
		t.Errorf("the history: %+v", h)
	}

	late := w.asksFor(t, ben, adminapi.RouteAsk, `,"expires_in":"48h"`)
	w.Clock.Advance(48*time.Hour + time.Millisecond)
	if got := w.replies(t, late.Challenge.ID, "YES"); got != "expired" {
		t.Errorf("too late: %s", got)
	}
	template(ben, "sale", pending)(t, w)
	if got := w.replies(t, late.Challenge.ID, "STOP"); got != "declined" {
		t.Errorf("no: %s", got)
	}
	template(ben, "sale", stoppedOffers+"business")(t, w)
}

// TestConfirmationRequired: where opt-ins are to be confirmed, one that is recorded is a
// question.
func TestConfirmationRequired(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("opt_in_confirmation required")}})
	list(t, w)
	c := w.asksFor(t, ana, adminapi.RouteOptIn, `,"reference":"flyer 7"`)
	if c.Challenge == nil || c.Consent["marketing"].State != "pending" {
		t.Fatalf("recorded: %+v", c)
	}
	template(ana, "sale", "refuse CONSENT_PENDING 403/131005 marketing by business")(t, w)
	var imported adminapi.Imported
	w.admin(t, adminapi.RouteImport.Path, `{"records":[{"line":1,"phone_number_id":"`+shop+`","contact":"`+ben.Phone+`","scope":"marketing","source":"sms","reference":"r","at":"2026-01-01"}]}`, &imported)
	if imported.Recorded != 0 || len(imported.Rejected) != 1 || !strings.Contains(imported.Rejected[0].Error, "opt_in_confirmation") {
		t.Errorf("imported: %+v", imported)
	}
	if got := w.replies(t, c.Challenge.ID, "yes"); got != "confirmed" {
		t.Errorf("yes: %s", got)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
}
