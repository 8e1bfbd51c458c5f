package sdk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

func textTo(to string) string {
	return fmt.Sprintf(`{"messaging_product":"whatsapp","recipient_type":"individual","to":%q,"type":"text","text":{"body":"Grüße 📦","preview_url":false}}`, to)
}

func textToBoth(to, recipient string) string {
	return fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"recipient":%q,"type":"text","text":{"body":"hi"}}`, to, recipient)
}

// refusal is what an SDK reads from a refusal.
type refusal struct {
	Error struct {
		Message string
		Type    string
		Code    int
		Data    struct{ Details string } `json:"error_data"`
		TraceID string                   `json:"fbtrace_id"`
		Waguard struct{ Rule string }
	}
}

// mustRefuse checks that an answer is an error in whatever way a client looks at
// it, and that nothing reached the simulator.
func mustRefuse(t *testing.T, w *world, resp *http.Response, body []byte, status, code int, rule string) {
	t.Helper()
	// Some clients take every status from 200 to 307 for success.
	if resp.StatusCode < 400 || resp.StatusCode > 599 {
		t.Errorf("status is %s: some clients read that as success", resp.Status)
	}
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("the answer is no JSON: %v\n%s", err, body)
	}
	e := r.Error
	if resp.StatusCode != status || e.Code != code || e.Waguard.Rule != rule {
		t.Errorf("answer is %s, code %d, rule %s; want %d, %d, %s\n%s", resp.Status, e.Code, e.Waguard.Rule, status, code, rule, body)
	}
	if !strings.HasPrefix(e.Message, fmt.Sprintf("(#%d) ", code)) || e.Type == "" || e.TraceID == "" || !strings.Contains(e.Data.Details, rule) {
		t.Errorf("the error is not in the shape of the Graph API: %s", body)
	}
	if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		t.Errorf("Content-Type is %q", ct)
	}
	if arrived := w.arrived(); len(arrived) != 0 {
		t.Errorf("the simulator saw %s %s", arrived[0].Method, arrived[0].RequestURI)
	}
}

// mustPass checks that one request reached the simulator as it was sent, and
// that its answer came back as it was given.
func mustPass(t *testing.T, w *world, resp *http.Response, answer []byte, target string, body []byte) exchange {
	t.Helper()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("answer is %s: %s", resp.Status, answer)
	}
	arrived := w.arrived()
	if len(arrived) != 1 {
		t.Fatalf("the simulator saw %d requests, want 1", len(arrived))
	}
	got := arrived[0]
	if got.RequestURI != target {
		t.Errorf("target is %q, want %q", got.RequestURI, target)
	}
	if !bytes.Equal(got.Sent, body) {
		t.Errorf("body is\n%q, want\n%q", got.Sent, body)
	}
	if got.Status != resp.StatusCode || !bytes.Equal(got.Answer, answer) {
		t.Errorf("the sender got %d %q, the simulator answered %d %q", resp.StatusCode, answer, got.Status, got.Answer)
	}
	return got
}

// raw sends bytes and reads an answer. With halfClose it then says that no more
// will come.
func raw(t *testing.T, w *world, request string, halfClose bool) (*http.Response, []byte) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.Gateway.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // the read would fail
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if halfClose {
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodPost})
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer's body: %v", err)
	}
	return resp, body
}

// chunked is a request whose length is not told, in chunks of a size that
// tears names and letters apart.
func (w *world) chunked(target, contentType string, body []byte, size int, end string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer test-token\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", target, w.Gateway.Addr, contentType)
	for chunk := range slices.Chunk(body, size) {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
	}
	return b.String() + end
}

const (
	lastChunk = "0\r\n\r\n"
	noEnd     = ""
)

func TestChunkedSend(t *testing.T) {
	for _, size := range []int{1, 7, 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := newGateway(t)
			w.populate(t)
			body := []byte(textTo(refused))
			resp, answer := raw(t, w, w.chunked(messagesPath, "application/json", body, size, lastChunk), false)
			mustRefuse(t, w, resp, answer, http.StatusBadRequest, 131047, "WINDOW_CLOSED")

			body = []byte(textTo(allowed))
			resp, answer = raw(t, w, w.chunked(messagesPath, "application/json", body, size, lastChunk), false)
			mustPass(t, w, resp, answer, messagesPath, body)
		})
	}
}

// A sender that dies in the middle of a chunked body has sent no message, even
// if what came so far would be one.
func TestChunkedSendBreaksOff(t *testing.T) {
	w := newGateway(t)
	w.populate(t)
	resp, answer := raw(t, w, w.chunked(messagesPath, "application/json", []byte(textTo(allowed)), 1000, noEnd), true)
	mustRefuse(t, w, resp, answer, http.StatusBadRequest, 100, "UNREADABLE")
}

// upload is the body of an upload and its content type. It is smaller than what
// Go's server reads to the end by itself when a request is refused.
func upload(t *testing.T, fields map[string]string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := m.CreatePart(map[string][]string{
		"Content-Disposition": {`form-data; name="file"; filename="parcel.jpg"`},
		"Content-Type":        {"image/jpeg"},
	})
	if err != nil {
		t.Fatal(err)
	}
	part.Write(bytes.Repeat([]byte("\xff\xd8\xff\xe0\r\n--\x00"), 20_000)) //nolint:errcheck // memory
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m.FormDataContentType(), b.Bytes()
}

// Some clients name the product in the query of an upload, beside or instead of
// the form; some don't tell the length.
func TestUpload(t *testing.T) {
	const inQuery = mediaPath + "?messaging_product=whatsapp"
	inForm := map[string]string{"messaging_product": "whatsapp"}
	for name, c := range map[string]struct {
		target  string
		fields  map[string]string
		chunked bool
	}{
		"product in the form":            {mediaPath, inForm, false},
		"product in the query":           {inQuery, nil, false},
		"product in both":                {inQuery, inForm, false},
		"chunked":                        {mediaPath, inForm, true},
		"chunked, product in the query":  {inQuery, nil, true},
		"product and token in the query": {inQuery + "&access_token=test-token", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newGateway(t)
			contentType, body := upload(t, c.fields)
			var resp *http.Response
			var answer []byte
			if c.chunked {
				resp, answer = raw(t, w, w.chunked(c.target, contentType, body, 5000, lastChunk), false)
			} else {
				resp, answer = gatewaytest.Do(t, http.MethodPost, w.URL+c.target, string(body), header(contentType))
			}
			mustPass(t, w, resp, answer, c.target, body)
		})
	}
}

// An upload that carries something else is refused before the simulator has seen
// the whole of it, however it is sent.
func TestUploadRefused(t *testing.T) {
	batch := map[string]string{"messaging_product": "whatsapp", "batch": `[{"method":"POST","relative_url":"` + number + `/messages"}]`}
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunked=%v", chunked), func(t *testing.T) {
			w := newGateway(t)
			contentType, body := upload(t, batch)
			var resp *http.Response
			var answer []byte
			if chunked {
				resp, answer = raw(t, w, w.chunked(mediaPath, contentType, body, 5000, lastChunk), false)
			} else {
				resp, answer = gatewaytest.Do(t, http.MethodPost, w.URL+mediaPath, string(body), header(contentType))
			}
			if resp.StatusCode < 400 || resp.StatusCode > 499 {
				t.Errorf("answer is %s: %s", resp.Status, answer)
			}
			var r refusal
			if err := json.Unmarshal(answer, &r); err != nil || r.Error.Code != 100 || r.Error.Message == "" {
				t.Errorf("the answer is no error of the Graph API: %s", answer)
			}
			for _, e := range w.arrived() {
				if e.Broken == nil {
					t.Errorf("the simulator saw the end of %s %s", e.Method, e.RequestURI)
				}
			}
			if sends := w.Sim.Sends(); len(sends) != 0 {
				t.Errorf("the simulator accepted %d sends", len(sends))
			}
		})
	}
}

// Some clients send `to` and `recipient` together. Meta takes `to`, so both must
// be the same person.
func TestToAndRecipient(t *testing.T) {
	t.Run("one person", func(t *testing.T) {
		w := newGateway(t)
		w.populate(t)
		body := textToBoth(allowed, allowedID)
		resp, answer := w.Gateway.Post(t, messagesPath, body)
		mustPass(t, w, resp, answer, messagesPath, []byte(body))
	})
	for name, body := range map[string]string{
		"user id of nobody known":           textToBoth(allowed, strangerID),
		"user id of another person":         textToBoth(allowed, otherID),
		"phone number of somebody else":     textToBoth(refused, allowedID),
		"phone number of nobody known":      textToBoth(refused, strangerID),
		"the other way round, both allowed": textToBoth(other, allowedID),
	} {
		t.Run(name, func(t *testing.T) {
			w := newGateway(t)
			w.populate(t)
			resp, answer := w.Gateway.Post(t, messagesPath, body)
			mustRefuse(t, w, resp, answer, http.StatusBadRequest, 100, "RECIPIENT_CONFLICT")
		})
	}
}

func header(contentType string) http.Header {
	return http.Header{"Content-Type": {contentType}, "Authorization": {"Bearer test-token"}}
}

// Whatever the reason of a refusal, no client may take it for success.
func TestRefusalsAreErrors(t *testing.T) {
	templateTo := func(to string) string {
		return fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":%q,"language":{"code":%q}}}`, to, template, language)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, textTo(allowed)) //nolint:errcheck // memory
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	gzipHeader := header("application/json")
	gzipHeader.Set("Content-Encoding", "gzip")

	w := newGateway(t)
	w.populate(t)
	for _, c := range []struct {
		name         string
		target, body string
		header       http.Header
		status, code int
		rule         string
	}{
		{"closed window", messagesPath, textTo(refused), nil, 400, 131047, "WINDOW_CLOSED"},
		{"no opt-in", messagesPath, templateTo(refused), nil, 403, 131005, "NO_CONSENT"},
		{"number not served", "/" + otherNumber + "/messages", textTo(allowed), nil, 400, 33, "SENDER_UNKNOWN"},
		{"not JSON", messagesPath, `{"to":`, nil, 400, 100, "UNREADABLE"},
		{"empty", messagesPath, ``, nil, 400, 100, "UNREADABLE"},
		{"no recipient", messagesPath, `{"messaging_product":"whatsapp","type":"text","text":{"body":"x"}}`, nil, 400, 100, "RECIPIENT_INVALID"},
		{"too large", messagesPath, textTo(allowed) + strings.Repeat(" ", 1<<20), nil, 413, 100, "BODY_TOO_LARGE"},
		{"compressed", messagesPath, zipped.String(), gzipHeader, 415, 100, "ENCODING_UNSUPPORTED"},
		{"encrypted", "/" + number + "/messages_encrypted", `{"encrypted_contents":"x"}`, nil, 403, 131005, "ENCRYPTED_BODY"},
		{"another method", messagesPath + "?method=delete", textTo(allowed), nil, 400, 100, "METHOD_OVERRIDE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.header == nil {
				c.header = header("application/json")
			}
			resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+c.target, c.body, c.header)
			mustRefuse(t, w, resp, answer, c.status, c.code, c.rule)
		})
	}
}
