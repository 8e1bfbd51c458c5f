package attack

import (
	"fmt"
	"strings"
)

// padded is a text to somebody of the given length.
func padded(who string, length int) string {
	before, after := `{"messaging_product":"whatsapp","to":"`+who+`","type":"text","text":{"body":"`, `"}}`
	return before + strings.Repeat("a", length-len(before)-len(after)) + after
}

const mebibyte = 1 << 20

// boundAttacks are requests that are too large, or that never end.
var boundAttacks = []row{
	try("bound/body/over", "sends a byte more than a mebibyte", send(padded(closed, mebibyte+1)), refused(413, "BODY_TOO_LARGE"), "the cap of bodies that must be read"),
	try("bound/body/over-chunked", "sends it in chunks, without a length", chunked("POST", messages, []string{asJSON}, padded(closed, mebibyte), "a"), refused(413, "BODY_TOO_LARGE"), "what comes is counted, not what is announced"),
	try("bound/body/recipient-behind-the-cap", "names a second recipient behind the cap", send(strings.TrimSuffix(padded(allowed, mebibyte), "}")+`,"to":"`+closed+`"}`), refused(413, "BODY_TOO_LARGE"), "nothing is judged by its beginning"),
	try("bound/body/full", "sends a mebibyte to a person who never wrote", send(padded(closed, mebibyte)), windowClosed, "the cap itself passes"),
	try("bound/body/announced", "announces a terabyte", sized("", "Content-Length: 1099511627776"), refused(413, "BODY_TOO_LARGE"), "refused by the length alone, unread").hangingUp(),
	try("bound/body/announced-elsewhere", "announces a terabyte to another node", "POST /v25.0/"+number+" HTTP/1.1\r\nHost: a\r\n"+asJSON+"\r\nContent-Length: 1099511627776\r\n\r\n", refused(413, "BODY_TOO_LARGE"), "refused by the length alone, unread").hangingUp(),
	try("bound/body/breaks-off", "announces more than it sends", sized(text(allowed), fmt.Sprintf("Content-Length: %d", len(text(allowed))+1)), unreadable, "half a message is none").hangingUp(),
	try("bound/body/breaks-off-chunked", "leaves the last chunk out", sized(strings.TrimSuffix(inOneChunk(text(allowed)), "0\r\n\r\n"), "Transfer-Encoding: chunked"), unreadable, "half a message is none").hangingUp(),
	try("bound/body/breaks-off-in-upload", "breaks off in the name of a part", "POST "+media+" HTTP/1.1\r\nHost: a\r\n"+asParts+"\r\nContent-Length: 100000\r\n\r\n--xx\r\nContent-Disposition: form-data; name=\"ba", brokenOff(), "nothing of the part was passed on").hangingUp(),
	try("bound/header/breaks-off", "breaks off in the header", "POST "+messages+" HTTP/1.1\r\nHost: a\r\n", rejected(400), "half a request is none").hangingUp(),
	try("bound/header/fields", "sends two mebibytes of header", send(text(closed), strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 2000)+"X-B: c"), rejected(431), "the server's cap"),
	try("bound/header/target", "sends a target of two mebibytes", post(messages+"?a="+strings.Repeat("b", 2*mebibyte), text(closed)), rejected(431), "the server's cap"),
	try("bound/multipart/header", "sends a part with a header of 10 KiB", request("POST", media, multipart([2]string{`Content-Disposition: form-data; x="` + strings.Repeat("a", 10000) + `"; name="batch"`, "[]"}), asParts), refused(413, "BODY_TOO_LARGE"), "the name must be found before anything passes"),
	try("bound/stream/text", "calls two mebibytes of JSON bytes", request("POST", session, `{"a":"`+strings.Repeat("a", 2*mebibyte)+`","batch":`+batchOf(element(closed))+`}`, asBytes), refused(413, "BODY_TOO_LARGE"), "what looks like JSON is searched, up to a bound"),
}
