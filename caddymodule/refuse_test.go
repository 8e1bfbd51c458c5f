package caddymodule

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestAnswerOfMonitoredSend: where the gateway answers itself, the body has the
// decision that the header and the ledger have.
func TestAnswerOfMonitoredSend(t *testing.T) {
	for _, tt := range []struct {
		outcome   store.OutcomeState
		monitored bool
		want      string
	}{
		{store.NotSent, true, "monitor"},
		{store.Unknown, true, "monitor"},
		{store.NotSent, false, "allow"},
		{store.Unknown, false, "allow"},
		{"", false, "refuse"},
	} {
		w := httptest.NewRecorder()
		err := writeRefusal(w, &gateway.Result{
			Sends:   []gateway.Judged{{Entry: &store.Entry{Monitored: tt.monitored}}},
			Refusal: &cloudapi.Refusal{Rule: policy.RuleNotSent, Reason: "so", Outcome: string(tt.outcome)},
		})
		if err != nil {
			t.Fatal(err)
		}
		var body cloudapi.ErrorBody
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if got := body.Error.Waguard.Decision; got != tt.want {
			t.Errorf("outcome %q, monitored %t: the body says %q, want %q", tt.outcome, tt.monitored, got, tt.want)
		}
	}
}
