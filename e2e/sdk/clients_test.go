package sdk

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// written is a request as a client's library writes it: what stands before the
// body, with HOST, LENGTH and PATH left open, and how the body is framed.
type written struct {
	name   string
	head   string
	chunks bool
	form   bool
	// waits: the client sends the body once it was asked for it.
	waits bool
}

const bearer = "Authorization: Bearer test-token\r\n"

// libraries are the clients senders use most, in the order and with the field
// names they write.
var libraries = []written{
	{name: "python/requests", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept: */*\r\nConnection: keep-alive\r\n" + bearer + "Content-Length: LENGTH\r\nContent-Type: application/json\r\n\r\n"},
	{name: "python/requests-form", form: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n" + bearer + "Content-Length: LENGTH\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"},
	{name: "python/urllib3", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nAccept-Encoding: identity\r\nContent-Length: LENGTH\r\nUser-Agent: python-urllib3/2.2.3\r\n" + bearer + "Content-Type: application/json\r\n\r\n"},
	{name: "python/urllib3-chunked", chunks: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nAccept-Encoding: identity\r\nTransfer-Encoding: chunked\r\nUser-Agent: python-urllib3/2.2.3\r\n" + bearer + "Content-Type: application/json\r\n\r\n"},
	{name: "python/urllib", head: "POST PATH HTTP/1.1\r\nAccept-Encoding: identity\r\nContent-Length: LENGTH\r\nHost: HOST\r\nUser-Agent: Python-urllib/3.12\r\nContent-Type: application/json\r\n" + bearer + "Connection: close\r\n\r\n"},
	{name: "python/httpx", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: python-httpx/0.27.2\r\n" + bearer + "Content-Length: LENGTH\r\nContent-Type: application/json\r\n\r\n"},
	{name: "python/aiohttp", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\n" + bearer + "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: Python/3.12 aiohttp/3.10.10\r\nContent-Length: LENGTH\r\nContent-Type: application/json\r\n\r\n"},
	{name: "python/aiohttp-expect", waits: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\n" + bearer + "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: Python/3.12 aiohttp/3.10.10\r\nContent-Length: LENGTH\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\r\n"},

	{name: "php/guzzle", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GuzzleHttp/7\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "php/guzzle-expect", waits: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nExpect: 100-Continue\r\nUser-Agent: GuzzleHttp/6.5.5 curl/7.88.1 PHP/7.4.33\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "php/guzzle-stream", head: "POST PATH HTTP/1.1\r\nUser-Agent: GuzzleHttp/7\r\nContent-Type: application/json\r\nHost: HOST\r\n" + bearer + "Content-Length: LENGTH\r\nConnection: close\r\n\r\n"},
	{name: "php/curl", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "php/curl-form", form: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\n" + bearer + "Content-Length: LENGTH\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"},
	{name: "php/curl-http2", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nAccept: */*\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "php/stream-wrapper", head: "POST PATH HTTP/1.1\r\nContent-Type: application/json\r\n" + bearer + "Host: HOST\r\nContent-Length: LENGTH\r\nConnection: close\r\n\r\n"},
	{name: "php/stream-wrapper-http-1.0", head: "POST PATH HTTP/1.0\r\nContent-Type: application/json\r\n" + bearer + "Host: HOST\r\nContent-Length: LENGTH\r\nConnection: close\r\n\r\n"},

	{name: "java/HttpClient", head: "POST PATH HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: LENGTH\r\nHost: HOST\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/17.0.15\r\n" + bearer + "Content-Type: application/json\r\n\r\n"},
	{name: "java/HttpClient-chunked", chunks: true, head: "POST PATH HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nHost: HOST\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/17.0.15\r\n" + bearer + "Content-Type: application/json\r\n\r\n"},
	{name: "java/HttpClient-expect", waits: true, head: "POST PATH HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: LENGTH\r\nExpect: 100-Continue\r\nHost: HOST\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/17.0.15\r\n" + bearer + "Content-Type: application/json\r\n\r\n"},
	{name: "java/HttpURLConnection", head: "POST PATH HTTP/1.1\r\n" + bearer + "Content-Type: application/json\r\nUser-Agent: Java/17.0.15\r\nHost: HOST\r\nAccept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\nConnection: keep-alive\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "java/apache-5.4", head: "POST PATH HTTP/1.1\r\nAccept-Encoding: gzip, x-gzip, deflate\r\n" + bearer + "Content-Type: application/json; charset=UTF-8\r\nContent-Length: LENGTH\r\nHost: HOST\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, keep-alive\r\nUser-Agent: Apache-HttpClient/5.4 (Java/17.0.15)\r\n\r\n"},
	{name: "java/okhttp", head: "POST PATH HTTP/1.1\r\n" + bearer + "Content-Type: application/json; charset=utf-8\r\nContent-Length: LENGTH\r\nHost: HOST\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\nUser-Agent: okhttp/4.12.0\r\n\r\n"},

	{name: "dotnet/HttpClient", chunks: true, head: "POST PATH HTTP/1.1\r\nHost: HOST\r\n" + bearer + "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"},
	{name: "dotnet/framework", waits: true, head: "POST PATH HTTP/1.1\r\n" + bearer + "Content-Type: application/json; charset=utf-8\r\nHost: HOST\r\nContent-Length: LENGTH\r\nExpect: 100-continue\r\nConnection: Keep-Alive\r\n\r\n"},
	{name: "ruby/net-http", head: "POST PATH HTTP/1.1\r\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\nAccept: */*\r\nUser-Agent: Ruby\r\n" + bearer + "Content-Type: application/json\r\nConnection: close\r\nHost: HOST\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "go/net-http", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: LENGTH\r\n" + bearer + "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n"},
	{name: "curl", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: curl/8.9.1\r\nAccept: */*\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
	{name: "curl/http2", head: "POST PATH HTTP/1.1\r\nHost: HOST\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n" + bearer + "Content-Type: application/json\r\nContent-Length: LENGTH\r\n\r\n"},
}

// TestLibraries sends a text and a template to a person who may get them and to
// one who may not, as each library writes it. What is allowed arrives with the
// same body and every field the library wrote, less what concerns the connection
// to the gateway; what is refused is refused by the rule and not for how it is
// written. Where the client waits to be asked for the body, it is asked once.
func TestLibraries(t *testing.T) {
	w := newGateway(t)
	w.populate(t)
	seen := 0
	for _, library := range libraries {
		for _, message := range []struct{ name, to, kind, refusedAs string }{
			{"text", allowed, `"type":"text","text":{"body":"Grüße & mehr"}`, ""},
			{"template", allowed, `"type":"template","template":{"name":"` + template + `","language":{"code":"` + language + `"},"components":[{"type":"body","parameters":[{"type":"text","text":"DHL"}]}]}`, ""},
			{"text-refused", refused, `"type":"text","text":{"body":"hi"}`, "WINDOW_CLOSED"},
		} {
			t.Run(library.name+"/"+message.name, func(t *testing.T) {
				body := fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,%s}`, message.to, message.kind)
				if library.form {
					body = asForm(message.to, message.kind)
				}
				resp, answer, interim := library.send(t, w, body)
				if want := map[bool]int{true: 1}[library.waits]; interim != want {
					t.Errorf("%d interim answers, want %d", interim, want)
				}
				if rule := resp.Header.Get("X-Waguard-Rule"); message.refusedAs != "" {
					if rule != message.refusedAs || resp.StatusCode < 400 {
						t.Errorf("answered %s with rule %s, want %s: %s", resp.Status, rule, message.refusedAs, answer)
					}
					return
				}
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("answered %s: %s", resp.Status, answer)
				}
				arrived := w.arrived()
				if seen++; len(arrived) != seen {
					t.Fatalf("%d requests arrived, want %d", len(arrived), seen)
				}
				library.checkArrived(t, arrived[seen-1], body)
			})
		}
	}
}

func asForm(to, kind string) string {
	payload := map[bool]string{true: "text", false: "template"}[strings.HasPrefix(kind, `"type":"text"`)]
	_, value, _ := strings.Cut(kind, `"`+payload+`":{`)
	return url.Values{"messaging_product": {"whatsapp"}, "to": {to}, "type": {payload}, payload: {"{" + value}}.Encode()
}

// send writes the request, and gives the answer and how many came before it.
func (l *written) send(t *testing.T, w *world, body string) (resp *http.Response, answer []byte, interim int) {
	t.Helper()
	conn, err := net.Dial("tcp", w.Gateway.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	framed := body
	if l.chunks {
		half := len(body) / 2
		framed = fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", half, body[:half], len(body)-half, body[half:])
	}
	head := strings.NewReplacer("HOST", w.Gateway.Addr, "PATH", messagesPath, "LENGTH", fmt.Sprint(len(body))).Replace(l.head)
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for sent := false; ; {
		if !sent && (!l.waits || interim > 0) {
			if _, err := io.WriteString(conn, framed); err != nil {
				t.Fatal(err)
			}
			sent = true
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("reading the answer: %v", err)
		}
		if resp.StatusCode < http.StatusOK {
			interim++
			continue
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("reading the answer: %v", err)
		}
		return resp, answer, interim
	}
}

// checkArrived checks that what arrived is what the library wrote.
func (l *written) checkArrived(t *testing.T, got exchange, body string) {
	t.Helper()
	if !bytes.Equal(got.Sent, []byte(body)) {
		t.Errorf("the body arrived as %q", got.Sent)
	}
	sent, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.NewReplacer("PATH", messagesPath, "LENGTH", fmt.Sprint(len(body))).Replace(l.head))))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range sent.Header {
		switch name {
		case "Connection", "Upgrade", "Http2-Settings", "Expect", "Content-Length", "Accept-Encoding":
			continue
		}
		if arrived := got.Header[name]; strings.Join(arrived, "\n") != strings.Join(values, "\n") {
			t.Errorf("%s arrived as %q, sent was %q", name, arrived, values)
		}
	}
	for _, name := range []string{"Connection", "Upgrade", "Http2-Settings", "Expect"} {
		if values := got.Header.Values(name); len(values) != 0 && !(name == "Connection" && values[0] == "close") {
			t.Errorf("%s arrived: %q", name, values)
		}
	}
}
