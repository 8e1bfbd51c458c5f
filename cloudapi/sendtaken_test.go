package cloudapi

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// sample is an honest request to which a field is added.
type sample struct {
	dialect Dialect
	target  string
	fields  []pair
	want    policy.Send // Kind, Type and Template
}

const (
	parcelReady = `{"name":"parcel_ready","language":{"code":"de"}}`
	sdp         = `{"sdp_type":"offer","sdp":"v=0"}`
	groupName   = `"Y2FwaV9ncm91cDo1NTU"`
)

var (
	product = pair{"messaging_product", `"whatsapp"`}
	toHer   = pair{"to", german}
	parcel  = policy.TemplateRef{Name: "parcel_ready", Language: "de"}

	samples = map[string]sample{
		"text":       {target: "/v25.0/123456/messages", fields: []pair{product, toHer, {"type", `"text"`}, {"text", `{"body":"hi"}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "text"}},
		"user id":    {target: "/v25.0/123456/messages", fields: []pair{product, {"recipient", `"DE.40817726355190042"`}, {"type", `"text"`}, {"text", `{"body":"hi"}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "text"}},
		"template":   {target: "/v25.0/123456/messages", fields: []pair{product, toHer, {"type", `"template"`}, {"template", parcelReady}}, want: policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: parcel}},
		"direct":     {target: "/v25.0/123456/messages", fields: []pair{product, toHer, {"type", `"text"`}, {"text", `{"body":"hi"}`}, {"category", `"utility"`}}, want: policy.Send{Kind: policy.DirectSend, Type: "text"}},
		"group":      {target: "/v25.0/123456/messages", fields: []pair{product, {"recipient_type", `"group"`}, {"to", groupName}, {"type", `"text"`}, {"text", `{"body":"hi"}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "text"}},
		"pin":        {target: "/v25.0/123456/messages", fields: []pair{product, {"recipient_type", `"group"`}, {"to", groupName}, {"type", `"pin"`}, {"pin", `{"type":"pin","message_id":"wamid.1","expiration_days":7}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "pin"}},
		"receipt":    {target: "/v25.0/123456/messages", fields: []pair{product, {"status", `"read"`}, {"message_id", `"wamid.1"`}}, want: policy.Send{Kind: policy.Receipt}},
		"marketing":  {target: "/v25.0/123456/marketing_messages", fields: []pair{product, toHer, {"type", `"template"`}, {"template", parcelReady}}, want: policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: parcel}},
		"connect":    {target: "/v25.0/123456/calls", fields: []pair{product, toHer, {"action", `"connect"`}, {"session", sdp}}, want: policy.Send{Kind: policy.Call, Type: "connect"}},
		"accept":     {target: "/v25.0/123456/calls", fields: []pair{product, {"call_id", `"wacid.1"`}, {"action", `"accept"`}}, want: policy.Send{Kind: policy.CallControl, Type: "accept"}},
		"360dialog":  {dialect: Dialog360, target: "/messages", fields: []pair{product, toHer, {"type", `"text"`}, {"text", `{"body":"hi"}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "text"}},
		"premises":   {dialect: OnPremises, target: "/v1/messages", fields: []pair{toHer, {"type", `"text"`}, {"text", `{"body":"hi"}`}}, want: policy.Send{Kind: policy.FreeForm, Type: "text"}},
		"hsm":        {dialect: OnPremises, target: "/v1/messages", fields: []pair{toHer, {"type", `"hsm"`}, {"hsm", `{"namespace":"a_b","element_name":"parcel_ready","language":{"policy":"deterministic","code":"de"},"localizable_params":[{"default":"x"}]}`}}, want: policy.Send{Kind: policy.TemplateMessage, Type: "hsm", Template: parcel}},
		"360receipt": {dialect: Dialog360, target: "/messages", fields: []pair{product, {"status", `"read"`}, {"message_id", `"wamid.1"`}}, want: policy.Send{Kind: policy.Receipt}},
	}

	messageSamples  = []string{"text", "user id", "template", "direct", "group", "pin", "marketing", "360dialog", "premises", "hsm"}
	templateSamples = []string{"template", "marketing"}
	freeSamples     = []string{"text", "user id", "group", "360dialog", "premises"}
	receiptSamples  = []string{"receipt", "360receipt"}
	callSamples     = []string{"connect", "accept"}
	everySample     = slices.Concat(messageSamples, receiptSamples, callSamples)
)

// taken is what Meta takes: a field, the edges that have it, and the values it
// may have. Among these are null and, where serializers write it for what is not
// set, nothing in quotes or braces. Each must be read as the request it is added
// to: in JSON and, where a form can say it, as a form.
var taken = []struct {
	field  string
	on     []string
	values []string
}{
	{"messaging_product", everySample, []string{`"whatsapp"`, `"WHATSAPP"`}},
	{"messaging_product", []string{"premises", "hsm"}, []string{`null`}},
	{"recipient_type", []string{"text", "user id", "template", "direct", "marketing", "360dialog", "premises", "hsm", "receipt", "360receipt"}, []string{`"individual"`, `"INDIVIDUAL"`, `null`, `""`}},
	{"recipient_type", []string{"group", "pin"}, []string{`"group"`, `"GROUP"`}},
	{"recipient_type", callSamples, []string{`"individual"`, `null`}},
	{"to", []string{"user id"}, []string{`null`, `""`, german}},
	{"to", []string{"accept"}, []string{`null`, `""`, german}},
	{"to", []string{"text", "template", "marketing", "connect", "360dialog", "premises"}, []string{german, `"4915112345678"`, `"+49 151 1234-5678"`, `"+49 (151) 12345678"`, `4915112345678`}},
	{"recipient", []string{"text", "template", "marketing", "connect", "accept"}, []string{`null`, `""`, `"DE.40817726355190042"`, `"DE.ENT.40817726355190042"`}},
	{"type", []string{"text", "user id", "direct", "group", "360dialog", "premises"}, []string{`"text"`, `"TEXT"`, `null`, `""`}},
	{"type", templateSamples, []string{`"template"`, `"TEMPLATE"`}},
	{"type", []string{"hsm"}, []string{`"hsm"`, `"HSM"`}},
	{"type", slices.Concat(receiptSamples, callSamples), []string{`null`, `""`}},
	{"status", slices.Concat(messageSamples, callSamples), []string{`null`, `""`}},
	{"status", receiptSamples, []string{`"read"`, `"READ"`}},
	{"message_id", messageSamples, []string{`null`, `""`}},
	{"typing_indicator", receiptSamples, []string{`{"type":"text"}`, `null`, `{}`}},
	{"typing_indicator", messageSamples, []string{`null`}},
	{"context", messageSamples, []string{`{"message_id":"wamid.1"}`, `null`, `{}`, `{"message_id":""}`, `{"message_id":null}`}},
	{"biz_opaque_callback_data", everySample, []string{`"order-8812/line-3"`, `null`, `""`, `8812`, `"` + strings.Repeat("x", 512) + `"`}},
	{"recipient_identity_key_hash", messageSamples, []string{`"DF2lS5v2W6x="`, `null`, `""`}},
	{"category", freeSamples, []string{`"service"`, `"SERVICE"`, `null`, `""`}},
	{"category", slices.Concat(templateSamples, []string{"hsm"}), []string{`"service"`, `null`, `""`}},
	{"category", []string{"direct"}, []string{`"utility"`, `"UTILITY"`, `"authentication"`, `"AUTHENTICATION"`}},
	{"category", slices.Concat(receiptSamples, callSamples), []string{`null`, `""`}},
	{"ttl_seconds", messageSamples, []string{`3600`, `"3600"`, `null`}},
	{"ttl", []string{"premises", "hsm"}, []string{`3600`, `null`}},
	{"direct_send_config", messageSamples, []string{`{"template_name":"parcel_ready"}`, `null`, `{}`}},
	{"messaging_account_id", messageSamples, []string{`"102290129340398"`, `102290129340398`, `null`, `""`}},
	{"paid_messaging_account_id", messageSamples, []string{`"102290129340398"`, `102290129340398`, `null`, `""`}},
	{"product_policy", templateSamples, []string{`"CLOUD_API_FALLBACK"`, `"STRICT"`, `null`, `""`}},
	{"message_activity_sharing", templateSamples, []string{`true`, `false`, `null`}},
	{"preview_url", messageSamples, []string{`true`, `false`, `null`}},
	{"action", messageSamples, []string{`null`, `""`}},
	{"action", []string{"connect"}, []string{`"connect"`, `"CONNECT"`}},
	{"action", []string{"accept"}, []string{`"accept"`, `"ACCEPT"`}},
	{"call_id", slices.Concat(messageSamples, []string{"connect"}), []string{`null`, `""`}},
	{"call_id", callSamples, []string{`"wacid.HBgLMTIxODU1NTI4MjgVAgARGCAyODRQIAFRoA"`}},
	{"session", callSamples, []string{sdp, `{"sdp_type":"answer","sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"}`, `null`, `{}`}},
	{"messages", everySample, []string{`null`}},
	{"access_token", everySample, []string{`"EAAG"`}},
	{"something_new", everySample, []string{`"x"`, `7`, `true`, `null`, `{"a":[1]}`}},

	{"text", freeSamples, []string{`{"body":"hi"}`, `{"body":"hi","preview_url":true}`, `{"body":"hi","preview_url":null}`}},
	{"template", templateSamples, []string{
		parcelReady, `{"name":"parcel_ready","language":{"code":"de","policy":"deterministic"}}`, `{"name":"parcel_ready","language":{"policy":"deterministic","code":"de"},"components":[]}`,
		`{"namespace":"a_b","name":"parcel_ready","language":{"code":"de"},"components":null}`, `{"namespace":"","name":"parcel_ready","language":{"code":"de","policy":null}}`,
		`{"name":"parcel_ready","language":{"code":"de"},"components":[{"type":"body","parameters":[{"type":"text","parameter_name":"who","text":"DHL"}]},{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"stop-all"}]}]}`,
	}},
	{"pin", []string{"pin"}, []string{`{"type":"unpin","message_id":"wamid.1"}`, `{"type":"pin","message_id":"wamid.1","expiration_days":30}`}},
}

// emptyPayloads are the payloads of a message beside its own, which serializers
// write empty.
var emptyPayloads = []string{
	"text", "image", "video", "document", "sticker", "audio", "voice", "location", "contacts", "interactive", "reaction", "template", "pin", "hsm",
}

func TestWhatMetaTakesIsRead(t *testing.T) {
	for _, row := range taken {
		for _, name := range row.on {
			for _, value := range row.values {
				s := samples[name]
				s.check(t, name, with(s.fields, row.field, value))
			}
		}
	}
	for _, payload := range emptyPayloads {
		for _, name := range everySample {
			s := samples[name]
			if s.has(payload) {
				continue
			}
			for _, value := range []string{`null`, `{}`, `""`} {
				s.check(t, name, with(s.fields, payload, value))
			}
		}
	}
	for _, name := range everySample {
		s := samples[name]
		s.check(t, name, with(s.fields, "contacts", "[]"))
	}
}

// interactiveTypes are the documented values of interactive.type.
var interactiveTypes = []string{
	"button", "list", "cta_url", "flow", "product", "product_list", "catalog_message", "carousel", "location_request_message", "address_message",
	"voice_call", "call_permission_request", "request_contact_info", "contact_request", "order_details", "order_status",
}

func TestInteractiveTypesInAnyCase(t *testing.T) {
	for _, subtype := range interactiveTypes {
		for _, written := range []string{subtype, strings.ToUpper(subtype), strings.ToUpper(subtype[:1]) + subtype[1:]} {
			for _, name := range []string{"text", "360dialog", "premises"} {
				s := samples[name]
				s.want = policy.Send{Kind: policy.FreeForm, Type: "interactive/" + subtype}
				if subtype == "call_permission_request" {
					s.want.Kind = policy.CallPermissionRequest
				}
				fields := with(s.fields, "type", `"interactive"`)
				fields = slices.DeleteFunc(fields, func(f pair) bool { return f.name == "text" })
				s.check(t, name, append(fields, pair{"interactive", `{"type":"` + written + `","body":{"text":"?"},"action":{}}`}))
			}
		}
	}
}

// notTaken can be read in two ways, or in none that Meta documents.
var notTaken = []struct {
	field  string
	on     []string
	values []string
	rule   policy.Rule
}{
	{"to", receiptSamples, []string{german}, policy.RuleParameter},
	{"recipient", receiptSamples, []string{`"DE.40817726355190042"`}, policy.RuleParameter},
	{"type", receiptSamples, []string{`"text"`}, policy.RuleParameter},
	{"text", receiptSamples, []string{`{"body":"hi"}`}, policy.RuleParameter},
	{"template", slices.Concat(receiptSamples, freeSamples), []string{parcelReady, `{"name":"x"}`}, policy.RuleParameter},
	{"hsm", freeSamples, []string{`{"element_name":"x"}`}, policy.RuleParameter},
	{"text", callSamples, []string{`{"body":"hi"}`}, policy.RuleParameter},
	{"type", callSamples, []string{`"text"`}, policy.RuleParameter},
	{"image", freeSamples, []string{`{"id":"1"}`}, policy.RuleParameter},
	{"contacts", freeSamples, []string{`[{}]`}, policy.RuleParameter},
	{"category", freeSamples, []string{`"marketing"`, `"MARKETING"`, `"utility "`}, policy.RuleParameter},
	{"category", templateSamples, []string{`"utility"`, `"authentication"`}, policy.RuleParameter},
	{"recipient_type", everySample, []string{`"everybody"`, `"business_scoped_user_id"`}, policy.RuleParameter},
	{"type", []string{"text"}, []string{`"text "`, `"template"`, `"te xt"`, `["text"]`, `7`}, policy.RuleParameter},
	{"messages", freeSamples, []string{`[{"to":"1"}]`}, policy.RuleParameter},
	{"status", messageSamples, []string{`"read"`, `"sent"`}, policy.RuleParameter},
	{"messaging_product", everySample, []string{`"instagram"`, `"whats app"`}, policy.RuleParameter},
	{"biz_opaque_callback_data", messageSamples, []string{`["a"]`, `{"a":1}`}, policy.RuleParameter},
}

func TestWhatIsAmbiguousIsRefused(t *testing.T) {
	for _, row := range notTaken {
		for _, name := range row.on {
			for _, value := range row.values {
				s := samples[name]
				body := jsonOf(with(s.fields, row.field, value))
				_, _, refusal := judge(t, s.dialect, "POST", s.target, "application/json", body)
				if ruleOf(refusal) != row.rule {
					t.Errorf("%s with %s: refused as %v, want %s\n%s", name, row.field, refusal, row.rule, body)
				}
			}
		}
	}
}

func (s *sample) has(field string) bool {
	return slices.ContainsFunc(s.fields, func(f pair) bool { return f.name == field })
}

// with is the fields with one more, or with another value of one.
func with(fields []pair, name, value string) []pair {
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].name == name {
			fields[i].value = value
			return fields
		}
	}
	return append(fields, pair{name, value})
}

// check reads a request of the given fields, which must be what the sample is.
func (s *sample) check(t *testing.T, name string, fields []pair) {
	t.Helper()
	bodies := map[string]string{"application/json": jsonOf(fields)}
	if form, ok := formOf(fields); ok {
		bodies["application/x-www-form-urlencoded"] = form
	}
	for contentType, body := range bodies {
		_, reading, refusal := judge(t, s.dialect, "POST", s.target, contentType, body)
		if refusal != nil || len(reading.Sends) != 1 {
			t.Errorf("%s: refused as %v\n%s", name, refusal, body)
			continue
		}
		got := reading.Sends[0]
		if got.Kind != s.want.Kind || got.Type != s.want.Type || got.Template != s.want.Template || got.Group != s.has("recipient_type") {
			t.Errorf("%s: read as %+v, want %+v\n%s", name, got, s.want, body)
		}
		compare(t, wire{s.dialect, "POST", s.target, header(contentType), []byte(body)})
	}
}

func jsonOf(fields []pair) string {
	var members []string
	for _, f := range fields {
		members = append(members, `"`+f.name+`":`+f.value)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// formOf writes fields as a form, as far as one can say them: null can't be
// said.
func formOf(fields []pair) (string, bool) {
	var pairs []string
	for _, f := range fields {
		value := f.value
		if value == "null" {
			return "", false
		}
		if strings.HasPrefix(value, `"`) {
			value = strings.Trim(value, `"`)
		}
		pairs = append(pairs, f.name+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&"), true
}
