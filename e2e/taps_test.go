package e2e

import (
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestTaps: what people tap was written by the business. It counts where it
// names what it does, or where it is configured, and lifts a STOP only in the
// latter case.
func TestTaps(t *testing.T) {
	reply := func(id, title string) step { return ana.says(shop, graphsim.ButtonReply(id, title, "wamid.HBgN")) }
	row := func(id, title string) step {
		return ana.says(shop, graphsim.ListReply(id, title, "STOP", "wamid.HBgN"))
	}
	caption := func(kind, caption string) step {
		m := graphsim.Media(kind, "1", "x")
		m.Content.(map[string]any)["caption"] = caption
		return ana.says(shop, m)
	}
	const (
		all   = "opted_in opted_in opted_in"
		none  = "opted_out opted_out opted_out"
		later = time.Minute
	)
	// tapping is what a tap of somebody who opted in to everything comes to.
	tapping := func(tap step, want string) steps {
		return steps{ana.optsIn("all"), after(2 * later), tap, ana.consentIs(want)}
	}
	for name, c := range map[string]struct {
		whatsapp string
		steps    steps
	}{
		"an-id-lifts-no-stop": {"", steps{
			list, ana.optsIn("all"), after(2 * later), ana.writes("STOP"), after(later), reply("start", "Begin quiz"), ana.consentIs(none),
			template(ana, "sale", stoppedOffers+"user"), text(ana, passes),
		}},
		"a-title-lifts-no-stop":              {"", steps{ana.optsIn("all"), after(2 * later), ana.writes("STOP"), after(later), row("1", "START"), reply("2", "Subscribe"), ana.taps("START", "Start"), ana.consentIs(none)}},
		"start-promotions/from-somebody-new": {"", steps{ana.taps("x", "Start promotions"), ana.consentIs("opted_in unknown unknown")}},
		"start-promotions/lifts-no-stop":     {"", steps{ana.optsIn("all"), after(2 * later), ana.writes("STOP"), after(later), ana.taps("x", "Start promotions"), reply("x", "Resume promotions"), ana.consentIs(none)}},
		"start-promotions/lifts-no-stop-of-promotions": {"", steps{
			ana.optsIn("all"), after(2 * later), ana.taps("x", "Stop promotions"), after(later), ana.taps("x", "Start promotions"), ana.consentIs("opted_out opted_in opted_in"),
			after(later), ana.writes("Start promotions"), ana.consentIs(all),
		}},
		"said-again-is-no-conversation": {"", steps{
			ana.writes("STOP"), after(later), ana.writes("I said stop!"), text(ana, optedOut), after(later), caption("image", "stop stop"), reply("x", "Stop"), text(ana, optedOut),
			after(later), ana.writes("Where is my parcel?"), text(ana, passes),
		}},
		"id/remove":           {"", tapping(reply("remove", "Remove item"), all)},
		"id/end":              {"", tapping(reply("end", "End the tour"), all)},
		"id/stop":             {"", tapping(row("stop", "Next bus stop"), all)},
		"row/stop":            {"", tapping(row("7", "Stop"), all)},
		"row/end":             {"", tapping(row("8", "End"), all)},
		"row/cancel":          {"", tapping(row("9", "Cancel"), all)},
		"reply/remove":        {"", tapping(reply("10", "Remove"), all)},
		"quick-reply/cancel":  {"", tapping(ana.taps("cancel", "Cancel"), all)},
		"quick-reply/payload": {"", tapping(ana.taps("STOP", "I am done"), all)},
		"quick-reply/stop":    {"", tapping(ana.taps("x", "STOP"), none)},
		"row/unsubscribe":     {"", tapping(row("11", "Unsubscribe"), none)},

		"meta/promos":           {"", tapping(ana.taps("x", "Unsubscribe from Promos"), "opted_out opted_in opted_in")},
		"meta/all":              {"", tapping(ana.taps("x", "Unsubscribe from All"), none)},
		"meta/delivery":         {"", tapping(ana.taps("x", "Stop Delivery Updates"), "opted_in opted_out opted_in")},
		"meta/promos/spanish":   {"", tapping(ana.taps("x", "Cancelar suscripción a promociones"), "opted_out opted_in opted_in")},
		"meta/promos/japanese":  {"", tapping(ana.taps("x", "プロモーションの配信停止"), "opted_out opted_in opted_in")},
		"meta/delivery/german":  {"", tapping(ana.taps("x", "Lieferbenachrichtigungen stoppen"), "opted_in opted_out opted_in")},
		"meta/promos/typed":     {"", tapping(ana.writes("Unsubscribe from Promos"), "opted_out opted_in opted_in")},
		"meta/stop-promotions":  {"", tapping(ana.taps("Stop promotions", "Stop promotions"), "opted_out opted_in opted_in")},
		"meta/stop-promo-reply": {"", tapping(reply("x", "STOP PROMOTIONS"), "opted_out opted_in opted_in")},

		"configured/out":        {"opt_out_payloads marketing out:promo", tapping(reply("out:promo", "No, thanks"), "opted_out opted_in opted_in")},
		"configured/exactly":    {"opt_out_payloads marketing out:promo", tapping(reply("OUT:PROMO", "No, thanks"), all)},
		"configured/not-typed":  {"opt_out_payloads marketing leave-us", tapping(ana.writes("leave-us"), all)},
		"configured/as-a-word":  {"opt_out_words marketing STOP_PROMO", tapping(ana.taps("STOP_PROMO", "No offers"), "opted_out opted_in opted_in")},
		"configured/lifts-stop": {"opt_in_payloads marketing in:promo", steps{ana.writes("STOP"), after(2 * later), reply("in:promo", "Yes, offers"), ana.consentIs("opted_in opted_out opted_out")}},

		"caption/image":    {"", tapping(caption("image", "STOP"), none)},
		"caption/document": {"", tapping(caption("document", "unsubscribe me"), none)},
		"caption/more":     {"", tapping(caption("image", "This is the stop"), all)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\n" + c.whatsapp}})
			for _, step := range c.steps {
				step(t, w)
			}
		})
	}
}

// TestPhrases: what people write to be left alone, in their languages.
func TestPhrases(t *testing.T) {
	for want, words := range map[string][]string{
		"opted_out opted_out opted_out": {
			"unsubscribe me", "stop all messages", "quero sair", "dar de baja", "afmelden", "wypisz mnie", "Abonelikten çık", "הסירו אותי", "मैसेज मत भेजो", "退订", "配信停止", "수신거부", "ยกเลิกการรับข่าวสาร", "hủy đăng ký",
			"stop stop", "STOP! STOP!", "ＳＴＯＰ", "🛑 stop 🛑",
		},
		"opted_out opted_in opted_in": {"keine Werbung mehr", "stop promotions", "no más publicidad", "不要广告"},
		"opted_in opted_in opted_in": {
			"I said stop!", "STOP 12345", "don't stop", "baja temporada", "cancel my order", "no", "where does the bus stop", "取消订单", "주문 취소", "back", "volver",
		},
	} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
			for _, step := range wordsOf("all", want, words...) {
				step(t, w)
			}
		})
	}
}

// TestNobodysMessages: what is not certain to be a person's message to the
// business opens no window.
func TestNobodysMessages(t *testing.T) {
	kind := func(kind string, content, extra map[string]any) step {
		return ana.says(shop, graphsim.Message{Type: kind, Content: content, Extra: extra})
	}
	type m = map[string]any
	failed := func(code int) m { return m{"errors": []any{m{"code": code, "title": "t"}}} }
	for name, tell := range map[string]step{
		"edit":          kind("edit", m{"original_message_id": "wamid.HBgNx", "message": m{"type": "text", "text": m{"body": "Hello"}}}, nil),
		"deletion":      kind("revoke", m{"original_message_id": "wamid.HBgNx"}, nil),
		"reaction":      ana.says(shop, graphsim.Reaction("wamid.HBgN", "👍")),
		"unavailable":   kind("unsupported", m{"type": "unknown"}, failed(131060)),
		"in-a-group":    kind("unsupported", m{"type": "poll"}, failed(130501)),
		"edit-unseen":   kind("unsupported", m{"type": "edit"}, failed(131051)),
		"vote-unseen":   kind("unsupported", m{"type": "poll_update"}, failed(131051)),
		"to-another":    kind("text", m{"body": "Hello"}, m{"to": "4915119876543"}),
		"welcome":       kind("request_welcome", nil, nil),
		"about-another": kind("star", m{"message_id": "wamid.HBgNx"}, nil),
		"call-answer":   kind("interactive", m{"type": "call_permission_reply", "call_permission_reply": m{"response": "reject"}}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
			tell(t, w)
			text(ana, windowClosed)(t, w)
			ana.writes("Hello")(t, w)
			text(ana, passes)(t, w)
		})
	}
	t.Run("written-but-unsupported", func(t *testing.T) {
		w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
		ana.says(shop, graphsim.Unsupported("poll_creation"))(t, w)
		text(ana, passes)(t, w)
	})
}
