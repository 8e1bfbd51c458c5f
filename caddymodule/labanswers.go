package caddymodule

import (
	"context"
	"net/http"

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
		answer = append(answer, adminapi.PolicyDifference(d))
	}
	return answer
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
