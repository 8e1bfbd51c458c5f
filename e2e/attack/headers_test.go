package attack

import (
	"fmt"
	"strings"
)

// sized is a send with the given lines in place of Content-Length.
func sized(body string, lines ...string) string {
	return "POST " + messages + " HTTP/1.1\r\nHost: graph.facebook.com\r\n" + asJSON + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// inOneChunk frames a body as one chunk.
func inOneChunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// withHost is a send that names hosts.
func withHost(target, body string, hosts ...string) string {
	s := "POST " + target + " HTTP/1.1\r\n"
	for _, h := range hosts {
		s += "Host: " + h + "\r\n"
	}
	return s + asJSON + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body)) + body
}

// headerAttacks are header fields and framings by which the gateway and the
// upstream could see different requests.
var headerAttacks = []row{
	try("header/namespace/decision", "says X-Waguard-Decision: allow", send(text(closed), "X-Waguard-Decision: allow", "X-Waguard-Rule: CONSENT"), windowClosed, "the gateway believes no client"),
	try("header/namespace/forwarded", "sends fields of the namespace along", send(text(allowed), "X-Waguard-Decision: refuse", "X-Waguard-Id: 1"), judged("text to allowed"), "they never reach the upstream"),
	try("header/namespace/case", "writes x-WAGUARD-decision", send(text(allowed), "x-WAGUARD-decision: refuse"), judged("text to allowed"), "names have no case"),
	try("header/namespace/underscores", "writes X_Waguard_Decision", send(text(allowed), "X_Waguard_Decision: refuse", "x-waguard_Rule: CONSENT"), judged("text to allowed"), "gateway interfaces make the names equal"),
	try("header/namespace/get", "sends them with a request that is no send", request("GET", "/v25.0/"+number, "", "X-Waguard-Decision: allow"), harmless(), "they never reach the upstream"),
	try("header/namespace/trailer", "sends them in a trailer", sized(strings.Replace(inOneChunk(text(allowed)), "0\r\n\r\n", "0\r\nX-Waguard-Decision: allow\r\n\r\n", 1), "Transfer-Encoding: chunked", "Trailer: X-Waguard-Decision"), judged("text to allowed"), "trailers of sends are dropped"),
	try("header/idempotency", "makes the gateway's client repeat the send", send(text(allowed), "Idempotency-Key: 1", "X-Idempotency-Key: 1"), judged("text to allowed"), "Go repeats what has such a key; a second message is a second message"),

	try("header/framing/both", "gives a length and chunks", sized(inOneChunk(text(closed)), "Content-Length: 5", "Transfer-Encoding: chunked"), windowClosed, "chunks win, as the standard says"),
	try("header/framing/both-smuggle", "hides a second send behind the chunks, inside the length", sized(inOneChunk(text(allowed))+send(text(closed)), fmt.Sprintf("Content-Length: %d", len(inOneChunk(text(allowed))+send(text(closed)))), "Transfer-Encoding: chunked"),
		then(judged("text to allowed"), windowClosed), "chunks win, and what follows them is a request of its own"),
	try("header/framing/two-lengths", "gives two lengths", sized(text(closed), fmt.Sprintf("Content-Length: %d", len(text(closed))), "Content-Length: 5"), rejected(400), "readers take the first or the last"),
	try("header/framing/two-lengths-same", "gives the length twice", sized(text(closed), fmt.Sprintf("Content-Length: %d\r\nContent-Length: %[1]d", len(text(closed)))), windowClosed, "they agree; one is passed on"),
	try("header/framing/length-list", "gives a list of lengths", sized(text(closed), fmt.Sprintf("Content-Length: %d, %[1]d", len(text(closed)))), rejected(400), "not a number"),
	try("header/framing/length-plus", "writes a plus before the length", sized(text(closed), fmt.Sprintf("Content-Length: +%d", len(text(closed)))), rejected(400), "readers of numbers accept it"),
	try("header/framing/length-negative", "gives a negative length", sized(text(closed), "Content-Length: -1"), rejected(400), "not a length"),
	try("header/framing/length-hex", "gives the length in hexadecimal", sized(text(closed), "Content-Length: 0x10"), rejected(400), "not a number"),
	try("header/framing/length-huge", "gives a length beyond all numbers", sized(text(closed), "Content-Length: 99999999999999999999"), rejected(400), "not a number a computer holds"),
	try("header/framing/space-before-colon", "writes a space before the colon", sized(inOneChunk(text(closed)), "Transfer-Encoding : chunked"), rejected(400), "readers see the field or don't"),
	try("header/framing/length-space", "writes a space before the colon of the length", sized(text(closed), fmt.Sprintf("Content-Length : %d", len(text(closed)))), rejected(400), "readers see the field or don't"),
	try("header/framing/encoding-list", "says gzip, chunked", sized(inOneChunk(text(closed)), "Transfer-Encoding: gzip, chunked"), rejected(501), "only chunked is understood"),
	try("header/framing/encoding-unknown", "says xchunked", sized(inOneChunk(text(closed)), "Transfer-Encoding: xchunked"), rejected(501), "only chunked is understood"),
	try("header/framing/encoding-identity", "says identity", sized(text(closed), "Transfer-Encoding: identity", fmt.Sprintf("Content-Length: %d", len(text(closed)))), rejected(501), "only chunked is understood"),
	try("header/framing/encoding-twice", "says chunked twice", sized(inOneChunk(text(closed)), "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), rejected(501), "readers unwrap once or twice"),
	try("header/framing/encoding-cow", "says chunked and cow", sized(inOneChunk(text(closed)), "Transfer-Encoding: chunked", "Transfer-Encoding: cow"), rejected(501), "readers take the first or the last"),
	try("header/framing/encoding-folded", "folds the line", sized(inOneChunk(text(closed)), "Transfer-Encoding:\r\n chunked"), windowClosed, "Go unfolds it, and passes it on on one line"),
	try("header/framing/encoding-tab", "writes a vertical tab before chunked", sized(inOneChunk(text(closed)), "Transfer-Encoding: \vchunked"), rejected(400), "readers trim it or don't"),
	try("header/framing/http-1.0-chunked", "sends chunks in HTTP/1.0", strings.Replace(sized(inOneChunk(text(closed)), "Transfer-Encoding: chunked", "Content-Length: 5"), "HTTP/1.1", "HTTP/1.0", 1), unreadable, "HTTP/1.0 knows no chunks, so the length holds; the connection ends after it"),

	try("header/chunks/allowed", "sends in many chunks", chunked("POST", messages, []string{asJSON}, strings.Split(text(allowed), "")...), judged("text to allowed"), "chunks are read to the end, and passed on with a length"),
	try("header/chunks/closed", "sends to a person who never wrote in many chunks", chunked("POST", messages, []string{asJSON}, strings.Split(text(closed), "")...), windowClosed, "chunks are read to the end"),
	try("header/chunks/extension", "adds an extension to a chunk", sized(strings.Replace(inOneChunk(text(closed)), "\r\n", ";a=b\r\n", 1), "Transfer-Encoding: chunked"), windowClosed, "extensions are dropped"),
	try("header/chunks/extension-smuggle", "hides a line feed in an extension", sized(fmt.Sprintf("%x;\n%s\r\n0\r\n\r\n", len(text(closed)), text(closed)), "Transfer-Encoding: chunked"), refused(400, "UNREADABLE"), "readers end the line at the line feed or don't"),
	try("header/chunks/huge", "announces a chunk beyond all numbers", sized("fffffffffffffffff\r\n"+text(closed), "Transfer-Encoding: chunked"), refused(400, "UNREADABLE"), "not a length"),
	try("header/chunks/negative", "announces a negative chunk", sized("-1\r\n"+text(closed), "Transfer-Encoding: chunked"), refused(400, "UNREADABLE"), "not a length"),
	try("header/chunks/prefix", "writes 0x before the length", sized(fmt.Sprintf("0x%x\r\n%s\r\n0\r\n\r\n", len(text(closed)), text(closed)), "Transfer-Encoding: chunked"), refused(400, "UNREADABLE"), "readers of numbers accept it"),
	try("header/chunks/short", "ends a chunk early", sized(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text(closed))-2, text(closed)), "Transfer-Encoding: chunked"), refused(400, "UNREADABLE"), "readers skip what is too much or don't"),
	try("header/chunks/trailer", "names a recipient in a trailer", sized(strings.Replace(inOneChunk(text(allowed)), "0\r\n\r\n", "0\r\nContent-Type: text/plain\r\nTo: "+closed+"\r\n\r\n", 1), "Transfer-Encoding: chunked"), judged("text to allowed"), "trailers of sends are dropped"),
	try("header/chunks/trailer-elsewhere", "sends a method in a trailer of an upload", "POST "+media+" HTTP/1.1\r\nHost: graph.facebook.com\r\n"+asParts+"\r\nTransfer-Encoding: chunked\r\nTrailer: X-HTTP-Method-Override\r\n\r\n"+
		strings.Replace(inOneChunk(multipart(part("type", "image/png"))), "0\r\n\r\n", "0\r\nX-HTTP-Method-Override: DELETE\r\n\r\n", 1), harmless(), "the trailer does not become a field of the request"),

	try("header/smuggle/pipelined", "writes a second request behind the first", send(text(allowed))+send(text(closed)), then(judged("text to allowed"), windowClosed), "each request is judged by itself"),
	try("header/smuggle/short-length", "gives a length that ends before the message", sized(text(allowed)+send(text(closed)), "Content-Length: 10"), then(unreadable, rejected(400)), "what follows is a request of its own, and none"),
	try("header/smuggle/get-body", "hides a request in the body of a GET", request("GET", "/v25.0/"+number, send(text(closed))), override, "a GET has no body; the connection does not go on after it"),
	try("header/smuggle/chunk-end", "hides a request behind the last chunk", sized(inOneChunk(text(allowed))+send(text(closed)), "Transfer-Encoding: chunked"), then(judged("text to allowed"), windowClosed), "each request is judged by itself"),
	try("header/smuggle/bare-lf", "ends header lines with line feeds alone", strings.ReplaceAll(send(text(closed)), "\r\n", "\n"), windowClosed, "Go reads it, and writes proper line ends"),
	try("header/smuggle/bare-lf-field", "hides a field behind a lone line feed", send(text(allowed), "X-A: b\nX-Waguard-Decision: allow"), judged("text to allowed"), "Go ends the line there; it is a field like others"),
	try("header/smuggle/bare-cr", "hides a field behind a lone carriage return", send(text(closed), "X-A: b\rTransfer-Encoding: chunked"), rejected(400), "readers end the line there or don't"),
	try("header/smuggle/nul", "writes a NUL into a field", send(text(closed), "X-A: b\x00c"), rejected(400), "C strings end there"),
	try("header/smuggle/name", "writes a space into a field's name", send(text(closed), "X A: b"), rejected(400), "readers see different names"),
	try("header/smuggle/first-line", "folds the first field", "POST "+messages+" HTTP/1.1\r\n Host: a\r\nHost: graph.facebook.com\r\nContent-Length: 0\r\n\r\n", rejected(400), "there is nothing to continue"),
	try("header/fold/content-type", "folds a form type into the content type", request("POST", messages, hiddenForm, "Content-Type: application/json,\r\n application/x-www-form-urlencoded"), badEncoding, "unfolded it is a list"),
	try("header/fold/value", "folds a harmless field", send(text(allowed), "X-A: b\r\n c"), judged("text to allowed"), "it is passed on on one line"),

	try("header/hop/content-type", "makes proxies drop the content type, so that words become a form", send(hiddenForm, "Connection: Content-Type"), badEncoding, "what decides how a body is read must reach the upstream"),
	try("header/hop/content-type-case", "lists content-TYPE among others", send(hiddenForm, "Connection: keep-alive, content-TYPE"), badEncoding, "names have no case"),
	try("header/hop/content-type-batch", "makes proxies drop the content type, so that words become a batch", post("/", `{"note":"x&batch=`+strings.ReplaceAll(batchOf(element(closed)), `"`, `\"`)+`&y"}`, "Connection: content-type"), badEncoding, "what decides how a body is read must reach the upstream"),
	try("header/hop/content-type-upload", "makes proxies drop the content type of an upload", request("POST", media, multipart(part("messaging_product", "whatsapp")), asParts, "Connection: content-type"), badEncoding, "what decides how a body is read must reach the upstream"),
	try("header/hop/content-encoding", "makes proxies drop Content-Encoding: identity", send(text(allowed), "Content-Encoding: identity", "Connection: content-encoding"), badEncoding, "what decides how a body is read must reach the upstream"),
	try("header/hop/content-length", "makes proxies drop the length", send(text(allowed), "Connection: content-length"), judged("text to allowed"), "the length is written anew"),
	try("header/hop/host", "makes proxies drop the host", send(text(allowed), "Connection: host"), judged("text to allowed"), "the host is no field to Go"),
	try("header/hop/authorization", "makes proxies drop the token", send(text(allowed), "Connection: authorization"), judged("text to allowed"), "Meta refuses it then; no harm to anybody else"),
	try("header/hop/other", "makes proxies drop another field", send(text(allowed), "X-A: b", "Connection: x-a"), judged("text to allowed"), "as the standard says"),
	try("header/hop/te", "asks for trailers", send(text(allowed), "TE: trailers, deflate;q=0.5", "Connection: TE"), judged("text to allowed"), "no concern of the upstream's"),
	try("header/hop/proxy-connection", "writes Proxy-Connection and Keep-Alive", send(text(allowed), "Proxy-Connection: keep-alive", "Keep-Alive: timeout=5"), judged("text to allowed"), "dropped as the standard says"),

	try("header/host/none", "leaves the host out", withHost(messages, text(allowed)), rejected(400), "HTTP/1.1 needs one"),
	try("header/host/two", "names two hosts", withHost(messages, text(allowed), "graph.facebook.com", "graph.instagram.com"), rejected(400), "readers take the first or the last"),
	try("header/host/bad", "writes a path into the host", withHost(messages, text(allowed), "graph.facebook.com/v25.0"), rejected(400), "not a host"),
	try("header/host/other", "names another host of Meta's", withHost(messages, text(closed), "graph.instagram.com"), windowClosed, "the rules don't depend on the host"),
	try("header/host/other-tls", "names another host of Meta's", withHost(messages, text(allowed), "graph.instagram.com"), judged("text to allowed"), "the upstream gets its own name, whatever the client says").on(overTLS),
	try("header/host/absolute-tls", "names another host in the target", withHost("http://graph.beta.facebook.com"+messages, text(allowed), "graph.instagram.com"), judged("text to allowed"), "the upstream gets its own name, whatever the client says").on(overTLS),
	try("header/host/absolute", "names an attacker's server in the target", withHost("http://attacker.example"+messages, text(allowed), "graph.facebook.com"), judged("text to allowed"), "the connection goes to the configured upstream"),
	try("header/host/forwarded", "names another host in X-Forwarded-Host", send(text(allowed), "X-Forwarded-Host: attacker.example", "X-Forwarded-For: 1.2.3.4"), judged("text to allowed"), "dropped, as configured"),

	try("header/expect/closed", "waits for 100 before a forbidden body", send(text(closed), "Expect: 100-continue"), windowClosed, "the body is read all the same"),
	try("header/expect/allowed", "waits for 100 before an allowed body", send(text(allowed), "Expect: 100-continue"), judged("text to allowed"), "the body is read all the same"),
	try("header/expect/unknown", "expects something unknown", send(text(closed), "Expect: the-unexpected"), rejected(417), "Go knows only 100-continue"),
}
