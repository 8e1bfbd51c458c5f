package caddymodule

import (
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A notification is a template, by whatever endpoint, that met no open window.
func TestIsNotification(t *testing.T) {
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
		if got := isNotification(e); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}
