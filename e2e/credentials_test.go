package e2e

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// brokenUpstream is an upstream that fails in a way that can be changed.
type brokenUpstream struct {
	net.Listener
	way atomic.Value // string
}

// the ways in which an upstream that takes connections fails.
var failures = []string{"reset", "break-header", "break-body", "silent", "garbage", "echo", "status-500", "status-503", "redirect"}

func newBrokenUpstream(t *testing.T) *brokenUpstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := &brokenUpstream{Listener: l}
	f.way.Store("reset")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.fail(c)
		}
	}()
	return f
}

func (f *brokenUpstream) fail(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil {
		return // a TLS handshake
	}
	body, _ := io.ReadAll(r.Body)
	switch f.way.Load() {
	case "reset":
		c.(*net.TCPConn).SetLinger(0)
	case "break-header":
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-")
	case "break-body":
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	case "silent":
		in.Peek(1) // until the gateway gives up
	case "garbage":
		fmt.Fprintf(c, "%s %s %s\r\n\r\n", r.RequestURI, r.Header, body)
	case "echo":
		fmt.Fprintf(c, "HTTP/1.1 2%s OK\r\nX: %s\r\n\r\n", r.RequestURI, body)
	case "status-500", "status-503":
		fmt.Fprintf(c, "HTTP/1.1 %s x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", strings.TrimPrefix(f.way.Load().(string), "status-"))
	case "redirect":
		fmt.Fprintf(c, "HTTP/1.1 302 x\r\nLocation: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", r.RequestURI)
	}
}

// TestCredentialsStayOutOfLogs: whichever way the upstream or the endpoint fails,
// no credential in any place it may stand reaches any output of the gateway, with
// the example's logging at DEBUG. At INFO and without the example's filter only
// Caddy's proxy shows any, where an answer breaks off that had begun to stream.
func TestCredentialsStayOutOfLogs(t *testing.T) {
	const (
		secret   = "s3cr3t-" // every credential begins so
		person   = "4915112345678"
		pathKey  = secret + "path"
		basicKey = secret + "basic"
	)
	example, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, logging := range []string{"example-at-debug", "plain-at-info"} {
		for _, reach := range []string{"tcp", "dial", "tls"} {
			t.Run(logging+"/"+reach, func(t *testing.T) {
				t.Parallel()
				upstream, ways := newBrokenUpstream(t), failures
				address := "http://" + upstream.Addr().String()
				switch reach {
				case "dial":
					address, ways = "http://"+gatewaytest.FreeAddr(t), []string{"dial"}
				case "tls":
					address, ways = "https://"+upstream.Addr().String(), []string{"tls"}
				}
				p := newProcess(t, address, filepath.Join(t.TempDir(), "store"))
				p.Env = []string{
					"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "WA_APP_SECRET=" + secret + "app", "WA_VERIFY_TOKEN=" + secret + "verify",
					"K1=" + pathKey, "K2=" + secret + "header", "K3=" + basicKey,
				}
				hooks := gatewaytest.FreeAddr(t)
				caddyfile := strings.NewReplacer(
					"\n:8080 {", "\nhttp://"+p.Addr+" {",
					"\n:8081 {", "\nhttp://"+hooks+" {",
					"admin unix/waguard.sock|0600", "admin "+p.Admin+"\n\tdebug",
					"mode enforce", "mode monitor",
					"handle /webhook {", "handle /webhook* {",
					"verify_token {env.WA_VERIFY_TOKEN}\n", "verify_token {env.WA_VERIFY_TOKEN}\nauth path {env.K1}\nauth header X-Webhook-Key {env.K2}\nauth basic meta {env.K3}\n",
					"# reverse_proxy localhost:3000", "reverse_proxy "+address+" {\ntransport http {\nresponse_header_timeout 100ms\n}\n}",
					"https://graph.facebook.com", address, "60s", "100ms",
				).Replace(string(example))
				if logging == "plain-at-info" {
					caddyfile = strings.Replace(caddyfile, "\tdebug\n", "", 1)
					begin := strings.Index(caddyfile, "\tlog default {")
					end := begin + strings.Index(caddyfile[begin:], "\n\t}\n") + 4
					caddyfile = caddyfile[:begin] + caddyfile[end:]
					caddyfile = strings.ReplaceAll(caddyfile, "\tlog\n", "")
				}
				p.configure(t, caddyfile)
				p.start(t)
				client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				requests := 0
				var busy sync.WaitGroup
				slots := make(chan struct{}, 32)
				try := func(method, path, contentType, body string, header ...string) {
					base := p.URL
					if strings.HasPrefix(path, "/webhook") {
						base = "http://" + hooks
					}
					r, err := http.NewRequest(method, base+path, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Content-Type", contentType)
					for i := 0; i < len(header); i += 2 {
						r.Header.Set(header[i], header[i+1])
					}
					requests++
					busy.Go(func() {
						slots <- struct{}{}
						defer func() { <-slots }()
						if resp, err := client.Do(r); err == nil {
							io.Copy(io.Discard, resp.Body)
							resp.Body.Close()
						}
					})
				}
				const text = `{"messaging_product":"whatsapp","to":"+` + person + `","type":"text","text":{"body":"` + secret + `text"}`
				const form = "application/x-www-form-urlencoded"
				for _, way := range ways {
					upstream.way.Store(way)
					for _, path := range []string{"/v25.0/" + shop + "/messages", "/v25.0/" + shop, "/v25.0/" + shop + "/message_templates", "/v25.0/" + person + "/messages"} {
						for _, method := range []string{"GET", "POST"} {
							for _, place := range []string{"Authorization", "D360-Api-Key", "X-Api-Key", "Idempotency-Key", "X-Idempotency-Key", "Cookie", "Referer", "Proxy-Authorization"} {
								try(method, path, "application/json", text+"}", place, "Bearer "+secret+place)
							}
							for _, query := range []string{"access_token=" + secret, "a=1&appsecret_proof=" + secret + "proof", "access%5Ftoken=" + secret, "a=%zz&access_token=" + secret, "a=1;access_token=" + secret, "Access_Token=" + secret, "client_secret=" + secret + "&input_token=" + secret} {
								try(method, path+"?"+query, "application/json", text+"}")
							}
							for _, query := range []string{";access_token=", "&access_token=", "%3Faccess_token=", "%3faccess%5Ftoken%3D", "%26access_token=", "%3Baccess_token=", "/access_token="} {
								try(method, path+query+secret, "application/json", text+"}")
							}
							try(method, path, "application/json", text+`,"access_token":"`+secret+`json"}`)
							try(method, path, form, "access_token="+secret+"form&appsecret_proof="+secret)
						}
					}
					try("POST", "/v25.0/", form, "access_token="+secret+"batch&batch="+`[{"method":"POST","relative_url":"`+shop+`/messages?access_token=`+secret+`"}]`)
					try("POST", "/v25.0/+"+person+"/messages", "application/json", text+"}")
					try("GET", "/v25.0/%2B"+person, "application/json", "")
					try("DELETE", "/v25.0/1?access_token="+secret, "application/json", "")
					try("GET", "/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token="+secret+"wrong", "", "")
					try("GET", "/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token="+secret+"verify", "", "")
					try("POST", "/webhook", "application/json", hello, "X-Hub-Signature-256", "sha256="+secret)
					try("POST", "/webhook/"+pathKey, "application/json", hello)
					try("POST", "/webhook/"+pathKey+"/more?x="+secret, "application/json", hello)
					try("POST", "/webhook", "application/json", hello, "X-Webhook-Key", secret+"header")
					try("POST", "/webhook", "application/json", hello, "X-Webhook-Key", secret+"wrong")
					try("POST", "/webhook", "application/json", hello, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("meta:"+basicKey)))
					busy.Wait()
				}
				log := p.log()
				if want := map[string]int{"example-at-debug": requests, "plain-at-info": 0}[logging]; strings.Count(log, "\n") < want || !strings.Contains(log, "got no answer") {
					t.Errorf("%d requests, and %d lines are too few to prove anything:\n%.3000s", requests, strings.Count(log, "\n"), log)
				}
				shown := 0
				for line := range strings.Lines(log) {
					if logging == "plain-at-info" && strings.Contains(line, "aborting with incomplete response") {
						continue // by Caddy's proxy, of answers that stream; no module can keep it from that
					}
					if strings.Contains(line, "/+"+person) || strings.Contains(line, "%2B"+person) {
						t.Errorf("a log line holds a phone number: %s", line)
					}
					if strings.Contains(line, secret) || strings.Contains(line, base64.StdEncoding.EncodeToString([]byte("meta:"+basicKey))) {
						if shown++; shown < 6 {
							t.Errorf("a log line holds a credential: %s", line)
						}
					}
				}
			})
		}
	}
}
