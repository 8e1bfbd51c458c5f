package webhook

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// arrival is when all webhooks of the tests arrive: 10 October 2026, 12:00 UTC.
var arrival = time.Unix(1791633600, 0)

func parse(t testing.TB, body []byte) Reading {
	t.Helper()
	got, err := Parse(body, Options{Words: policy.NewWords(), Now: arrival})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func payload(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "payloads", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// values are identities without their kinds.
func values(ids []policy.Identity) []string {
	var v []string
	for _, id := range ids {
		v = append(v, id.Value)
	}
	return v
}

// tell writes an event on one line, in clear and with times in seconds.
func tell(e policy.Event) string {
	who := func(ids []policy.Identity) string {
		v := values(ids)
		if len(v) == 0 {
			return "nobody"
		}
		return strings.Join(v, "=")
	}
	at := func(m policy.Moment) string {
		switch {
		case m == 0:
			return "never"
		case m == policy.Forever:
			return "forever"
		case m == policy.MomentOf(arrival):
			return "arrival"
		case m%1000 != 0:
			return fmt.Sprintf("%dms", m)
		}
		return fmt.Sprint(int64(m) / 1000)
	}
	switch e := e.(type) {
	case policy.ServiceWindowOpened:
		s := fmt.Sprintf("window %s %s at %s", e.PhoneNumberID, who(e.Who), at(e.At))
		if e.OptOut {
			s += " by an opt-out"
		}
		return s
	case policy.ConsentChanged:
		s := fmt.Sprintf("%s %s %s %v %s %q at %s", e.State, e.PhoneNumberID, who(e.Who), e.Scopes, e.Source, e.Ref, at(e.At))
		for _, mark := range []struct {
			is   bool
			text string
		}{{e.General, " generally"}, {e.Answer, " as an answer"}, {e.Tap, " by a tap"}} {
			if mark.is {
				s += mark.text
			}
		}
		return s
	case policy.IdentityLinked:
		return fmt.Sprintf("link %s at %s", who(e.Who), at(e.At))
	case policy.IdentityChanged:
		return fmt.Sprintf("change %s -> %s at %s", who(e.Old), who(e.New), at(e.At))
	case policy.CallPermission:
		return fmt.Sprintf("calls %s %s until %s at %s", e.PhoneNumberID, who(e.Who), at(e.Until), at(e.At))
	case policy.StatusChanged:
		s := fmt.Sprintf("%s %s %s %s", e.Status, e.PhoneNumberID, e.Wamid, who(e.Who))
		if e.ErrorCode != 0 {
			s += fmt.Sprintf(" error %d", e.ErrorCode)
		}
		if e.Pricing != nil {
			s += fmt.Sprintf(" %s/%s/%s/%t", e.Pricing.Model, e.Pricing.Type, e.Pricing.Category, e.Pricing.Billable)
		}
		if e.Opaque != "" {
			s += fmt.Sprintf(" %q", e.Opaque)
		}
		s += " at " + at(e.At)
		if out, ok := e.OptOut(); ok {
			s += fmt.Sprintf(", which is %s %v %s %q at %s", out.State, out.Scopes, out.Source, out.Ref, at(out.At))
		}
		return s
	case policy.TemplateChanged:
		s := fmt.Sprintf("template %s %s/%s", e.WABA, e.Template.Name, e.Template.Language)
		if e.Status != "" {
			s += " is " + string(e.Status)
		}
		if e.Category != "" {
			s += " in " + string(e.Category)
		}
		if e.Next != "" {
			s += fmt.Sprintf(", %s from %s", e.Next, at(e.NextFrom))
		}
		return s + " at " + at(e.At)
	case policy.NumberSeen:
		return fmt.Sprintf("number %s of %s is %s at %s", e.PhoneNumberID, e.WABA, e.Display, at(e.At))
	case policy.AccountEvent:
		s := fmt.Sprintf("%s %s %s %s", e.Severity, e.Kind, e.Name, e.WABA)
		if e.PhoneNumberID+e.Display != "" {
			s += " " + e.PhoneNumberID + e.Display
		}
		if e.Template.Name != "" {
			s += " " + e.Template.Name + "/" + e.Template.Language
		}
		return s + fmt.Sprintf(" %q at %s", e.Detail, at(e.At))
	}
	return fmt.Sprintf("%T", e)
}

func tellAll(events []policy.Event) []string {
	lines := make([]string, 0, len(events))
	for _, e := range events {
		lines = append(lines, tell(e))
	}
	return lines
}

// The people of the payloads: Ana has a phone number and a user id.
const (
	ana    = "12125550147=US.55667788990011"
	number = "number 104455667788 of 900100200300 is 12125550100 at "
	every  = "[marketing transactional authentication]"
)

// told is what each payload in testdata/webhooks tells.
var told = map[string]struct {
	skipped int
	events  []string
}{
	"text":  {0, []string{"window 104455667788 " + ana + " at 1791600000", number + "1791600000"}},
	"stop":  {0, []string{"window 104455667788 " + ana + " at 1791600000 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600000 generally`, number + "1791600000"}},
	"start": {0, []string{"window 104455667788 " + ana + " at 1791600000", "opted_in 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600000 generally`, number + "1791600000"}},
	"talk":  {0, []string{"window 104455667788 " + ana + " at 1791600000", number + "1791600000"}},
	"types": {0, []string{
		"window 104455667788 " + ana + " at 1791600001 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600001 generally`, // a caption
		"window 104455667788 " + ana + " at 1791600002", "window 104455667788 " + ana + " at 1791600003",
		"window 104455667788 " + ana + " at 1791600004", "window 104455667788 " + ana + " at 1791600005", "window 104455667788 " + ana + " at 1791600006",
		"window 104455667788 " + ana + " at 1791600007", // the card is somebody else's
		"window 104455667788 " + ana + " at 1791600008", "window 104455667788 " + ana + " at 1791600009", "window 104455667788 " + ana + " at 1791600010",
		"window 104455667788 " + ana + " at 1791600011", number + "1791600011",
	}},
	"opens_nothing": {1, []string{
		"link " + ana + " at 1791600000", "link " + ana + " at 1791600000", "link " + ana + " at 1791600000",
		"link " + ana + " at 1791600000", "link " + ana + " at 1791600000", "link " + ana + " at 1791600000", number + "1791600000",
	}},
	"request_welcome": {0, []string{"window 104455667788 " + ana + " at 1767225600", number + "1767225600"}},
	"edited_to_stop": {0, []string{
		"opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600000 generally`,
		"link " + ana + " at 1791600000", number + "1791600000",
	}},
	"buttons": {0, []string{
		"window 104455667788 " + ana + " at 1791600001 by an opt-out", "opted_out 104455667788 " + ana + ` [marketing] button "wamid.M1" at 1791600001`, // by its text
		"window 104455667788 " + ana + " at 1791600002 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` button "wamid.M2" at 1791600002 generally`,
		"window 104455667788 " + ana + " at 1791600003", // an id is no word
		"window 104455667788 " + ana + " at 1791600004", // to what?
		"window 104455667788 " + ana + " at 1791600005 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` button "wamid.M5" at 1791600005 generally`,
		"window 104455667788 " + ana + " at 1791600006", number + "1791600006",
	}},
	"call_permission": {1, []string{
		"calls 104455667788 " + ana + " until 1792204801 at 1791600001",
		"calls 104455667788 " + ana + " until forever at 1791600002",
		"calls 104455667788 " + ana + " until never at 1791600003",
		"link " + ana + " at 1791600004", number + "1791600004",
	}},
	"user_id_only":       {0, []string{"window 104455667788 US.55667788990011=US.ENT.778899 at 1791600000", number + "1791600000"}},
	"contact_names_more": {0, []string{"window 104455667788 US.55667788990011=12125550147 at 1791600000", number + "1791600000"}},
	"two_contacts": {1, []string{
		"window 104455667788 " + ana + " at 1791600001 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600001 generally`,
		"window 104455667788 12125550148=US.11223344556677 at 1791600002",
		"window 104455667788 12125550149 at 1791600003", number + "1791600004",
	}},
	"contradicting_contact": {0, []string{"window 104455667788 12125550147=US.99 at 1791600000", number + "1791600000"}},
	"group": {0, []string{
		"window 104455667788 Y2FwaV9ncm91cDox at 1791600001", "link " + ana + " at 1791600001",
		"window 104455667788 Y2FwaV9ncm91cDox at 1791600002 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M2" at 1791600002 generally`,
		"window 104455667788 Y2FwaV9ncm91cDox at 1791600003", "link " + ana + " at 1791600003", number + "1791600003",
	}},
	"standby":     {0, []string{"window 104455667788 " + ana + " at 1791600000", number + "1791600000"}},
	"own_message": {0, []string{number + "1791600000"}},
	"contact_request": {0, []string{
		"window 104455667788 US.55667788990011 at 1791600001", "link US.55667788990011=12125550147 at 1791600001",
		"window 104455667788 US.55667788990011 at 1791600002", // two numbers: which is the sender's?
		"window 104455667788 " + ana + " at 1791600003",       // another number than the sender's
		number + "1791600003",
	}},
	"number_changed": {1, []string{
		"change 12125550147=US.55667788990011=US.ENT.1 -> 12125550160=US.6600=US.ENT.2 at 1791600001",
		"change 12125550147 -> 12125550160 at 1791600002",
		"change 12125550147 -> 12125550160 at 1791600003",
		"change 12125550147 -> 12125550160 at 1791600004",
		"change 12125550147 -> 12125550160=US.6600 at 1791600006",
		number + "1791600006",
	}},
	"user_id_changed": {1, []string{
		"change US.55667788990011 -> US.6600=US.ENT.1 at 1791600001",
		"change US.55667788990011 -> US.6600 at 1791600002",
		"change US.55667788990011 -> US.6600 at 1791600003",
		number + "1791600004",
	}},
	"statuses": {0, []string{
		"sent 104455667788 wamid.A " + ana + ` PMP/regular/utility/true "order-8812" at 1791600001`, "link " + ana + " at 1791600001",
		"delivered 104455667788 wamid.A " + ana + " PMP/regular/authentication-international/true at 1791600002", "link " + ana + " at 1791600002",
		"read 104455667788 wamid.A " + ana + " at 1791600003", "link " + ana + " at 1791600003",
		"played 104455667788 wamid.A " + ana + " at 1791600004", "link " + ana + " at 1791600004",
		"sent 104455667788 wamid.B 12125550148 PMP/free_customer_service/authentication_international/false at 1791600005",
		"delivered 104455667788 wamid.C US.7=US.ENT.7 at 1791600006", "link US.7=US.ENT.7 at 1791600006",
		"delivered 104455667788 wamid.D US.8=US.ENT.8 at 1791600007", "link US.8=US.ENT.8 at 1791600007",
		"failed 104455667788 wamid.E 12125550148 error 131047 at 1791600008",
		"delivered 104455667788 wamid.G nobody at 1791600010",
		number + "1791600010",
	}},
	"status_stopped_marketing": {0, []string{
		`failed 104455667788 wamid.A 12125550147 error 131050 at 1791600000, which is opted_out [marketing] meta_131050 "wamid.A" at 1791600000`, number + "1791600000",
	}},
	"status_error_beside": {0, []string{
		"failed 104455667788 wamid.A 12125550147 error 131026 at 1791600000",
		"failed 104455667788 wamid.B 12125550147 at 1791600000", "failed 104455667788 wamid.C 12125550148 at 1791600000", number + "1791600000",
	}},
	"status_group": {0, []string{
		"delivered 104455667788 wamid.A " + ana + " PMP/regular/group_utility/true at 1791600001", "link " + ana + " at 1791600001",
		"sent 104455667788 wamid.A Y2FwaV9ncm91cDox at 1791600002", number + "1791600002",
	}},
	"preferences": {0, []string{
		"opted_out 104455667788 " + ana + ` [marketing] user_preferences "" at 1791600001`,
		"opted_in 104455667788 US.55667788990011=12125550147" + ` [marketing] user_preferences "" at 1791600002`,
		"opted_in 104455667788 " + ana + ` [marketing] user_preferences "su-1" at 1791600003`,
		"opted_out 104455667788 " + ana + " " + every + ` user_preferences "" at 1791600004`, number + "1791600006",
	}},
	"templates": {0, []string{
		`info message_template_status_update APPROVED 900100200300 order_shipped/en_US "" at 1791600000`,
		"template 900100200300 order_shipped/en_US is APPROVED in utility at 1791600000",
		`warning message_template_status_update PAUSED 900100200300 order_shipped/en_US "FIRST_PAUSE" at 1791600000`,
		"template 900100200300 order_shipped/en_US is PAUSED at 1791600000",
		`warning template_category_update CATEGORY_CHANGES 900100200300 order_shipped/en_US "now UTILITY, to become MARKETING at 2026-10-11T02:40:00Z" at 1791600000`,
		"template 900100200300 order_shipped/en_US in utility, marketing from 1791686400 at 1791600000",
		`warning template_category_update CATEGORY_CHANGES 900100200300 order_shipped/en_US "now UTILITY, to become MARKETING" at 1791600000`,
		"template 900100200300 order_shipped/en_US in utility, marketing from 1791686400 at 1791600000",
		`warning template_category_update CATEGORY_CHANGED 900100200300 order_shipped/en_US "now MARKETING, before UTILITY" at 1791600000`,
		"template 900100200300 order_shipped/en_US in marketing at 1791600000",
		`warning message_template_quality_update RED 900100200300 order_shipped/en_US "before GREEN" at 1791600000`,
		`info message_template_components_update COMPONENTS_CHANGED 900100200300 order_shipped/ "" at 1791600000`,
		`info phone_number_quality_update ONBOARDING 900100200300 12125550100 "" at 1791600000`,
		`warning account_update ACCOUNT_VIOLATION 900100200300 "" at 1791600000`,
	}},
	"calls": {0, []string{
		"window 104455667788 " + ana + " at 1791600001",
		"window 104455667788 US.55667788990011=12125550147 at 1791600005",
		"window 104455667788 12125550148=US.11223344556677 at 1791600007",
		"window 104455667788 12125550148 at 1791600009", number + "1791600009",
	}},
	"echoes":  {0, []string{"link " + ana + " at 1791600000", "link " + ana + " at 1791600001", number + "1791600001"}},
	"history": {1, []string{"window 104455667788 12125550147 at 1780000001", "window 104455667788 12125550147 at 1780000003 by an opt-out", "opted_out 104455667788 12125550147 " + every + ` chat_keyword "wamid.H3" at 1780000003 generally`, number + "1780000003"}},
	"malformed": {11, []string{
		"window 104455667788 " + ana + " at 1791600002",
		"window 104455667788 " + ana + " at 1791600003 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "9" at 1791600003 generally`,
		"window 104455667788 12125550148 at 1791600004", number + "1791600004",
	}},
	"unknown":          {0, []string{`warning security PIN_CHANGED 900100200300 "" at 1791600000`, number + "1791600000"}},
	"other_object":     {1, nil},
	"without_envelope": {1, nil},
	"timestamps_entry": {0, []string{
		"window 104455667788 " + ana + " at 1791600000", "opted_in 104455667788 " + ana + " " + every + ` chat_keyword "wamid.M1" at 1791600000 generally`,
		"window 104455667788 12125550148 at 1791600000",
		"window 104455667788 12125550149 at arrival by an opt-out", "opted_out 104455667788 12125550149 " + every + ` chat_keyword "wamid.M3" at 1791700000 generally`, // never clamped
		"window 104455667788 12125550150 at 1791600004", number + "1791600000",
	}},
	"timestamps_none": {4, []string{
		"opted_out 104455667788 12125550149 " + every + ` chat_keyword "wamid.M3" at arrival generally`, number + "arrival",
	}},
	"several_numbers": {0, []string{
		"window 104455667788 " + ana + " at 1791600001", "window 204455667788 12125550148 at 1791600002", "window 104455667788 12125550148 at 1791600003", "window 104455667788 12125550148 at 1791600004",
		number + "1791600004", "number 204455667788 of 900100200300 is 12125550101 at 1791600002", "number 104455667788 of 900100200301 is 12125550100 at 1791600003",
	}},
}

func TestWebhooks(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "payloads", "*.json"))
	if err != nil || len(files) != len(told) {
		t.Errorf("%d payloads, %d expected, %v", len(files), len(told), err)
	}
	for name, want := range told {
		t.Run(name, func(t *testing.T) {
			got := parse(t, payload(t, name))
			if lines := tellAll(got.Events); !slices.Equal(lines, want.events) {
				t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(lines, "\n\t"), strings.Join(want.events, "\n\t"))
			}
			if got.Skipped != want.skipped {
				t.Errorf("skipped %d, want %d", got.Skipped, want.skipped)
			}
		})
	}
}

func TestWebhookNotJSON(t *testing.T) {
	for _, body := range []string{"", "{", "null x", `{"object":"whatsapp_business_account"}}`, strings.Repeat("[", 20000) + strings.Repeat("]", 20000)} {
		if got, err := Parse([]byte(body), Options{}); err == nil || len(got.Events) > 0 {
			t.Errorf("Parse of %.20q… = %d events, no error", body, len(got.Events))
		}
	}
	for _, body := range []string{"null", "[]", "17", `"x"`, "{}", `{"object":"whatsapp_business_account","entry":"x"}`, `{"object":["whatsapp_business_account"]}`} {
		if got, err := Parse([]byte(body), Options{}); err != nil || len(got.Events) > 0 {
			t.Errorf("Parse(%s) = %d events, %v", body, len(got.Events), err)
		}
	}
}

// Without words only WhatsApp's own controls change consent.
func TestWebhookWithoutWords(t *testing.T) {
	got, err := Parse(payload(t, "stop"), Options{Now: arrival})
	if err != nil || len(got.Events) != 2 {
		t.Errorf("%q, %v", tellAll(got.Events), err)
	}
}

// Meta may deliver the same updates in one request or in many.
func TestWebhookInParts(t *testing.T) {
	var names []string
	for name := range maps.Keys(told) {
		if name != "malformed" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		var whole struct {
			Object string           `json:"object"`
			Entry  []map[string]any `json:"entry"`
		}
		want := make(map[string]bool)
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 6).Draw(t, "payloads") {
			var p struct {
				Object string           `json:"object"`
				Entry  []map[string]any `json:"entry"`
			}
			body, err := os.ReadFile(filepath.Join("testdata", "payloads", name+".json"))
			if err != nil || json.Unmarshal(body, &p) != nil {
				t.Fatal(err)
			}
			if p.Object != objectWhatsApp {
				continue
			}
			for _, entry := range p.Entry {
				for _, part := range split(entry) {
					one, err := json.Marshal(map[string]any{"object": objectWhatsApp, "entry": []any{part}})
					if err != nil {
						t.Fatal(err)
					}
					got, err := Parse(one, Options{Words: policy.NewWords(), Now: arrival})
					if err != nil {
						t.Fatal(err)
					}
					addTold(want, got.Events)
				}
				whole.Entry = append(whole.Entry, entry)
			}
		}
		whole.Object = objectWhatsApp
		body, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		all, err := Parse(body, Options{Words: policy.NewWords(), Now: arrival})
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]bool)
		addTold(got, all.Events)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("whole:\n\t%s\nin parts:\n\t%s", strings.Join(slices.Sorted(maps.Keys(got)), "\n\t"), strings.Join(slices.Sorted(maps.Keys(want)), "\n\t"))
		}
	})
}

// split makes an entry of each message or status, each with all the contacts.
func split(entry map[string]any) []map[string]any {
	var parts []map[string]any
	changes, _ := entry["changes"].([]any)
	for _, c := range changes {
		change, _ := c.(map[string]any)
		v, _ := change["value"].(map[string]any)
		single := func(v any) {
			part := maps.Clone(entry)
			part["changes"] = []any{map[string]any{"field": change["field"], "value": v}}
			parts = append(parts, part)
		}
		divided := false
		for _, list := range []string{"messages", "statuses", "calls", "user_preferences", "message_echoes"} {
			elements, _ := v[list].([]any)
			// An error beside several statuses belongs to none of them.
			if v["errors"] != nil && len(elements) > 1 {
				continue
			}
			for _, element := range elements {
				value := maps.Clone(v)
				for _, other := range []string{"messages", "statuses", "calls", "user_preferences", "message_echoes"} {
					delete(value, other)
				}
				value[list] = []any{element}
				single(value)
				divided = true
			}
		}
		if !divided {
			single(change["value"])
		}
	}
	return parts
}

// addTold adds events to a set. When a number was seen depends on how updates
// are grouped, so it is left out.
func addTold(set map[string]bool, events []policy.Event) {
	for _, e := range events {
		if n, ok := e.(policy.NumberSeen); ok {
			n.At = 0
			e = n
		}
		set[tell(e)] = true
	}
}

func FuzzWebhook(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "payloads", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, seed := range []string{
		`{"messages":[{"from":"12125550147","id":"A","timestamp":"1791600000","type":"voice","voice":{}}],"contacts":[{"wa_id":"12125550147"}]}`,
		`{"statuses":[{"id":"A","recipient_id":"12125550147","status":"read","timestamp":"1791600000"}]}`,
		`{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"1","type":"unsupported","errors":[{"code":131051}],"unsupported":{"type":"poll"}}]}}]}]}`,
		`{"messages":[{"from":"12125550147","timestamp":"1791700000","type":"interactive","interactive":{"list_reply":{"id":"in","title":"Unsubscribe"}}}]}`,
		`{"messages":[{"from":"12125550147","timestamp":"1791700000","type":"image","image":{"caption":"stop stop"}},{"from":"1","type":"star","star":{"message_id":"x"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	words := policy.NewWords()
	if err := words.AddPayload("in", policy.OptedIn, policy.AllScopes); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, options := range []Options{
			{Words: words, Now: arrival},
			{Words: words, Now: arrival, PhoneNumberID: "104455667788", WABA: "900100200300", Number: "+12125550100"},
		} {
			got, err := Parse(body, options)
			again, err2 := Parse(body, options)
			if (err == nil) != (err2 == nil) || !reflect.DeepEqual(got, again) {
				t.Errorf("two readings differ: %v, %v", got, again)
			}
			if err == nil != json.Valid(body) {
				t.Errorf("error %v for JSON that is valid: %t", err, json.Valid(body))
			}
			// Each event takes some bytes of the payload, but the number that the
			// configuration names.
			if 10*len(got.Events) > len(body)+10 {
				t.Errorf("%d events from %d bytes", len(got.Events), len(body))
			}
			for _, e := range got.Events {
				checkEvent(t, e)
			}
		}
	})
}

// checkEvent checks what must hold of every event, whatever the payload.
func checkEvent(t *testing.T, e policy.Event) {
	t.Helper()
	who := func(ids []policy.Identity, least int) {
		kinds := make(map[policy.IdentityKind]bool)
		for _, id := range ids {
			if id.IsZero() || id.Value == "" || kinds[id.Kind] {
				t.Errorf("%s names nobody, or two people", tell(e))
			}
			kinds[id.Kind] = true
		}
		if len(ids) < least || kinds[policy.Group] && len(ids) > 1 {
			t.Errorf("%s has the names %q", tell(e), values(ids))
		}
	}
	at := func(m policy.Moment) {
		if m <= 0 || m > policy.MomentOf(arrival) {
			t.Errorf("%s is at %d", tell(e), m)
		}
	}
	switch e := e.(type) {
	case policy.AccountEvent:
		if e.At <= 0 || e.Name == "" || len([]rune(e.Name)) > shortText || len([]rune(e.Detail)) > 2*longText || strings.ContainsAny(e.Name+e.Detail, "\n\t\x00\x1b") {
			t.Errorf("%s is no line of a table", tell(e))
		}
	case policy.ServiceWindowOpened:
		who(e.Who, 1)
		at(e.At)
	case policy.ConsentChanged:
		who(e.Who, 1)
		if e.At > 0 {
			e.At = min(e.At, policy.MomentOf(arrival)) // a word may be later
		}
		at(e.At)
		if e.Recorded != 0 {
			t.Errorf("%s was recorded at %s, but only the store knows a repetition", tell(e), e.Recorded)
		}
	case policy.IdentityLinked:
		who(e.Who, 2)
		at(e.At)
	case policy.IdentityChanged:
		who(e.Old, 1)
		who(e.New, 1)
		at(e.At)
		for _, id := range e.Old {
			if slices.Contains(e.New, id) {
				t.Errorf("%s changes nothing", tell(e))
			}
		}
	case policy.CallPermission:
		who(e.Who, 1)
		at(e.At)
	case policy.StatusChanged:
		who(e.Who, 0)
		at(e.At)
	case policy.TemplateChanged:
		at(e.At)
	case policy.NumberSeen:
		at(e.At)
	}
}

// thousand is as much as Meta puts into one delivery.
func thousand(t testing.TB) []byte {
	t.Helper()
	type object = map[string]any
	var contacts, messages []any
	for i := range 1000 {
		phone := fmt.Sprintf("1212555%04d", i)
		contacts = append(contacts, object{"profile": object{"name": "Ana"}, "user_id": "US." + phone, "wa_id": phone})
		messages = append(messages, object{
			"id": "wamid." + phone, "from": phone, "from_user_id": "US." + phone, "timestamp": "1791600000",
			"type": "text", "text": object{"body": strings.Repeat("Is my order on its way? ", 5)},
		})
	}
	body, err := json.Marshal(object{"object": objectWhatsApp, "entry": []any{object{"id": "1", "changes": []any{object{
		"field": "messages", "value": object{"metadata": object{"phone_number_id": "104455667788", "display_phone_number": "13125550100"}, "contacts": contacts, "messages": messages},
	}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestWebhookThousand(t *testing.T) {
	got := parse(t, thousand(t))
	if len(got.Events) != 1001 || got.Skipped != 0 {
		t.Errorf("%d events, %d skipped, want 1001 and none", len(got.Events), got.Skipped)
	}
}

// A payload made of the smallest elements must not cost memory out of proportion
// to its size. What is measured is everything allocated, most of which is
// garbage again at once. Meta documents payloads of up to 3 MB.
func TestWebhookMemory(t *testing.T) {
	const size = 1 << 20
	for _, c := range []struct{ name, head, element, tail string }{
		{"messages", `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[`, `{}`, `]}}]}]}`},
		{"entries", `{"object":"whatsapp_business_account","entry":[`, `{}`, `]}`},
		{"changes", `{"object":"whatsapp_business_account","entry":[{"changes":[`, `{}`, `]}]}`},
		{"numbers", `{"object":"whatsapp_business_account","entry":[`, `0`, `]}`},
		{"contacts", `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"contacts":[`, `{}`, `]}}]}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(c.head + strings.Repeat(c.element+",", size/(len(c.element)+1)) + c.element + c.tail)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parse(t, body)
			runtime.ReadMemStats(&after)
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 350 {
				t.Errorf("reading %d MB allocates %d MB in all", size>>20, mb)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"text", payload(b, "text")}, {"statuses", payload(b, "statuses")}, {"thousand", thousand(b)},
	} {
		b.Run(c.name, func(b *testing.B) {
			options := Options{Words: policy.NewWords(), Now: arrival}
			b.ReportAllocs()
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				if _, err := Parse(c.body, options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
