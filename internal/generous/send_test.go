package generous

import "testing"

func TestTypes(t *testing.T) {
	checkFound(t, []row{
		{"absent", postJSON(`{"to":"447700900123","text":{"body":"x"}}`), []string{"messages to=447700900123 text"}},
		{
			"absent/payload", postJSON(`{"to":"447700900123","image":{"id":"1"}}`),
			[]string{"messages to=447700900123 text", "messages to=447700900123 image"},
		},
		{"null", postJSON(`{"to":"447700900123","type":null}`), []string{"messages to=447700900123 text"}},
		{
			"null-wins", postJSON(`{"to":"447700900123","type":"template","template":{"name":"n"},"type":null}`),
			[]string{"messages to=447700900123 text", "messages to=447700900123 template n/"},
		},
		{
			"case", postJSON(`{"to":"447700900123","type":" TEMPLATE ","template":{"name":"n"}}`),
			[]string{"messages to=447700900123 template n/"},
		},
		{
			"array", postJSON(`{"to":"447700900123","type":["image","text"]}`),
			[]string{"messages to=447700900123 image", "messages to=447700900123 text"},
		},
		{"unknown", postJSON(`{"to":"447700900123","type":"hologram"}`), []string{"messages to=447700900123 hologram"}},
		{"two-payloads", postJSON(`{"to":"447700900123","type":"template","template":{"name":"n","language":{"code":"de"}},` +
			`"text":{"body":"x"}}`), []string{"messages to=447700900123 template n/de", "messages to=447700900123 text"}},
		{
			"declared-text-with-template", postJSON(`{"to":"447700900123","type":"text","template":{"name":"n"}}`),
			[]string{"messages to=447700900123 text", "messages to=447700900123 template n/"},
		},
		{
			"duplicate", postJSON(`{"to":"447700900123","type":"text","type":"video"}`),
			[]string{"messages to=447700900123 text", "messages to=447700900123 video"},
		},
		{
			"template/as-json-string", postJSON(`{"to":"447700900123","type":"template","template":"{\"name\":\"n\",\"language\":\"{\\\"code\\\":\\\"de\\\"}\"}"}`),
			[]string{"messages to=447700900123 template n/de"},
		},
		{
			"template/in-array", postJSON(`{"to":"447700900123","type":"template","template":[{"name":"n"}]}`),
			[]string{"messages to=447700900123 template n/"},
		},
		{"template/nameless", postJSON(`{"to":"447700900123","type":"template"}`), []string{"messages to=447700900123 template"}},
		{"hsm", post("/v1/messages", "", `{"to":"447700900123","type":"hsm","hsm":{"namespace":"x","element_name":"n",`+
			`"language":{"policy":"fallback","code":"de"}}}`), []string{"messages to=447700900123 hsm n/de"}},
		{
			"category/case", postJSON(`{"to":"447700900123","category":" Authentication"}`),
			[]string{"messages to=447700900123 text category=authentication"},
		},
		{"receipt/case", postJSON(`{"STATUS":"Read","message_id":"wamid.x"}`), []string{"messages receipt"}},
		{"receipt/form", postForm("status=read&message_id=wamid.x"), []string{"messages receipt"}},
		{
			"receipt/with-recipient", postJSON(`{"status":"read","message_id":"wamid.x","to":"447700900123"}`),
			[]string{"messages to=447700900123 text"},
		},
		{
			"receipt/recipient-in-query", post(messages+"?to=447700900123", "", `{"status":"read","message_id":"wamid.x"}`),
			[]string{"messages to=447700900123 text", "messages receipt"},
		},
	})
}
