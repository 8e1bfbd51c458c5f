package attack

import (
	"encoding/json"
	"net/url"
	"strings"
)

// fileBytes is a file of some size, which is not text.
func fileBytes(size int) string {
	const some = "\xff\xd8\xff\xe0\x00\x10JFIF--batch=method=\r\n"
	return strings.Repeat(some, size/len(some)+1)[:size]
}

// upload is a media upload of a file as SDKs write it.
func upload(size int) string {
	return multipart(part("messaging_product", "whatsapp"), part("type", "image/jpeg"),
		[2]string{`Content-Disposition: form-data; name="file"; filename="photo.jpg"` + "\r\nContent-Type: image/jpeg", fileBytes(size)})
}

// msg is a send of the given fields to the allowed person.
func msg(fields string, headers ...string) string {
	return send(message(toAllowed+`,`+fields), headers...)
}

// pretty is JSON as people write it.
func pretty(s string) string {
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		panic(err) // ours
	}
	b, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		panic(err) // ours
	}
	return string(b) + "\n"
}

const (
	interactive = `"type":"interactive","interactive":`
	wamid       = "wamid.HBgLMTUxMTIzNDU2NzgVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
)

// templateWith is a template with components.
func templateWith(name, components string) string {
	return msg(`"type":"template","template":{"name":"` + name + `","language":{"policy":"deterministic","code":"de"},"components":[` + components + `]}`)
}

func toTemplate(name string) string { return "template " + name + "/de to allowed" }

// honestRequests are what senders with unmodified SDKs send.
var honestRequests = []honest{
	sending("message/text", "a text", msg(`"recipient_type":"individual","type":"text","text":{"preview_url":true,"body":"See https://example.com/?to=1&type=text"}`), "text to allowed"),
	sending("message/text/type-absent", "a text without a type", msg(`"text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/reply", "a reply that quotes", msg(`"context":{"message_id":"`+wamid+`"},"type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/callback-data", "a text with data of the sender's", msg(`"biz_opaque_callback_data":"order-8812/line-3","type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/emoji", "letters of all kinds", msg(`"type":"text","text":{"body":"Grüße 👋🏽 שלום 你好 \ud83d\ude00 e\u0301 \u200d"}`), "text to allowed"),
	sending("message/text/escapes", "every escape of JSON", msg(`"type":"text","text":{"body":"\"\\\/\b\f\n\r\t\u0041"}`), "text to allowed"),
	sending("message/text/pretty", "JSON written for people, with fields nobody knows", send(pretty(message(toAllowed+`,"type":"text","text":{"body":"hi"},"x_crm":{"id":7,"tags":["a",null,true,1.5e3]},"Text2":"hm"`))), "text to allowed"),
	sending("message/text/integer", "the number as an integer", send(message(`"to":`+allowed[1:]+`,"type":"text","text":{"body":"hi"}`)), "text to allowed"),
	sending("message/text/formatted", "the number as people write it", send(text("+49 151 123-45678")), "text to allowed"),
	sending("message/text/nulls", "null for what is not set, as serializers write", msg(`"recipient":null,"template":null,"image":null,"context":null,"type":"text","text":{"body":"hi","preview_url":null}`), "text to allowed"),
	sending("message/text/user-id", "to a user id", send(message(`"recipient":"`+allowedID+`","type":"text","text":{"body":"hi"}`)), "text to allowed"),
	sending("message/text/both-names", "to a phone number and its user id", msg(`"recipient":"`+allowedID+`","type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/service", "a text that says it is service", msg(`"category":"service","type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/identity", "a text for a known security key", msg(`"recipient_identity_key_hash":"DF2lS5v2W6x=","type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("message/text/long", "a text of 300 KiB", msg(`"type":"text","text":{"body":"`+strings.Repeat("äöü 1 ", 50_000)+`"}`), "text to allowed"),
	sending("message/text/words", "a text about methods and batches", msg(`"type":"text","text":{"body":"method=post&batch=[{\"relative_url\":\"1/messages\"}]&to=+4915199900001"}`), "text to allowed"),
	sending("message/image", "an image by id with a caption", msg(`"type":"image","image":{"id":"1037543291543636","caption":"Look"}`), "image to allowed"),
	sending("message/video", "a video by link", msg(`"type":"video","video":{"link":"https://example.com/v.mp4"}`), "video to allowed"),
	sending("message/document", "a document with a file name", msg(`"type":"document","document":{"link":"https://example.com/a.pdf","filename":"Rechnung ä.pdf","caption":"1"}`), "document to allowed"),
	sending("message/sticker", "a sticker", msg(`"type":"sticker","sticker":{"id":"1"}`), "sticker to allowed"),
	sending("message/audio", "a voice note", msg(`"type":"audio","audio":{"id":"1","voice":true}`), "audio to allowed"),
	sending("message/location", "a location with numbers", msg(`"type":"location","location":{"latitude":52.5200066,"longitude":13.404954,"name":"Berlin","address":"Alexanderplatz"}`), "location to allowed"),
	sending("message/contacts", "cards", msg(`"type":"contacts","contacts":[{"name":{"formatted_name":"Ana","first_name":"Ana"},"phones":[{"phone":"+4915199900001","type":"CELL","wa_id":"4915199900001"}],"emails":[],"birthday":"2000-01-01"}]`), "contacts to allowed"),
	sending("message/reaction", "a reaction", msg(`"type":"reaction","reaction":{"message_id":"`+wamid+`","emoji":"\uD83D\uDE00"}`), "reaction to allowed"),
	sending("message/reaction/removed", "a reaction taken back", msg(`"type":"reaction","reaction":{"message_id":"`+wamid+`","emoji":""}`), "reaction to allowed"),
	sending("message/unknown-type", "a type that is not documented yet", msg(`"type":"poll","poll":{"question":"?"}`), "poll to allowed"),

	sending("interactive/button", "reply buttons", msg(interactive+`{"type":"button","body":{"text":"?"},"action":{"buttons":[{"type":"reply","reply":{"id":"y","title":"Yes"}}]}}`), "interactive to allowed"),
	sending("interactive/list", "a list", msg(interactive+`{"type":"list","header":{"type":"text","text":"h"},"body":{"text":"?"},"footer":{"text":"f"},"action":{"button":"Open","sections":[{"title":"s","rows":[{"id":"1","title":"a","description":"d"}]}]}}`), "interactive to allowed"),
	sending("interactive/capitals", "reply buttons as a Java SDK writes them", msg(interactive+`{"type":"BUTTON","body":{"text":"?"},"action":{"buttons":[{"type":"reply","reply":{"id":"y","title":"Yes"}}]}}`), "interactive to allowed"),
	sending("message/text/empties", "nothing where other payloads would be", msg(`"context":{},"image":{},"template":{},"contacts":[],"status":"","recipient":"","type":"text","text":{"body":"hi"}`), "text to allowed"),
	sending("interactive/cta-url", "a button with an address", msg(interactive+`{"type":"cta_url","body":{"text":"?"},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"https://example.com/?method=post"}}}`), "interactive to allowed"),
	sending("interactive/flow", "a Flow", msg(interactive+`{"type":"flow","body":{"text":"?"},"action":{"name":"flow","parameters":{"flow_message_version":"3","flow_token":"t","flow_id":"1","flow_cta":"Book","flow_action":"navigate","flow_action_payload":{"screen":"S","data":{"to":"x","type":"y"}}}}}`), "interactive to allowed"),
	sending("interactive/product", "a product", msg(interactive+`{"type":"product","body":{"text":"?"},"action":{"catalog_id":"1","product_retailer_id":"2"}}`), "interactive to allowed"),
	sending("interactive/product-list", "products", msg(interactive+`{"type":"product_list","header":{"type":"text","text":"h"},"body":{"text":"?"},"action":{"catalog_id":"1","sections":[{"title":"s","product_items":[{"product_retailer_id":"2"}]}]}}`), "interactive to allowed"),
	sending("interactive/catalog", "the catalogue", msg(interactive+`{"type":"catalog_message","body":{"text":"?"},"action":{"name":"catalog_message","parameters":{"thumbnail_product_retailer_id":"2"}}}`), "interactive to allowed"),
	sending("interactive/carousel", "cards", msg(interactive+`{"type":"carousel","body":{"text":"?"},"action":{"cards":[{"card_index":0,"type":"cta_url","header":{"type":"image","image":{"link":"https://example.com/1.png"}},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"https://example.com"}}}]}}`), "interactive to allowed"),
	sending("interactive/location-request", "a request for the location", msg(interactive+`{"type":"location_request_message","body":{"text":"?"},"action":{"name":"send_location"}}`), "interactive to allowed"),
	sending("interactive/address", "a request for the address", msg(interactive+`{"type":"address_message","body":{"text":"?"},"action":{"name":"address_message","parameters":{"country":"IN"}}}`), "interactive to allowed"),
	sending("interactive/voice-call", "a button that calls", msg(interactive+`{"type":"voice_call","body":{"text":"?"},"action":{"name":"voice_call","parameters":{"display_text":"Call","ttl_minutes":100}}}`), "interactive to allowed"),
	sending("interactive/call-permission", "a request for leave to call", msg(interactive+`{"type":"call_permission_request","action":{"name":"call_permission_request"},"body":{"text":"?"}}`), "interactive to allowed"),
	sending("interactive/contact-info", "a request for the phone number", msg(interactive+`{"type":"request_contact_info","body":{"text":"?"},"action":{"name":"request_contact_info"}}`), "interactive to allowed"),
	sending("interactive/order-details", "a bill", msg(interactive+`{"type":"order_details","body":{"text":"?"},"action":{"name":"review_and_pay","parameters":{"reference_id":"r","type":"digital-goods","currency":"BRL","total_amount":{"value":50000,"offset":100},"order":{"status":"pending","items":[]}}}}`), "interactive to allowed"),
	sending("interactive/order-status", "the status of an order", msg(interactive+`{"type":"order_status","body":{"text":"?"},"action":{"name":"review_order","parameters":{"reference_id":"r","order":{"status":"shipped"}}}}`), "interactive to allowed"),

	sending("template/plain", "a template without components", send(template(allowed, "parcel_ready")), toTemplate("parcel_ready")),
	sending("template/language", "a template in another language", msg(`"type":"template","template":{"name":"parcel_ready","language":{"code":"en_US"}}`), "template parcel_ready/en_US to allowed"),
	sending("template/body", "positional and named parameters", templateWith("parcel_ready", `{"type":"body","parameters":[{"type":"text","text":"DHL"},{"type":"text","parameter_name":"to","text":"x"},{"type":"currency","currency":{"fallback_value":"$1","code":"USD","amount_1000":1000}},{"type":"date_time","date_time":{"fallback_value":"1 May"}}]}`), toTemplate("parcel_ready")),
	sending("template/header", "headers with media", templateWith("parcel_ready", `{"type":"header","parameters":[{"type":"document","document":{"link":"https://example.com/a.pdf","filename":"a.pdf"}}]}`), toTemplate("parcel_ready")),
	sending("template/header-location", "a header with a location", templateWith("parcel_ready", `{"type":"HEADER","parameters":[{"type":"location","location":{"latitude":"1.5","longitude":"2.5"}}]}`), toTemplate("parcel_ready")),
	sending("template/buttons", "buttons of each kind", templateWith("parcel_ready", `{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"stop-all"}]},{"type":"button","sub_type":"url","index":1,"parameters":[{"type":"text","text":"?to=1"}]},{"type":"button","sub_type":"flow","index":"2","parameters":[{"type":"action","action":{"flow_token":"t"}}]}`), toTemplate("parcel_ready")),
	sending("template/carousel", "cards", templateWith("summer_sale", `{"type":"carousel","cards":[{"card_index":0,"components":[{"type":"header","parameters":[{"type":"image","image":{"id":"1"}}]}]}]}`), toTemplate("summer_sale")),
	sending("template/limited-time-offer", "an offer that ends", templateWith("summer_sale", `{"type":"limited_time_offer","parameters":[{"type":"limited_time_offer","limited_time_offer":{"expiration_time_ms":1767225600000}}]},{"type":"button","sub_type":"copy_code","index":0,"parameters":[{"type":"coupon_code","coupon_code":"SAVE"}]}`), toTemplate("summer_sale")),
	sending("template/authentication", "a one-time code", templateWith("login_code", `{"type":"body","parameters":[{"type":"text","text":"123456"}]},{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"123456"}]}`), toTemplate("login_code")),
	sending("template/order-status", "the status of an order", templateWith("parcel_ready", `{"type":"order_status","parameters":[{"type":"order_status","order_status":{"reference_id":"r","order":{"status":"processing"}}}]}`), toTemplate("parcel_ready")),
	sending("template/marketing-messages", "a template through /marketing_messages", post(v25+"/marketing_messages", message(`"recipient_type":"individual",`+toAllowed+`,"type":"template",`+sale+`,"product_policy":"STRICT","message_activity_sharing":true`)),
		"template summer_sale/de through marketing_messages to allowed"),
	sending("template/user-id", "a template to a user id", send(message(`"recipient":"`+allowedID+`","type":"template","template":{"name":"parcel_ready","language":{"code":"de"}}`)), toTemplate("parcel_ready")),

	sending("receipt/read", "a read receipt", send(message(`"status":"read","message_id":"`+wamid+`"`)), "receipt"),
	sending("receipt/typing", "a typing indicator", send(message(`"status":"read","message_id":"`+wamid+`","typing_indicator":{"type":"text"}`)), "receipt"),
	sending("receipt/typing-recipient-type", "a typing indicator that says individual", send(message(`"recipient_type":"individual","status":"read","message_id":"`+wamid+`","typing_indicator":{"type":"text"}`)), "receipt"),
	sending("call/connect", "a call in an open window", post(v25+"/calls", message(toAllowed+`,"action":"connect","session":{"sdp_type":"offer","sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"},"biz_opaque_callback_data":"c"`)), "connect through calls to allowed"),
	sending("call/accept", "a call that is taken", post(v25+"/calls", message(`"call_id":"wacid.1",`+toAllowed+`,"action":"accept","session":{"sdp_type":"answer","sdp":"v=0"}`)), "accept through calls to allowed"),
	whole("call/permissions", "a question for the permission", request("GET", v25+"/call_permissions?user_wa_id=4915112345678", "")),

	sending("wire/version-none", "no version", post("/"+number+"/messages", text(allowed)), "text to allowed"),
	sending("wire/version-old", "an old version", post("/v16.0/"+number+"/messages", text(allowed)), "text to allowed"),
	sending("wire/token-in-query", "the token in the query", post(messages+"?access_token=EAAG%2Fabc%3D&appsecret_proof=0a1b", text(allowed)), "text to allowed"),
	sending("wire/chunked", "a body in chunks, without a length", chunked("POST", messages, []string{asJSON}, text(allowed)[:40], text(allowed)[40:]), "text to allowed"),
	sending("wire/charset", "a content type with a charset", request("POST", messages, text(allowed), "Content-Type: application/json; charset=UTF-8"), "text to allowed"),
	sending("wire/no-type", "no content type", request("POST", messages, text(allowed)), "text to allowed"),
	sending("wire/text-plain", "JSON called text", request("POST", messages, text(allowed), asPlain), "text to allowed"),
	sending("wire/form", "a plain form", form(messages, "messaging_product=whatsapp&recipient_type=individual&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22Gr%C3%BC%C3%9Fe+%26+more%22%7D"), "text to allowed"),
	sending("wire/form-template", "a template as a form", form(messages, "messaging_product=whatsapp&to=4915112345678&type=template&template=%7B%22name%22%3A%22parcel_ready%22%2C%22language%22%3A%7B%22code%22%3A%22de%22%7D%7D&access_token=EAAG"), toTemplate("parcel_ready")),
	sending("wire/fields", "the fields of a well-known SDK", msg(`"type":"text","text":{"body":"hi"}`, "User-Agent: facebook-nodejs-business-sdk/25.0", "Accept: application/json, text/plain, */*", "Accept-Encoding: gzip, compress, deflate, br", "Accept-Language: de-DE,de;q=0.9", "Cookie: a=b; c=d", "X-Request-Id: 7", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "x-ad-usage: 1", "X-Twice: 1", "X-Twice: 2", "X-Empty:", "Connection: keep-alive"), "text to allowed"),
	sending("wire/curl", "what curl sends", msg(`"type":"text","text":{"body":"hi"}`, "User-Agent: curl/8.9.1", "Accept: */*"), "text to allowed"),
	sending("wire/expect", "a body that waits for 100 Continue", msg(`"type":"text","text":{"body":"hi"}`, "Expect: 100-continue"), "text to allowed"),
	whole("wire/expect-upload", "an upload that waits for 100 Continue", request("POST", media, upload(20_000), asParts, "Expect: 100-continue")),
	sending("wire/jdk", "what the JDK's HttpClient sends: it offers HTTP/2", msg(`"type":"text","text":{"body":"hi"}`, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", "Upgrade: h2c", "User-Agent: Java-http-client/17.0.15"), "text to allowed"),
	whole("wire/jdk-upload", "an upload with the JDK's HttpClient", request("POST", media, upload(20_000), asParts, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", "Upgrade: h2c")),
	whole("wire/jdk-get", "a GET with the JDK's HttpClient", request("GET", "/v25.0/"+number, "", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", "Upgrade: h2c")),
	sending("wire/apache", "what Apache HttpClient 5.4 sends: it offers TLS", msg(`"type":"text","text":{"body":"hi"}`, "Connection: Upgrade, keep-alive", "Upgrade: TLS/1.2", "User-Agent: Apache-HttpClient/5.4 (Java/17.0.15)"), "text to allowed"),
	sending("wire/idempotency", "a key against repetition", msg(`"type":"text","text":{"body":"hi"}`, "Idempotency-Key: 7", "X-Waguard-Note: 1"), "text to allowed"),
	sending("wire/tls", "an upstream that speaks TLS", msg(`"type":"text","text":{"body":"hi"}`, "X-Forwarded-For: 10.0.0.1"), "text to allowed").on(overTLS),

	whole("media/upload", "an upload", request("POST", media, upload(20_000), asParts)),
	whole("media/upload-large", "an upload of 3 MiB", request("POST", media, upload(3*mebibyte), asParts, "Accept-Encoding: br")),
	whole("media/upload-chunked", "an upload of 2 MiB in chunks", chunked("POST", media, []string{asParts}, strings.SplitAfterN(upload(2*mebibyte), "JFIF", 1000)...)),
	whole("media/upload-query", "an upload with messaging_product in the query", request("POST", media+"?messaging_product=whatsapp", multipart([2]string{`Content-Disposition: form-data; name="file"; filename*=UTF-8''%e2%82%ac.pdf; filename="?.pdf"` + "\r\nContent-Type: application/pdf", "%PDF-1.7\n" + fileBytes(5000)}), asParts)),
	whole("media/upload-curl-boundary", "an upload with curl's boundary", request("POST", media, strings.ReplaceAll(upload(5000), "--xx", "--------------------------d74496d66958873e"), "Content-Type: multipart/form-data; boundary=------------------------d74496d66958873e")),
	whole("media/url", "the address of media", request("GET", "/v25.0/1037543291543636?phone_number_id="+number, "")),
	whole("media/download", "a download with a range", request("GET", "/whatsapp_business/attachments/?mid=1037543291543636&ext=1767225600&hash=ATv", "", "Range: bytes=0-1023", "If-None-Match: W/\"1\"", "Accept-Encoding: identity")),
	whole("media/delete", "a deletion", request("DELETE", "/v25.0/1037543291543636", "")),
	whole("media/resumable-start", "the start of an upload in parts", request("POST", "/v25.0/200000000000001/uploads?file_length=10000&file_type=image%2Fjpeg&file_name=a.jpg&access_token=EAAG", "")),
	whole("media/resumable-part", "a part of a file", request("POST", "/v25.0/upload:MTphdHRhY2htZW50Ojk=?sig=ARZ", fileBytes(10_000), "file_offset: 0", "Content-Type: image/jpeg")),
	whole("media/resumable-part-curl", "a part of a file, called a form as curl does", request("POST", "/v25.0/upload:MTphdHRhY2htZW50Ojk=?sig=ARZ", fileBytes(10_000), "file_offset: 0", asForm)),
	whole("media/resumable-large", "a part of 3 MiB without a type", request("POST", "/v25.0/upload:MTphdHRhY2htZW50Ojk=?sig=ARZ", fileBytes(3*mebibyte), "file_offset: 0", asBytes)),

	whole("template-admin/list", "a list of templates", request("GET", "/v25.0/"+waba+"/message_templates?fields=name,language,category,status&limit=100", "")),
	whole("template-admin/create", "a new template", post("/v25.0/"+waba+"/message_templates", `{"name":"new_one","language":"de","category":"MARKETING","parameter_format":"NAMED","components":[{"type":"BODY","text":"Hi {{name}}, method and batch","example":{"body_text_named_params":[{"param_name":"name","example":"Ana"}]}},{"type":"BUTTONS","buttons":[{"type":"URL","text":"Go","url":"https://example.com/{{1}}"}]}]}`)),
	whole("template-admin/create-query", "a new template in the query", request("POST", "/v25.0/"+waba+"/message_templates?name=new_two&language=de&category=UTILITY&components=%5B%7B%22type%22%3A%22BODY%22%2C%22text%22%3A%22x%22%7D%5D", "")),
	whole("template-admin/edit", "a change", post("/v25.0/1667192013751005", `{"category":"UTILITY","components":[{"type":"BODY","text":"Hi"}]}`)),
	whole("template-admin/delete", "a deletion by name", request("DELETE", "/v25.0/"+waba+"/message_templates?name=new_one&hsm_id=1", "")),

	whole("number/read", "the number's data", request("GET", "/v25.0/"+number+"?fields=id,display_phone_number,quality_rating,throughput", "", "Accept-Encoding: gzip, br")),
	whole("number/register", "registration", post(v25+"/register", `{"messaging_product":"whatsapp","pin":"123456"}`)),
	whole("number/register-query", "registration in the query", request("POST", v25+"/register?messaging_product=whatsapp&pin=123456", "")),
	whole("number/request-code", "a code as a form", form(v25+"/request_code", "code_method=SMS&language=de")),
	whole("number/settings", "settings", post(v25+"/settings", `{"calling":{"status":"ENABLED","call_hours":{"status":"DISABLED"}}}`)),
	whole("number/profile", "the profile", post(v25+"/whatsapp_business_profile", pretty(`{"messaging_product":"whatsapp","about":"Hallo 👋","websites":["https://example.com"],"vertical":"RETAIL"}`))),
	whole("number/block", "a block", post(v25+"/block_users", `{"messaging_product":"whatsapp","block_users":[{"user":"+4915199900001"}]}`)),
	whole("number/unblock", "a DELETE with a body", request("DELETE", v25+"/block_users", `{"messaging_product":"whatsapp","block_users":[{"user":"+4915199900001"}]}`, asJSON)),
	whole("number/contact-book", "a pair that is forgotten", request("DELETE", v25+"/contact_book?messaging_product=whatsapp&bsuid=DE.77001122334455", "")),
	whole("number/history", "what became of messages", request("GET", v25+"/message_history?message_id="+url.QueryEscape(wamid), "")),
	whole("number/qr", "a QR code", post(v25+"/message_qrdls", `{"prefilled_message":"Hi","generate_qr_image":"SVG"}`)),
	whole("number/options", "a browser's question", request("OPTIONS", messages, "", "Origin: https://example.com", "Access-Control-Request-Method: POST")),
	whole("waba/subscribe", "a subscription without a body", request("POST", "/v25.0/"+waba+"/subscribed_apps", "")),
	whole("waba/subscribe-override", "a subscription with another address", post("/v25.0/"+waba+"/subscribed_apps", `{"override_callback_uri":"https://example.com/hook","verify_token":"v"}`)),
	whole("waba/signups", "an opt-in link", post("/v25.0/"+waba+"/signups", `{"messaging_product":"whatsapp","name":"Newsletter"}`)),
	whole("waba/analytics", "figures", request("GET", "/v25.0/"+waba+"?fields=analytics.start(1).end(2).granularity(DAY)", "")),
	whole("flow/create", "a Flow", post("/v25.0/"+waba+"/flows", `{"name":"f","categories":["OTHER"],"flow_json":"{\"version\":\"7.0\",\"screens\":[]}","publish":true}`)),
	whole("flow/assets", "a Flow's file", request("POST", "/v25.0/1010101010/assets", multipart(part("name", "flow.json"), part("asset_type", "FLOW_JSON"), [2]string{`Content-Disposition: form-data; name="file"; filename="flow.json"` + "\r\nContent-Type: application/json", pretty(`{"version":"7.0","screens":[{"id":"S","layout":{"type":"SingleColumnLayout","children":[]}}]}`)}), asParts)),
	whole("flow/publish", "a Flow that goes live", request("POST", "/v25.0/1010101010/publish", "")),
	whole("group/create", "a group", post(v25+"/groups", `{"messaging_product":"whatsapp","subject":"Tour","join_approval_mode":"auto_approve"}`)),
	whole("group/participants", "someone who is taken out", request("DELETE", "/v25.0/"+group+"/participants", `{"messaging_product":"whatsapp","participants":[{"user":"4915199900001"}]}`, asJSON)),
	whole("group/invite", "an invitation link", request("GET", "/v25.0/"+group+"/invite_link", "")),
	whole("oauth/token", "a token as a form", form("/v25.0/oauth/access_token", "client_id=1&client_secret=s&grant_type=fb_exchange_token&code=AQ")),
	whole("batch/reading", "a batch that only reads", batch(harmlessElement, `{"method":"GET","relative_url":"`+waba+`/message_templates?limit=1","name":"t","omit_response_on_success":false}`)),
	whole("batch/reading-form", "a batch that only reads, as a form", form("/v25.0/", "access_token=EAAG&include_headers=false&batch="+url.QueryEscape(batchOf(harmlessElement)))),
	sending("batch/sending", "a batch of allowed sends", batch(element(allowed), `{"method":"POST","relative_url":"v25.0/`+number+`/messages","body":`+quoted(text(replier))+`}`), "text to allowed", "text to replier"),

	sending("360dialog/text", "a text the 360dialog way", post("/messages", text(allowed), "D360-API-KEY: SECRET-KEY"), "text to allowed").on(dialog360),
	sending("360dialog/receipt", "a read receipt the 360dialog way", post("/messages", message(`"status":"read","message_id":"`+wamid+`"`), "D360-API-KEY: SECRET-KEY"), "receipt").on(dialog360),
	whole("360dialog/upload", "an upload the 360dialog way", request("POST", "/media", upload(5000), asParts, "D360-API-KEY: SECRET-KEY")).on(dialog360),
	whole("360dialog/templates", "templates the 360dialog way", request("GET", "/v1/configs/templates", "", "D360-API-KEY: SECRET-KEY")).on(dialog360),
	sending("on-premises/text", "a text the On-Premises way", post("/v1/messages", `{"to":"4915112345678","recipient_type":"individual","preview_url":true,"text":{"body":"hi"}}`), "text to allowed").on(onPremises),
	sending("on-premises/hsm", "a template the On-Premises way", post("/v1/messages", `{"to":"4915112345678","ttl":{"seconds":60},"type":"hsm","hsm":{"namespace":"n_1","element_name":"parcel_ready","language":{"policy":"deterministic","code":"de"},"localizable_params":[{"default":"DHL"}]}}`), "hsm parcel_ready/de to allowed").on(onPremises),
	sending("on-premises/receipt", "a read receipt the On-Premises way", request("PUT", "/v1/messages/ABGGFlA5FpafAgo6tHcNmNjXmuSf", `{"status":"read"}`, asJSON), "receipt").on(onPremises),
	whole("on-premises/contacts", "a question for numbers", post("/v1/contacts", `{"blocking":"wait","contacts":["+49 151 12345678"],"force_check":true}`)).on(onPremises),
	whole("on-premises/login", "a login", request("POST", "/v1/users/login", "", "Content-Type: application/json")).on(onPremises),
	whole("on-premises/media", "a file the On-Premises way", request("POST", "/v1/media", fileBytes(20_000), "Content-Type: image/jpeg")).on(onPremises),
}
