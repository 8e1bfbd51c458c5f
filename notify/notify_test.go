package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_plJ3nmyCDGBKInavdOK15jsl9Jf0nWqYqWm0nWqYqWk="
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// verify is what a receiver does, written from the specification alone. It knows one secret.
func verify(secret string, header http.Header, body []byte, now time.Time) error {
	id, at, signatures := header.Get("webhook-id"), header.Get("webhook-timestamp"), header.Get("webhook-signature")
	if id == "" || at == "" || signatures == "" {
		return errors.New("a header is missing")
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return err
	}
	if d := now.Sub(time.Unix(seconds, 0)).Abs(); d > 5*time.Minute {
		return errors.New("too old")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	h := hmac.New(sha256.New, key)
	io.WriteString(h, id+"."+at+"."+string(body))
	want := h.Sum(nil)
	for signature := range strings.SplitSeq(signatures, " ") {
		version, value, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(value)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature fits")
}

func secrets(t *testing.T, list ...string) func() ([]Secret, error) {
	t.Helper()
	keys := make([]Secret, len(list))
	for i, s := range list {
		key, err := ParseSecret(s)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	return func() ([]Secret, error) { return keys, nil }
}

func example() *Event {
	return &Event{ID: "violation-1", Source: "urn:waguard:1", Type: "violation", Time: noon, Subject: "9fa6", DataSchema: "urn:waguard:events:1#violation", Data: map[string]string{"rule": "WINDOW_CLOSED"}}
}

// The example of the specification's own implementations.
func TestSignatureOfTheSpecification(t *testing.T) {
	keys, _ := secrets(t, oldSecret)()
	_, signature := sign(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; signature != want {
		t.Errorf("the signature is %s, want %s", signature, want)
	}
}

// TestSend: a receiver that knows either secret takes what it gets, and nobody else does.
func TestSend(t *testing.T) {
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, body = r.Header, must(io.ReadAll(r.Body))
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	e := New(Options{URL: server.URL, Network: Private, Secrets: secrets(t, newSecret, oldSecret), Now: func() time.Time { return noon }, UserAgent: "waguard/test"})
	defer e.Close()
	if a := e.Send(t.Context(), example()); !a.Taken || a.Status != http.StatusAccepted {
		t.Fatalf("answer %+v", a)
	}
	for _, secret := range []string{oldSecret, newSecret} {
		if err := verify(secret, header, body, noon); err != nil {
			t.Errorf("a receiver doesn't take it: %v", err)
		}
		if err := verify(secret, header, append([]byte(" "), body...), noon); err == nil {
			t.Error("another body is taken as well")
		}
		changed := header.Clone()
		changed.Set("webhook-id", "violation-2")
		if err := verify(secret, changed, body, noon); err == nil {
			t.Error("another id is taken as well")
		}
	}
	if header.Get("Content-Type") != ContentType || header.Get("User-Agent") != "waguard/test" {
		t.Errorf("header %v", header)
	}
	var ce map[string]any
	if err := json.Unmarshal(body, &ce); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"specversion": "1.0", "id": "violation-1", "source": "urn:waguard:1", "type": "violation", "time": "2026-11-02T12:00:00Z",
		"subject": "9fa6", "datacontenttype": "application/json", "dataschema": "urn:waguard:events:1#violation",
	} {
		if ce[name] != want {
			t.Errorf("%s is %v, want %s", name, ce[name], want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestAnswers: what an endpoint's answers mean.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   Answer
	}{
		{"ok", status(200, nil), Answer{Taken: true, Status: 200}},
		{"no-content", status(204, nil), Answer{Taken: true, Status: 204}},
		{"redirect", status(302, http.Header{"Location": {"http://127.0.0.1:1/"}}), Answer{Status: 302}},
		{"permanent-redirect", status(308, http.Header{"Location": {"/elsewhere"}}), Answer{Status: 308}},
		{"gone", status(410, nil), Answer{Status: 410, Gone: true}},
		{"retry-after/seconds", status(503, http.Header{"Retry-After": {"120"}}), Answer{Status: 503, RetryAfter: 2 * time.Minute}},
		{"retry-after/date", status(429, http.Header{"Retry-After": {"Mon, 02 Nov 2026 12:10:00 GMT"}}), Answer{Status: 429, RetryAfter: 10 * time.Minute}},
		{"retry-after/past", status(503, http.Header{"Retry-After": {"Mon, 02 Nov 2026 11:10:00 GMT"}}), Answer{Status: 503}},
		{"retry-after/for-ever", status(503, http.Header{"Retry-After": {"99999999999"}}), Answer{Status: 503, RetryAfter: 24 * time.Hour}},
		{"retry-after/nonsense", status(503, http.Header{"Retry-After": {"-5"}}), Answer{Status: 503}},
		{"error", status(500, nil), Answer{Status: 500}},
		{"huge", func(w http.ResponseWriter) {
			w.WriteHeader(200)
			_, _ = w.Write(make([]byte, 1<<20))
		}, Answer{Taken: true, Status: 200}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls++; tc.answer(w) }))
			defer server.Close()
			e := New(Options{URL: server.URL + "/hook?secret=hush", Network: Private, Secrets: secrets(t, oldSecret), Now: func() time.Time { return noon }})
			defer e.Close()
			got := e.Send(t.Context(), example())
			if got.Taken != tc.want.Taken || got.Gone != tc.want.Gone || got.Status != tc.want.Status || got.RetryAfter != tc.want.RetryAfter {
				t.Errorf("answer %+v, want %+v", got, tc.want)
			}
			if calls != 1 {
				t.Errorf("called %d times", calls)
			}
			if got.Taken != (got.Why == "") || strings.Contains(got.Why, "hush") {
				t.Errorf("it says %q", got.Why)
			}
		})
	}
}

func status(code int, header http.Header) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(code)
	}
}

// TestAddresses: where nothing is sent, however it is written.
func TestAddresses(t *testing.T) {
	for _, tc := range []struct {
		addr            string
		public, private bool
	}{
		{"93.184.216.34", true, true},
		{"2606:2800:220:1:248:1893:25c8:1946", true, true},
		{"127.0.0.1", false, true},
		{"127.8.9.10", false, true},
		{"::1", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"10.1.2.3", false, true},
		{"172.16.0.1", false, true},
		{"192.168.1.1", false, true},
		{"::ffff:192.168.1.1", false, true},
		{"100.64.0.1", false, true},
		{"fc00::1", false, true},
		{"fd12:3456::1", false, true},
		{"198.18.0.1", false, true},
		// Metadata of clouds, and what is about the link or the machine.
		{"169.254.169.254", false, false},
		{"::ffff:169.254.169.254", false, false},
		{"169.254.170.2", false, false},
		{"100.100.100.200", false, false},
		{"192.0.0.192", false, false},
		{"168.63.129.16", false, false},
		{"fd00:ec2::254", false, false},
		{"fd00:ec2::23", false, false},
		{"fe80::1", false, false},
		{"fe80::1%eth0", false, false},
		{"0.0.0.0", false, false},
		{"::", false, false},
		{"224.0.0.1", false, false},
		{"255.255.255.255", false, false},
		{"ff02::1", false, false},
		// What hides another address in it.
		{"64:ff9b::a9fe:a9fe", false, false},
		{"64:ff9b:1::1", false, false},
		{"2002:7f00:1::", false, false},
		{"2001:0:7f00:1::", false, false},
		{"::7f00:1", false, false},
		{"::ffff:0:127.0.0.1", false, false},
		{"::ffff:0:a9fe:a9fe", false, false},
	} {
		addr := netip.MustParseAddr(tc.addr)
		if got := checkAddress(Public, addr) == nil; got != tc.public {
			t.Errorf("%s on the internet: %v, want %v", tc.addr, got, tc.public)
		}
		if got := checkAddress(Private, addr) == nil; got != tc.private {
			t.Errorf("%s in the own network: %v, want %v", tc.addr, got, tc.private)
		}
	}
}

// TestNamesThatLeadInside: what counts is the address that is connected to, whatever a name
// said before; and no proxy of the environment's is asked.
func TestNamesThatLeadInside(t *testing.T) {
	called := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTPS_PROXY", server.URL)
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"} {
		e := New(Options{URL: "https://" + host + ":" + port, Secrets: secrets(t, oldSecret), Now: time.Now})
		e.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // #nosec G402 -- so that the certificate isn't what stops it
		a := e.Send(t.Context(), example())
		if a.Taken || called {
			t.Errorf("%s leads inside: %+v", host, a)
		}
		if a.Why == "" {
			t.Errorf("%s: nothing is said", host)
		}
		e.Close()
	}
}

// TestSlow: a receiver that doesn't answer is given up, also where it sends its answer byte by
// byte, and where the gateway ends.
func TestSlow(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	e := New(Options{URL: server.URL, Network: Private, Secrets: secrets(t, oldSecret), Now: time.Now})
	defer e.Close()
	e.client.Timeout = 50 * time.Millisecond
	if a := e.Send(t.Context(), example()); a.Taken || !strings.Contains(a.Why, "doesn't answer within") {
		t.Errorf("answer %+v", a)
	}
	e.client.Timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a := e.Send(ctx, example()); a.Taken {
		t.Errorf("answer %+v", a)
	}
}

// TestUncertified: an endpoint without a certificate that one can trust gets nothing.
func TestUncertified(t *testing.T) {
	called := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	e := New(Options{URL: server.URL, Network: Private, Secrets: secrets(t, oldSecret), Now: time.Now})
	defer e.Close()
	if a := e.Send(t.Context(), example()); a.Taken || called || !strings.Contains(a.Why, "certificate") {
		t.Errorf("answer %+v", a)
	}
}

func TestCheckURL(t *testing.T) {
	for _, tc := range []struct {
		url             string
		public, private bool
	}{
		{"https://crm.example.com/hooks?a=b", true, true},
		{"http://crm.example.com/hooks", false, true},
		{"https://user:pass@crm.example.com/", false, false},
		{"https:///hooks", false, false},
		{"ftp://crm.example.com", false, false},
		{"crm.example.com", false, false},
		{"https://crm.example.com/#x", false, false},
		{"https://crm.example.com/%zz", false, false},
		{"https://192.0.2.1/", false, true},
		{"https://8.8.8.8/", true, true},
		{"https://10.0.0.5/", false, true},
		{"https://[::1]:8443/", false, true},
		{"http://169.254.169.254/", false, false},
		{"", false, false},
	} {
		for network, want := range map[Network]bool{Public: tc.public, Private: tc.private} {
			err := CheckURL(tc.url, network)
			if (err == nil) != want {
				t.Errorf("%s: %v", tc.url, err)
			}
			if err != nil && strings.Contains(err.Error(), "pass") {
				t.Errorf("the error quotes the address: %v", err)
			}
		}
	}
}

func TestSecrets(t *testing.T) {
	for _, s := range []string{"", "hush", "whsec_", "whsec_hush!", "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)), "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))} {
		if _, err := ParseSecret(s); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := ParseSecret(" " + oldSecret + "\n"); err != nil { // as a file has it
		t.Error(err)
	}
}

// FuzzParseSecret: whatever is read as a secret is written as one.
func FuzzParseSecret(f *testing.F) {
	f.Add(oldSecret)
	f.Add(newSecret)
	f.Add("whsec_")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := ParseSecret(s)
		if err != nil {
			return
		}
		again, err := ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(key))
		if err != nil || string(again) != string(key) {
			t.Errorf("%q is another one when it is written: %v", s, err)
		}
	})
}

// TestWait: the schedule of the specification, with jitter, slower where the endpoint asks.
func TestWait(t *testing.T) {
	for failed, least := range waits {
		for range 100 {
			wait, ok := Wait(failed, nil)
			if !ok || wait < least || wait > least+least/5 {
				t.Fatalf("after %d attempts: %s, want %s to a fifth more", failed, wait, least)
			}
		}
	}
	if _, ok := Wait(Attempts, nil); ok {
		t.Error("it never ends")
	}
	if wait, _ := Wait(1, &Answer{Status: 429}); wait < time.Minute {
		t.Errorf("an endpoint with too much to do is called after %s", wait)
	}
	if wait, _ := Wait(1, &Answer{Status: 503, RetryAfter: time.Hour}); wait != time.Hour {
		t.Errorf("an endpoint that asks for an hour is called after %s", wait)
	}
	if wait, _ := Wait(9, &Answer{Status: 503, RetryAfter: time.Second}); wait < 24*time.Hour {
		t.Errorf("an endpoint hurries the schedule: %s", wait)
	}
}

// TestTooLarge: what is larger than a message may be is not sent.
func TestTooLarge(t *testing.T) {
	e := example()
	e.Data = strings.Repeat("a", Largest)
	if _, err := e.Body(); err == nil {
		t.Error("a message of more than 20 kB is sent")
	}
	for _, id := range []string{"", "a.b", "a b", "ä"} {
		e := example()
		e.ID = id
		if _, err := e.Body(); err == nil {
			t.Errorf("the id %q is signed", id)
		}
	}
}

// TestOurs: what goes wrong before anything is sent is no answer of the endpoint's.
func TestOurs(t *testing.T) {
	secret := func() ([]Secret, error) { return []Secret{make(Secret, 32)}, nil }
	none := func() ([]Secret, error) { return nil, errors.New("the secret can't be read") }
	huge := example()
	huge.Data = strings.Repeat("a", Largest)
	for name, tc := range map[string]struct {
		secrets     func() ([]Secret, error)
		event       *Event
		ours, never bool
	}{
		"no secret": {none, example(), true, false},
		"too large": {secret, huge, true, true},
		"no answer": {secret, example(), false, false},
	} {
		e := New(Options{URL: "http://127.0.0.1:1/", Network: Private, Secrets: tc.secrets, Now: time.Now})
		a := e.Send(t.Context(), tc.event)
		e.Close()
		if a.Ours != tc.ours || a.Never != tc.never || a.Taken || a.Why == "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestNothingOfAnswers: what an endpoint answers is in no reason, even if it is no answer.
func TestNothingOfAnswers(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.1 302 Found\r\nLocation: http://[+4915112345678\r\nContent-Length: 0\r\n\r\n",
		"+4915112345678 and more of it\r\n\r\n",
		"HTTP/1.1 +4915112345678\r\n\r\n",
		"HTTP/1.1 200 OK\r\n+4915112345678\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +4915112345678\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: +4915112345678\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA\"+4915112345678: \"\r\n\r\n",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 64<<10))
				_, _ = io.WriteString(c, answer)
				_ = c.Close()
			}
		}()
		e := New(Options{URL: "http://" + l.Addr().String(), Network: Private, Secrets: secrets(t, newSecret), Now: time.Now})
		a := e.Send(t.Context(), &Event{ID: "test-1", Source: "urn:waguard:x", Type: "test", Time: noon})
		e.Close()
		_ = l.Close()
		if a.Taken || a.Why == "" || strings.Contains(a.Why, "49151") {
			t.Errorf("to %q: %+v", answer, a)
		}
	}
}
