package attack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience bounds every exchange. Nothing waits for it unless something hangs.
const patience = 20 * time.Second

// answer is what a client reads off the socket.
type answer struct {
	status   int
	decision string // X-Waguard-Decision
	rule     string // X-Waguard-Rule
	named    string // the rule in the body's error
	body     []byte
	interim  int // answers with a status below 200 before it
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s %s %.300s", a.status, a.decision, a.rule, a.body)
}

// exchange writes bytes to a socket as they are and reads what comes back until
// the other side has closed. It stops writing after the last answer expected, or
// at once if it hangs up: then the other side must not wait for more.
func exchange(t testing.TB, addr, raw string, expected int, hangsUp bool) []answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := conn.(*net.TCPConn)
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	hangsUp = hangsUp || expected == 0
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, err := io.WriteString(c, raw)
		if err == nil && hangsUp {
			err = c.CloseWrite()
		}
		// A server that has heard enough answers and closes: what it answers
		// counts, not that it did not listen to the end.
		_ = err
	}()
	var answers []answer
	interim := 0
	ended := hangsUp
	in := bufio.NewReader(c)
	method, _, _ := strings.Cut(raw, " ")
	for {
		if len(answers) == expected && !ended {
			// Whoever still answers found a request that nobody meant to send.
			_ = c.CloseWrite() // fails if the server has closed
			ended = true
		}
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Fatalf("nothing came for %s, after %d answers: %v", patience, len(answers), answers)
			}
			break
		}
		if resp.StatusCode < http.StatusOK {
			interim++
			continue
		}
		a := answer{interim: interim, status: resp.StatusCode, decision: resp.Header.Get("X-Waguard-Decision"), rule: resp.Header.Get("X-Waguard-Rule")}
		a.body, err = io.ReadAll(resp.Body)
		if err != nil && a.decision != "" {
			t.Fatalf("reading an answer: %v", err)
		} // else the server did not read what we wrote to the end, and closed
		var refusal struct {
			Error struct {
				Waguard struct {
					Rule string `json:"rule"`
				} `json:"waguard"`
			} `json:"error"`
		}
		if json.Unmarshal(a.body, &refusal) == nil {
			a.named = refusal.Error.Waguard.Rule
		}
		answers = append(answers, a)
		method = http.MethodPost
	}
	c.Close()
	<-written
	return answers
}

// request writes a request down: the line, Host, a token, further header lines
// and the body with its length. Nothing is checked or escaped.
func request(method, target, body string, headers ...string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: graph.facebook.com\r\nAuthorization: Bearer SECRET-TOKEN\r\n", method, target)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body != "" || method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

const (
	asJSON  = "Content-Type: application/json"
	asForm  = "Content-Type: application/x-www-form-urlencoded"
	asPlain = "Content-Type: text/plain"
	asBytes = "Content-Type: application/octet-stream"
)

// post is a POST with a JSON body.
func post(target, body string, headers ...string) string {
	return request(http.MethodPost, target, body, append([]string{asJSON}, headers...)...)
}

// form is a POST with a form as body.
func form(target, body string, headers ...string) string {
	return request(http.MethodPost, target, body, append([]string{asForm}, headers...)...)
}

// send is a POST of a JSON body to the send edge.
func send(body string, headers ...string) string { return post(messages, body, headers...) }

// chunked is a request whose body comes in chunks of the given bytes.
func chunked(method, target string, headers []string, chunks ...string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: graph.facebook.com\r\nAuthorization: Bearer SECRET-TOKEN\r\nTransfer-Encoding: chunked\r\n", method, target)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n")
	for _, c := range chunks {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(c), c)
	}
	b.WriteString("0\r\n\r\n")
	return b.String()
}

// multipart is a body of parts, each a header and a content, split by the
// boundary "xx".
func multipart(parts ...[2]string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--xx\r\n%s\r\n\r\n%s\r\n", p[0], p[1])
	}
	b.WriteString("--xx--\r\n")
	return b.String()
}

// part is a part of a form without a file.
func part(name, content string) [2]string {
	return [2]string{`Content-Disposition: form-data; name="` + name + `"`, content}
}

const asParts = "Content-Type: multipart/form-data; boundary=xx"

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}
