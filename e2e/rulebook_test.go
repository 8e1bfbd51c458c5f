package e2e

import (
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestSessionOnlyStory: a shop that only answers sends nobody a template, and forgets
// nothing of what people agreed to meanwhile.
func TestSessionOnlyStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("session_only")}})
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "parcel_ready", "refuse SENDER_SESSION_ONLY 403/131005 utility by business"),
		text(ana, windowClosed), ana.writes("Hello"), text(ana, passes),
		template(ana, "sale", "refuse SENDER_SESSION_ONLY 403/131005 marketing by user"),
		template(ana, "parcel_ready", "refuse SENDER_SESSION_ONLY 403/131005 utility by user"),
	}) {
		step(t, w)
	}
	w.WhatsApp = withPolicy("session_only off")
	w.reload(t)
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)
	text(ana, passes)(t, w)
	addsUp(t, w.Gateway)
}
