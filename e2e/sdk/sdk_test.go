//go:build sdk

// These tests need node and the packages of package-lock.json, which a plain
// `go test ./...` must not: whoever works on the gateway has Go, not
// necessarily node, and no test downloads anything. With the tag given the
// packages are expected to be there, so that in CI nothing is left out silently.
//
//	npm ci --prefix e2e/sdk && go test -tags sdk ./e2e/sdk

package sdk

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	mediaID   = "2871834006348767"
	messageID = "wamid.HBgNNDkxNTExMjM0NTY3OBUCABIYFDNBQjFD+/8A=="
)

// client is an SDK under test.
type client struct {
	driver string
	// refusals are the operations it has, and how each is refused for the
	// refused contact.
	refusals map[string]refusedAs
	// titles are messages of errors that the SDK puts in place of the answer's.
	titles map[int]string
	// hidesStatus: whoever uses the SDK doesn't learn the HTTP status of an error.
	hidesStatus bool
	// tls: it speaks nothing else.
	tls bool
	// chunks: it doesn't tell the length of a message.
	chunks bool
}

type refusedAs struct {
	status, code int
	title        string // after the code
	rule         string
}

var (
	windowClosed      = refusedAs{http.StatusBadRequest, 131047, "Re-engagement message", "WINDOW_CLOSED"}
	noConsent         = refusedAs{http.StatusForbidden, 131005, "Access denied: no opt-in", "NO_CONSENT"}
	recipientConflict = refusedAs{http.StatusBadRequest, 100, "Invalid parameter", "RECIPIENT_CONFLICT"}
	senderUnknown     = refusedAs{http.StatusBadRequest, 33, "Business phone number unknown", "SENDER_UNKNOWN"}
	batchInUpload     = refusedAs{http.StatusBadRequest, 100, "Invalid parameter", "BATCH_REFUSED"}
)

// operations are all of them but those without.
func operations(without ...string) map[string]refusedAs {
	all := map[string]refusedAs{
		"text":       windowClosed,
		"template":   noConsent,
		"image_id":   windowClosed,
		"image_link": windowClosed,
		"buttons":    windowClosed,
		"list":       windowClosed,
		"reaction":   windowClosed,
		"both_names": recipientConflict,
		// These name no contact. Refused is a number the gateway doesn't serve,
		// and an upload that carries more than a file.
		"mark_read": senderUnknown,
		"typing":    senderUnknown,
		"upload":    batchInUpload,
	}
	for _, op := range without {
		delete(all, op)
	}
	return all
}

var clients = map[string]client{
	"@kapso/whatsapp-cloud-api": {driver: "kapso.mjs", refusals: operations()},
	"whatsapp-api-js":           {driver: "whatsapp-api-js.mjs", refusals: operations(), hidesStatus: true},
	"whatsapp-business": {
		driver: "whatsapp-business.mjs", refusals: operations("typing"), hidesStatus: true,
		titles: map[int]string{131047: "Re-engagement message", 131005: "Access denied", 100: "Invalid parameter"},
	},
	"whatsapp": {driver: "official.mjs", refusals: operations("reaction", "both_names", "upload"), tls: true, chunks: true},
}

// line is what an SDK made of one operation.
type line struct {
	Op, Contact  string
	OK           bool
	ID           string
	Answer       json.RawMessage
	ErrorCode    int
	ErrorMessage string
	ErrorDetails string
	HTTPStatus   int
}

func (l *line) String() string { return l.Op + " to the " + l.Contact + " contact" }

func TestSDKs(t *testing.T) {
	node := needNode(t)
	file := photo(t)
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			// What the SDK does by itself, to compare with.
			direct := newWorld(t)
			direct.populate(t)
			alone := c.run(t, direct, node, file)
			if len(alone) != len(direct.arrived()) {
				t.Fatalf("%d operations made %d requests; the comparison needs one each", len(alone), len(direct.arrived()))
			}

			w := newGateway(t)
			w.populate(t)
			lines := c.run(t, w, node, file)

			arrived := slices.DeleteFunc(w.arrived(), func(e exchange) bool { return e.Broken != nil })
			c.checkOperations(t, lines)
			var passed []int
			for i := range lines {
				l := &lines[i]
				if l.Contact == "refused" {
					c.checkRefused(t, l)
					continue
				}
				passed = append(passed, i)
				if len(passed) > len(arrived) {
					t.Errorf("%s: it did not reach the simulator: %+v", l, l)
					continue
				}
				checkPassed(t, l, &alone[i], arrived[len(passed)-1])
				c.checkRequest(t, l, direct.arrived()[i], arrived[len(passed)-1])
			}
			if len(arrived) != len(passed) {
				t.Errorf("the simulator saw %d requests, want the %d allowed ones", len(arrived), len(passed))
			}
			checkSends(t, w, lines)
		})
	}
}

// checkOperations checks that the driver did all it should, twice.
func (c *client) checkOperations(t *testing.T, lines []line) {
	t.Helper()
	done := make(map[string]int)
	for i := range lines {
		done[lines[i].Op]++
	}
	for op := range c.refusals {
		if done[op] != 2 {
			t.Errorf("the driver did %s %d times, want one for each contact", op, done[op])
		}
		delete(done, op)
	}
	if len(done) != 0 {
		t.Errorf("the driver did what this test does not know: %v", done)
	}
}

// checkRefused checks that a refusal is the SDK's ordinary error.
func (c *client) checkRefused(t *testing.T, l *line) {
	t.Helper()
	want := c.refusals[l.Op]
	message := fmt.Sprintf("(#%d) %s", want.code, want.title)
	if title, ok := c.titles[want.code]; ok {
		message = title
	}
	status := want.status
	if c.hidesStatus {
		status = 0
	}
	if l.OK || l.ErrorCode != want.code || l.ErrorMessage != message || l.HTTPStatus != status {
		t.Errorf("%s: the SDK says ok=%v, code %d, %q, status %d; want an error with code %d, %q, status %d",
			l, l.OK, l.ErrorCode, l.ErrorMessage, l.HTTPStatus, want.code, message, status)
	}
	if !strings.Contains(l.ErrorDetails, "[waguard "+want.rule+" ") {
		t.Errorf("%s: the details don't tell the rule %s: %q", l, want.rule, l.ErrorDetails)
	}
}

// checkPassed checks that the SDK gives its user what it gives without the
// gateway, and the id that the simulator gave.
func checkPassed(t *testing.T, l, alone *line, e exchange) {
	t.Helper()
	if !l.OK || !alone.OK {
		t.Errorf("%s: want success, got %+v; without the gateway %+v", l, l, alone)
		return
	}
	var answer struct {
		ID       string
		Messages []struct{ ID string }
	}
	if err := json.Unmarshal(e.Answer, &answer); err != nil {
		t.Fatalf("%s: the simulator's answer: %v", l, err)
	}
	id := answer.ID
	if len(answer.Messages) > 0 {
		id = answer.Messages[0].ID
	}
	if l.ID != id {
		t.Errorf("%s: the SDK gives id %q, the simulator gave %q", l, l.ID, id)
	}
	if l.HTTPStatus != alone.HTTPStatus {
		t.Errorf("%s: the SDK gives status %d, %d without the gateway", l, l.HTTPStatus, alone.HTTPStatus)
	}
	got, want := withoutID(t, l), withoutID(t, alone)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: the SDK gives\n%v, without the gateway\n%v", l, got, want)
	}
}

func withoutID(t *testing.T, l *line) any {
	t.Helper()
	text := string(l.Answer)
	if l.ID != "" {
		text = strings.ReplaceAll(text, l.ID, "<id>")
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v in %s", l, err, l.Answer)
	}
	return v
}

// checkRequest checks that what reached the simulator through the gateway is
// what the SDK sends.
func (c *client) checkRequest(t *testing.T, l *line, alone, e exchange) {
	t.Helper()
	if chunked := slices.Contains(alone.TransferEncoding, "chunked"); chunked != c.chunks {
		t.Errorf("%s: the SDK sends chunked: %v, want %v; correct README.md and this test", l, chunked, c.chunks)
	}
	if e.Method != alone.Method || e.RequestURI != alone.RequestURI {
		t.Errorf("%s: the simulator saw %s %s, want %s %s", l, e.Method, e.RequestURI, alone.Method, alone.RequestURI)
	}
	got, want := normal(e), normal(alone)
	if !bytes.Equal(got.body, want.body) {
		t.Errorf("%s: the simulator saw the body\n%.1000q, want\n%.1000q", l, got.body, want.body)
	}
	if c.chunks {
		// The gateway has read the body and tells its length.
		got.header.Del("Content-Length")
	}
	if !reflect.DeepEqual(got.header, want.header) {
		t.Errorf("%s: the simulator saw the header\n%v, want\n%v", l, got.header, want.header)
	}
}

type normalized struct {
	header http.Header
	body   []byte
}

// normal is a request without what differs from one run to the next, a multipart
// boundary, and without what any proxy may change.
func normal(e exchange) normalized {
	n := normalized{e.Header.Clone(), e.Sent}
	for _, name := range []string{"Accept-Encoding", "Connection", "Keep-Alive", "Te", "Via"} {
		n.header.Del(name)
	}
	if _, params, err := mime.ParseMediaType(n.header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		n.header.Set("Content-Type", strings.ReplaceAll(n.header.Get("Content-Type"), params["boundary"], "<boundary>"))
		n.body = bytes.ReplaceAll(n.body, []byte(params["boundary"]), []byte("<boundary>"))
	}
	return n
}

// checkSends checks that the messages which the simulator accepted are those
// that the SDK says it sent, in order.
func checkSends(t *testing.T, w *world, lines []line) {
	t.Helper()
	var want, got []string
	for i := range lines {
		if l := &lines[i]; l.OK && strings.HasPrefix(l.ID, "wamid.") {
			want = append(want, l.ID)
		}
	}
	for _, s := range w.Sim.Sends() {
		got = append(got, s.ID)
		if s.To != allowed {
			t.Errorf("the simulator accepted a %s to %s", s.Type, s.To)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the simulator accepted\n%q, the SDK says it sent\n%q", got, want)
	}
}

// run runs the driver and reads what it prints.
func (c *client) run(t *testing.T, w *world, node, file string) []line {
	t.Helper()
	env := []string{
		"NODE_ENV=production",
		"SDK_BASE_URL=" + w.URL, "SDK_TOKEN=test-token", "SDK_VERSION=" + version,
		"SDK_NUMBER=" + number, "SDK_OTHER_NUMBER=" + otherNumber,
		"SDK_ALLOWED=" + allowed, "SDK_REFUSED=" + refused, "SDK_USER_ID=" + allowedID, "SDK_STRANGER_ID=" + strangerID,
		"SDK_TEMPLATE=" + template, "SDK_LANGUAGE=" + language,
		"SDK_MEDIA_ID=" + mediaID, "SDK_MESSAGE_ID=" + messageID, "SDK_FILE=" + file,
	}
	if c.tls {
		url, ca := terminateTLS(t, strings.TrimPrefix(w.URL, "http://"))
		env = append(env, "SDK_BASE_URL="+url, "NODE_EXTRA_CA_CERTS="+ca) // the last of a name counts
	}
	cmd := exec.CommandContext(t.Context(), node, c.driver)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = env, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s%s", c.driver, err, out, stderr.Bytes())
	}
	var lines []line
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l line
		if err := dec.Decode(&l); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatalf("reading what %s printed: %v\n%s", c.driver, err, out)
		}
		lines = append(lines, l)
	}
}

// needNode finds node and checks that the packages are the locked ones.
func needNode(t *testing.T) string {
	t.Helper()
	const remedy = "install Node.js 20.19 or newer and run `npm ci` in e2e/sdk"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("these tests run real SDKs with node: %v; %s", err, remedy)
	}
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var pkg struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &pkg); err != nil {
		t.Fatal(err)
	}
	for name, want := range pkg.Dependencies {
		var installed struct{ Version string }
		text, err := os.ReadFile(filepath.Join("node_modules", filepath.FromSlash(name), "package.json"))
		if err == nil {
			err = json.Unmarshal(text, &installed)
		}
		if err == nil && installed.Version != want {
			err = fmt.Errorf("version %s is installed, not %s", installed.Version, want)
		}
		if err != nil {
			t.Fatalf("the package %s is missing: %v; %s", name, err, remedy)
		}
	}
	return node
}

// photo is a file to upload, of several buffers' size, with line ends and
// dashes in it. It is smaller than what Go's server reads to the end by itself
// when a request is refused (256 KiB): beyond that the connection is closed, and
// a client that still writes may miss the answer.
func photo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "parcel.jpg")
	if err := os.WriteFile(name, bytes.Repeat([]byte("\xff\xd8\xff\xe0\r\n--\x00{\"batch\":"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// terminateTLS relays the plain side of TLS connections to addr, as a load
// balancer in front of the gateway does. It gives its URL and the file of the
// certificate to trust.
func terminateTLS(t *testing.T, addr string) (url, ca string) {
	t.Helper()
	server := httptest.NewTLSServer(nil) // for its certificate
	server.Close()
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			relays.Go(func() { relay(conn, addr) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		relays.Wait()
	})
	return "https://" + l.Addr().String(), ca
}

// relay copies both ways until one side ends.
func relay(conn net.Conn, addr string) {
	defer conn.Close()
	backend, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer backend.Close()
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(conn, backend) //nolint:errcheck // the sender notices
		conn.Close()
	})
	io.Copy(backend, conn) //nolint:errcheck // the sender notices
	backend.Close()
	back.Wait()
}
