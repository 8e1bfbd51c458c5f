package attack

import "strings"

// escapedTo is the number of someone who never wrote, as queries write it.
var escapedTo = "%2B" + closed[1:]

// methodAttacks are the ways to make a send of a request with another method.
var methodAttacks = []row{
	try("method/query/post", "asks for POST in the query of a GET", request("GET", messages+"?method=post&"+textForm(escapedTo), ""), override, "Graph has a method parameter for clients that only know GET"),
	try("method/query/capitals", "writes METHOD=POST", request("GET", messages+"?METHOD=POST&"+textForm(escapedTo), ""), override, "some reader folds case"),
	try("method/query/underscore", "writes _method=post", request("GET", messages+"?_method=post&"+textForm(escapedTo), ""), override, "frameworks call it so"),
	try("method/query/escaped", "escapes the name, %6dethod", request("GET", messages+"?%6dethod=post", ""), override, "names are decoded"),
	try("method/query/escaped-twice", "escapes the name twice", request("GET", messages+"?%256dethod=post", ""), override, "chains of proxies decode twice"),
	try("method/query/array", "writes method[]=post", request("GET", messages+"?method[]=post", ""), override, "a bracket makes it a list of one"),
	try("method/query/nul", "ends the name with a NUL", request("GET", messages+"?method%00x=post", ""), override, "C strings end there"),
	try("method/query/semicolon", "hides it behind a semicolon", request("GET", messages+"?a=1;method=post", ""), override, "some readers split at semicolons"),
	try("method/query/elsewhere", "asks for POST on another node", request("GET", "/v25.0/"+number+"?method=post", ""), override, "what is no send now may be one after a redirect"),
	try("method/query/delete", "turns a POST into a DELETE", post(messages+"?method=delete", text(allowed)), override, "what was judged must be what happens"),
	try("method/form", "asks for POST in a form", request("DELETE", media, "method=post&relative_url=x", asForm), override, "Graph reads the parameter from bodies too"),
	try("method/form/send", "adds method=get to a send", form(messages, textForm("4915112345678")+"&method=get"), override, "what was judged must be what happens"),
	try("method/json", "asks for another method in JSON", post("/v25.0/"+number, `{"method":"post"}`), override, "Graph reads the parameter from bodies too"),
	try("method/json/send", "adds a method to a send", send(message(`"to":"`+allowed+`","type":"text","text":{"body":"hi"},"method":"get"`)), override, "what was judged must be what happens"),
	try("method/json/escaped", "escapes the key", post("/v25.0/"+number, `{"\u006dethod":"post"}`), override, "JSON undoes the escape"),
	try("method/json/case", "writes Method", post("/v25.0/"+number, `{"Method":"post"}`), override, "some reader folds case"),
	try("method/multipart", "asks for another method in a part of an upload", request("POST", media, multipart(part("messaging_product", "whatsapp"), part("method", "get")), asParts), override, "parts are parameters"),
	try("method/multipart/unquoted", "writes the part's name without quotes", request("POST", media, multipart([2]string{"Content-Disposition: form-data; name=method", "get"}), asParts), override, "readers take it with and without"),
	try("method/multipart/late", "hides the part behind a megabyte of file", request("POST", media, multipart(
		[2]string{`Content-Disposition: form-data; name="file"; filename="a.jpg"` + "\r\nContent-Type: image/jpeg", strings.Repeat("\xff\xd8\x00\x01", 1<<18)}, part("method", "delete")), asParts),
		override, "the whole body is searched while it streams; the upstream never sees its end"),

	try("method/header/override", "sets X-HTTP-Method-Override on a GET", request("GET", messages+"?x=1", "", "X-HTTP-Method-Override: POST"), override, "frameworks obey it"),
	try("method/header/method", "sets X-HTTP-Method", request("GET", messages, "", "X-HTTP-Method: POST"), override, "frameworks obey it"),
	try("method/header/short", "sets X-Method-Override", request("GET", messages, "", "X-Method-Override: POST"), override, "frameworks obey it"),
	try("method/header/underscores", "writes X_HTTP_Method_Override", request("GET", messages, "", "X_HTTP_Method_Override: POST"), harmless(), "gateway interfaces make the names equal, so Caddy drops the field"),
	try("method/header/lower-case", "writes x-http-method-override", request("GET", "/v25.0/"+number, "", "x-http-method-override: post"), override, "names of fields have no case"),
	try("method/header/on-post", "turns a POST into a GET", send(text(allowed), "X-HTTP-Method-Override: GET"), override, "what was judged must be what happens"),

	try("method/get/body", "sends with GET and a body", request("GET", messages, text(closed), asJSON), override, "some servers read the body whatever the method"),
	try("method/get/chunked-body", "sends with GET and a body in chunks", chunked("GET", messages, []string{asJSON}, text(closed)), override, "some servers read the body whatever the method"),
	try("method/get/fields", "puts a message into the query of a GET", request("GET", messages+"?"+textForm(escapedTo), ""), badParameter, "only a body may hold a message"),
	try("method/head/body", "sends with HEAD and a body", request("HEAD", messages, text(closed), asJSON), override, "some servers read the body whatever the method"),
	try("method/options/body", "sends with OPTIONS and a body", request("OPTIONS", messages, text(closed), asJSON), override, "some servers read the body whatever the method"),
	try("method/get/plain", "only reads the edge", request("GET", messages, ""), harmless(), "a GET without a body can't send"),
	try("method/put", "sends with PUT", request("PUT", messages, text(closed), asJSON), override, "no method of the API; a server may not care"),
	try("method/patch", "sends with PATCH", request("PATCH", messages, text(closed), asJSON), override, "no method of the API; a server may not care"),
	try("method/delete", "sends with DELETE", request("DELETE", messages, text(closed), asJSON), override, "no method of the API; a server may not care"),
	try("method/lower-case", "writes post", request("post", messages, text(closed), asJSON), override, "methods have case, readers may not care"),
	try("method/mixed-case", "writes PoSt", request("PoSt", messages, text(closed), asJSON), override, "methods have case, readers may not care"),
	try("method/unknown", "writes SEND", request("SEND", messages, text(closed), asJSON), override, "a server could take it for anything"),
	try("method/unknown-elsewhere", "writes BATCH on the root", request("BATCH", "/v25.0/", `{"batch":[]}`, asJSON), override, "a server could take it for anything"),
	try("method/webdav", "writes PROPFIND", request("PROPFIND", messages, text(closed), asJSON), override, "a server could take it for anything"),
	try("method/trace", "writes TRACE", request("TRACE", messages, ""), override, "no method of the API; it would reflect the token"),
	try("method/connect/authority", "asks for a tunnel to the upstream", "CONNECT graph.facebook.com:443 HTTP/1.1\r\nHost: graph.facebook.com:443\r\n\r\n", override, "nothing in a tunnel can be read"),
	try("method/connect/path", "asks for a tunnel to the edge", request("CONNECT", messages, ""), override, "nothing in a tunnel can be read"),
	try("method/upgrade/websocket", "asks for a WebSocket", request("GET", messages, "", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"),
		override, "what follows the upgrade can't be read"),
	try("method/upgrade/h2c", "asks for HTTP/2 on the same connection", request("GET", "/v25.0/"+number, "", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
		override, "what follows the upgrade would pass the gateway unread"),
	try("method/upgrade/post", "asks to upgrade a send", send(text(allowed), "Connection: Upgrade", "Upgrade: tls/1.0"), override, "what follows the upgrade can't be read"),
	try("method/upgrade/connection-only", "says upgrade in Connection alone", request("GET", messages, "", "Connection: upgrade"), override, "half a request to upgrade"),
	try("method/http/0.9", "speaks HTTP/0.9", "GET "+messages+"\r\n", rejected(400), "no version, no request"),
	try("method/http/1.0", "sends in HTTP/1.0", strings.Replace(send(text(closed)), "HTTP/1.1", "HTTP/1.0", 1), windowClosed, "the rules are the same"),
	try("method/http/2-preface", "starts to speak HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", broken(), "only HTTP/1 is served here in clear text; the connection ends"),
	try("method/http/3.0", "claims HTTP/3.0", strings.Replace(send(text(closed)), "HTTP/1.1", "HTTP/3.0", 1), rejected(505), "no such protocol on this connection"),
}
