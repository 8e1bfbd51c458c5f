package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestEraseByAPI: a program with the right to has a person erased. They are opted out, a
// list brings nothing back, what is late doesn't either, and who writes is answered.
func TestEraseByAPI(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness *", Site: consentSite}})
	list(t, w)
	c := newConsentClient(t, w)
	all := c.key(t, "crm", "", "read", "record", "opt-out", "erase").Key
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	record := func(at string) string {
		return `{"records":[{` + who + `,"state":"opted_in","scope":"all","source":"website","reference":"form 1","at":"` + at + `"}]}`
	}
	past := w.Clock.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	if status, answer, _ := c.post(t, all, "/records", record(past), "Idempotency-Key", "form-1"); status != http.StatusOK {
		t.Fatalf("an opt-in: %d %s", status, answer)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)

	// Who may, and how one asks wrongly.
	reader, shopOnly := c.key(t, "desk", "", "read", "record", "opt-out").Key, c.key(t, "shop", `"`+shop+`"`, "erase").Key
	for name, want := range map[string]struct {
		key, body string
		status    int
	}{
		"no right":         {reader, `{"contact":"` + ana.Phone + `"}`, 403},
		"for one business": {shopOnly, `{"contact":"` + ana.Phone + `"}`, 403},
		"nobody":           {all, `{}`, 400},
		"no number":        {all, `{"contact":"12"}`, 400},
		"an unknown field": {all, `{"contact":"` + ana.Phone + `","colour":"red"}`, 400},
		"a long reason":    {all, `{"contact":"` + ana.Phone + `","reason":"` + strings.Repeat("x", 501) + `"}`, 400},
	} {
		if status, answer, _ := c.post(t, want.key, "/erase", want.body); status != want.status {
			t.Errorf("%s: %d %s, want %d", name, status, answer, want.status)
		}
	}
	erase := func(more string) (e adminapi.Erased) {
		t.Helper()
		status, answer, _ := c.post(t, all, "/erase", `{"contact":"`+ana.Phone+`"`+more+`}`)
		if err := json.Unmarshal(answer, &e); err != nil || status != http.StatusOK {
			t.Fatalf("erased: %d %s, %v", status, answer, err)
		}
		if strings.Contains(string(answer), strings.TrimPrefix(ana.Phone, "+")) {
			t.Errorf("the answer names her: %s", answer)
		}
		return e
	}
	if e := erase(`,"dry_run":true`); e.ErasedAt != nil || e.Erased.Consents != 1 || e.Erased.Entries != 1 || !e.Known {
		t.Errorf("a dry run: %+v", e)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	w.Clock.Advance(time.Minute)
	e := erase(`,"reason":"ticket 8812"`)
	if !e.Known || e.ErasedAt == nil || e.Erased.Consents != 1 || e.Erased.Entries != 2 || e.Erased.Answers == 0 || len(e.Kept) == 0 || e.BytesGone || e.BytesGoneBy == nil {
		t.Errorf("erased %+v", e)
	}
	if h := w.historyOf(t, ana.Phone); len(h) != 0 {
		t.Errorf("the history is %+v", h)
	}
	why := `{` + who + `,"template":{"name":"sale","language":"en"},"at":"` + w.Clock.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano) + `"}`
	if status, answer, _ := c.post(t, all, "/why", why); status != http.StatusNotFound || !strings.Contains(string(answer), "was erased since") {
		t.Errorf("why before the erasure: %d %s", status, answer)
	}
	held := func(what string) {
		t.Helper()
		if got := w.consentOf(t, shop, ana.Phone); got.Consent["marketing"].State != "opted_out" || got.Consent["transactional"].State != "opted_out" || got.Consent["authentication"].Source != "erasure" {
			t.Errorf("%s: %+v", what, got)
		}
		template(ana, "sale", stoppedOffers+"business")(t, w)
	}
	held("erased")
	w.Clock.Advance(time.Minute)
	if again := erase(""); again.Known || again.ErasedBefore == nil || again.Erased.Consents != 0 {
		t.Errorf("again: %+v", again)
	}

	// Nothing of before comes back.
	w.Clock.Advance(time.Minute)
	status, answer, _ := c.post(t, all, "/records", record(past), "Idempotency-Key", "form-1")
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "was erased") {
		t.Errorf("an old opt-in again: %d %s", status, answer)
	}
	var imported adminapi.Imported
	w.admin(t, adminapi.RouteImport.Path, `{"records":[{"line":7,`+who+`,"scope":"all","source":"import","reference":"list","at":"`+past+`"}]}`, &imported)
	if imported.Recorded != 0 || len(imported.Rejected) != 1 || imported.Rejected[0].Line != 7 || !strings.Contains(imported.Rejected[0].Error, "was erased") {
		t.Errorf("imported %+v", imported)
	}
	held("after an import")
	ana.wrote(2*time.Hour, "an old message")(t, w)
	held("after a late message")
	text(ana, "refuse WINDOW_CLOSED 400/131047 service by business")(t, w)
	var report audit.Report
	w.admin(t, adminapi.RouteAuditVerify.Path, `{}`, &report)
	if !report.Sound() {
		t.Errorf("the log: %v", report.Findings)
	}
	var purged adminapi.Purged
	w.admin(t, adminapi.RouteStorePurge.Path, `{}`, &purged)
	var notes adminapi.Erasures
	w.admin(t, adminapi.RouteErasures.Path, "", &notes)
	if !purged.Purged || len(notes.Erasures) != 2 || notes.BytesGoneBy != nil || notes.Erasures[1].Reason != "ticket 8812" || !strings.Contains(notes.Erasures[1].Actor, "crm (key ") {
		t.Errorf("purged %+v, noted %+v", purged, notes)
	}

	// She writes, and is answered as a stranger would be; what she agrees to now is hers.
	w.Clock.Advance(time.Hour)
	ana.writes("Hello")(t, w)
	text(ana, "allow WINDOW_OPEN service by user")(t, w)
	template(ana, "sale", stoppedOffers+"user")(t, w)
	now := w.Clock.Now().UTC().Format(time.RFC3339)
	w.Clock.Advance(time.Minute)
	if status, answer, _ = c.post(t, all, "/records", record(now)); status != http.StatusOK || !strings.Contains(string(answer), `"result":"recorded"`) {
		t.Errorf("an opt-in of now: %d %s", status, answer)
	}
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)

	// Who is unknown stays out, too.
	status, answer, _ = c.post(t, all, "/erase", `{"contact":"`+ben.Phone+`","now":true}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"known":false`) || !strings.Contains(string(answer), `"bytes_gone":true`) {
		t.Errorf("a stranger: %d %s", status, answer)
	}
	template(ben, "sale", stoppedOffers+"business")(t, w)
}
