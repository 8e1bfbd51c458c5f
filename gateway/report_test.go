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
	for state, want := range map[store.OutcomeState]billing.Fate{
		store.Refused: billing.Refused, store.Reserved: billing.Unknown, store.Accepted: billing.Accepted,
		store.Rejected: billing.Failed, store.NotSent: billing.Failed, store.Unknown: billing.Unknown,
	} {
		if got := counted(alike(&store.Entry{Outcome: store.Outcome{State: state}})).Fate; got != want {
			t.Errorf("%s: got %d, want %d", state, got, want)
		}
	}
	for _, status := range []policy.DeliveryStatus{policy.StatusDelivered, policy.StatusRead, policy.StatusPlayed, policy.StatusFailed, ""} {
		e := &store.Entry{Outcome: store.Outcome{State: store.Accepted}, Delivery: store.Delivery{Status: status, Pricing: &policy.Pricing{Billable: true}}}
		if got := counted(alike(e)); got.Delivered() != status.Delivered() || !got.Charged {
			t.Errorf("%s: got %+v", status, got)
		}
	}
}

// Where Meta tells no price type, whether it charges tells it; but not of a message of a
// conversation.
func TestToldPriceType(t *testing.T) {
	t.Parallel()
	for told, want := range map[policy.Pricing]billing.PriceType{
		{}:                                    billing.NotBillable,
		{Billable: true}:                      billing.Regular,
		{Type: "free_entry_point"}:            billing.FreeEntryPoint,
		{Type: "regular", Billable: true}:     billing.Regular,
		{Model: "CBP", Billable: true}:        "",
		{Model: "PMP", Category: "marketing"}: billing.NotBillable,
		{Type: "free_customer_service"}:       billing.FreeCustomerService,
	} {
		if got := alike(&store.Entry{Delivery: store.Delivery{Pricing: &told}}).Told; got != want {
			t.Errorf("%+v: got %q, want %q", told, got, want)
		}
	}
}

func alike(e *store.Entry) *store.Alike {
	a := e.Alike()
	return &a
}
