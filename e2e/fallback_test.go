package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// fallbackWorld is a shop that sends a template in place of what a closed window refuses.
func fallbackWorld(t *testing.T, forwards bool, policy string) *world {
	t.Helper()
	w := newWorld(t, options{
		Options: gatewaytest.Options{WhatsApp: withPolicy(policy), Forwards: forwards},
		sim: graphsim.Options{Templates: append(templates(),
			graphsim.Template{Name: "we_answered", Language: "de", Category: "UTILITY"},
			graphsim.Template{Name: "we_answered", Language: "en", Category: "UTILITY"},
			graphsim.Template{Name: "says", Language: "en", Category: "UTILITY", Components: []byte(`[{"type":"BODY","text":"We answered: {{1}}"}]`)},
		)},
	})
	list(t, w)
	return w
}

// lastSent is what Meta took last, "" where it took nothing.
func lastSent(t testing.TB, w *world) string {
	t.Helper()
	sends := w.sim.Sends()
	w.sim.Reset()
	if len(sends) == 0 {
		return ""
	}
	s := sends[len(sends)-1]
	var body struct {
		Template struct {
			Components json.RawMessage `json:"components"`
		} `json:"template"`
	}
	if err := json.Unmarshal(s.Body, &body); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprint(s.Type, " ", s.Template, " ", s.Language, " ", s.To, " ", s.Callback, " ", string(body.Template.Components)))
}

// TestFallbackTemplate: a text that a closed window refuses is replaced by the template, if
// that may be sent to the person; and by nothing else.
func TestFallbackTemplate(t *testing.T) {
	const body = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"Hello\n\tAna"},"biz_opaque_callback_data":"order-7"}`
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := fallbackWorld(t, path.forwards, "fallback_template we_answered")
			sendIt := func(what, body string, status int, fallback, want string) string {
				t.Helper()
				resp, answer := w.Post(t, messages, body)
				if got := resp.Header.Get("X-Waguard-Fallback"); resp.StatusCode != status || got != fallback {
					t.Errorf("%s: %s, fallback %q; want %d %q: %s", what, resp.Status, got, status, fallback, answer)
				}
				if got := lastSent(t, w); got != want {
					t.Errorf("%s: Meta got %q, want %q", what, got, want)
				}
				return string(answer)
			}
			if answer := sendIt("without an opt-in", body, 400, "", ""); !strings.Contains(answer, "WINDOW_CLOSED") || !strings.Contains(answer, "we_answered (de) would be refused too (NO_CONSENT)") {
				t.Errorf("the refusal says %s", answer)
			}
			ana.optsIn("transactional")(t, w)
			sendIt("with an opt-in", body, 200, "we_answered", "template we_answered de +4915112345678 order-7")
			line := w.newest(t)
			if f := line.Fallback; line.Rule != "CONSENT" || line.Template != "we_answered" || f == nil || f.Kind != "free_form" || f.Type != "text" || f.Rule != "WINDOW_CLOSED" {
				t.Errorf("the ledger has %+v of %+v", line, line.Fallback)
			}
			sendIt("an image", `{"messaging_product":"whatsapp","to":"+4915112345678","type":"image","image":{"id":"1"}}`, 400, "", "")
			sendIt("a field nobody knows", strings.Replace(body, `"to"`, `"ttl":1,"to"`, 1), 400, "", "")
			sendIt("a template", aTemplate("parcel_ready", "en"), 200, "", "template parcel_ready en +4915112345678")
			ana.writes("Hello")(t, w)
			sendIt("in an open window", body, 200, "", "text   +4915112345678 order-7")
			ana.writes("STOP")(t, w)
			after(25*time.Hour)(t, w)
			if answer := sendIt("after STOP", body, 400, "", ""); !strings.Contains(answer, "would be refused too (OPTED_OUT)") {
				t.Errorf("the refusal says %s", answer)
			}
			addsUp(t, w.Gateway)
		})
	}
}

// TestFallbackWithText: where the template takes it the text is its parameter, as Meta takes
// parameters.
func TestFallbackWithText(t *testing.T) {
	w := fallbackWorld(t, true, "fallback_template says en {\ntext_as body 1\n}")
	ana.optsIn("transactional")(t, w)
	for _, test := range []struct{ text, want string }{
		{"Hello", "Hello"},
		{`Hello\n\n Ana`, "Hello Ana"},
		{`a\tb`, "a b"},
		{"a    b", "a    b"},
		{"a     b", "a b"},
		{`\"quoted\" & <b>`, `\"quoted\" \u0026 \u003cb\u003e`},
		{strings.Repeat("ä", 1024), strings.Repeat("ä", 1024)},
		{strings.Repeat("ä", 1025), ""},
		{`\n`, ""},
	} {
		resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp","to":"+4915112345678","text":{"body":"`+test.text+`"}}`)
		want := ""
		if test.want != "" {
			want = `template says en +4915112345678  [{"parameters":[{"text":"` + test.want + `","type":"text"}],"type":"body"}]`
		}
		if got := lastSent(t, w); got != want || (resp.StatusCode == http.StatusOK) != (want != "") {
			t.Errorf("%.40q: Meta got %.200q, want %.200q: %s %s", test.text, got, want, resp.Status, answer)
		}
	}
}

// TestFallbackOnce: under an idempotency key the template is sent once, and a repetition of
// the text gets its answer.
func TestFallbackOnce(t *testing.T) {
	w := fallbackWorld(t, true, "fallback_template we_answered en\nfrequency_cap transactional 1 1d")
	ana.optsIn("transactional")(t, w)
	var first string
	for range 2 {
		resp, body := gatewaytest.Do(t, http.MethodPost, w.URL+messages, aText(), keyed("k-1"))
		if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Waguard-Fallback") != "we_answered" || first != "" && first != string(body) {
			t.Errorf("%s %v %s, and %s before", resp.Status, resp.Header, body, first)
		}
		first = string(body)
	}
	if n := len(w.sim.Sends()); n != 1 {
		t.Errorf("Meta got %d messages, want 1", n)
	}
	if resp, body := w.Post(t, messages, aText()); resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "would be refused too (FREQUENCY_CAP)") {
		t.Errorf("another one: %s %s", resp.Status, body)
	}
}

// TestFallbackNever: not in a batch.
func TestFallbackNever(t *testing.T) {
	w := fallbackWorld(t, true, "fallback_template we_answered en")
	ana.optsIn("transactional")(t, w)
	batch := `{"batch":[{"method":"POST","relative_url":"v25.0` + strings.TrimPrefix(messages, "/v25.0") + `","body":"messaging_product=whatsapp&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22Hi%22%7D"}]}`
	if resp, body := w.Post(t, "/", batch); resp.StatusCode != http.StatusBadRequest || resp.Header.Get("X-Waguard-Fallback") != "" || !strings.Contains(string(body), "WINDOW_CLOSED") {
		t.Errorf("a batch: %s %s", resp.Status, body)
	}
}

// TestFallbackMonitored: monitor mode changes nothing.
func TestFallbackMonitored(t *testing.T) {
	w := fallbackWorld(t, true, "fallback_template we_answered en\nmode monitor")
	ana.optsIn("transactional")(t, w)
	resp, body := w.Post(t, messages, aText())
	if resp.Header.Get("X-Waguard-Fallback") != "" || resp.Header.Get("X-Waguard-Decision") != "monitor" {
		t.Errorf("in monitor mode: %s %s", resp.Status, body)
	}
}
