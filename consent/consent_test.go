package consent

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestParseSource: a word of the list, in whatever spelling, or another one that says so.
func TestParseSource(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]Source{
		"website": "website", "In-Store": "in_store", " service call ": "service_call", "IVR": "ivr", "qr": "qr",
		"other:trade fair": "other:trade fair", "Other: radio": "other:radio",
	} {
		if got, err := ParseSource(written); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", written, got, err, want)
		}
	}
	for _, written := range []string{"", "trade fair", "other:", "other", "website2", strings.Repeat("x", LongestSource+1), "other:" + strings.Repeat("x", LongestSource)} {
		if got, err := ParseSource(written); err == nil {
			t.Errorf("%q is taken for %q", written, got)
		}
	}
	for _, s := range Sources() {
		if got, err := ParseSource(string(s)); err != nil || got != s || s.Doc() == "" {
			t.Errorf("%s: %q, %v, %q", s, got, err, s.Doc())
		}
	}
}

// valid has what every opt-in needs.
func valid() Evidence {
	return Evidence{
		Text: "Yes, Fox Shoes may send me offers on WhatsApp.", NamesChannel: true, BusinessName: "Fox Shoes", Categories: []string{"offers"},
		Frequency: "at most two a month", LegalBasis: "consent", Jurisdiction: "DE",
	}
}

// TestLacks is the table of what an opt-in lacks.
func TestLacks(t *testing.T) {
	t.Parallel()
	strict := Demands{Business: "Fox Shoes", Channel: true}
	for _, c := range []struct {
		name    string
		demands Demands
		source  Source
		change  func(*Evidence)
		want    string
	}{
		{"nothing", strict, "in_store", func(e *Evidence) { e.Reference = "form 12" }, ""},
		{"everything", strict, "in_store", func(e *Evidence) { *e = Evidence{} }, "names_channel business_name legal_basis jurisdiction text categories frequency reference"},
		{"WhatsApp is not named", strict, "in_store", func(e *Evidence) { e.Reference, e.NamesChannel = "form 12", false }, "names_channel"},
		{"and need not be", Demands{Business: "Fox Shoes"}, "in_store", func(e *Evidence) { e.Reference, e.NamesChannel = "form 12", false }, ""},
		{"another business", strict, "in_store", func(e *Evidence) { e.Reference, e.BusinessName = "form 12", "Fox shoes" }, "business_name=BUSINESS_NAME_MISMATCH"},
		{"a business without a name", Demands{Channel: true}, "in_store", func(e *Evidence) { e.Reference = "form 12" }, "business_name=BUSINESS_NAME_MISMATCH"},
		{"the hash of the text", strict, "in_store", func(e *Evidence) { e.Reference, e.Text, e.TextSHA256 = "form 12", "", strings.Repeat("ab", 32) }, ""},
		{"a website", strict, "website", func(*Evidence) {}, "page_url ip user_agent"},
		{"a widget without its text", strict, "widget", func(e *Evidence) { e.Text = "" }, "text page_url ip user_agent"},
		{"an app", strict, "in_app", func(*Evidence) {}, "app_account"},
		{"an automated call", strict, "ivr", func(e *Evidence) { e.Call = "c1" }, "key_pressed"},
		{"a call", strict, "service_call", func(*Evidence) {}, "agent"},
		{"an SMS", strict, "sms", func(*Evidence) {}, "programme instructions_shown"},
		{"an order", strict, "transaction", func(*Evidence) {}, "transaction_id"},
		{"an ad", strict, "ctwa_ad", func(*Evidence) {}, "ad_id"},
		{"a QR code", strict, "qr", func(*Evidence) {}, "qr_code"},
		{"a third party", strict, "third_party", func(*Evidence) {}, "third_party reference"},
		{"another system", strict, "existing_system", func(*Evidence) {}, "system reference"},
		{"something else", strict, "other:radio", func(*Evidence) {}, "reference"},
		{"India", strict, "in_app", func(e *Evidence) { e.Account, e.Jurisdiction = "u1", "IN-KA" }, "dlt_registration"},
		{"on WhatsApp", Demands{Business: "Fox Shoes", OffWhatsApp: true}, "chat", func(e *Evidence) { e.Message = "m1" }, "source=ON_WHATSAPP"},
		{"and elsewhere", Demands{Business: "Fox Shoes", OffWhatsApp: true}, "in_app", func(e *Evidence) { e.Account = "u1" }, ""},
	} {
		e := valid()
		c.change(&e)
		if err := e.Normalise(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, l := range c.demands.Lacks(c.source, &e) {
			word := string(l.Field)
			if l.Code != CodeMissing {
				word += "=" + l.Code
			}
			if got = append(got, word); l.Detail == "" {
				t.Errorf("%s: %s has no words", c.name, word)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// TestEvery source can be recorded without a lack, and each field it needs is missed.
func TestEverySourceNeedsWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, s := range append(Sources(), "other:radio") {
		if len(s.Needs()) == 0 {
			t.Errorf("%s needs nothing: who could show it?", s)
		}
		whole := valid()
		for _, name := range s.Needs() {
			if name == FieldText {
				continue
			}
			for _, f := range whole.texts() {
				if f.name == name {
					*f.value = "x"
				}
			}
			if !whole.has(name) {
				t.Errorf("%s needs %s, which is no field", s, name)
			}
		}
		demands := Demands{Business: "Fox Shoes", Channel: true}
		whole.Normalise() // whose complaints on x don't matter here
		if lacks := demands.Lacks(s, &whole); len(lacks) != 0 {
			t.Errorf("%s with everything lacks %v", s, lacks)
		}
		if why[FieldText] == "" || slices.ContainsFunc(s.Needs(), func(f Field) bool { return why[f] == "" }) {
			t.Errorf("%s: a field is not explained", s)
		}
	}
}

// TestNormalise: nonsense is said to be nonsense, field by field.
func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want string }{
		{`{"text_sha256":"abc"}`, "64 hexadecimal digits"},
		{`{"text":"a","text_sha256":"` + strings.Repeat("00", 32) + `"}`, "not the SHA-256 of text"},
		{`{"language":"!!"}`, "BCP 47"},
		{`{"jurisdiction":"Germany"}`, "a country such as"},
		{`{"jurisdiction":"DE-"}`, "a country such as"},
		{`{"jurisdiction":"276"}`, "a country such as"},
		{`{"legal_basis":"because"}`, "legal_basis"},
		{`{"page_url":"javascript:alert(1)"}`, "page_url"},
		{`{"page_url":"https://user:secret@example.com/"}`, "page_url"},
		{`{"ip":"localhost"}`, "ip"},
		{`{"categories":["offers"," "]}`, "categories"},
		{`{"reference":"` + strings.Repeat("x", LongestField+1) + `"}`, "reference"},
		{`{"text":"` + strings.Repeat("x", LongestText+1) + `"}`, "text"},
	} {
		var e Evidence
		if err := json.Unmarshal([]byte(c.given), &e); err != nil {
			t.Fatal(err)
		}
		if err := e.Normalise(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v; want %q", c.given, err, c.want)
		}
	}
	e := Evidence{Text: " shown ", Language: "pt-br", Jurisdiction: "us-ca", LegalBasis: "Consent", IP: "2001:db8::1", PageURL: "https://example.com/a?b"}
	if err := e.Normalise(); err != nil {
		t.Fatal(err)
	}
	if e.Text != "shown" || len(e.TextSHA256) != 64 || e.Language != "pt-BR" || e.Jurisdiction != "US-CA" || e.LegalBasis != "consent" {
		t.Errorf("%+v", e)
	}
	again := e
	if err := again.Normalise(); err != nil || again.TextSHA256 != e.TextSHA256 {
		t.Errorf("normalised twice: %+v, %v", again, err)
	}
}
