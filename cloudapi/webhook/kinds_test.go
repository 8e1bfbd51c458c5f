package webhook

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// inbound is a webhook with one message of Ana.
func inbound(message string) []byte { return inboundAs("messages", message) }

func inboundAs(field, message string) []byte {
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"900100200300","changes":[{"field":%q,"value":{"messaging_product":"whatsapp",
		"metadata":{"display_phone_number":"12125550100","phone_number_id":"104455667788"},
		"messages":[{"from":"12125550147","id":"wamid.M","timestamp":"1791600000",%s}]}}]}]}`, field, message)
}

// Every kind of inbound message has an example here, and opens the window or
// not as its row says.
func TestInboundKinds(t *testing.T) {
	unsupported := func(code int, kind string) string {
		return fmt.Sprintf(`"type":"unsupported","errors":[{"code":%d,"title":"t"}],"unsupported":{"type":%q}`, code, kind)
	}
	examples := map[string][]string{
		"text":                              {`"type":"text","text":{"body":"Hello"}`, `"type":"text","text":{"body":"Hello"},"context":{"forwarded":true}`, `"type":"text","text":{"body":"Hello"},"referral":{"source_type":"ad"}`},
		"image":                             {`"type":"image","image":{"id":"1"}`},
		"video":                             {`"type":"video","video":{"id":"1"}`},
		"audio":                             {`"type":"audio","audio":{"id":"1","voice":true}`, `"type":"audio","audio":{"id":"1"},"context":{"id":"wacid.1"}`},
		"voice":                             {`"type":"voice","voice":{"id":"1"}`},
		"document":                          {`"type":"document","document":{"id":"1"}`},
		"sticker":                           {`"type":"sticker","sticker":{"id":"1"}`},
		"location":                          {`"type":"location","location":{"latitude":1,"longitude":2}`},
		"contacts":                          {`"type":"contacts","contacts":[{"origin":"other"}]`, `"type":"contacts","contacts":[{"origin":"contact_request","phones":[{"wa_id":"12125550147"}]}]`},
		"order":                             {`"type":"order","order":{"catalog_id":"1","text":"STOP"}`},
		"button":                            {`"type":"button","button":{"payload":"x","text":"x"}`},
		"interactive/button_reply":          {`"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"1","title":"x"}}`, `"type":"interactive","interactive":{"button_reply":{"id":"1","title":"x"}}`},
		"interactive/list_reply":            {`"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"1","title":"x"}}`},
		"interactive/nfm_reply":             {`"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{}"}}`},
		"interactive/call_permission_reply": {`"type":"interactive","interactive":{"type":"call_permission_reply","call_permission_reply":{"response":"reject"}}`, `"interactive":{"call_permission_reply":{"response":"reject"}}`},
		"interactive":                       {`"type":"interactive","interactive":{"type":"product_reply"}`},
		"ephemeral":                         {`"type":"ephemeral","errors":[{"code":501}]`},
		"media_placeholder":                 {`"type":"media_placeholder"`},
		"request_welcome":                   {`"type":"request_welcome"`},
		"reaction":                          {`"type":"reaction","reaction":{"message_id":"wamid.X","emoji":"x"}`, `"type":"reaction","reaction":{"message_id":"wamid.X"}`, `"type":"reaction"`},
		"edit":                              {`"type":"edit","edit":{"original_message_id":"wamid.X","message":{"type":"text","text":{"body":"Hello"}}}`},
		"revoke":                            {`"type":"revoke","revoke":{"original_message_id":"wamid.X"}`},
		"deleted":                           {`"type":"deleted"`},
		"pin":                               {`"type":"pin","pin":{"message_id":"wamid.X"}`},
		"keep_in_chat":                      {`"type":"keep_in_chat"`},
		"poll_update":                       {`"type":"poll_update","poll_update":{"vote":1}`},
		"system":                            {`"type":"system","system":{"type":"customer_identity_changed"}`},
		"hsm":                               {`"type":"hsm","hsm":{}`},
		"errors":                            {`"type":"errors","errors":[{"code":1}]`},
		"unsupported/written":               {unsupported(131051, "poll"), unsupported(131051, "poll_creation"), unsupported(131051, "view_once"), unsupported(131051, "gif"), unsupported(131051, "image"), `"type":"unsupported","errors":[{"code":131051}]`, `"type":"unsupported","errors":[{"code":"131051"}],"unsupported":{}`, `"type":"unknown","errors":[{"code":131051}]`, `"type":"unknown","errors":[{"code":501}]`},
		"unsupported/131060":                {unsupported(131060, "unknown"), `"type":"unsupported","errors":[{"code":131060}]`, unsupported(131060, "image")},
		"unsupported/130501":                {unsupported(130501, "poll"), `"group_id":"Y2FwaV9ncm91cDox",` + unsupported(130501, "")},
		"unsupported/about-another":         {unsupported(131051, "edit"), unsupported(131051, "reaction"), unsupported(131051, "poll_update"), unsupported(131051, "pin"), unsupported(131051, "keep_in_chat"), unsupported(131051, "revoke"), unsupported(131051, "errors"), unsupported(131051, "hsm"), unsupported(131051, "unknown"), unsupported(131051, "hologram")},
		"unsupported":                       {`"type":"unsupported"`, `"type":"unknown"`, unsupported(131000, "poll"), `"type":"unsupported","unsupported":{"type":"poll"}`, `"type":"unsupported","errors":"x"`},
		"error":                             {`"type":"hologram","errors":[{"code":131051}]`},
		"about-another":                     {`"type":"hologram_update","hologram_update":{"original_message_id":"wamid.X"}`, `"type":"star","star":{"message_id":"wamid.X"}`},
		"":                                  {`"text":{"body":"Hello"}`},
		"unknown":                           {`"type":"hologram","hologram":{"depth":3}`, `"type":"interactive/list_reply","text":{"body":"Hello"}`},
	}
	for _, k := range inboundKinds {
		if len(examples[k.name]) == 0 {
			t.Errorf("no example of %q", k.name)
		}
		for i, message := range examples[k.name] {
			for _, field := range []string{"messages", "standby"} {
				opened := false
				for _, e := range parse(t, inboundAs(field, message)).Events {
					if _, ok := e.(policy.ServiceWindowOpened); ok {
						opened = true
					}
				}
				if opened != k.opens {
					t.Errorf("%s/%q/%d opens: %t, want %t, since %s", field, k.name, i, opened, k.opens, k.why)
				}
			}
		}
		delete(examples, k.name)
	}
	for name := range examples {
		t.Errorf("an example of %q, which has no row", name)
	}
}

// The documentation has the table of kinds as the code has it.
func TestInboundKindsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/reference/inbound.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range inboundKinds {
		opens := "no"
		if k.opens {
			opens = "yes"
		}
		if row := fmt.Sprintf("| `%s` | %s | %s |\n", k.name, opens, k.why); !strings.Contains(string(doc), row) {
			t.Errorf("docs/reference/inbound.md lacks the row\n%s", row)
		}
	}
}

// What the business itself wrote, on whatever device, is nobody's message to it.
func TestBusinessOwnMessages(t *testing.T) {
	const text = `"id":"wamid.M","timestamp":"1791600000","type":"text","text":{"body":"STOP"}`
	body := func(field, list, message string) []byte {
		return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"900100200300","changes":[{"field":%q,"value":{
			"metadata":{"display_phone_number":"1 (212) 555-0100","phone_number_id":"104455667788"},%q:[%s]}}]}]}`, field, list, message)
	}
	for name, c := range map[string]struct {
		body   []byte
		events int // beside the number seen
	}{
		"from-the-business":            {body("messages", "messages", `{"from":"12125550100",`+text+`}`), 0},
		"from-the-business/with-plus":  {body("messages", "messages", `{"from":"+12125550100",`+text+`}`), 0},
		"to-the-person":                {body("messages", "messages", `{"from":"12125550147","to":"12125550199",`+text+`}`), 0},
		"to-a-user-id":                 {body("messages", "messages", `{"from":"12125550147","to_user_id":"US.1",`+text+`}`), 0},
		"to-the-business":              {body("messages", "messages", `{"from":"12125550147","to":"12125550100",`+text+`}`), 2},
		"app-echo":                     {body("smb_message_echoes", "message_echoes", `{"from":"12125550100","to":"12125550147",`+text+`}`), 0},
		"app-echo/as-messages":         {body("smb_message_echoes", "messages", `{"from":"12125550147",`+text+`}`), 0},
		"echo":                         {body("message_echoes", "message_echoes", `{"from":"12125550100","to":"12125550147",`+text+`}`), 0},
		"echo/beside-messages":         {body("messages", "message_echoes", `{"from":"12125550100","to":"12125550147",`+text+`}`), 0},
		"echo/revoke":                  {body("smb_message_echoes", "message_echoes", `{"from":"12125550100","to":"12125550147","type":"revoke","revoke":{"original_message_id":"x"},"timestamp":"1791600000"}`), 0},
		"history/own":                  {body("history", "history", `{"threads":[{"id":"12125550147","messages":[{"from":"12125550100","to":"12125550147",`+text+`}]}]}`), 0},
		"history/the-person's":         {body("history", "history", `{"threads":[{"id":"12125550147","messages":[{"from":"12125550147",`+text+`}]}]}`), 2},
		"contacts-of-the-business-app": {body("smb_app_state_sync", "messages", `{"from":"12125550147",`+text+`}`), 0},
		"unknown-field":                {body("message_reads", "messages", `{"from":"12125550147",`+text+`}`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, c.body); len(got.Events) != c.events+1 {
				t.Errorf("told %s", tellAll(got.Events))
			}
		})
	}
}

// What taps and captions mean, as the events tell it.
func TestWebhookWords(t *testing.T) {
	words := policy.NewWords()
	for _, err := range []error{words.AddPayload("out:promo", policy.OptedOut, []policy.Scope{policy.Marketing}), words.AddPayload("in:promo", policy.OptedIn, []policy.Scope{policy.Marketing})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	reply := func(id, title string) string {
		return fmt.Sprintf(`"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":%q,"title":%q}}`, id, title)
	}
	row := func(id, title string) string {
		return fmt.Sprintf(`"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":%q,"title":%q,"description":"STOP"}}`, id, title)
	}
	button := func(payload, text string) string {
		return fmt.Sprintf(`"type":"button","button":{"payload":%q,"text":%q}`, payload, text)
	}
	caption := func(kind, caption string) string {
		return fmt.Sprintf(`"type":%q,%q:{"id":"1","caption":%q}`, kind, kind, caption)
	}
	text := func(body string) string { return fmt.Sprintf(`"type":"text","text":{"body":%q}`, body) }
	const (
		nothing   = "window"
		unwanted  = "window by an opt-out"
		suspected = unwanted + "; suspected [marketing] "
		outAll    = unwanted + "; opted_out " + every + " %s generally"
	)
	for _, c := range []struct{ name, message, want string }{
		{"id/begin-quiz", reply("start", "Begin quiz"), nothing},
		{"id/remove-item", reply("remove", "Remove item"), nothing},
		{"id/next-bus-stop", row("stop", "Next bus stop"), nothing},
		{"id/end", row("end", "End"), nothing},
		{"id/unsubscribe", reply("unsubscribe", "Yes"), nothing},
		{"id/of-a-template", button("STOP", "I am done"), nothing},
		{"id/start-of-a-template", button("START", "Let's go"), nothing},
		{"title/stop-row", row("7", "Stop"), nothing},
		{"title/stop-reply", reply("7", "Stop"), suspected + "button"},
		{"title/stop-of-a-template", button("x", "STOP"), fmt.Sprintf(outAll, "button")},
		{"title/start", reply("7", "Start"), nothing},
		{"title/start-of-a-template", button("x", "Start"), nothing},
		{"title/subscribe", row("7", "Subscribe"), nothing},
		{"title/unsubscribe", reply("7", "Unsubscribe"), fmt.Sprintf(outAll, "button")},
		{"title/unsubscribe-row", row("7", "Unsubscribe from All"), fmt.Sprintf(outAll, "button")},
		{"title/promos", button("x", "Unsubscribe from Promos"), unwanted + "; opted_out [marketing] button"},
		{"title/delivery", button("x", "Stop Delivery Updates"), unwanted + "; opted_out [transactional] button"},
		{"title/delivery/german", button("x", "Lieferupdates stoppen"), unwanted + "; opted_out [transactional] button"},
		{"title/start-promotions", reply("7", "Start promotions"), "window; opted_in [marketing] button by a tap"},
		{"title/start-promotions-of-a-template", button("x", "Start promotions"), "window; opted_in [marketing] button by a tap"},
		{"payload/out", reply("out:promo", "No, thanks"), unwanted + "; opted_out [marketing] button"},
		{"payload/out-of-a-template", button("out:promo", "No"), unwanted + "; opted_out [marketing] button"},
		{"payload/in", row("in:promo", "Yes"), "window; opted_in [marketing] button"},
		{"payload/in-but-the-title-says-stop", button("in:promo", "Stop promotions"), unwanted + "; opted_out [marketing] button"},
		{"payload/out-whatever-the-title", reply("out:promo", "Start promotions"), unwanted + "; opted_out [marketing] button"},
		{"caption/image", caption("image", "STOP"), fmt.Sprintf(outAll, "chat_keyword")},
		{"caption/video", caption("video", "Stop, please"), fmt.Sprintf(outAll, "chat_keyword")},
		{"caption/document", caption("document", "unsubscribe me"), fmt.Sprintf(outAll, "chat_keyword")},
		{"caption/more-than-the-word", caption("image", "the bus stop"), nothing},
		{"caption/start", caption("image", "START"), nothing},
		{"edit/stop", `"type":"edit","edit":{"message":{"type":"text","text":{"body":"STOP"}}}`, fmt.Sprintf("opted_out "+every+" %s generally", "chat_keyword")},
		{"edit/caption", `"type":"edit","edit":{"message":{"type":"image","image":{"caption":"STOP"}}}`, fmt.Sprintf("opted_out "+every+" %s generally", "chat_keyword")},
		{"edit/start", `"type":"edit","edit":{"message":{"type":"text","text":{"body":"START"}}}`, ""},
		{"typed/yes", text("Yes"), "window; opted_in " + every + " chat_keyword as an answer"},
		{"typed/anmelden", text("Anmelden"), "window; opted_in " + every + " chat_keyword as an answer"},
		{"typed/start", text("START"), "window; opted_in " + every + " chat_keyword generally"},
		{"typed/said", text("I said stop!"), suspected + "chat_keyword"},
		{"typed/no", text("No, thanks"), unwanted},
		{"typed/ambiguous", text("enough"), suspected + "chat_keyword"},
		{"caption/said", caption("image", "I said stop!"), suspected + "chat_keyword"},
		{"edit/said", `"type":"edit","edit":{"message":{"type":"text","text":{"body":"I said stop!"}}}`, "suspected [marketing] chat_keyword"},
		{"typed/twice", text("STOP! STOP!"), fmt.Sprintf(outAll, "chat_keyword")},
		{"typed/button", text("Unsubscribe from Promos"), unwanted + "; opted_out [marketing] chat_keyword"},
		{"typed/payload", text("in:promo"), nothing},
		{"order/text", `"type":"order","order":{"text":"STOP"}`, nothing},
		{"flow", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"STOP","response_json":"{\"a\":\"STOP\"}"}}`, nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(inbound(c.message), Options{Words: words, Now: arrival})
			if err != nil {
				t.Fatal(err)
			}
			lines := tellAll(got.Events)
			for i := range lines {
				for _, cut := range []string{" 104455667788 12125550147", ` "wamid.M" at 1791600000`, " at 1791600000"} {
					lines[i] = strings.ReplaceAll(lines[i], cut, "")
				}
			}
			lines = slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "number ") })
			if said := strings.Join(lines, "; "); said != c.want {
				t.Errorf("told %q, want %q", said, c.want)
			}
		})
	}
}

// Words on consent keep the time they were told, be it after ours: they are
// compared with one another. What opens a window doesn't get ahead of our clock.
func TestWordsAreNotClamped(t *testing.T) {
	const later = 1791633600 + 30*24*3600
	at := func(body string) []byte {
		return []byte(strings.ReplaceAll(strings.ReplaceAll(string(inbound(`"type":"text","text":{"body":"`+body+`"}`)), `"1791600000"`, `"LATER"`), "LATER", fmt.Sprint(later)))
	}
	preference := func(value string) []byte {
		return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"9","changes":[{"field":"user_preferences","value":{"metadata":{"phone_number_id":"104455667788"},
			"user_preferences":[{"wa_id":"12125550147","category":"marketing_messages","value":%q,"timestamp":%d}]}}]}]}`, value, later)
	}
	for name, c := range map[string]struct {
		body []byte
		want int64
	}{
		"stop":              {at("STOP"), later},
		"start":             {at("START"), later},
		"preference/stop":   {preference("stop"), later},
		"preference/resume": {preference("resume"), later},
		"131050": {fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"9","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"104455667788"},
			"statuses":[{"id":"wamid.A","recipient_id":"12125550147","status":"failed","timestamp":"%d","errors":[{"code":131050}]}]}}]}]}`, later), later},
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			got := parse(t, c.body)
			for _, e := range got.Events {
				switch e := e.(type) {
				case policy.ConsentChanged:
					found = true
					if e.At != policy.MomentOf(time.Unix(c.want, 0)) {
						t.Error(tell(e))
					}
				case policy.StatusChanged:
					out, ok := e.OptOut()
					found = ok
					if out.At != policy.MomentOf(time.Unix(c.want, 0)) || e.At != policy.MomentOf(arrival) {
						t.Error(tell(e))
					}
				case policy.ServiceWindowOpened:
					if e.At != policy.MomentOf(arrival) {
						t.Error(tell(e))
					}
				}
			}
			if !found {
				t.Errorf("told %s", tellAll(got.Events))
			}
			if got.Newest.Unix() != later {
				t.Errorf("the newest timestamp is %s", got.Newest)
			}
		})
	}
	if got := parse(t, payload(t, "history")); !got.Newest.IsZero() {
		t.Errorf("an old message tells about the clocks: %s", got.Newest)
	}
	if got := parse(t, payload(t, "templates")); !got.Newest.IsZero() {
		t.Errorf("the time of an entry counts as a timestamp of a message: %s", got.Newest)
	}
}

// Without Meta's envelope a body is read where the configuration says whose it
// is, and nowhere else.
func TestWebhookWithoutEnvelope(t *testing.T) {
	options := Options{Words: policy.NewWords(), Now: arrival, PhoneNumberID: "104455667788", WABA: "900100200300", Number: "+1 212 555 0100"}
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"stop": {string(payload(t, "without_envelope")), []string{
			"window 104455667788 " + ana + " at 1791600000 by an opt-out", "opted_out 104455667788 " + ana + " " + every + ` chat_keyword "wamid.1" at 1791600000 generally`, number + "1791600000",
		}},
		"voice": {`{"contacts":[{"profile":{"name":"Ana"},"wa_id":"12125550147"}],"messages":[{"from":"12125550147","id":"ABGG","timestamp":"1791600000","type":"voice","voice":{"id":"1"}}]}`, []string{
			"window 104455667788 12125550147 at 1791600000", number + "1791600000",
		}},
		"own": {`{"messages":[{"from":"12125550100","id":"ABGG","timestamp":"1791600000","type":"text","text":{"body":"STOP"}}]}`, []string{number + "1791600000"}},
		"status": {`{"statuses":[{"id":"gBEG","recipient_id":"12125550147","status":"read","timestamp":"1791600000","type":"message"}]}`, []string{
			"read 104455667788 gBEG 12125550147 at 1791600000", number + "1791600000",
		}},
		"number-changed": {`{"messages":[{"from":"12125550147","id":"ABGG","timestamp":"1791600000","type":"system","system":{"type":"user_changed_number","new_wa_id":"12125550160"}}]}`, []string{
			"change 12125550147 -> 12125550160 at 1791600000", number + "1791600000",
		}},
		"unknown-to-the-api": {`{"messages":[{"from":"12125550147","id":"ABGG","timestamp":"1791600000","type":"unknown","errors":[{"code":501,"details":"Message type is not currently supported"}]}]}`, []string{
			"window 104455667788 12125550147 at 1791600000", number + "1791600000",
		}},
		"entry-without-object": {strings.Replace(string(payload(t, "text")), `"object": "whatsapp_business_account",`, "", 1), told["text"].events},
		"meta's-own":           {string(payload(t, "text")), told["text"].events},
		"another-number": {strings.ReplaceAll(string(payload(t, "text")), "104455667788", "204455667788"), []string{
			"window 204455667788 " + ana + " at 1791600000", "number 204455667788 of 900100200300 is 12125550100 at 1791600000",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(c.body), options)
			if err != nil || got.Skipped > 0 {
				t.Fatal(err, got.Skipped)
			}
			if lines := tellAll(got.Events); !slices.Equal(lines, c.want) {
				t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(lines, "\n\t"), strings.Join(c.want, "\n\t"))
			}
		})
	}
	for _, body := range []string{`{"object":"page","messages":[]}`, `{"object":"instagram","entry":[{"changes":[]}]}`, `[]`} {
		if got, err := Parse([]byte(body), options); err != nil || len(got.Events) > 0 {
			t.Errorf("%s tells %s, %v", body, tellAll(got.Events), err)
		}
	}
}
