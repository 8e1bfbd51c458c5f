package attack

import (
	"net/url"
	"strings"
)

// hidden is a batch with a text to a person who never wrote.
var hidden = batchOf(element(closed))

// session is where a file goes in parts, or whole.
const session = "/v25.0/upload:MTphdHRhY2htZW50Ojk=?sig=ARZ"

// node is where a batch is taken.
const node = "/v25.0/"

// inParts is a POST of a body of parts with a content type of one's own.
func inParts(contentType, body string) string {
	return request("POST", node, body, "Content-Type: "+contentType)
}

// split is a POST of a body of parts, split by "xx" as its content type says.
func split(body string) string { return request("POST", node, body, asParts) }

// hiddenPart is a body with a batch in a part with this header, split by "xx".
func hiddenPart(header string) string { return multipart([2]string{header, hidden}) }

// named is the usual header of a part called batch.
const named = `Content-Disposition: form-data; name="batch"`

// otherBoundary is a body whose parts between "xx" are harmless, and those between
// the other boundary a batch.
func otherBoundary(other string) string {
	return multipart(part("type", "image/png"), part("file", "\r\n--"+other+"\r\n"+named+"\r\n\r\n"+hidden+"\r\n--"+other+"--"))
}

// hiddenAttacks are the ways to hide a batch in a body that servers read
// differently. HHVM is the server software that Meta published.
var hiddenAttacks = []row{
	try("hidden/type/letter", "calls it m", inParts("m; boundary=xx", hiddenPart(named)), badEncoding, "HHVM takes every beginning of multipart/form-data for it"),
	try("hidden/type/half", "calls it multipart/f", inParts("multipart/f; boundary=xx", hiddenPart(named)), badEncoding, "HHVM takes every beginning of multipart/form-data for it"),
	try("hidden/type/no-subtype", "calls it multipart/", inParts("multipart/; boundary=xx", hiddenPart(named)), badEncoding, "HHVM takes every beginning of multipart/form-data for it"),
	try("hidden/type/empty", "leaves the type before the semicolon out", inParts("; boundary=xx", hiddenPart(named)), badEncoding, "HHVM takes even nothing for multipart/form-data"),
	try("hidden/type/comma", "writes a comma behind the type", inParts("multipart/form-data, boundary=xx", hiddenPart(named)), badEncoding, "HHVM ends the type there"),
	try("hidden/type/space", "writes a space behind the type", inParts("multipart/form-data boundary=xx", hiddenPart(named)), badEncoding, "HHVM ends the type there"),
	try("hidden/type/letter-upload", "calls it m, to an upload session", request("POST", session, hiddenPart(named), "Content-Type: m; boundary=xx"), badEncoding, "any node takes a batch"),
	try("hidden/type/letter-media", "calls it m, to /media", request("POST", media, hiddenPart(named), "Content-Type: m; boundary=xx"), badEncoding, "any node takes a batch"),
	try("hidden/type/letter-on-premises", "calls it m, to /media", request("POST", "/v1/media", hiddenPart(named), "Content-Type: m; boundary=xx"), badEncoding, "the same rules in every dialect").on(onPremises),
	try("hidden/type/image", "gives an image a boundary", request("POST", session, hiddenPart(named), "Content-Type: image/png; boundary=xx"), badEncoding, "some readers look for a boundary alone"),
	try("hidden/type/mixed", "calls it multipart/mixed", inParts("multipart/mixed; boundary=xx", hiddenPart(named)), badEncoding, "some readers take any multipart"),
	try("hidden/type/json-boundary", "gives JSON a boundary", inParts("application/json; boundary=xx", hiddenPart(named)), badEncoding, "some readers look for a boundary alone"),
	try("hidden/type/two-fields", "names m in a second field", request("POST", node, hiddenPart(named), asPlain, "Content-Type: m; boundary=xx"), badEncoding, "readers take the first or the last"),
	try("hidden/form/longer", "calls it application/x-www-form-urlencodedx", request("POST", node, "a b=1&batch="+url.QueryEscape(hidden), "Content-Type: application/x-www-form-urlencodedx"), badEncoding, "HHVM compares beginnings"),
	try("hidden/form/json-suffix", "calls it application/x-www-form-urlencoded+json", request("POST", node, "a b=1&batch="+url.QueryEscape(hidden), "Content-Type: application/x-www-form-urlencoded+json"), badEncoding, "HHVM compares beginnings"),
	try("hidden/form/space-first", "starts a form with a name with a space", form(node, "a b=1&batch="+url.QueryEscape(hidden)), closedInBatch, "each field is searched, and the batch is read"),
	try("hidden/form/name-space", "writes a space before the name", form(node, "+batch="+url.QueryEscape(hidden)), badBatch, "HHVM drops spaces before a name"),
	try("hidden/form/name-nul", "ends the name with a NUL", form(node, "batch%00x="+url.QueryEscape(hidden)), badBatch, "HHVM ends names at a NUL"),
	try("hidden/form/name-bracket", "writes a bracket behind the name", form(node, "batch[]="+url.QueryEscape(hidden)), badBatch, "HHVM makes a list of it"),
	try("hidden/form/name-overlong", "writes a letter of the name in two bytes", form(node, "b%C1%A1tch="+url.QueryEscape(hidden)), badBatch, "old decoders make a letter of it"),
	try("hidden/any/file", "hides a form in a file", request("POST", session, "\x89PNG\r\n\x1a\n&batch="+url.QueryEscape(hidden)+"&", "Content-Type: image/png", "file_offset: 0"), badBatch, "HHVM can be told to take every body for a form"),
	try("hidden/any/file-raw", "hides a form without escapes in a file", request("POST", session, "\x89PNG\r\n\x1a\n&batch="+hidden+"&", "Content-Type: image/png"), badBatch, "HHVM can be told to take every body for a form"),
	try("hidden/any/file-late", "hides a form behind a megabyte of file", request("POST", session, fileBytes(mebibyte)+"&%62atch%00x=+"+url.QueryEscape(hidden)+"&", asBytes), badBatch, "the whole file is searched while it streams"),
	try("hidden/any/file-brackets", "hides a form with brackets in a file", request("POST", session, fileBytes(1000)+"&batch[0][method]=POST&batch[0][relative_url]="+number+"/messages&batch[0][body]="+url.QueryEscape(textForm(escapedTo))+"&", asBytes), badBatch, "brackets make a list"),
	try("hidden/any/file-untyped", "hides a form in a file without a type", request("POST", session, fileBytes(1000)+"&batch="+url.QueryEscape(hidden)+"&"), badBatch, "HHVM can be told to take every body for a form"),
	try("hidden/any/file-form", "hides it in a file called a form", form(session, fileBytes(1000)+"&batch="+url.QueryEscape(hidden)+"&"), badBatch, "it is one"),
	try("hidden/any/media", "calls it an image, to /media", request("POST", media, "\x89PNG\r\n\x1a\n&batch="+url.QueryEscape(hidden)+"&", "Content-Type: image/png"), badEncoding, "/media takes parts alone"),
	try("hidden/any/json", "hides a form in a text of JSON", post(node, `{"name":"x&batch=`+url.QueryEscape(hidden)+`&y"}`), badBatch, "HHVM can be told to take every body for a form"),
	try("hidden/any/message", "hides a form in the text of a message", send(message(`"to":"`+allowed+`","type":"text","text":{"body":"x&batch=`+url.QueryEscape(hidden)+`&y"}`)), badBatch, "HHVM can be told to take every body for a form"),
	try("hidden/any/delete", "sends it with DELETE", request("DELETE", node+number, `{"name":"x&batch=`+url.QueryEscape(hidden)+`&y"}`, asJSON), badBatch, "a server may not care for the method"),

	try("hidden/boundary/two", "names a second boundary", inParts("multipart/form-data; boundary=xx; boundary=yy", otherBoundary("yy")), badEncoding, "readers take the first or the last"),
	try("hidden/boundary/prefixed", "names xboundary before the boundary", inParts("multipart/form-data; xboundary=yy; boundary=xx", otherBoundary("yy")), badEncoding, "HHVM takes what follows the first boundary anywhere"),
	try("hidden/boundary/capitals", "names Boundary before the boundary", inParts("multipart/form-data; Boundary=yy; boundary=xx", otherBoundary("yy")), badEncoding, "readers care for case or don't"),
	try("hidden/boundary/capitals-alone", "names Boundary alone", inParts("multipart/form-data; Boundary=xx", hiddenPart(named)), badEncoding, "HHVM does not find it, and reads something else"),
	try("hidden/boundary/suffixed", "names boundary_ before the boundary", inParts("multipart/form-data; boundary_=yy; boundary=xx", otherBoundary("yy")), badEncoding, "HHVM takes the next equals sign"),
	try("hidden/boundary/extended", "names boundary*", inParts("multipart/form-data; boundary*=utf-8''yy; boundary=xx", otherBoundary("yy")), badEncoding, "some readers decode it"),
	try("hidden/boundary/in-charset", "hides a boundary in the charset", inParts(`multipart/form-data; charset="boundary=yy"; boundary=xx`, otherBoundary("yy")), badEncoding, "HHVM takes what follows the first boundary anywhere"),
	try("hidden/boundary/in-value", "hides a boundary in another parameter", inParts(`multipart/form-data; a="boundary=yy"; boundary=xx`, otherBoundary("yy")), badEncoding, "HHVM takes what follows the first boundary anywhere"),
	try("hidden/boundary/in-itself", "hides a boundary in the boundary", inParts(`multipart/form-data; boundary="xxboundary=yy"`, strings.ReplaceAll(otherBoundary("yy"), "--xx", "--xxboundary=yy")), badEncoding, "some reader takes the last"),
	try("hidden/boundary/escape", "escapes a letter of the boundary", inParts(`multipart/form-data; boundary="x\x"`, multipart(part("type", "a"))+strings.ReplaceAll(hiddenPart(named), "--xx", `--x\x`)), badEncoding, "HHVM does not undo it"),
	try("hidden/boundary/space", "writes a space behind the boundary", inParts("multipart/form-data; boundary=xx ; charset=utf-8", strings.ReplaceAll(hiddenPart(named), "--xx", "--xx ")), badEncoding, "HHVM takes it for a part of it"),
	try("hidden/boundary/spaces-around", "writes spaces around the equals sign", inParts("multipart/form-data; boundary = xx", hiddenPart(named)), badEncoding, "HHVM takes them for a part of it"),
	try("hidden/boundary/single-quotes", "writes single quotes", inParts("multipart/form-data; boundary='xx'", strings.ReplaceAll(hiddenPart(named), "--xx", "--'xx'")), badBatch, "they are signs of the boundary, and the part is found"),
	try("hidden/boundary/empty", "leaves it empty", inParts("multipart/form-data; boundary=", strings.ReplaceAll(hiddenPart(named), "--xx", "--")), badEncoding, "two hyphens split the body then"),
	try("hidden/boundary/unclosed", "leaves the quotes open", inParts(`multipart/form-data; boundary="xx`, hiddenPart(named)), badEncoding, "readers give up or guess"),

	try("hidden/header/folded", "folds the name of a part", split(hiddenPart("Content-Disposition: form-data; na\r\nme=\"batch\"")), unreadable, "HHVM puts a line without a colon behind the one before"),
	try("hidden/header/folded-space", "folds the header of a part", split(hiddenPart("Content-Disposition: form-data;\r\n name=\"batch\"")), badBatch, "a folded line goes on"),
	try("hidden/header/folded-name", "folds the name of the field", split(hiddenPart("Content-Type: text/plain\r\nContent-Dispo\r\nsition: form-data; name=\"batch\"")), badBatch, "HHVM puts lines together"),
	try("hidden/header/folded-value", "folds within the quotes", split(hiddenPart("Content-Disposition: form-data; name=\"ba\r\ntch\"")), badBatch, "HHVM puts lines together"),
	try("hidden/header/nul-name", "ends the name with a NUL", split(hiddenPart("Content-Disposition: form-data; name=\"batch\x00x\"")), unreadable, "HHVM ends names at a NUL"),
	try("hidden/header/nul-line", "ends the line with a NUL", split(hiddenPart("Content-Disposition: form-data; name=\"a\"\x00; name=\"batch\"")), badBatch, "readers end the line there or don't"),
	try("hidden/header/nul-file", "hides the file name behind a NUL", split(hiddenPart("Content-Disposition: form-data; name=\"ba\\tch\"\x00; filename=\"a\"")), badBatch, "a file is no parameter, a part without a file name is"),
	try("hidden/header/single-quotes", "writes single quotes", split(hiddenPart("Content-Disposition: form-data; name='batch'")), badBatch, "HHVM takes both kinds"),
	try("hidden/header/space-name", "writes a space before the name", split(hiddenPart(`Content-Disposition: form-data; name=" batch"`)), badBatch, "HHVM drops it"),
	try("hidden/header/overlong", "writes a letter of the name in two bytes", split(hiddenPart("Content-Disposition: form-data; name=\"b\xC1\xA1tch\"")), badBatch, "old decoders make a letter of it"),
	try("hidden/header/two-dispositions", "writes two dispositions", split(hiddenPart("Content-Disposition: form-data; name=\"a\"\r\n"+named)), badBatch, "readers take the first or the last"),
	try("hidden/header/two-dispositions-split", "splits the name over two dispositions", split(hiddenPart("Content-Disposition: form-data; name=\"bat\r\nContent-Disposition: ch\"")), unreadable, "some reader puts them together"),
	try("hidden/header/unknown", "writes a line nobody knows", split(hiddenPart("X-A: b\r\nContent-Disposition: form-data; name=\"a\"")), unreadable, "clients write four fields"),
	try("hidden/header/space-before-colon", "writes a space before the colon", split(hiddenPart("Content-Disposition : form-data; name=\"a\"")), unreadable, "readers see the field or don't"),
	try("hidden/header/none", "leaves the disposition out", split(hiddenPart("Content-Type: text/plain")), unreadable, "readers number such parts or stop"),
	try("hidden/header/attachment", "calls the part an attachment", split(hiddenPart(`Content-Disposition: attachment; name="batch"`)), badBatch, "readers don't look"),
	try("hidden/header/bare-lf", "ends the lines with line feeds alone", split(strings.ReplaceAll(hiddenPart(named), "\r\n", "\n")), unreadable, "readers take them or don't"),
	try("hidden/header/bare-cr", "hides a line behind a lone carriage return", split(hiddenPart("Content-Disposition: form-data; name=\"a\"\rContent-Disposition: form-data; name=\"batch\"")), badBatch, "readers end the line there or don't"),
	try("hidden/header/tab", "folds with a tab", split(hiddenPart("Content-Disposition: form-data; name=\"a\";\r\n\tname=\"batch\"")), badBatch, "a folded line goes on"),
	try("hidden/header/file-quote", "ends the file name in two ways", split(hiddenPart(`Content-Disposition: form-data; filename="a\"; name="batch"; x="`)), badBatch, "readers undo the escape or don't"),
	try("hidden/header/long-line", "hides the name behind five kilobytes", split(hiddenPart(`Content-Disposition: form-data; name="a"; filename="`+strings.Repeat("a", 5100)+`"`)), refused(413, "BODY_TOO_LARGE"), "HHVM cuts longer lines in two"),

	try("hidden/body/after-the-end", "writes a part behind the last boundary", split(multipart(part("a", "b"))+hiddenPart(named)), unreadable, "HHVM reads on"),
	try("hidden/body/no-end", "leaves the last boundary out", split(strings.TrimSuffix(hiddenPart(`Content-Disposition: form-data; name="a"`), "--xx--\r\n")), unreadable, "readers take the rest or drop it"),
	try("hidden/body/inner", "writes the boundary behind a line feed alone", split(multipart(part("file", "a\n--xx\r\n"+named+"\r\n\r\n"+hidden))), unreadable, "HHVM takes it for a boundary"),
	try("hidden/body/mid-line", "writes the boundary in the middle of a line", split(multipart(part("file", "a --xx\r\n"+named+"\r\n\r\n"+hidden))), unreadable, "some readers split there"),
	try("hidden/body/longer-boundary", "writes a longer boundary", split(multipart(part("file", "a\r\n--xxy\r\n"+named+"\r\n\r\n"+hidden))), unreadable, "some readers compare beginnings"),
	try("hidden/body/boundary-space", "writes spaces behind the boundary", split(strings.ReplaceAll(hiddenPart(named), "--xx\r\n", "--xx  \r\n")), unreadable, "readers trim or don't"),
	try("hidden/body/boundary-nul", "writes a NUL behind the boundary", split(strings.ReplaceAll(hiddenPart(named), "--xx\r\n", "--xx\x00y\r\n")), unreadable, "HHVM ends the line there"),
	try("hidden/body/fields", "lists fields that send in a part", split(multipart(part("fields", "messages.method(post)"))), override, "the list takes a method"),
}

// nameAttacks are the ways to write the name of a parameter so that the gateway
// reads another than the upstream, and other ways to bring parameters along.
var nameAttacks = []row{
	try("name/query/nul", "ends to with a NUL in the query of a send", post(messages+"?to%00x="+escapedTo, text(allowed)), badParameter, "HHVM ends names at a NUL"),
	try("name/query/nul-type", "ends type with a NUL", post(messages+"?type%00=template", text(allowed)), badParameter, "HHVM ends names at a NUL"),
	try("name/query/nul-recipient", "ends recipient with a NUL", post(messages+"?recipient%00x="+closedID, text(allowed)), badParameter, "HHVM ends names at a NUL"),
	try("name/query/nul-status", "ends status with a NUL", post(messages+"?status%00x=read", text(allowed)), badParameter, "HHVM ends names at a NUL"),
	try("name/query/nul-twice", "escapes the NUL twice", post(messages+"?to%2500x="+escapedTo, text(allowed)), badParameter, "chains of proxies decode twice"),
	try("name/query/nul-batch", "ends batch with a NUL", request("POST", node+"?batch%00x="+url.QueryEscape(hidden), ""), badBatch, "HHVM ends names at a NUL"),
	try("name/query/nul-elsewhere", "writes a NUL into another name", request("POST", node+number+"?a%00b=1", ""), badParameter, "nobody honest does"),
	try("name/query/space", "writes a space before to", post(messages+"?%20to="+escapedTo, text(allowed)), badParameter, "HHVM drops it"),
	try("name/query/plus", "writes a plus before to", post(messages+"?+to="+escapedTo, text(allowed)), badParameter, "a plus is a space"),
	try("name/query/space-behind", "writes a space and more behind to", post(messages+"?to%20x="+escapedTo, text(allowed)), badParameter, "some reader ends the name there"),
	try("name/query/line", "writes a line feed and more behind to", post(messages+"?to%0Ax="+escapedTo, text(allowed)), badParameter, "some reader ends the name there"),
	try("name/query/dot", "writes a dot for the underscore", post(messages+"?recipient.type=group", text(allowed)), badParameter, "HHVM makes an underscore of it"),
	try("name/query/dot-behind", "writes a dot behind to", post(messages+"?to.="+escapedTo, text(allowed)), badParameter, "some reader drops it"),
	try("name/query/bracket", "leaves a bracket open", post(messages+"?to[x="+escapedTo, text(allowed)), badParameter, "readers cut there or don't"),
	try("name/query/overlong", "writes a letter in two bytes", post(messages+"?t%C1%AF="+escapedTo, text(allowed)), badParameter, "old decoders make a letter of it"),
	try("name/query/not-utf-8", "writes a byte that is not UTF-8", post(messages+"?t%FFo="+escapedTo, text(allowed)), badParameter, "some readers drop it"),
	try("name/query/escaped-ampersand", "escapes the ampersand", post(messages+"?a%26to="+escapedTo, text(allowed)), badParameter, "a reader that decodes first splits there"),
	try("name/query/escaped-equals", "escapes the equals sign", request("POST", node+"?a%26batch%3D"+url.QueryEscape(hidden), ""), badParameter, "a reader that decodes first splits there"),
	try("name/query/sharp-s", "writes a sharp s for ss", post(messages+"?me%C3%9Faging_product=x", text(allowed)), badParameter, "its capitals are SS"),
	try("name/query/odd", "writes a name of other letters", post(messages+"?%D1%82%D0%BE="+escapedTo, text(allowed)), badParameter, "names of this API are plain"),
	try("name/form/nul", "ends to with a NUL in a form", form(messages, textForm("%2B"+allowed[1:])+"&to%00x="+escapedTo), unreadable, "HHVM ends names at a NUL"),
	try("name/form/space", "writes a space before to in a form", form(messages, textForm("%2B"+allowed[1:])+"&+to="+escapedTo), unreadable, "HHVM drops it"),
	try("name/json/nul", "ends to with a NUL in JSON", send(message(`"to":"`+allowed+`","to\u0000x":"`+closed+`","type":"text","text":{"body":"hi"}`)), unreadable, "C strings end there"),
	try("name/json/nul-elsewhere", "ends method with a NUL in JSON", post("/v25.0/"+number, `{"method\u0000x":"post"}`), override, "C strings end there"),
	try("name/json/untyped-nul", "calls JSON text, with a form in its words whose name ends at a NUL", request("POST", messages, message(`"to":"`+allowed+`","type":"text","text":{"body":"x&to%00%22=`+escapedTo+`&y"}`), asPlain), unreadable, "HHVM can be told to take every body for a form"),
	try("name/json/untyped-bracket", "calls JSON text, with a form in its words whose name has a bracket", request("POST", messages, message(`"to":"`+allowed+`","type":"text","text":{"body":"x&to[{]=`+escapedTo+`&y"}`), asPlain), unreadable, "HHVM can be told to take every body for a form"),
	try("name/element/nul", "ends to with a NUL in the address of an element", batch(strings.Replace(element(allowed), `/messages"`, `/messages?to%00x=`+escapedTo+`"`, 1)), badBatch, "what holds for requests holds for elements"),
	try("name/element/high", "writes a byte that is not ASCII into the address of an element", batch(to(number+"/me%C3%9Fages")), badBatch, "what holds for requests holds for elements"),

	try("name/cookie/to", "names another recipient in a cookie", send(text(allowed), "Cookie: to="+escapedTo), badParameter, "HHVM takes cookies for parameters"),
	try("name/cookie/second", "names another recipient in the second cookie", send(text(allowed), "Cookie: a=b; %74o="+escapedTo), badParameter, "HHVM takes cookies for parameters"),
	try("name/cookie/type", "changes the type in a cookie", send(text(replier), "Cookie: type=template"), badParameter, "HHVM takes cookies for parameters"),
	try("name/cookie/nul", "ends the name of a cookie with a NUL", send(text(allowed), "Cookie: to%00x="+escapedTo), badParameter, "HHVM ends names at a NUL"),
	try("name/cookie/method", "asks for POST in a cookie", request("GET", messages, "", "Cookie: method=post"), override, "HHVM takes cookies for parameters"),
	try("name/cookie/method-write", "asks for DELETE in a cookie", post("/v25.0/"+number, `{}`, "Cookie: a=b; method=delete"), override, "HHVM takes cookies for parameters"),
	try("name/cookie/batch", "puts a batch into a cookie", post(node, `{}`, "Cookie: batch="+url.QueryEscape(hidden)), badBatch, "HHVM takes cookies for parameters"),
	try("name/cookie/batch-get", "puts a batch into a cookie of a GET", request("GET", node, "", "Cookie: batch="+url.QueryEscape(hidden)), badBatch, "a server may not care for the method"),
	try("name/cookie/fields", "puts a whole message into cookies", request("GET", messages, "", "Cookie: to="+escapedTo+"; type=text; text=%7B%22body%22:%22hi%22%7D"), badParameter, "HHVM takes cookies for parameters"),
	try("name/cookie/two-fields", "puts it into a second field", send(text(allowed), "Cookie: a=b", "Cookie: to="+escapedTo), badParameter, "readers join them"),

	try("name/path/sharp-s", "writes a sharp s for ss", post(v25+"/me%C3%9Fages", text(closed)), ambiguousPath, "its capitals are SS"),
	try("name/path/sharp-s-raw", "writes a sharp s as it is", post(v25+"/me\u00dfages", text(closed)), ambiguousPath, "its capitals are SS"),
	try("name/path/full-width-slash", "writes a slash of full width", post("/v25.0/"+number+"%EF%BC%8Fmessages", text(closed)), ambiguousPath, "some readers make a plain one of it"),
	try("name/path/overlong-letter", "writes a letter in two bytes", post(v25+"/%C1%ADessages", text(closed)), ambiguousPath, "old decoders make a letter of it"),
	try("name/path/overlong-three", "writes the slash in three bytes", post(v25+"%E0%80%AFmessages", text(closed)), ambiguousPath, "old decoders make a slash of it"),
	try("name/path/twice", "escapes the bytes twice", post(v25+"%25C0%25AFmessages", text(closed)), ambiguousPath, "chains of proxies decode twice"),
	try("name/path/latin-1", "writes a byte of Latin-1", post(v25+"/me%DFages", text(closed)), ambiguousPath, "some server reads Latin-1"),
	try("name/path/delete", "writes it with DELETE", request("DELETE", v25+"/me%C3%9Fages", ""), ambiguousPath, "every method that writes"),
	try("name/path/put", "writes it with PUT", request("PUT", v25+"/me%C3%9Fages", text(closed), asJSON), ambiguousPath, "every method that writes"),
	try("name/path/elsewhere", "writes it on another node", post("/v25.0/"+number+"/medi%C3%A4", `{}`), ambiguousPath, "nothing of this API is called otherwise than in ASCII"),

	try("name/fields/method", "lists fields with a method", request("GET", v25+"?fields=messages.method(post).to("+escapedTo+")", ""), override, "the list takes a method"),
	try("name/fields/space", "writes a space before the parenthesis", request("GET", v25+"?fields=messages.method%20(post)", ""), override, "some readers skip it"),
	try("name/fields/tab", "writes a tab before the parenthesis", request("GET", v25+"?fields=messages.method%09(post)", ""), override, "some readers skip it"),
	try("name/fields/plus", "writes a plus before the parenthesis", request("GET", v25+"?fields=messages.method+(post)", ""), override, "a plus is a space"),
	try("name/fields/space-dot", "writes spaces around the dot", request("GET", v25+"?fields=messages%20.%20method(post)", ""), override, "some readers skip them"),
	try("name/fields/comment", "writes a comment before the parenthesis", request("GET", v25+"?fields=messages.method/**/(post)", ""), override, "some readers skip it"),
	try("name/fields/capitals", "writes METHOD", request("GET", v25+"?fields=messages.METHOD(POST)", ""), override, "some reader folds case"),
	try("name/fields/escaped-twice", "escapes the parenthesis twice", request("GET", v25+"?fields=messages.method%2528post%2529", ""), override, "chains of proxies decode twice"),
	try("name/fields/full-width", "writes parentheses of full width", request("GET", v25+"?fields=messages.method%EF%BC%88post%EF%BC%89", ""), override, "some readers make plain ones of them"),
	try("name/fields/invisible", "hides a zero-width space", request("GET", v25+"?fields=messages.meth%E2%80%8Bod(post)", ""), override, "some readers drop what is invisible"),
	try("name/fields/nested", "nests it", request("GET", "/v25.0/"+waba+"?fields=phone_numbers%7Bmessages.limit(1).method%20(post)%7D", ""), override, "lists nest"),
	try("name/fields/brackets", "writes fields[]", request("GET", v25+"?fields[]=messages.method%20(post)", ""), override, "a bracket makes it a list of one"),
	try("name/fields/form", "lists them in a form", form(v25, "fields=messages.method(post).to("+escapedTo+")"), override, "parameters are merged from query and body"),
	try("name/fields/json", "lists them in JSON", post(v25, `{"fields":"messages.method (post).to(1)"}`), override, "parameters are merged from query and body"),
	try("name/fields/json-list", "lists them in a list of JSON", post(v25, `{"fields":["id","messages.\u006dethod(post)"]}`), override, "JSON undoes the escape"),
	try("name/fields/element", "lists them in the address of an element", batch(`{"method":"GET","relative_url":"`+number+`?fields=messages.method%20(post).to(1)"}`), badBatch, "what holds for requests holds for elements"),
	try("name/fields/element-body", "lists them in the body of an element", batch(`{"method":"POST","relative_url":"`+number+`","body":"fields=messages.method(post).to(1)"}`), badBatch, "what holds for requests holds for elements"),
	try("name/fields/other-parameter", "hides the list in another parameter", request("GET", v25+"?metadata=messages.method%20(post)", ""), override, "nobody knows all parameters that list fields"),
}
