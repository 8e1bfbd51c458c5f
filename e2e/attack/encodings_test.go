package attack

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// packed compresses a body.
func packed(s string, gzipped bool) string {
	var b bytes.Buffer
	if gzipped {
		w := gzip.NewWriter(&b)
		w.Write([]byte(s)) // into memory
		w.Close()
		return b.String()
	}
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		panic(err) // the level exists
	}
	w.Write([]byte(s)) // into memory
	w.Close()
	return b.String()
}

// zlibbed compresses a body with a header of two bytes.
func zlibbed(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(s)) // into memory
	w.Close()
	return b.String()
}

// wide is a body in UTF-16 or, with 4 bytes, UTF-32.
func wide(s string, order binary.AppendByteOrder, size int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if size == 4 {
			b = order.AppendUint32(b, uint32(u))
		} else {
			b = order.AppendUint16(b, u)
		}
	}
	return string(b)
}

// anyPost is a POST of a body to the send edge with the given content type.
func anyPost(contentType, body string) string {
	return request("POST", messages, body, "Content-Type: "+contentType)
}

// hiddenForm is a text to the allowed person whose words are a form that sends
// to another.
var hiddenForm = message(`"to":"` + allowed + `","type":"text","text":{"body":"x&` + textForm(escapedTo) + `&y"}`)

// encodingAttacks are the ways to write a send so that the gateway reads another
// one than the upstream, or none.
var encodingAttacks = []row{
	try("encoding/form/closed", "sends a form to a person who never wrote", form(messages, textForm(escapedTo)), windowClosed, "forms are read like JSON"),
	try("encoding/form/allowed", "sends a form to a person who may be sent to", form(messages, textForm("%2B"+allowed[1:])), judged("text to allowed"), "forms are read like JSON, and pass as they are"),
	try("encoding/form/plus-is-space", "writes the plus unescaped, so that it is a space", form(messages, textForm(allowed)), judged("text to allowed"), "the digits are read without a plus; they are the same person's"),
	try("encoding/form/template", "sends marketing by form to someone who said STOP", form(messages, "messaging_product=whatsapp&to="+stopped[1:]+"&type=template&template=%7B%22name%22%3A%22summer_sale%22%2C%22language%22%3A%7B%22code%22%3A%22de%22%7D%7D"),
		optedOut, "objects in forms are read as JSON"),
	try("encoding/form/duplicate", "names two recipients", form(messages, textForm("%2B"+allowed[1:])+"&to="+escapedTo), unreadable, "readers take the first, the last or both"),
	try("encoding/form/duplicate-first", "names two recipients, the forbidden first", form(messages, "to="+escapedTo+"&"+textForm("%2B"+allowed[1:])), unreadable, "readers take the first, the last or both"),
	try("encoding/form/brackets", "writes text[body]", form(messages, "messaging_product=whatsapp&to="+escapedTo+"&type=text&text[body]=hi"), unreadable, "readers take brackets apart differently"),
	try("encoding/form/escaped-brackets", "writes text%5Bbody%5D", form(messages, "messaging_product=whatsapp&to="+escapedTo+"&type=text&text%5Bbody%5D=hi"), unreadable, "readers take brackets apart differently"),
	try("encoding/form/list", "writes to[]", form(messages, textForm("%2B"+allowed[1:])+"&to[]="+escapedTo), unreadable, "PHP makes a list that replaces the text"),
	try("encoding/form/escaped-name", "escapes the name of a field", form(messages, textForm("%2B"+allowed[1:])+"&%74o="+escapedTo), unreadable, "names are decoded"),
	try("encoding/form/case", "writes To beside to", form(messages, textForm("%2B"+allowed[1:])+"&To="+escapedTo), unreadable, "some reader folds case"),
	try("encoding/form/semicolon", "hides a field behind a semicolon", form(messages, textForm("%2B"+allowed[1:])+";to="+escapedTo), unreadable, "some readers split at semicolons"),
	try("encoding/form/object-ends-early", "closes the object in a field and adds a recipient", form(messages, "messaging_product=whatsapp&to=%2B"+allowed[1:]+`&type=text&text=%7B%22body%22%3A%22hi%22%7D%2C%22to%22%3A%22`+escapedTo+`%22`),
		unreadable, "the value must be JSON by itself"),
	try("encoding/form/recipient-list", "writes a JSON list into to", form(messages, textForm("%5B%22"+escapedTo+"%22%5D")), badRecipient, "a reader that tries JSON finds a number in it"),
	try("encoding/form/recipient-number-list", "writes several numbers into to", form(messages, textForm("%2B"+allowed[1:]+"%2C"+escapedTo)), badRecipient, "a reader may split at the comma"),
	try("encoding/form/not-utf-8", "writes a byte that is not UTF-8", form(messages, textForm("%2B"+closed[1:]+"%ff")), unreadable, "readers drop it or not"),
	try("encoding/form/nul", "ends the number with a NUL", form(messages, textForm("%2B"+closed[1:]+"%00x")), unreadable, "C strings end there"),
	try("encoding/form/charset", "says the form is in UTF-16", request("POST", messages, textForm(escapedTo), asForm+"; charset=utf-16"), badEncoding, "only UTF-8 is read"),
	try("encoding/form/json-body", "calls JSON a form", form(messages, text(closed)), unreadable, "readers guess differently"),

	try("encoding/multipart/send", "sends with parts", request("POST", messages, multipart(part("messaging_product", "whatsapp"), part("to", closed), part("type", "text"), part("text", `{"body":"hi"}`)), asParts),
		badEncoding, "parts can be written in too many ways; messages need none"),
	try("encoding/multipart/no-boundary", "leaves the boundary out", request("POST", messages, multipart(part("to", closed)), "Content-Type: multipart/form-data"), badEncoding, "some readers take it from the body"),
	try("encoding/multipart/related", "calls it multipart/related", request("POST", messages, multipart(part("to", closed)), "Content-Type: multipart/related; boundary=xx"), badEncoding, "some readers take any multipart"),
	try("encoding/multipart/capitals", "writes Multipart/Form-Data", request("POST", messages, multipart(part("to", closed)), "Content-Type: Multipart/Form-Data; Boundary=xx"), badEncoding, "types have no case"),
	try("encoding/multipart/batch", "puts a batch into a part of an upload", request("POST", media, multipart(part("batch", batchOf(element(closed)))), asParts), badBatch, "parts are parameters"),
	try("encoding/multipart/batch-list", "writes batch[0][method] as names of parts", request("POST", media, multipart(part("batch[0][method]", "POST"), part("batch[0][relative_url]", number+"/messages"), part("batch[0][body]", textForm(escapedTo))), asParts),
		badBatch, "brackets make a list"),
	try("encoding/multipart/batch-extended-name", "encodes the name of the part", request("POST", media, multipart([2]string{"Content-Disposition: form-data; name*=utf-8''%62atch", batchOf(element(closed))}), asParts), unreadable, "some readers decode it"),
	try("encoding/multipart/batch-second-name", "names the part twice", request("POST", media, multipart([2]string{`Content-Disposition: form-data; name="file"; name="batch"`, batchOf(element(closed))}), asParts), badBatch, "readers take the first or the last"),
	try("encoding/multipart/other-boundary", "splits the body by another boundary than the type names", request("POST", media, strings.ReplaceAll(multipart(part("batch", batchOf(element(closed)))), "--xx", "--yy"), asParts),
		unreadable, "a reader that takes the boundary from the body finds a batch"),
	try("encoding/multipart/two-boundaries", "names two boundaries", request("POST", media, strings.ReplaceAll(multipart(part("batch", batchOf(element(closed)))), "--xx", "--yy"), asParts+"; boundary=yy"), badEncoding, "readers take the first or the last"),
	try("encoding/multipart/nested", "nests a multipart in a part", request("POST", media, multipart([2]string{`Content-Disposition: form-data; name="file"` + "\r\nContent-Type: multipart/mixed; boundary=yy", "--yy\r\n" + `Content-Disposition: form-data; name="batch"` + "\r\n\r\n" + batchOf(element(closed)) + "\r\n--yy--"}), asParts),
		unreadable, "some readers flatten it"),
	try("encoding/multipart/preamble", "writes a part before the first boundary", request("POST", media, `Content-Disposition: form-data; name="batch"`+"\r\n\r\n"+batchOf(element(closed))+"\r\n"+multipart(part("type", "image/png")), asParts),
		unreadable, "readers should skip it; not all do"),

	try("encoding/query/to", "names another recipient in the query", post(messages+"?to="+escapedTo, text(allowed)), badParameter, "nobody knows whether the query or the body wins"),
	try("encoding/query/recipient", "names a user id in the query", post(messages+"?recipient="+closedID, text(allowed)), badParameter, "nobody knows whether the query or the body wins"),
	try("encoding/query/escaped", "escapes the name", post(messages+"?%74o="+escapedTo, text(allowed)), badParameter, "names are decoded"),
	try("encoding/query/case", "writes TO", post(messages+"?TO="+escapedTo, text(allowed)), badParameter, "some reader folds case"),
	try("encoding/query/brackets", "names another template in the query", post(messages+"?template[name]=summer_sale", template(allowed, "parcel_ready")), badParameter, "nobody knows whether the query or the body wins"),
	try("encoding/query/type", "changes the type in the query", post(messages+"?type=template", text(replier)), badParameter, "nobody knows whether the query or the body wins"),
	try("encoding/query/category", "adds a category in the query", post(messages+"?category=utility", text(allowed)), badParameter, "it would be another kind of message"),
	try("encoding/query/all", "puts the whole message into the query", post(messages+"?"+textForm(escapedTo), ""), badParameter, "only a body may hold a message"),
	try("encoding/query/product", "puts messaging_product into the query", post(messages+"?messaging_product=whatsapp", text(allowed)), badParameter, "a field of the message like the others"),
	try("encoding/query/second-question-mark", "hides the name behind a question mark", post(messages+"?a=1?&to="+escapedTo, text(allowed)), badParameter, "readers split differently"),
	try("encoding/query/invisible", "hides a zero-width space in the name", post(messages+"?t%E2%80%8Bo="+escapedTo, text(allowed)), badParameter, "some readers drop what is invisible"),
	try("encoding/query/fragment", "hides the query behind a fragment", post(messages+"?a=1#&to="+escapedTo, text(allowed)), badParameter, "servers cut fragments off, or don't"),

	try("encoding/compressed/gzip", "sends gzip", request("POST", messages, packed(text(closed), true), asJSON, "Content-Encoding: gzip"), badEncoding, "what is judged must be what is read upstream"),
	try("encoding/compressed/deflate", "sends deflate", request("POST", messages, packed(text(closed), false), asJSON, "Content-Encoding: deflate"), badEncoding, "what is judged must be what is read upstream"),
	try("encoding/compressed/br", "says br", request("POST", messages, text(allowed), asJSON, "Content-Encoding: br"), badEncoding, "what is judged must be what is read upstream"),
	try("encoding/compressed/x-gzip", "says x-gzip", request("POST", messages, packed(text(closed), true), asJSON, "Content-Encoding: x-gzip"), badEncoding, "another name of gzip"),
	try("encoding/compressed/list", "says identity, gzip", request("POST", messages, packed(text(closed), true), asJSON, "Content-Encoding: identity, gzip"), badEncoding, "a list of encodings"),
	try("encoding/compressed/two-fields", "says identity, and in a second field gzip", request("POST", messages, packed(text(closed), true), asJSON, "Content-Encoding: identity", "Content-Encoding: gzip"), badEncoding, "readers take the first, the last or both"),
	try("encoding/compressed/underscore", "writes Content_Encoding: gzip", request("POST", messages, packed(text(closed), true), asJSON, "Content_Encoding: gzip"), badEncoding, "Caddy drops the field, and the body is compressed all the same"),
	try("encoding/compressed/unannounced", "sends gzip without saying so", request("POST", messages, packed(text(closed), true), asJSON), badEncoding, "a server may look at the first bytes"),
	try("encoding/compressed/elsewhere", "sends a compressed batch to the root", request("POST", "/", packed(`{"batch":`+batchOf(element(closed))+`}`, true), asJSON, "Content-Encoding: gzip"), badEncoding, "nobody can see what it is"),
	try("encoding/compressed/elsewhere-unannounced", "sends a compressed batch to the root without saying so", request("POST", "/", packed(`{"batch":`+batchOf(element(closed))+`}`, true), asJSON), badEncoding, "a server may look at the first bytes"),
	try("encoding/compressed/elsewhere-bytes", "calls a compressed batch bytes", request("POST", "/", packed(`{"batch":`+batchOf(element(closed))+`}`, true), asBytes), badEncoding, "a server may look at the first bytes"),
	try("encoding/compressed/elsewhere-zlib", "sends a batch in zlib to the root without saying so", request("POST", "/", zlibbed(`{"batch":`+batchOf(element(closed))+`}`), asBytes), badEncoding, "a server may look at the first bytes"),
	try("encoding/compressed/identity", "says identity", send(text(allowed), "Content-Encoding: identity"), judged("text to allowed"), "it says that nothing was done"),

	try("encoding/charset/bom", "starts with a byte order mark", send("\ufeff"+text(closed)), badEncoding, "readers skip it or fail"),
	try("encoding/charset/utf-16-le", "sends UTF-16, little end first", anyPost("application/json; charset=utf-16", "\xff\xfe"+wide(text(closed), binary.LittleEndian, 2)), badEncoding, "only UTF-8 is read"),
	try("encoding/charset/utf-16-be", "sends UTF-16, big end first", send("\xfe\xff"+wide(text(closed), binary.BigEndian, 2)), badEncoding, "only UTF-8 is read"),
	try("encoding/charset/utf-16-unmarked", "sends UTF-16 without a mark", send(wide(text(closed), binary.LittleEndian, 2)), badEncoding, "readers guess by the zeros"),
	try("encoding/charset/utf-32", "sends UTF-32", send(wide(text(closed), binary.BigEndian, 4)), badEncoding, "readers guess by the zeros"),
	try("encoding/charset/utf-16-batch", "sends a batch in UTF-16 to the root", post("/", wide(`{"batch":`+batchOf(element(closed))+`}`, binary.LittleEndian, 2)), unreadable, "only UTF-8 is read"),
	try("encoding/charset/utf-16-batch-bytes", "calls a batch in UTF-16 bytes", request("POST", "/", wide(`{"batch":`+batchOf(element(closed))+`}`, binary.LittleEndian, 2), asBytes), badEncoding, "a reader may look at the bytes"),
	try("encoding/charset/says-utf-16", "says UTF-16 and sends UTF-8", anyPost("application/json; charset=utf-16", text(allowed)), badEncoding, "a reader that believes it reads something else"),
	try("encoding/charset/latin-1", "says ISO-8859-1", anyPost("application/json; charset=iso-8859-1", text(allowed)), badEncoding, "JSON is UTF-8"),
	try("encoding/charset/utf-7", "says UTF-7, in which +ACI- is a quote", anyPost("application/json; charset=utf-7", text(allowed)), badEncoding, "a reader that believes it reads something else"),
	try("encoding/charset/ebcdic-elsewhere", "says IBM037 on the root", request("POST", "/", `{"a":1}`, asJSON+"; charset=ibm037"), badEncoding, "a search for words would find nothing"),

	try("encoding/type/none", "leaves the content type out", request("POST", messages, text(closed)), windowClosed, "JSON is read as JSON"),
	try("encoding/type/plain", "calls JSON text", request("POST", messages, text(closed), asPlain), windowClosed, "a server may read it as JSON"),
	try("encoding/type/plain-form", "calls a form text", request("POST", messages, textForm(escapedTo), asPlain), unreadable, "a server may read it as a form"),
	try("encoding/type/none-form", "sends a form without a type", request("POST", messages, textForm(escapedTo)), unreadable, "a server may read it as a form"),
	try("encoding/type/plain-hidden-form", "calls JSON text and hides a form in the words", request("POST", messages, hiddenForm, asPlain), unreadable, "a server that reads a form finds another recipient"),
	try("encoding/type/none-hidden-form", "leaves the type out and hides a form in the words", request("POST", messages, hiddenForm), unreadable, "a server that reads a form finds another recipient"),
	try("encoding/type/json-hidden-form", "hides a form in the words of JSON", send(hiddenForm), judged("text to allowed"), "what says it is JSON and is JSON is nothing else"),
	try("encoding/type/vendor-hidden-form", "says application/vnd.api+json and hides a form in the words", anyPost("application/vnd.api+json", hiddenForm), badEncoding, "a server that does not know the type may read a form"),
	try("encoding/type/bytes", "calls JSON bytes", request("POST", messages, text(closed), asBytes), badEncoding, "a server may read it as JSON"),
	try("encoding/type/html", "calls JSON HTML", anyPost("text/html", text(closed)), badEncoding, "a server may read it as JSON"),
	try("encoding/type/xml", "sends XML", anyPost("application/xml", "<to>"+closed+"</to>"), badEncoding, "no message is read from it"),
	try("encoding/type/image", "calls JSON an image", anyPost("image/png", text(closed)), badEncoding, "a server may read it as JSON"),
	try("encoding/type/two-fields", "names two content types", request("POST", messages, textForm(escapedTo), asJSON, asForm), badEncoding, "readers take the first, the last or both"),
	try("encoding/type/two-fields-same", "names one content type twice", request("POST", messages, text(allowed), asJSON, asJSON), badEncoding, "not an honest request, and nothing is gained"),
	try("encoding/type/list", "names two content types in one field", anyPost("application/json, application/x-www-form-urlencoded", hiddenForm), badEncoding, "readers take the first or the last"),
	try("encoding/type/underscore", "writes Content_Type beside Content-Type", request("POST", messages, hiddenForm, asJSON, "Content_Type: application/x-www-form-urlencoded"), judged("text to allowed"), "gateway interfaces make the names equal, so Caddy drops the field"),
	try("encoding/type/underscore-alone", "writes Content_Type alone", request("POST", messages, hiddenForm, "Content_Type: application/json"), unreadable, "most servers see no type and may read a form"),
	try("encoding/type/broken", "breaks the type", anyPost("application", text(closed)), badEncoding, "readers guess"),
	try("encoding/type/prefix", "calls it application/jsonx", anyPost("application/jsonx", text(closed)), badEncoding, "readers compare beginnings"),
	try("encoding/type/case", "writes Application/JSON", anyPost("Application/JSON", text(closed)), windowClosed, "types have no case"),
	try("encoding/type/parameter-form", "hides the form type in a parameter", anyPost(`application/json; x="application/x-www-form-urlencoded"`, hiddenForm), badEncoding, "servers that search for a type find it behind the semicolon too"),
	try("encoding/empty", "sends nothing", request("POST", messages, ""), unreadable, "there is no message"),
	try("encoding/spaces", "sends spaces", send("   \r\n"), unreadable, "there is no message"),
}
