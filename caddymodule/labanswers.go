package caddymodule

import (
	"context"
	"net/http"
	"slices"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// What operators are answered about policies that are not enforced.

// examplesByDefault is how many examples are given of each way in which answers change.
const examplesByDefault = 3

func examplesOf(asked *int) int {
	if asked == nil {
		return examplesByDefault
	}
	return *asked
}

// adminPolicyTest decides what was decided again under other settings.
func adminPolicyTest(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
	request := new(adminapi.PolicyTestRequest)
	if err := adminapi.ReadRequest(r, request); err != nil {
		return adminFailure(err)
	}
	answer, err := a.policyTest(r.Context(), request)
	if err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, answer)
}

func (a *App) policyTest(ctx context.Context, r *adminapi.PolicyTestRequest) (*adminapi.PolicyTest, error) {
	under, err := a.settingsOf(r)
	if err != nil {
		return nil, &gateway.Problem{Kind: gateway.Misasked, Err: err}
	}
	t, err := a.gateway.PolicyTest(ctx, &gateway.PolicyTestRequest{From: r.From, To: r.To, PhoneNumberID: r.PhoneNumberID, Examples: examplesOf(r.Examples), Under: under})
	if err != nil {
		return nil, err
	}
	answer := &adminapi.PolicyTest{
		From: t.From.Time(), To: t.To.Time(), LedgerSince: momentOf(t.Since), Comparison: *t.Comparison, Unread: t.Unread,
		Differences: differencesOf(t.Differences), Notes: append([]string{}, t.Notes...), Seconds: t.Took.Seconds(),
	}
	return answer, nil
}

func differencesOf(list []gateway.PolicyDifference) []adminapi.PolicyDifference {
	answer := []adminapi.PolicyDifference{}
	for _, d := range list {
		options := make([]string, len(d.Options))
		for i, field := range d.Options {
			options[i] = optionOf(field)
		}
		d.Options = slices.Compact(options)
		answer = append(answer, adminapi.PolicyDifference(d))
	}
	return answer
}

// optionOf is the option of the Caddyfile by which a field of a policy is set.
func optionOf(field string) string {
	if option := optionsByField[field]; option != "" {
		return option
	}
	return field
}

// optionsByField has the fields that are called otherwise than their option.
var optionsByField = map[string]string{
	"require_in_window_consent": "in_window_consent", "refuse_opted_out_replies": "opted_out_replies", "allow_groups": "groups", "no_country_pack": "country_pack",
	"no_meta_backoff": "meta_backoff", "no_campaign_switch_off": "campaign_switch_off", "hold_category_drift": "category_drift", "frequency_caps": "frequency_cap",
	"rules": "rule", "consent_requests": "consent_request_templates", "consent_request_period": "consent_request_limit",
}

func policyProgress(_ context.Context, g *gateway.Gateway, _ *struct{}) (*adminapi.PolicyTestProgress, error) {
	p := g.LabProgress()
	return &adminapi.PolicyTestProgress{Running: p.Running, Decided: p.Decided, From: momentOf(p.From), At: momentOf(p.At), To: momentOf(p.To)}, nil
}

func shadowsOf(ctx context.Context, g *gateway.Gateway, s *adminapi.ShadowSelection) (*adminapi.Shadows, error) {
	report, err := g.Shadows(ctx, &gateway.ShadowSelection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Name: s.Name, Examples: examplesOf(s.Examples)})
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Shadows{From: report.From.Time(), To: report.To.Time(), Oldest: momentOf(report.Oldest), Cut: report.Cut, Shadows: []adminapi.Shadow{}}
	for i := range report.Shadows {
		sh := &report.Shadows[i]
		answer.Shadows = append(answer.Shadows, adminapi.Shadow{
			Name: sh.Name, Configured: sh.Configured, Percent: sh.Share.Percent(), Differences: differencesOf(sh.Differences), Enforced: sh.Enforced, Unlooked: sh.Unlooked, Comparison: *sh.Comparison,
		})
	}
	return answer, nil
}
