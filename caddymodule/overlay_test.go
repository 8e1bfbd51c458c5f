package caddymodule

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// judging are lines of every option by which sends are judged, and which fields of a policy
// they set. Lines of one option say something else each, one of them what holds by default.
var judging = []struct {
	option string
	fields []string
	lines  []string
}{
	{"window_margin", []string{"window_margin"}, []string{"window_margin 0s", "window_margin 5m", "window_margin 2h"}},
	{"in_window_consent", []string{"require_in_window_consent"}, []string{"in_window_consent implied", "in_window_consent required"}},
	{"opted_out_replies", []string{"refuse_opted_out_replies"}, []string{"opted_out_replies allow", "opted_out_replies refuse"}},
	{"groups", []string{"allow_groups"}, []string{"groups refuse", "groups allow"}},
	{"direct_send", []string{"direct_send"}, []string{"direct_send refuse", "direct_send allow"}},
	{"bare_numbers", []string{"bare_numbers"}, []string{"bare_numbers international", "bare_numbers both", "bare_numbers refuse"}},
	{"countries", []string{"countries"}, []string{"countries only marketing DE", "countries refuse marketing US", "countries refuse marketing US\ncountries only all DE FR IT"}},
	{"country_pack", []string{"no_country_pack"}, []string{"country_pack on", "country_pack off"}},
	{"quiet_hours", []string{"quiet_hours"}, []string{"quiet_hours marketing 21:00 08:00 Europe/Berlin", "quiet_hours marketing 22:00 07:00", "quiet_hours all 23:00 06:00\nquiet_hours marketing 20:00 09:00 Asia/Tokyo"}},
	{
		"consent_request_templates",
		[]string{"consent_requests", "consent_request_limit", "consent_request_period"},
		[]string{"consent_request_templates ask\nconsent_request_limit 1 30d", "consent_request_templates ask_again other\nconsent_request_limit 3 7d", "consent_request_templates ask ask_again\nconsent_request_limit 2 7d"},
	},
	{"consent_expires", []string{"consent_expires"}, []string{"consent_expires marketing 365d", "consent_expires all 30d\nconsent_expires marketing 90d", "consent_expires marketing 10d"}},
	{"session_only", []string{"session_only"}, []string{"session_only off", "session_only on"}},
	{"post_session_followup", []string{"post_session_followup"}, []string{"post_session_followup off", "post_session_followup on"}},
	{"otp_on_request", []string{"otp_on_request"}, []string{"otp_on_request 0s", "otp_on_request 5m", "otp_on_request 1h"}},
	{"meta_backoff", []string{"no_meta_backoff"}, []string{"meta_backoff on", "meta_backoff off"}},
	{"campaign_switch_off", []string{"no_campaign_switch_off"}, []string{"campaign_switch_off on", "campaign_switch_off off"}},
	{"pair_rate", []string{"pair_rate"}, []string{"pair_rate off", "pair_rate on"}},
	{"messaging_limit", []string{"messaging_limit"}, []string{"messaging_limit off", "messaging_limit 1000", "messaging_limit 2000 reserve 100", "messaging_limit learn"}},
	{"category_drift", []string{"hold_category_drift"}, []string{"category_drift note", "category_drift hold"}},
	{"frequency_cap", []string{"frequency_caps"}, []string{"frequency_cap marketing 2 7d", "frequency_cap all 9 30d\nfrequency_cap marketing 4 1d"}},
	{"essential_templates", []string{"essential_templates"}, []string{"essential_templates shipped", "essential_templates paid shipped ready"}},
	{"rule", []string{"rules"}, []string{
		"rule first refuse \"true\" \"one\"", "rule second warn \"false\" \"two\"\nrule first warn \"send.group\" \"three\"", "rule third refuse \"true\" \"four\"\nrule second off",
	}},
}

// options draws lines of some options.
func options(t *rapid.T, label string) (chosen map[string]string, p *Policy) {
	chosen = make(map[string]string)
	var lines []string
	for _, o := range judging {
		if i := rapid.IntRange(-2, len(o.lines)-1).Draw(t, label+" "+o.option); i >= 0 {
			chosen[o.option] = o.lines[i]
			lines = append(lines, o.lines[i])
		}
	}
	return chosen, read(t, strings.Join(lines, "\n"))
}

func read(t rapid.TB, lines string) *Policy {
	p, err := parseOptions(lines)
	if err != nil {
		t.Fatalf("%s: %v", lines, err)
	}
	return p
}

// fieldsOf are those of a policy, by name.
func fieldsOf(p *policy.Policy) map[string]any {
	list := make(map[string]any)
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		list[name] = v.Field(i).Interface()
	}
	return list
}

// What a shadow leaves open is as it is enforced, whether the business says it or the policy of
// all; what it sets is as if nothing else were configured.
func TestShadowLaidOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, defaults := options(t, "all:")
		_, own := options(t, "business:")
		set, over := options(t, "shadow:")
		b := &Business{PhoneNumberID: "1", Policy: *own}
		before, err := json.Marshal([]any{defaults, b})
		if err != nil {
			t.Fatal(err)
		}
		trial := func(p *Policy) *policy.Policy {
			b := *b
			b.Shadow = &Shadow{Name: "trial", Policy: *p}
			r, err := b.resolve(defaults)
			if err != nil {
				t.Fatal(err)
			}
			return &r.Shadow.Policy
		}
		resolved, err := b.resolve(defaults)
		if err != nil {
			t.Fatal(err)
		}
		enforced := &resolved.Policy
		if empty := trial(new(Policy)); !reflect.DeepEqual(empty, enforced) {
			t.Fatalf("a shadow that sets nothing is %+v, enforced is %+v", empty, enforced)
		}
		laid := trial(over)
		alone, err := over.resolve(new(Policy))
		if err != nil {
			t.Fatal(err)
		}
		got, want, single := fieldsOf(laid), fieldsOf(enforced), fieldsOf(&alone)
		for _, o := range judging {
			if set[o.option] != "" && o.option != "rule" { // rules are laid over by their names
				for _, f := range o.fields {
					want[f] = single[f]
				}
			}
		}
		for name := range want {
			if name != "rules" && name != "business_name" && !reflect.DeepEqual(got[name], want[name]) {
				t.Errorf("%s is %+v, want %+v", name, got[name], want[name])
			}
		}
		checkRules(t, laid.Rules, enforced.Rules, alone.Rules, over.Rules)
		// --set is laid over as a shadow is.
		app := &App{Businesses: []*Business{b}, Policy: *defaults}
		app.lay(over)
		if set, err := app.Businesses[0].resolve(defaults); err != nil || !reflect.DeepEqual(&set.Policy, laid) {
			t.Errorf("as options it is %+v, as a shadow %+v, %v", set.Policy, laid, err)
		}
		if after, _ := json.Marshal([]any{defaults, b}); string(after) != string(before) {
			t.Errorf("what is configured has become %s, it was %s", after, before)
		}
	})
}

// checkRules checks that rules are those that are enforced, but for those of a name that is laid
// over them, and that those stay where they are.
func checkRules(t *rapid.T, laid, enforced, alone []policy.CustomRule, over []CustomRule) {
	isOver := func(id string) bool {
		return slices.ContainsFunc(over, func(o CustomRule) bool { return o.ID == id })
	}
	want := slices.Clone(alone)
	for _, r := range enforced {
		if !isOver(r.ID) {
			want = append(want, r)
		}
	}
	got := slices.Clone(laid)
	for _, list := range [][]policy.CustomRule{got, want} {
		slices.SortFunc(list, func(a, b policy.CustomRule) int { return strings.Compare(a.ID, b.ID) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("the rules are %+v, want %+v", laid, want)
	}
	in := func(list, of []policy.CustomRule) (ids []string) {
		for _, r := range list {
			if slices.ContainsFunc(of, func(o policy.CustomRule) bool { return o.ID == r.ID }) {
				ids = append(ids, r.ID)
			}
		}
		return ids
	}
	if order, before := in(laid, enforced), in(enforced, laid); !slices.Equal(order, before) {
		t.Errorf("the order of the rules is %q, and it was %q", order, before)
	}
}

// What differs is called as the option that was written.
func TestDifferencesAreCalledAsOptions(t *testing.T) {
	for _, o := range judging {
		for _, field := range o.fields {
			if got := optionOf(field); !slices.Contains(shadowed, got) {
				t.Errorf("%s is told as %s, which is no option", field, got)
			}
		}
	}
}

// Each option that a shadow may have is among those that are tried.
func TestShadowedOptionsAreTried(t *testing.T) {
	var tried []string
	for _, o := range judging {
		tried = append(tried, o.option)
	}
	for _, name := range shadowed {
		if name != "consent_request_limit" && !slices.Contains(tried, name) { // which goes with the templates
			t.Errorf("%s is not tried", name)
		}
	}
}

// What lists and blocks have that the other one doesn't say is not what was configured before.
func TestOverlayTakesTheWholeOption(t *testing.T) {
	base := `
countries       only marketing DE
quiet_hours     marketing 21:00 08:00 Europe/Berlin
messaging_limit 2000 reserve 100
rule            first refuse "true" "one"
rule            second refuse "true" "two"`
	over := `
countries       refuse marketing US
quiet_hours     marketing 22:00 07:00
messaging_limit 1000
rule            first warn "false" "three"`
	p, err := read(t, over).resolve(read(t, base).over(new(Policy)))
	if err != nil {
		t.Fatal(err)
	}
	marketing := policy.ScopesOf(policy.Marketing)
	want := policy.Policy{
		Countries:  []policy.CountryRule{{Scopes: marketing, Countries: []string{"US"}}},
		QuietHours: []policy.Quiet{{Scopes: marketing, From: 22 * 60, To: 7 * 60}},
		Messaging:  policy.MessagingLimit{Number: 1000},
		Rules:      []policy.CustomRule{{ID: "first", Expression: "false", Reason: "three", Warn: true}, {ID: "second", Expression: "true", Reason: "two"}},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("it is %+v, want %+v", p, want)
	}
}
