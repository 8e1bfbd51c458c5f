package gateway

import (
	"testing"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A notification is a template, by whatever endpoint, that met no open window.
func TestIsNotification(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		send       policy.Send
		initiation policy.Initiation
		verdict    policy.Verdict
		want       bool
	}{
		{"template/closed", policy.Send{Kind: policy.TemplateMessage}, policy.ByBusiness, policy.Allow, true},
		{"template/closed/refused", policy.Send{Kind: policy.TemplateMessage}, policy.ByBusiness, policy.Refuse, true},
		{"template/closed/marketing-edge", policy.Send{Edge: policy.EdgeMarketing, Kind: policy.TemplateMessage}, policy.ByBusiness, policy.Allow, true},
		{"template/closed/hsm", policy.Send{Kind: policy.TemplateMessage, Type: "hsm"}, policy.ByBusiness, policy.Allow, true},
		{"template/open", policy.Send{Kind: policy.TemplateMessage}, policy.ByUser, policy.Allow, false},
		{"template/sender-unknown", policy.Send{Kind: policy.TemplateMessage}, "", policy.Refuse, false},
		{"text/open", policy.Send{Kind: policy.FreeForm}, policy.ByUser, policy.Allow, false},
		{"text/closed", policy.Send{Kind: policy.FreeForm}, policy.ByBusiness, policy.Refuse, false},
		{"direct-send/closed", policy.Send{Kind: policy.DirectSend}, policy.ByBusiness, policy.Allow, false},
		{"call-permission-request/closed", policy.Send{Kind: policy.CallPermissionRequest}, policy.ByBusiness, policy.Refuse, false},
		{"receipt", policy.Send{Kind: policy.Receipt}, "", policy.Allow, false},
		{"unread", policy.Send{}, "", policy.Refuse, false},
	} {
		e := &store.Entry{Send: test.send, Decision: policy.Decision{Verdict: test.verdict, Initiation: test.initiation}}
		if got := counted(alike(e)).Notification(); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

// What becomes of a send is counted by its outcome, until statuses tell more.
func TestCounted(t *testing.T) {
	t.Parallel()
	for state, want := range map[store.OutcomeState]billing.Counts{
		store.Refused:  {Sends: 1},
		store.Reserved: {Sends: 1, Unknown: 1},
		store.Accepted: {Sends: 1, Accepted: 1},
		store.Rejected: {Sends: 1, Failed: 1},
		store.NotSent:  {Sends: 1, Failed: 1},
		store.Unknown:  {Sends: 1, Unknown: 1},
	} {
		if got := counted(alike(&store.Entry{Outcome: store.Outcome{State: state}})).Counts(); got != want {
			t.Errorf("%s: got %+v, want %+v", state, got, want)
		}
	}
	for _, status := range []policy.DeliveryStatus{policy.StatusDelivered, policy.StatusRead, policy.StatusPlayed} {
		e := &store.Entry{Outcome: store.Outcome{State: store.Accepted}, Delivery: store.Delivery{Status: status, Pricing: &policy.Pricing{Billable: true}}}
		if got, want := counted(alike(e)).Counts(), (billing.Counts{Sends: 1, Accepted: 1, Delivered: 1, Billable: 1}); got != want {
			t.Errorf("%s: got %+v, want %+v", status, got, want)
		}
	}
	if got, want := counted(alike(&store.Entry{Outcome: store.Outcome{State: store.Accepted}, Delivery: store.Delivery{Status: policy.StatusFailed}})).Counts(), (billing.Counts{Sends: 1, Accepted: 1, Failed: 1}); got != want {
		t.Errorf("failed later: got %+v, want %+v", got, want)
	}
}

func alike(e *store.Entry) *store.Alike {
	a := e.Alike()
	return &a
}
