package attack

import (
	"net/url"
	"strings"
)

// element is one element of a batch: a text to somebody.
func element(to string) string {
	return `{"method":"POST","relative_url":"` + number + `/messages","body":` + quoted(textForm("%2B"+to[1:])) + `}`
}

func batchOf(elements ...string) string { return "[" + strings.Join(elements, ",") + "]" }

// batch is a batch in JSON, posted to the root.
func batch(elements ...string) string {
	return post("/", `{"batch":`+batchOf(elements...)+`}`)
}

const harmlessElement = `{"method":"GET","relative_url":"` + number + `?fields=quality_rating"}`

// to is an element with the given address, method POST and a text to a person who
// never wrote.
func to(relativeURL string) string {
	return `{"method":"POST","relative_url":"` + relativeURL + `","body":` + quoted(textForm(escapedTo)) + `}`
}

// batchAttacks are the ways to pack sends into another request.
var batchAttacks = []row{
	try("batch/json", "posts a batch to the root", batch(element(closed)), closedInBatch, "each element is read as a request"),
	try("batch/json/version", "posts a batch to a version", post("/v25.0/", `{"batch":`+batchOf(element(closed))+`}`), closedInBatch, "any node takes a batch"),
	try("batch/json/node", "posts a batch to a node", post("/v25.0/"+number, `{"batch":`+batchOf(element(closed))+`}`), closedInBatch, "any node takes a batch"),
	try("batch/json/media", "posts a batch to /media", post(media, `{"batch":`+batchOf(element(closed))+`}`), closedInBatch, "any node takes a batch"),
	try("batch/json/send-edge", "posts a batch to the send edge", send(`{"batch":`+batchOf(element(allowed))+`}`), badBatch, "it could be read as a batch and as a message"),
	try("batch/json/send-edge-both", "adds a batch to a message", send(message(`"to":"`+allowed+`","type":"text","text":{"body":"hi"},"batch":`+batchOf(element(closed)))), badBatch, "it could be read as a batch and as a message"),
	try("batch/json/string", "writes the batch as JSON in a string", post("/", `{"batch":`+quoted(batchOf(element(closed)))+`}`), closedInBatch, "Graph's SDKs do so"),
	try("batch/json/string-in-string", "writes JSON in a string in a string", post("/", `{"batch":`+quoted(quoted(batchOf(element(closed))))+`}`), badBatch, "some reader decodes twice"),
	try("batch/json/object", "writes an object instead of a list", post("/", `{"batch":{"0":`+element(closed)+`}}`), badBatch, "PHP makes lists of objects"),
	try("batch/json/duplicate", "writes the key twice", post("/", `{"batch":[],"batch":`+batchOf(element(closed))+`}`), unreadable, "readers take the first or the last"),
	try("batch/json/case", "writes Batch", post("/", `{"Batch":`+batchOf(element(closed))+`}`), badBatch, "some reader folds case"),
	try("batch/json/space", "writes a space behind the key", post("/", `{"batch ":`+batchOf(element(closed))+`}`), badBatch, "some reader trims"),
	try("batch/json/escaped", "escapes the key", post("/", `{"b\u0061tch":`+batchOf(element(closed))+`}`), badBatch, "JSON undoes the escape"),
	try("batch/json/invisible", "hides a zero-width space in the key", post("/", "{\"ba\u200btch\":"+batchOf(element(closed))+"}"), badBatch, "some readers drop what is invisible"),
	try("batch/json/other-name", "calls it asyncbatch", post("/", `{"asyncbatch":`+batchOf(element(closed))+`}`), badBatch, "Graph has more parameters that take batches"),
	try("batch/json/nul", "ends the key with a NUL", post("/", `{"batch\u0000x":`+batchOf(element(closed))+`}`), badBatch, "C strings end there"),
	try("batch/json/array-body", "posts the list without a key", post("/", batchOf(element(closed))), unreadable, "a reader may take it for the batch"),
	try("batch/json/in-array", "posts a list that holds the object", post("/", `[{"batch":`+batchOf(element(closed))+`}]`), unreadable, "some readers take the first of a list"),
	try("batch/json/second-value", "writes a second object behind the first", post("/", `{"a":1}{"batch":`+batchOf(element(closed))+`}`), unreadable, "some readers read on"),
	try("batch/json/as-string-body", "posts JSON in a string", post("/", quoted(`{"batch":`+batchOf(element(closed))+`}`)), unreadable, "some reader decodes twice"),
	try("batch/json/comment", "opens with a comment", post("/", `/* */{"batch":`+batchOf(element(closed))+`}`), unreadable, "some readers allow comments"),
	try("batch/json/plain", "calls it text", request("POST", "/", `{"batch":`+batchOf(element(closed))+`}`, asPlain), closedInBatch, "a server may read it as JSON"),
	try("batch/json/untyped", "leaves the type out", request("POST", "/", `{"batch":`+batchOf(element(closed))+`}`), closedInBatch, "a server may read it as JSON"),
	try("batch/json/bytes", "calls it bytes", request("POST", "/", `{"batch":`+batchOf(element(closed))+`}`, asBytes), badEncoding, "a server may read it as JSON"),
	try("batch/json/image", "calls it an image", request("POST", media, `{"batch":`+batchOf(element(closed))+`}`, "Content-Type: image/png"), badEncoding, "a server may read it as JSON"),
	try("batch/json/html", "calls it HTML", request("POST", "/", `{"batch":`+batchOf(element(closed))+`}`, "Content-Type: text/html"), badEncoding, "a server may read it as JSON"),
	try("batch/json/form", "calls it a form", form("/", `{"batch":`+batchOf(element(closed))+`}`), unreadable, "readers guess differently"),
	try("batch/put", "sends it with PUT", request("PUT", "/", `{"batch":`+batchOf(element(closed))+`}`, asJSON), badBatch, "a server may not care for the method"),
	try("batch/delete", "sends it with DELETE", request("DELETE", "/v25.0/"+number, `{"batch":`+batchOf(element(closed))+`}`, asJSON), badBatch, "a server may not care for the method"),

	try("batch/form", "posts a batch as a form", form("/", "batch="+url.QueryEscape(batchOf(element(closed)))), closedInBatch, "the usual way of old SDKs"),
	try("batch/form/duplicate", "writes the field twice", form("/", "batch=[]&batch="+url.QueryEscape(batchOf(element(closed)))), badBatch, "readers take the first or the last"),
	try("batch/form/escaped", "escapes the name", form("/", "b%61tch="+url.QueryEscape(batchOf(element(closed)))), closedInBatch, "names are decoded"),
	try("batch/form/brackets", "writes batch[0][method]", form("/", "batch[0][method]=POST&batch[0][relative_url]="+number+"/messages&batch[0][body]="+url.QueryEscape(textForm(escapedTo))), badBatch, "readers take brackets apart differently"),
	try("batch/form/semicolon", "hides it behind a semicolon", form("/", "a=1;batch="+url.QueryEscape(batchOf(element(closed)))), badBatch, "some readers split at semicolons"),
	try("batch/form/plain", "calls the form text", request("POST", "/", "batch="+url.QueryEscape(batchOf(element(closed))), asPlain), unreadable, "a server may read it as a form"),
	try("batch/form/bytes", "calls the form bytes", request("POST", "/", "batch="+url.QueryEscape(batchOf(element(closed))), asBytes), badEncoding, "a server may read it as a form"),
	try("batch/query", "puts the batch into the query", request("POST", "/?batch="+url.QueryEscape(batchOf(element(closed))), ""), closedInBatch, "parameters are merged from query and body"),
	try("batch/query/get", "puts the batch into the query of a GET", request("GET", "/?batch="+url.QueryEscape(batchOf(element(closed))), ""), badBatch, "a server may not care for the method"),
	try("batch/query/send-edge", "puts a batch into the query of a send", post(messages+"?batch="+url.QueryEscape(batchOf(element(closed))), text(allowed)), badBatch, "it could be read as a batch and as a message"),
	try("batch/query/and-body", "puts one batch into the query and one into the body", post("/?batch=[]", `{"batch":`+batchOf(element(closed))+`}`), badBatch, "nobody knows which wins"),
	try("batch/query/and-file", "puts a batch into the query of an upload", request("POST", media+"?batch="+url.QueryEscape(batchOf(element(closed))), multipart(part("type", "image/png")), asParts), badBatch, "elements can attach the files"),
	try("batch/query/escaped", "escapes the name", request("POST", "/?%62atch="+url.QueryEscape(batchOf(element(closed))), ""), closedInBatch, "names are decoded"),
	try("batch/query/hidden", "hides the query behind an escaped question mark", request("POST", "/v25.0/%3Fbatch="+url.QueryEscape(url.QueryEscape(batchOf(element(closed)))), ""), ambiguousPath, "a second decoding makes a query of it"),

	try("batch/element/mixed", "packs a forbidden text between two allowed", batch(element(allowed), element(closed), element(allowed)), closedInBatch, "nothing is sent by halves"),
	try("batch/element/mixed-harmless", "packs a forbidden text behind readings", batch(harmlessElement, harmlessElement, element(closed)), closedInBatch, "nothing is sent by halves"),
	try("batch/element/allowed", "packs two allowed texts", batch(element(allowed), element(replier)), judged("text to allowed", "text to replier"), "each is judged like a message of its own"),
	try("batch/element/json-body", "writes the body of an element as JSON", batch(`{"method":"POST","relative_url":"`+number+`/messages","body":`+quoted(text(closed))+`}`), closedInBatch, "Graph reads both"),
	try("batch/element/hidden-form", "writes the body as JSON with a form in its words", batch(`{"method":"POST","relative_url":"`+number+`/messages","body":`+quoted(hiddenForm)+`}`), badBatch, "a body without a type could be read as a form"),
	try("batch/element/object-body", "writes the body as an object", batch(`{"method":"POST","relative_url":"`+number+`/messages","body":`+text(closed)+`}`), badBatch, "the body is a string"),
	try("batch/element/duplicate-key", "names two bodies", batch(`{"method":"POST","relative_url":"`+number+`/messages","body":`+quoted(textForm("%2B"+allowed[1:]))+`,"body":`+quoted(textForm(escapedTo))+`}`), unreadable, "readers take the first or the last"),
	try("batch/element/key-case", "names a second Relative_URL", batch(`{"method":"GET","relative_url":"me","Relative_URL":"`+number+`/messages","body":`+quoted(textForm(escapedTo))+`}`), badBatch, "some reader folds case"),
	try("batch/element/query-fields", "puts the message into the query of the address", batch(`{"method":"POST","relative_url":"`+number+`/messages?`+textForm(escapedTo)+`"}`), badBatch, "only a body may hold a message"),
	try("batch/element/method-parameter", "asks for POST in the query of the address", batch(`{"method":"GET","relative_url":"`+number+`/messages?method=post&`+textForm(escapedTo)+`"}`), badBatch, "what holds for requests holds for elements"),
	try("batch/element/method-in-body", "asks for POST in the body", batch(`{"method":"DELETE","relative_url":"`+number+`","body":"method=post"}`), badBatch, "what holds for requests holds for elements"),
	try("batch/element/get-with-body", "writes GET and a body", batch(`{"method":"GET","relative_url":"`+number+`/messages","body":`+quoted(textForm(escapedTo))+`}`), badBatch, "some servers read the body whatever the method"),
	try("batch/element/no-method", "leaves the method out", batch(`{"relative_url":"`+number+`/messages","body":`+quoted(textForm(escapedTo))+`}`), badBatch, "readers choose one themselves"),
	try("batch/element/method-lower-case", "writes post", batch(strings.Replace(element(closed), "POST", "post", 1)), closedInBatch, "Graph folds it; it is judged as POST"),
	try("batch/element/version", "writes the address with a version", batch(to("v25.0/"+number+"/messages")), closedInBatch, "the usual address of the edge"),
	try("batch/element/leading-slash", "writes the address with a slash", batch(to("/v25.0/"+number+"/messages")), closedInBatch, "the usual address of the edge"),
	try("batch/element/full-address", "writes a full address", batch(to("https://graph.facebook.com/v25.0/"+number+"/messages")), badBatch, "some reader takes its path"),
	try("batch/element/other-host", "writes an address on another host", batch(to("//graph.beta.facebook.com/v25.0/"+number+"/messages")), badBatch, "some reader takes its path"),
	try("batch/element/case", "writes Messages", batch(to(number+"/Messages")), badBatch, "some reader folds case"),
	try("batch/element/escaped-slash", "escapes the slash", batch(to(number+"%2Fmessages")), badBatch, "readers decode, then split"),
	try("batch/element/dots", "walks up", batch(to(number+"/media/../messages")), badBatch, "readers remove dot segments"),
	try("batch/element/backslash", "writes a backslash", batch(to(number+`\\messages`)), badBatch, "some readers take it for a slash"),
	try("batch/element/space", "starts the address with a space", batch(to(" "+number+"/messages")), badBatch, "some readers trim"),
	try("batch/element/json-escape", "escapes a letter of the address", batch(to(number+`/m\u0065ssages`)), closedInBatch, "JSON undoes the escape; it is read undone"),
	try("batch/element/encrypted", "packs what nobody can read", batch(to(number+"/messages_encrypted")), badBatch, "what can't be read can't be judged"),
	try("batch/element/me", "packs a send from me", batch(to("me/messages")), badBatch, "an alias that the gateway can't tie to a number"),
	try("batch/element/nested", "packs a batch into an element", batch(`{"method":"POST","relative_url":"/","body":`+quoted("batch="+url.QueryEscape(batchOf(element(closed))))+`}`), badBatch, "a batch in a batch"),
	try("batch/element/nested-json", "packs a JSON batch into an element", batch(`{"method":"POST","relative_url":"/","body":`+quoted(`{"batch":`+batchOf(element(closed))+`}`)+`}`), badBatch, "a batch in a batch"),
	try("batch/element/nested-query", "packs a batch into the query of an address", batch(`{"method":"POST","relative_url":"?batch=`+url.QueryEscape(batchOf(element(closed)))+`"}`), badBatch, "a batch in a batch"),
	try("batch/element/nested-field", "gives an element a batch of its own", batch(`{"method":"GET","relative_url":"me","batch":`+batchOf(element(closed))+`}`), badBatch, "a batch in a batch"),
	try("batch/element/nested-list", "packs a list into the list", post("/", `{"batch":[`+batchOf(element(closed))+`]}`), badBatch, "some readers flatten it"),
	try("batch/element/reference-recipient", "takes the recipient from another answer", batch(`{"method":"GET","relative_url":"me","name":"who"}`, `{"method":"POST","relative_url":"`+number+`/messages","body":`+quoted("messaging_product=whatsapp&to={result=who:$.phone}&type=text&text=%7B%22body%22%3A%22hi%22%7D")+`}`),
		badBatch, "nobody can see who it is"),
	try("batch/element/reference-escaped", "escapes the reference", batch(`{"method":"GET","relative_url":"me","name":"who"}`, `{"method":"POST","relative_url":"`+number+`/messages","body":"messaging_product=whatsapp&to=%7Bresult%3Dwho%3A%24.phone%7D&type=text&text=%7B%7D"}`),
		badBatch, "nobody can see who it is"),
	try("batch/element/reference-address", "takes the edge from another answer", batch(`{"method":"GET","relative_url":"me","name":"edge"}`, to(number+"/{result=edge:$.name}")), badBatch, "nobody can see where it goes"),
	try("batch/element/depends-on", "makes a text depend on a reading", batch(`{"method":"GET","relative_url":"me","name":"first"}`, strings.Replace(element(closed), "{", `{"depends_on":"first",`, 1)), closedInBatch, "the text is judged as it stands"),
	try("batch/element/attached-files", "attaches a file", batch(strings.Replace(element(allowed), "{", `{"attached_files":"file1",`, 1)), badBatch, "the file becomes a parameter"),
	try("batch/element/headers", "gives an element header fields", batch(strings.Replace(element(allowed), "{", `{"headers":["Content-Type: application/json"],`, 1)), badBatch, "they change how the body is read"),
	try("batch/element/override-header", "asks for POST in a header field of an element", batch(`{"method":"GET","relative_url":"`+number+`/messages","headers":["X-HTTP-Method-Override: POST"],"body":""}`), badBatch, "frameworks obey it"),
	try("batch/element/unknown-number", "sends from a number that is not configured", batch(strings.Replace(element(allowed), number, "104455660000", 1)), refusedBatch("SENDER_UNKNOWN"), "consent given to one business is none for another"),
	try("batch/size/51", "packs 51 elements", batch(strings.Split(strings.Repeat(harmlessElement+"|", 50)+harmlessElement, "|")...), badBatch, "Meta takes 50"),
	try("batch/size/51-last", "hides a text in element 51", batch(append(strings.Split(strings.Repeat(harmlessElement+"|", 49)+harmlessElement, "|"), element(closed))...), badBatch, "Meta takes 50; a gateway that read only those would be blind to it"),
	try("batch/empty", "packs nothing", post("/", `{"batch":[]}`), harmless(), "nothing is in it"),
	try("batch/dialect", "packs a text by 360dialog's address", post("/", `{"batch":`+batchOf(to("messages"))+`}`), closedInBatch, "the configured number's rules hold").on(dialog360),
}
