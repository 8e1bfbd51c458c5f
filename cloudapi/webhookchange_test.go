package cloudapi

import "testing"

func TestFindWebhookChange(t *testing.T) {
	const (
		jsonType = "application/json"
		formType = "application/x-www-form-urlencoded"
	)
	for _, c := range []struct {
		name, method, path, query, contentType, body string
		want                                         WebhookChange // zero: none
	}{
		{"subscribe", "POST", "/v25.0/900/subscribed_apps", "", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"subscribe/no-version", "POST", "/900/subscribed_apps", "access_token=x", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"unsubscribe", "DELETE", "/v25.0/900/subscribed_apps", "", "", "", WebhookChange{Name: "UNSUBSCRIBE", WABA: "900"}},
		{"override/json", "POST", "/v25.0/900/subscribed_apps", "", jsonType, `{"override_callback_uri":"https://elsewhere.example/hook","verify_token":"t"}`, WebhookChange{Name: "OVERRIDE", WABA: "900", Host: "elsewhere.example"}},
		{"override/form", "POST", "/v25.0/900/subscribed_apps", "", formType, `override_callback_uri=https%3A%2F%2Felsewhere.example&verify_token=t`, WebhookChange{Name: "OVERRIDE", WABA: "900", Host: "elsewhere.example"}},
		{"override/query", "POST", "/v25.0/900/subscribed_apps", "override_callback_uri=https://elsewhere.example/", "", "", WebhookChange{Name: "OVERRIDE", WABA: "900", Host: "elsewhere.example"}},
		{"number/json", "POST", "/v25.0/104455667788", "", jsonType, `{"webhook_configuration":{"override_callback_uri":"https://elsewhere.example","verify_token":"t"}}`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "104455667788", Host: "elsewhere.example"}},
		{"number/form", "POST", "/v25.0/104455667788", "", formType, `webhook_configuration=%7B%22override_callback_uri%22%3A%22https%3A%2F%2Felsewhere.example%22%7D`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "104455667788", Host: "elsewhere.example"}},
		{"number/brackets", "POST", "/v25.0/104455667788", "", formType, `webhook_configuration%5Boverride_callback_uri%5D=https://elsewhere.example`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "104455667788"}},
		{"number/query", "POST", "/v25.0/104455667788", "webhook_configuration=%7B%7D", "", "", WebhookChange{Name: "OVERRIDE", PhoneNumberID: "104455667788"}},
		{"number/upload", "POST", "/v25.0/104455667788", "", "multipart/form-data; boundary=x", "", WebhookChange{Name: "UPLOAD", PhoneNumberID: "104455667788"}},
		{"app", "POST", "/v25.0/777/subscriptions", "", jsonType, `{"object":"whatsapp_business_account","callback_url":"https://elsewhere.example/x","fields":"messages"}`, WebhookChange{Name: "APP_CALLBACK", App: "777", Host: "elsewhere.example"}},
		{"app/deletion", "DELETE", "/v25.0/777/subscriptions", "object=whatsapp_business_account", "", "", WebhookChange{Name: "APP_CALLBACK", App: "777"}},
		{"provider", "POST", "/v1/configs/webhook", "", jsonType, `{"url":"https://elsewhere.example"}`, WebhookChange{Name: "APP_CALLBACK"}},
		{"on-premises", "PATCH", "/v1/settings/application", "", jsonType, `{"webhooks":{"url":"https://elsewhere.example"}}`, WebhookChange{Name: "APP_CALLBACK"}},
		{"on-premises/other-setting", "PATCH", "/v1/settings/application", "", jsonType, `{"sent_status":true}`, WebhookChange{}},
		// Spellings some reader could take for one.
		{"case", "POST", "/v25.0/900/Subscribed_Apps", "", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"escaped", "POST", "/v25.0/900/subscribed%5Fapps", "", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"escaped-twice", "POST", "/v25.0/900%252Fsubscribed_apps", "", "", "", WebhookChange{Name: "SUBSCRIBE"}},
		{"slashes", "POST", "/v25.0/900//subscribed_apps/", "", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"put", "PUT", "/v25.0/900/subscribed_apps", "", "", "", WebhookChange{Name: "SUBSCRIBE", WABA: "900"}},
		{"key-case", "POST", "/v25.0/1044", "", jsonType, `{"Webhook_Configuration":{}}`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "1044"}},
		{"key-escaped", "POST", "/v25.0/1044", "", jsonType, `{"webhook\u005fconfiguration":{}}`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "1044"}},
		{"json-without-a-type", "POST", "/v25.0/1044", "", "", `{"webhook_configuration":{}}`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "1044"}},
		{"twice", "POST", "/v25.0/1044", "", jsonType, `{"a":1,"a":2,"webhook_configuration":{}}`, WebhookChange{Name: "OVERRIDE", PhoneNumberID: "1044"}},
		// None.
		{"read", "GET", "/v25.0/900/subscribed_apps", "", "", "", WebhookChange{}},
		{"read/field", "GET", "/v25.0/1044", "fields=webhook_configuration", "", "", WebhookChange{}},
		{"text-about-it", "POST", "/v25.0/8001", "", jsonType, `{"components":[{"type":"BODY","text":"Your webhook_configuration & override_callback_uri"}]}`, WebhookChange{}},
		{"value-about-it", "POST", "/v25.0/8001", "", formType, `text=webhook_configuration`, WebhookChange{}},
		{"profile", "POST", "/v25.0/1044/whatsapp_business_profile", "", jsonType, `{"about":"x"}`, WebhookChange{}},
		{"upload", "POST", "/v25.0/1044/media", "", "multipart/form-data; boundary=x", "", WebhookChange{}},
		{"register", "POST", "/v25.0/1044/register", "", jsonType, `{"pin":"123456"}`, WebhookChange{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Request{c.method, c.path, c.query, c.contentType, []byte(c.body)}
			got, found := FindWebhookChange(&r)
			if got != c.want || found != (c.want != WebhookChange{}) {
				t.Errorf("got %+v, %v; want %+v", got, found, c.want)
			}
		})
	}
}
