package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// agrees records an opt-in with the fields given, beside who and where, and looks at the
// status of the answer and what it says.
func (p person) agrees(fields string, status int, says ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		body := fmt.Sprintf(`{"phone_number_id":%q,"contact":%q,%s}`, shop, p.name(), fields)
		resp, answer := w.AdminCall(t, adminapi.RouteOptIn.Path, body)
		if resp.StatusCode != status {
			t.Errorf("%s: %s %s, want %d", body, resp.Status, answer, status)
		}
		for _, part := range says {
			if !strings.Contains(string(answer), part) {
				t.Errorf("%s: %s doesn't say %q", body, answer, part)
			}
		}
	}
}

// told is what a valid opt-in on a website has on record, without the fields named.
func told(without ...string) string {
	fields := []string{
		`"scope":"all"`, `"source":"website"`, `"page_url":"https://shop.example/"`, `"ip":"203.0.113.9"`, `"user_agent":"Firefox"`,
		`"names_channel":true`, `"business_name":"Example Shop"`, `"text":"Offers by WhatsApp"`, `"categories":["offers"]`, `"frequency":"weekly"`,
		`"legal_basis":"consent"`, `"jurisdiction":"DE"`,
	}
	fields = slices.DeleteFunc(fields, func(f string) bool {
		return slices.ContainsFunc(without, func(name string) bool { return strings.HasPrefix(f, `"`+name+`"`) })
	})
	return strings.Join(fields, ",")
}

// strict is a shop that takes no opt-in that could not be shown.
var strict = "business " + shop + " {\nname \"Example Shop\"\nwaba " + waba + "\nopt_in_evidence strict\n}"

// evidenceIs looks at a field of what is on record with the newest word of a person.
func (p person) evidenceIs(field, want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		h := w.historyOf(t, p.name())
		if len(h) == 0 {
			t.Errorf("%s has no history", p.Name)
			return
		}
		value, err := json.Marshal(h[0])
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(value, &fields); err != nil {
			t.Fatal(err)
		}
		if evidence, ok := fields["evidence"].(map[string]any); ok && fields[field] == nil {
			fields = evidence
		}
		if got := fmt.Sprint(fields[field]); got != want {
			t.Errorf("%s of %s is %q, want %q: %s", field, p.Name, got, want, value)
		}
	}
}

// initiated looks at the initiation of the newest send.
func initiated(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if e := w.newest(t); string(e.Initiation) != want {
			t.Errorf("the newest send was initiated by %q, want %q", e.Initiation, want)
		}
	}
}

// linesAre looks at the report of the month: sends by category and decision.
func linesAre(want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		sums := make(map[string]int)
		for _, r := range reportOf(t, w.Gateway, "").Rows {
			sums[fmt.Sprint(r.Category, " ", r.Decision)] += r.Sends
		}
		var got []string
		for key, n := range sums {
			got = append(got, fmt.Sprint(n, " ", key))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("the report counts %q, want %q", got, want)
		}
	}
}

// challenged asks a person to confirm, and answers for them after a while.
func (p person) challenged(after time.Duration, reply, want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		asked := w.asksFor(t, p, adminapi.RouteAsk, `,"expires_in":"48h"`)
		w.Clock.Advance(after)
		if got := w.replies(t, asked.Challenge.ID, reply); got != want {
			t.Errorf("%q after %s: %s, want %s", reply, after, got, want)
		}
	}
}

// reconfigured reloads with other lines in the whatsapp block.
func reconfigured(whatsapp string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		w.WhatsApp = whatsapp
		w.reload(t)
	}
}

// qualityFalls lets Meta tell that a number's quality has fallen; it is among the events
// that stand beside the violations.
func qualityFalls(t testing.TB, w *world) {
	t.Helper()
	w.alert(t, "phone_number_quality_update", `{"display_phone_number":"4930555123","event":"FLAGGED","current_limit":"TIER_1K"}`)
	var events adminapi.EventPage
	w.admin(t, "/whatsapp/events", "", &events)
	if len(events.Events) != 1 || events.Events[0].Kind != "phone_number_quality_update" {
		t.Errorf("the events are %+v", events.Events)
	}
}

// listedBy looks for one record in the list of a source.
func listedBy(source string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		found := 0
		for records, err := range api(t, w.Gateway).Consents(t.Context(), adminapi.ConsentSelection{Source: source}) {
			if err != nil {
				t.Fatal(err)
			}
			found += len(records)
		}
		if found != 1 {
			t.Errorf("%d records are listed by source %s, want 1", found, source)
		}
	}
}

// welcomed looks whether the newest send is the welcome.
func welcomed(want bool) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if e := w.newest(t); e.Welcome != want {
			t.Errorf("the newest send is the welcome: %v, want %v", e.Welcome, want)
		}
	}
}
