package e2e

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// foxShoes is the business of the forms.
const foxShoes = "business " + shop + " {\nname \"Fox Shoes\"\nnumber +4930555123\nwaba " + waba + "\n}"

// formSite is a site with a form; more are further lines of it, frequency how often it
// tells people to expect messages.
func formSite(frequency, more string) string {
	return `
	handle_path /consent/* {
		whatsapp_consent {
			origins https://shop.example
			form newsletter {
				phone_number_id ` + shop + `
				scope marketing
				jurisdiction DE
				` + more + `
				text en {
					privacy https://shop.example/privacy
					categories offers "new arrivals"
					frequency "` + frequency + `"
				}
				text de {
					privacy https://shop.example/datenschutz
					categories Angebote Neuheiten
					frequency "Höchstens zweimal im Monat"
				}
			}
		}
	}`
}

const twice = "At most twice a month"

type formText struct {
	Version, Language, Token string
	Words                    map[string]string
}

type formAnswer struct {
	State, Message string
	Confirm        struct{ Link, Text string }
	Errors         []struct{ Field, Code, Detail string }
}

// form asks for the text of the form.
func (c *consentClient) form(t *testing.T, query string) (f formText) {
	t.Helper()
	resp, body := gatewaytest.Do(t, http.MethodGet, c.w.URL+"/consent/form/newsletter/text"+query, "", nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the form: %s %s", resp.Status, body)
	}
	c.conforms(t, "the text of the form", "#/components/schemas/Form", body)
	c.mu.Lock()
	c.asked["/form/{id}/text"] = true
	c.mu.Unlock()
	if err := json.Unmarshal(body, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// tick sends the form as the widget does, from a page of the shop's.
func (c *consentClient) tick(t *testing.T, f formText, number string, more string, header ...string) (int, formAnswer) {
	t.Helper()
	body := `{"version":"` + f.Version + `","token":"` + f.Token + `","number":"` + number + `","agreed":true,"page_url":"https://shop.example/sale?utm=1"` + more + `}`
	h := http.Header{"Content-Type": {"application/json"}, "Origin": {"https://shop.example"}, "User-Agent": {"Firefox/141"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	resp, answer := gatewaytest.Do(t, http.MethodPost, c.w.URL+"/consent/form/newsletter", body, h)
	var a formAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatalf("%s: %s", resp.Status, answer)
	}
	schema := "#/components/schemas/Problem"
	if resp.StatusCode < 400 {
		schema = "#/components/schemas/TickRecorded"
		c.conforms(t, "a form that is taken", "#/components/schemas/Ticked", []byte(body))
		c.mu.Lock()
		c.asked["/form/{id}"] = true
		c.mu.Unlock()
	}
	c.conforms(t, "the answer to a form", schema, answer)
	return resp.StatusCode, a
}

// TestOptInForm: who fills in the form is asked, and opted in by the message from their
// own number that the form's link has ready, and by nobody else's; what was shown is what
// is kept; a STOP holds.
func TestOptInForm(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes, Site: formSite(twice, "")}})
	list(t, w)
	c := newConsentClient(t, w)
	f := c.form(t, "")
	if !strings.Contains(f.Words["agree"], "Fox Shoes may send me messages on WhatsApp: offers, new arrivals. At most twice a month.") {
		t.Errorf("what is shown: %v", f.Words)
	}
	w.Clock.Advance(5 * time.Second)
	status, a := c.tick(t, f, ana.Phone, "")
	if status != http.StatusCreated || a.State != "pending" {
		t.Fatalf("ticked: %d %+v", status, a)
	}
	link, err := url.Parse(a.Confirm.Link)
	if err != nil || link.Host != "wa.me" || link.Path != "/4930555123" || link.Query().Get("text") != a.Confirm.Text {
		t.Errorf("the link is %s", a.Confirm.Link)
	}
	pending := "refuse CONSENT_PENDING 403/131005 marketing by business"
	template(ana, "sale", pending)(t, w)
	records := w.historyOf(t, ana.Phone)
	e := records[0].Evidence
	if len(records) != 1 || records[0].State != "pending" || records[0].Source != "widget" || records[0].Actor != "form newsletter" || e == nil {
		t.Fatalf("the history: %+v", records)
	}
	if e.PageURL != "https://shop.example/sale" || e.IP != "127.0.0.1" || e.UserAgent != "Firefox/141" || e.BusinessName != "Fox Shoes" || !e.NamesChannel ||
		e.LegalBasis != "consent" || e.Jurisdiction != "DE" || e.Frequency != twice || e.Language != "en" || !strings.HasSuffix(e.TextVersion, f.Version) ||
		!strings.Contains(e.Text, f.Words["agree"]) || !strings.Contains(e.Text, "https://shop.example/privacy") || len(e.TextSHA256) != 64 {
		t.Errorf("the evidence: %+v", e)
	}

	// Another's number confirms nothing, nor does another message.
	ben.writes(a.Confirm.Text)(t, w)
	template(ben, "sale", "refuse NO_CONSENT 403/131005 marketing by user")(t, w)
	code := a.Confirm.Text[strings.LastIndex(a.Confirm.Text, "WA-"):]
	for _, other := range []string{"Who signed me up? " + code, "No! " + code, strings.Replace(a.Confirm.Text, code, "WA-00000-00000", 1), strings.TrimSuffix(a.Confirm.Text, code)} {
		ana.writes(other)(t, w)
	}
	template(ana, "sale", "refuse CONSENT_PENDING 403/131005 marketing by user")(t, w)

	w.Clock.Advance(time.Minute)
	ana.writes(" "+strings.ToLower(a.Confirm.Text)+"\n")(t, w)
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)
	if h := w.historyOf(t, ana.Phone); h[0].State != "opted_in" || h[0].Evidence == nil || h[0].Evidence.Text != e.Text || h[0].Reference == "" {
		t.Errorf("confirmed: %+v", h)
	}

	// A STOP holds: against the form alone, and against an older confirmation that is
	// delivered late.
	w.Clock.Advance(time.Minute)
	ana.writes("STOP")(t, w)
	template(ana, "sale", stoppedOffers+"user")(t, w)
	again := c.form(t, "?language=de-AT")
	if again.Language != "de" || !strings.Contains(again.Words["agree"], "Höchstens zweimal im Monat") {
		t.Errorf("in German: %+v", again)
	}
	w.Clock.Advance(time.Minute)
	if status, a = c.tick(t, again, ana.Phone, ""); status != http.StatusCreated || a.State != "pending" {
		t.Errorf("ticked again: %d %+v", status, a)
	}
	template(ana, "sale", stoppedOffers+"user")(t, w)
	ana.hears(w.Clock.Now().Add(-2*time.Minute), a.Confirm.Text)(t, w)
	template(ana, "sale", stoppedOffers+"user")(t, w)
	w.Clock.Advance(2 * time.Minute)
	ana.writes(a.Confirm.Text)(t, w)
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)

	// Too late is too late.
	f = c.form(t, "")
	w.Clock.Advance(time.Minute)
	_, a = c.tick(t, f, ben.Phone, "")
	w.Clock.Advance(8 * day)
	ben.writes(a.Confirm.Text)(t, w)
	template(ben, "sale", "refuse CONSENT_PENDING 403/131005 marketing by user")(t, w)
}

// TestOptInFormRefuses: what nobody would send who has read the form.
func TestOptInFormRefuses(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes, Site: formSite(twice, "")}})
	c := newConsentClient(t, w)
	f := c.form(t, "")
	if status, a := c.tick(t, f, ana.Phone, ""); status != http.StatusUnprocessableEntity || a.Errors[0].Field != "form" {
		t.Errorf("at once: %d %+v", status, a)
	}
	w.Clock.Advance(3 * time.Second)
	for _, wrong := range []struct {
		number, more string
		status       int
		field        string
	}{
		{"0151 23456789", "", 422, "number"},
		{"015123456789", "", 422, "number"},
		{"+49", "", 422, "number"},
		{"US.13491208655302741918", "", 422, "number"},
		{ana.Phone, `,"website":"https://spam.example"`, 422, "website"},
		{ana.Phone, `,"source":"in_person"`, 400, ""},
	} {
		status, a := c.tick(t, f, wrong.number, wrong.more)
		if status != wrong.status || wrong.field != "" && (len(a.Errors) != 1 || a.Errors[0].Field != wrong.field || a.Errors[0].Detail == "") {
			t.Errorf("%+v: %d %+v", wrong, status, a)
		}
	}
	forged := f
	forged.Token = strings.Replace(f.Token, f.Token[:4], "1000", 1)
	if status, _ := c.tick(t, forged, ana.Phone, ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a forged token: %d", status)
	}
	forged = f
	forged.Version = strings.Repeat("0", 32)
	if status, _ := c.tick(t, forged, ana.Phone, ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a version that nobody was shown: %d", status)
	}
	for _, origin := range []string{"https://evil.example", "null", "http://shop.example", ""} {
		if status, _ := c.tick(t, f, ana.Phone, "", "Origin", origin); status != http.StatusForbidden {
			t.Errorf("from %q: %d", origin, status)
		}
	}
	if h := w.historyOf(t, ana.Phone); len(h) != 0 {
		t.Errorf("recorded all the same: %+v", h)
	}
	for i := range 7 {
		status, _ := c.tick(t, f, ana.Phone, "")
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusTooManyRequests}[i < 5]; status != want {
			t.Errorf("the form number %d for one number: %d, want %d", i+1, status, want)
		}
	}
	last := 0
	for range 20 {
		last, _ = c.tick(t, f, "+49", "")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("more than twenty in a minute: %d", last)
	}
	w.Clock.Advance(25 * time.Hour)
	if status, a := c.tick(t, f, ana.Phone, ""); status != http.StatusUnprocessableEntity || a.Errors[0].Field != "form" {
		t.Errorf("a day later: %d %+v", status, a)
	}
}

// TestOptInFormChanged: who was shown an older version agreed to what that said.
func TestOptInFormChanged(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes, Site: formSite(twice, "")}})
	c := newConsentClient(t, w)
	f := c.form(t, "")
	w.Site = formSite("Daily", "")
	w.reload(t)
	if newer := c.form(t, ""); newer.Version == f.Version {
		t.Error("another text has the same version")
	}
	w.Clock.Advance(time.Minute)
	if status, a := c.tick(t, f, ana.Phone, ""); status != http.StatusCreated {
		t.Fatalf("ticked: %d %+v", status, a)
	}
	if e := w.historyOf(t, ana.Phone)[0].Evidence; e.Frequency != twice || !strings.Contains(e.Text, twice) {
		t.Errorf("the evidence: %+v", e)
	}
}

// TestOptInFormUnconfirmed: with `confirm off` the box is enough, but for who said no.
func TestOptInFormUnconfirmed(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes, Site: formSite(twice, "confirm off")}})
	list(t, w)
	c := newConsentClient(t, w)
	f := c.form(t, "")
	w.Clock.Advance(time.Minute)
	for _, p := range []person{ana, ben} {
		if p.Phone == ben.Phone {
			ben.writes("STOP")(t, w)
			w.Clock.Advance(time.Hour)
		}
		if status, a := c.tick(t, f, p.Phone, ""); status != http.StatusCreated || a.State != "recorded" || a.Confirm.Link != "" {
			t.Errorf("ticked: %d %+v", status, a)
		}
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	template(ben, "sale", stoppedOffers+"user")(t, w)

	// Nor for who was erased: they count as having said no.
	if status, answer, _ := c.post(t, c.key(t, "desk", "", "erase").Key, "/erase", `{"contact":"`+ana.Phone+`"}`); status != http.StatusOK {
		t.Fatalf("erased: %d %s", status, answer)
	}
	w.Clock.Advance(time.Hour)
	for range 2 {
		if status, a := c.tick(t, c.form(t, ""), ana.Phone, ""); status == http.StatusCreated {
			t.Errorf("a form sent within no time is taken: %+v", a)
		}
		f := c.form(t, "")
		w.Clock.Advance(time.Minute)
		if status, a := c.tick(t, f, ana.Phone, ""); status != http.StatusCreated {
			t.Errorf("ticked after an erasure: %d %+v", status, a)
		}
		template(ana, "sale", stoppedOffers+"business")(t, w)
	}
	ana.optsIn("marketing")(t, w)
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
}

// TestOptInPage: the page works without a script: its box is not ticked, what is wrong is
// said where it stands, and what it tells is recorded.
func TestOptInPage(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes, Site: formSite(twice, "country_code +49")}})
	list(t, w)
	page := w.URL + "/consent/form/newsletter"
	resp, body := gatewaytest.Do(t, http.MethodGet, page, "", http.Header{"Accept-Language": {"de-CH, fr;q=0.5"}})
	text := string(body)
	policy := resp.Header.Get("Content-Security-Policy")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self' https://shop.example") ||
		resp.Header.Get("Set-Cookie") != "" || strings.Contains(text, "<script") || strings.Contains(text, "style=") || strings.Contains(text, "checked") {
		t.Errorf("%s, %s\n%s", resp.Status, policy, text)
	}
	if !strings.Contains(text, `<html lang="de">`) || !strings.Contains(text, "Ja, Fox Shoes darf mir Nachrichten auf WhatsApp senden") || !strings.Contains(text, `value="&#43;49"`) || !strings.Contains(text, `href="https://shop.example/datenschutz"`) {
		t.Errorf("the page: %s", text)
	}
	fields := url.Values{"agreed": {"yes"}}
	for _, m := range regexp.MustCompile(`name="(version|token)" value="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		fields.Set(m[1], html.UnescapeString(m[2]))
	}
	w.Clock.Advance(time.Minute)
	send := func(number, origin string) (*http.Response, string) {
		t.Helper()
		fields.Set("number", number)
		h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {"Firefox/141"}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		resp, body := gatewaytest.Do(t, http.MethodPost, page+"?language=de", fields.Encode(), h)
		return resp, string(body)
	}
	if resp, _ := send(ana.Phone, "https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", resp.Status)
	}
	resp, text = send("0151", w.URL)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, `role="alert" id="wrong">Schreiben Sie die Nummer`) || !strings.Contains(text, `aria-describedby="help wrong" aria-invalid="true"`) || !strings.Contains(text, `value="0151"`) {
		t.Errorf("a wrong number: %s\n%s", resp.Status, text)
	}
	resp, text = send(ana.Phone, w.URL)
	link := regexp.MustCompile(`href="(https://wa\.me/4930555123\?text=[^"]*)"`).FindStringSubmatch(text)
	if resp.StatusCode != http.StatusOK || link == nil || !strings.Contains(text, "<svg") {
		t.Fatalf("sent: %s\n%s", resp.Status, text)
	}
	var records []adminapi.ConsentRecord
	if records = w.historyOf(t, ana.Phone); len(records) != 1 || records[0].Source != "signup_form" || records[0].Evidence.PageURL != page || records[0].Evidence.Language != "de" {
		t.Errorf("the history: %+v", records[0].Evidence)
	}
	confirm, err := url.Parse(html.UnescapeString(link[1]))
	if err != nil {
		t.Fatal(err)
	}
	ana.writes(confirm.Query().Get("text"))(t, w)
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)
}
