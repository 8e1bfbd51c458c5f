package attack

import "strings"

const (
	toAllowed = `"to":"` + allowed + `"`
	toClosed  = `"to":"` + closed + `"`
	body      = `"type":"text","text":{"body":"hi"}`
	sale      = `"template":{"name":"summer_sale","language":{"code":"de"}}`
)

// parcel is a template that replier, who never opted in, may not get and allowed
// may.
func parcel(fields string) string {
	return message(toAllowed + `,"type":"template","template":{` + fields + `}`)
}

// jsonAttacks are JSON bodies that two readers could understand differently, and
// messages that say two things.
var jsonAttacks = []row{
	try("json/duplicate/to-last", "names two recipients, the forbidden last", send(message(toAllowed+`,`+toClosed+`,`+body)), unreadable, "readers take the first or the last"),
	try("json/duplicate/to-first", "names two recipients, the forbidden first", send(message(toClosed+`,`+toAllowed+`,`+body)), unreadable, "readers take the first or the last"),
	try("json/duplicate/to-escaped", "escapes the second key", send(message(toAllowed+`,"\u0074o":"`+closed+`",`+body)), unreadable, "JSON undoes the escape"),
	try("json/duplicate/type", "says text and template", send(message(`"to":"`+replier+`","type":"text","type":"template",`+sale)), unreadable, "readers take the first or the last"),
	try("json/duplicate/template", "writes two templates", send(message(toAllowed+`,"type":"template","template":{"name":"parcel_ready","language":{"code":"de"}},`+sale)), unreadable, "readers take the first or the last"),
	try("json/duplicate/template-name", "writes two names", send(parcel(`"name":"parcel_ready","name":"summer_sale","language":{"code":"de"}`)), unreadable, "readers take the first or the last"),
	try("json/duplicate/language-code", "writes two languages", send(parcel(`"name":"parcel_ready","language":{"code":"de","code":"en_US"}`)), unreadable, "readers take the first or the last"),
	try("json/duplicate/deep", "writes a key twice where no rule looks", send(message(toAllowed+`,"type":"text","text":{"body":"hi","body":"ho"}`)), unreadable, "what was judged must have one meaning"),
	try("json/duplicate/interactive-type", "writes two subtypes", send(message(toAllowed+`,"type":"interactive","interactive":{"type":"button","type":"call_permission_request"}`)), unreadable, "readers take the first or the last"),

	try("json/key/case", "writes To beside to", send(message(toAllowed+`,"To":"`+closed+`",`+body)), unreadable, "some reader folds case"),
	try("json/key/case-alone", "writes TO alone", send(message(`"TO":"`+closed+`",`+body)), unreadable, "some reader folds case"),
	try("json/key/space-behind", "writes a space behind the key", send(message(toAllowed+`,"to ":"`+closed+`",`+body)), unreadable, "some reader trims"),
	try("json/key/space-before", "writes a space before the key", send(message(toAllowed+`," to":"`+closed+`",`+body)), unreadable, "some reader trims"),
	try("json/key/tab", "writes an escaped tab behind the key", send(message(toAllowed+`,"to\t":"`+closed+`",`+body)), unreadable, "some reader trims"),
	try("json/key/nul", "ends the key with a NUL", send(message(toAllowed+`,"to\u0000x":"`+closed+`",`+body)), unreadable, "C strings end there"),
	try("json/key/zero-width", "hides a zero-width space in the key", send(message(toAllowed+",\"t\u200bo\":\""+closed+`",`+body)), unreadable, "some readers drop what is invisible"),
	try("json/key/soft-hyphen", "hides a soft hyphen in the key", send(message(toAllowed+",\"t\u00ado\":\""+closed+`",`+body)), unreadable, "some readers drop what is invisible"),
	try("json/key/full-width", "writes full-width letters", send(message(toAllowed+`,"ｔｏ":"`+closed+`",`+body)), unreadable, "normalisation makes letters of them"),
	try("json/key/long-s", "writes statuſ", send(message(toAllowed+`,"ſtatus":"read",`+body)), unreadable, "folding case makes an s of it"),
	try("json/key/bracket", "writes to[]", send(message(toAllowed+`,"to[]":"`+closed+`",`+body)), unreadable, "some frameworks take brackets apart everywhere"),
	try("json/key/bracket-deep", "writes template[name]", send(message(toAllowed+`,"type":"text","text":{"body":"hi"},"template[name]":"summer_sale"`)), unreadable, "some frameworks take brackets apart everywhere"),
	try("json/key/separator", "writes recipient-type", send(message(toAllowed+`,"recipient-type":"group",`+body)), unreadable, "some frameworks make underscores of hyphens"),
	try("json/key/dot", "writes messaging.product", send(`{"messaging.product":"whatsapp",`+toClosed+`,`+body+`}`), unreadable, "PHP makes underscores of dots"),
	try("json/key/template-name-case", "writes Name beside name", send(parcel(`"name":"parcel_ready","Name":"summer_sale","language":{"code":"de"}`)), unreadable, "some reader folds case"),
	try("json/key/language-code-case", "writes Code beside code", send(parcel(`"name":"parcel_ready","language":{"code":"de","Code":"en_US"}`)), unreadable, "some reader folds case"),
	try("json/key/lone-surrogate", "writes half a surrogate pair behind the key", send(message(toAllowed+`,"to\ud800":"`+closed+`",`+body)), unreadable, "readers drop or replace it"),
	try("json/key/not-utf-8", "writes a byte that is not UTF-8 behind the key", send(message(toAllowed+",\"to\xff\":\""+closed+`",`+body)), unreadable, "readers drop or replace it"),
	try("json/key/unquoted", "leaves the quotes out", send(`{messaging_product:"whatsapp",to:"`+closed+`"}`), unreadable, "some readers allow it"),

	try("json/trailing/object", "writes a second message behind the first", send(text(allowed)+text(closed)), unreadable, "some readers read on"),
	try("json/trailing/lines", "writes one message a line", send(text(allowed)+"\n"+text(closed)+"\n"), unreadable, "some readers read lines"),
	try("json/trailing/garbage", "writes a letter behind the message", send(text(allowed)+"x"), unreadable, "readers stop or fail"),
	try("json/trailing/nul", "writes a NUL behind the message, and another message", send(text(allowed)+"\x00"+text(closed)), unreadable, "C strings end there"),
	try("json/leading/garbage", "writes )]}', before the message", send(")]}',\n"+text(closed)), unreadable, "some readers skip it"),
	try("json/leading/control", "writes a control character before the message", send("\x01"+text(closed)), unreadable, "some readers skip it"),
	try("json/top/array", "posts a list of messages", send("["+text(allowed)+","+text(closed)+"]"), unreadable, "one request, one message"),
	try("json/top/string", "posts a message as JSON in a string", send(quoted(text(closed))), unreadable, "some reader decodes twice"),
	try("json/top/messages", "adds a list of messages", send(message(toAllowed+`,`+body+`,"messages":[`+text(closed)+`]`)), badParameter, "On-Premises relatives send lists"),
	try("json/top/null", "posts null", send("null"), unreadable, "there is no message"),

	try("json/syntax/comment", "hides a recipient behind a comment", send(message(toAllowed+`,`+body+`/*,`+toClosed+`*/`)), unreadable, "some readers allow comments"),
	try("json/syntax/line-comment", "hides a recipient in a line comment", send("{//\n\"messaging_product\":\"whatsapp\","+toClosed+","+body+"}"), unreadable, "some readers allow comments"),
	try("json/syntax/single-quotes", "writes single quotes", send(strings.ReplaceAll(text(closed), `"`, `'`)), unreadable, "some readers allow them"),
	try("json/syntax/trailing-comma", "writes a comma before the end", send(message(toClosed+`,`+body+`,`)), unreadable, "some readers allow it"),
	try("json/syntax/nan", "writes NaN", send(message(toClosed+`,`+body+`,"x":NaN`)), unreadable, "some readers allow it"),
	try("json/syntax/infinity", "writes Infinity", send(message(toClosed+`,`+body+`,"x":-Infinity`)), unreadable, "some readers allow it"),
	try("json/syntax/unfinished", "leaves the end out", send(`{"messaging_product":"whatsapp",`+toClosed+`,`+body), unreadable, "some readers fill it in"),
	try("json/syntax/raw-line", "writes a line feed into a string", send(message(toClosed+`,"type":"text","text":{"body":"a`+"\n"+`b"}`)), unreadable, "some readers allow it"),
	try("json/syntax/hex-escape", `writes \x74o for a key`, send(message(toAllowed+`,"\x74o":"`+closed+`",`+body)), unreadable, "some readers know the escape"),
	try("json/bomb/depth", "nests 100,000 lists", send(message(toAllowed+`,`+body+`,"x":`+strings.Repeat("[", 1e5)+strings.Repeat("]", 1e5))), unreadable, "depth is bounded; nobody's stack overflows"),
	try("json/bomb/depth-elsewhere", "nests 100,000 objects on another node", post("/v25.0/"+number, `{"batch":`+strings.Repeat(`{"a":`, 1e5)+"1"+strings.Repeat("}", 1e5)+"}"), unreadable, "depth is bounded; nobody's stack overflows"),
	try("json/bomb/keys", "writes 50,000 keys", send(message(toAllowed+`,`+body+strings.Repeat(`,"k":1`, 5e4))), unreadable, "the number of keys is bounded"),
	try("json/bomb/values", "writes 200,000 values", send(message(toAllowed+`,`+body+`,"x":[1`+strings.Repeat(",1", 2e5)+"]")), unreadable, "the number of values is bounded"),
	try("json/bomb/number", "writes a number of 100,000 digits", send(message(`"to":`+strings.Repeat("9", 1e5)+`,`+body)), badRecipient, "no number of a person"),

	try("json/to/number", "writes the number without quotes", send(message(`"to":`+closed[1:]+`,`+body)), windowClosed, "an integer is read like its digits"),
	try("json/to/fraction", "writes .0 behind the number", send(message(`"to":`+closed[1:]+`.0,`+body)), badRecipient, "readers keep or drop the fraction"),
	try("json/to/exponent", "writes the number with an exponent", send(message(`"to":4.915199900001e12,`+body)), badRecipient, "readers of floats and of texts differ"),
	try("json/to/exponent-zero", "writes e0 behind the number", send(message(`"to":`+allowed[1:]+`e0,`+body)), badRecipient, "digits taken one by one name somebody else"),
	try("json/to/negative", "writes a minus", send(message(`"to":-`+closed[1:]+`,`+body)), badRecipient, "readers keep or drop the sign"),
	try("json/to/imprecise", "writes more digits than a float holds", send(message(`"to":49151999000010000000001,`+body)), badRecipient, "readers of floats lose digits"),
	try("json/to/array", "writes a list of recipients", send(message(`"to":["`+allowed+`","`+closed+`"],`+body)), badRecipient, "one message, one recipient"),
	try("json/to/array-of-one", "writes a list of one", send(message(`"to":["`+closed+`"],`+body)), badRecipient, "one message, one recipient"),
	try("json/to/object", "writes an object", send(message(`"to":{"phone":"`+closed+`"},`+body)), badRecipient, "not an address"),
	try("json/to/true", "writes true", send(message(`"to":true,`+body)), badRecipient, "not an address"),
	try("json/to/null", "writes null", send(message(`"to":null,`+body)), badRecipient, "there is no recipient"),
	try("json/to/empty", "writes an empty text", send(message(`"to":"",`+body)), badRecipient, "there is no recipient"),
	try("json/to/json-in-string", "writes a JSON list into the text", send(message(`"to":"[\"`+closed+`\"]",`+body)), badRecipient, "some reader decodes twice"),
	try("json/to/comma", "writes two numbers into the text", send(message(`"to":"`+allowed+`,`+closed+`",`+body)), badRecipient, "some reader splits"),
	try("json/to/line-feed", "writes two numbers on two lines", send(message(`"to":"`+allowed+`\n`+closed+`",`+body)), badRecipient, "some reader splits"),
	try("json/to/nul", "writes a NUL and another number", send(message(`"to":"`+closed+`\u0000`+allowed[1:]+`",`+body)), badRecipient, "C strings end there"),
	try("json/to/lone-surrogate", "writes half a surrogate pair", send(message(`"to":"`+closed+`\ud800",`+body)), badRecipient, "readers drop or replace it"),
	try("json/to/not-utf-8", "writes a byte that is not UTF-8", send(message("\"to\":\""+closed+"\xfe\","+body)), unreadable, "readers drop or replace it"),
	try("json/to/overlong", "writes a digit in overlong UTF-8", send(message("\"to\":\"+491519990000\xc0\xb1\","+body)), unreadable, "old decoders make a digit of it"),
	try("json/to/escaped", "escapes the plus", send(message(`"to":"\u002b`+closed[1:]+`",`+body)), windowClosed, "values may be escaped; they are read undone"),

	try("json/type/two-payloads", "says text and adds a template", send(message(`"to":"`+replier+`","type":"text","text":{"body":"hi"},`+sale)), badParameter, "some reader goes by the payload"),
	try("json/type/other-payload", "says text and has a template", send(message(`"to":"`+replier+`","type":"text",`+sale)), badParameter, "some reader goes by the payload"),
	try("json/type/absent", "leaves the type out and has a template", send(message(`"to":"`+replier+`",`+sale)), badParameter, "without a type it is a text; some reader goes by the payload"),
	try("json/type/null", "writes null and has a template", send(message(`"to":"`+replier+`","type":null,`+sale)), badParameter, "without a type it is a text; some reader goes by the payload"),
	try("json/type/capital", "writes Template", send(message(`"to":"`+replier+`","type":"Template",`+sale)), refused(403, "NO_CONSENT"), "some reader folds case, so it is judged as a template"),
	try("json/type/space", "writes a space before template", send(message(`"to":"`+replier+`","type":" template"`)), badParameter, "some reader trims"),
	try("json/type/array", "writes a list of types", send(message(`"to":"`+replier+`","type":["text","template"],"text":{"body":"hi"}`)), badParameter, "readers take the first or fail"),
	try("json/type/number", "writes a number", send(message(`"to":"`+replier+`","type":1,"text":{"body":"hi"}`)), badParameter, "not a type"),
	try("json/type/zero-width", "hides a zero-width space in text", send(message("\"to\":\""+replier+"\",\"type\":\"te\u200bxt\"")), badParameter, "some readers drop what is invisible"),
	try("json/type/unknown", "invents a type for a person who never wrote", send(message(toClosed+`,"type":"hologram","hologram":{"id":"1"}`)), windowClosed, "an unknown type is free-form"),
	try("json/type/hsm", "sends the On-Premises kind of template to someone who said STOP", send(message(`"to":"`+stopped+`","type":"hsm","hsm":{"element_name":"summer_sale","language":{"code":"de"}}`)), optedOut, "a template by another name"),
	try("json/type/image-to-stopped", "sends an image to someone who said STOP", send(image(stopped)), refused(403, "OPTED_OUT"), "STOP closes the window"),
	try("json/status/with-recipient", "hides a message in a read receipt", send(message(`"status":"read","message_id":"wamid.1",`+toClosed+`,`+body)), badParameter, "a reader that ignores status sends it"),
	try("json/status/with-payload", "hides a template in a read receipt", send(message(`"status":"read","message_id":"wamid.1","recipient":"`+closedID+`","type":"template",`+sale)), badParameter, "a reader that ignores status sends it"),
	try("json/status/case", "writes Read", send(message(`"status":"Read","message_id":"wamid.1",`+toClosed+`,`+body)), badParameter, "some reader does not fold case"),
	try("json/status/array", "writes a list", send(message(`"status":["read"],"message_id":"wamid.1",`+toClosed+`,`+body)), badParameter, "readers take the first or fail"),
	try("json/status/typing", "hides a message in a typing indicator", send(message(`"status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"},`+toClosed)), badParameter, "it names nobody"),

	try("json/template/two-names", "writes name and element_name", send(parcel(`"name":"parcel_ready","element_name":"summer_sale","language":{"code":"de"}`)), badParameter, "readers of two APIs take one each"),
	try("json/template/unknown", "sends a template nobody knows", send(template(allowed, "secret_sale")), refused(404, "TEMPLATE_UNKNOWN"), "its category can't be told"),
	try("json/template/name-case", "writes Parcel_Ready", send(template(allowed, "Parcel_Ready")), refused(404, "TEMPLATE_UNKNOWN"), "names have case"),
	try("json/template/name-space", "writes a space behind the name", send(template(allowed, "parcel_ready ")), badParameter, "some reader trims"),
	try("json/template/name-array", "writes a list of names", send(parcel(`"name":["parcel_ready","summer_sale"],"language":{"code":"de"}`)), badParameter, "readers take the first or the last"),
	try("json/template/array", "writes a list of templates", send(message(toAllowed+`,"type":"template","template":[{"name":"parcel_ready","language":{"code":"de"}}]`)), badParameter, "readers take the first or the last"),
	try("json/template/string", "writes the template as JSON in a string", send(message(toAllowed+`,"type":"template","template":`+quoted(`{"name":"summer_sale","language":{"code":"de"}}`))), badParameter, "some reader decodes twice"),
	try("json/template/language-string", "writes the language as a text", send(parcel(`"name":"parcel_ready","language":"de"`)), badParameter, "not as documented"),
	try("json/template/marketing-to-replier", "sends marketing to someone who only wrote", send(template(replier, "summer_sale")), refused(403, "NO_CONSENT"), "an open window is no opt-in"),
	try("json/template/marketing-to-stopped", "sends marketing to someone who said STOP", send(template(stopped, "summer_sale")), optedOut, "STOP is an opt-out"),
	try("json/template/utility-to-stopped", "sends utility to someone who said STOP", send(template(stopped, "parcel_ready")), refused(403, "OPTED_OUT"), "STOP is an opt-out from everything"),
	try("json/template/through-text", "adds the template's fields to a text", send(message(`"to":"`+replier+`","type":"text","text":{"body":"hi","name":"summer_sale","language":{"code":"de"}}`)), judged("text to replier"), "no reader looks for a template in a text"),

	try("json/category/utility", "claims to be utility to leave the window", send(message(toClosed+`,`+body+`,"category":"utility"`)), windowClosed, "Direct Send is not enabled, and a category is not believed"),
	try("json/category/marketing", "claims to be marketing", send(message(toAllowed+`,`+body+`,"category":"marketing"`)), badParameter, "Meta takes no such category here"),
	try("json/category/with-template", "claims that a marketing template is utility", send(message(`"to":"`+stopped+`","type":"template",`+sale+`,"category":"utility"`)), badParameter, "a template has its own category"),
	try("json/category/array", "writes a list of categories", send(message(toClosed+`,`+body+`,"category":["service","utility"]`)), badParameter, "readers take the first or the last"),
	try("json/category/dotless", "writes utılity", send(message(toClosed+`,`+body+`,"category":"utılity"`)), badParameter, "folding case makes an i of it"),

	try("json/recipient-type/group", "calls a person a group", send(message(toClosed+`,"recipient_type":"group",`+body)), badRecipient, "a reader that ignores the type sends it"),
	try("json/recipient-type/digits", "writes digits as a group", send(message(`"to":"`+closed[1:]+`","recipient_type":"group",`+body)), badRecipient, "a reader that ignores the type sends it"),
	try("json/recipient-type/case", "writes Group", send(message(`"to":"`+group+`","recipient_type":"Group",`+body)), refused(403, "GROUPS_REFUSED"), "some reader folds case, so it is judged as a group"),
	try("json/recipient-type/other", "calls it business_scoped_user_id", send(message(`"to":"`+closedID+`","recipient_type":"business_scoped_user_id",`+body)), badParameter, "Meta knows no such type"),
	try("json/recipient-type/real-group", "writes to a group", send(message(`"to":"`+group+`","recipient_type":"group",`+body)), refused(403, "GROUPS_REFUSED"), "the members' consent can't be seen"),
	try("json/product/absent", "leaves messaging_product out", send(`{`+toClosed+`,`+body+`}`), refused(400, "PARAMETER_MISSING"), "a server may not need it"),
	try("json/product/other", "names another product", send(`{"messaging_product":"instagram",`+toClosed+`,`+body+`}`), badParameter, "a server may not care"),
}
