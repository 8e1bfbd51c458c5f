package replicas

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/clustertest"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/manualclock"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/internal/testnet"
)

// The business numbers and the account.
const (
	shop    = "104455667788"
	support = "104455667799"
	waba    = "200300400500"
)

// fleet is several gateways with one memory, between senders and Meta's stand-in.
type fleet struct {
	options
	gateways []*gateway
	sim      *graphsim.Sim
	client   *http.Client
	// upstream is where Meta's stand-in is, key that of the pseudonyms.
	upstream, key string
}

// options describe a fleet.
type options struct {
	// gateways is how many there are; 0 for three.
	gateways int
	// dsn is the database; "" for one of the test's own. With dsns each gateway has another
	// address of it.
	dsn  string
	dsns []string
	// pooled: gateways reach it through a PgBouncer in transaction mode.
	pooled bool
	// untold: they aren't told of it.
	untold bool
	// hurried: gateways wait for the database no longer than they do if nothing is
	// configured. Where that isn't tested they wait longer, on a machine that does much else.
	hurried bool
	// store is the module of the store; "" for postgres.
	store string
	// storeLines are further lines of its block, whatsapp those of the whatsapp block,
	// policy those of the policy.
	storeLines, whatsapp, policy string
	// businesses are further business numbers with lines of their blocks.
	businesses map[string]string
	// unlisted: nobody has listed the templates.
	unlisted bool
	// network is where the gateways run; nil for the machine's own.
	network *testnet.Network
	sim     graphsim.Options
}

// gateway is one of a fleet, in a process of its own.
type gateway struct {
	gatewaytest.Process
	fleet       *fleet
	name        string
	url, health string
	admin       *adminapi.Client
	// clock is that of a gateway in the test process; nil for any other.
	clock *manualclock.Clock
}

// start starts a fleet, which ends with the test, and waits until it serves.
func start(t *testing.T, o options) *fleet {
	t.Helper()
	if o.gateways == 0 {
		o.gateways = 3
	}
	if o.store == "" {
		o.store = "postgres"
	}
	switch {
	case len(o.dsns) > 0:
		o.dsn = o.dsns[0]
	case o.dsn == "" && o.store == "postgres":
		o.dsn = pgtest.Database(t)
	}
	if o.store == "postgres" && !o.hurried {
		o.storeLines += "\ntimeout 30s"
	}
	if o.pooled {
		o.dsn = clustertest.StartPooler(t, o.dsn).DSN()
		if !o.untold {
			o.storeLines += "\nstatements unprepared"
		}
	}
	key := make([]byte, 32)
	rand.Read(key)
	f := &fleet{options: o, key: hex.EncodeToString(key), client: &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{MaxIdleConnsPerHost: 1000},
	}}
	t.Cleanup(f.client.CloseIdleConnections)
	o.sim.AppSecret = gatewaytest.AppSecret
	if o.sim.Numbers == nil {
		o.sim.Numbers = []graphsim.Number{
			{ID: shop, Display: "+49 30 555123", Name: "Example Shop", CountryCode: "49"},
			{ID: support, Display: "+49 30 555124", Name: "Example Support", CountryCode: "49"},
		}
	}
	for id := range o.businesses {
		o.sim.Numbers = append(o.sim.Numbers, graphsim.Number{ID: id, Display: "+49 30 " + id[len(id)-6:], Name: "Another", CountryCode: "49"})
	}
	if o.sim.Templates == nil {
		o.sim.Templates = templates()
	}
	f.sim = graphsim.New(o.sim)
	t.Cleanup(func() { f.sim.Close() })
	upstream := httptest.NewUnstartedServer(f.sim)
	if o.network != nil {
		listener, err := net.Listen("tcp", net.JoinHostPort(o.network.Outside, "0"))
		if err != nil {
			t.Fatal(err)
		}
		upstream.Listener.Close()
		upstream.Listener = listener
	}
	upstream.Start()
	t.Cleanup(upstream.Close)
	f.upstream = upstream.URL
	for i := range o.gateways {
		dsn := o.dsn
		if len(o.dsns) > 0 {
			dsn = o.dsns[i%len(o.dsns)]
		}
		f.gateways = append(f.gateways, f.prepare(t, string(rune('A'+i)), dsn))
	}
	for _, g := range f.gateways {
		g.launch(t)
	}
	for _, g := range f.gateways {
		g.awaitReady(t)
	}
	if !o.unlisted {
		f.listTemplates(t, f.gateways[0])
	}
	return f
}

// templates is the catalogue of the account.
func templates() []graphsim.Template {
	return []graphsim.Template{
		{Name: "sale", Language: "en", Category: "MARKETING"},
		{Name: "parcel_ready", Language: "en", Category: "UTILITY"},
		{Name: "may_we_write", Language: "en", Category: "UTILITY"},
		{Name: "login_code", Language: "en", Category: "AUTHENTICATION"},
	}
}

// prepare makes the configuration of a gateway.
func (f *fleet) prepare(t *testing.T, name, dsn string) *gateway {
	t.Helper()
	dir := t.TempDir()
	where := "{env.WAGUARD_TEST_DSN} {\npseudonym_key {env.WAGUARD_TEST_KEY}\n" + f.storeLines + "\n}"
	if f.store != "postgres" {
		where = filepath.Join(dir, "store")
	}
	as := gatewaytest.Prepare(t, gatewaytest.Options{
		Upstream: f.upstream, Forwards: true, Store: f.store, Dir: where, LogLevel: "ERROR",
		Global:   "storage file_system " + filepath.Join(dir, "caddy"),
		Site:     "handle /health/* {\nwhatsapp_health\n}",
		WhatsApp: f.configuration(),
	})
	as.Addr, as.Admin, as.URL = f.place(as.Addr), f.place(as.Admin), f.place(as.URL)
	text, err := as.Text()
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{fleet: f, name: name, url: as.URL, health: as.URL + "/health/ready"}
	g.Process = gatewaytest.Process{File: filepath.Join(dir, "Caddyfile"), Env: append(gatewaytest.Environment(dir), "WAGUARD_TEST_DSN="+dsn, "WAGUARD_TEST_KEY="+f.key)}
	if g.admin, err = adminapi.NewClient(as.Admin); err != nil {
		t.Fatal(err)
	}
	if f.network != nil {
		g.Command = f.network.Command
	}
	if err := os.WriteFile(g.File, []byte(f.place(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// place puts what is to be on the loopback interface into the gateways' network.
func (f *fleet) place(text string) string {
	if f.network == nil {
		return text
	}
	return strings.ReplaceAll(text, "127.0.0.1", f.network.Inside)
}

// configuration are the lines of the whatsapp block.
func (f *fleet) configuration() string {
	var b strings.Builder
	if f.policy != "" {
		fmt.Fprintf(&b, "policy {\n%s\n}\n", f.policy)
	}
	businesses := map[string]string{shop: "", support: ""}
	maps.Copy(businesses, f.businesses)
	for id, lines := range businesses {
		fmt.Fprintf(&b, "business %s {\nwaba %s\n%s\n}\n", id, waba, lines)
	}
	return b.String() + f.whatsapp
}

// launch starts the process. What it has said is shown where the test fails.
func (g *gateway) launch(t *testing.T) {
	t.Helper()
	g.Launch(t)
	t.Cleanup(func() {
		said := g.Said()
		if t.Failed() && said != "" {
			t.Logf("gateway %s said: %s", g.name, said[max(0, len(said)-3000):])
		}
	})
}

// awaitReady waits until the gateway takes sends.
func (g *gateway) awaitReady(t *testing.T) {
	t.Helper()
	serves := func() bool {
		if status, _ := g.ready(); status != "ready" {
			return false
		}
		_, err := g.admin.Health(t.Context()) // the admin endpoint comes last
		return err == nil
	}
	if !g.Await(serves, patience) {
		status, store := g.ready()
		t.Fatalf("gateway %s is %s, its store %s: %s", g.name, status, store, g.Said())
	}
}

// ready is what the health route says of the gateway and of its store; "" where nothing
// answers.
func (g *gateway) ready() (status, store string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.health, http.NoBody)
	if err != nil {
		return "", err.Error()
	}
	request.Close = true
	response, err := g.fleet.client.Do(request)
	if err != nil {
		return "", err.Error()
	}
	defer response.Body.Close()
	var told struct{ Status, Store string }
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		return "", err.Error()
	}
	return told.Status, told.Store
}

// kill ends the process with signal 9.
func (g *gateway) kill(t *testing.T) {
	t.Helper()
	if err := g.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if !g.Ended(patience) {
		t.Fatalf("gateway %s doesn't end", g.name)
	}
}

// listTemplates lets a sender page through the templates of the account, each page by the
// next of some gateways.
func (f *fleet) listTemplates(t *testing.T, by ...*gateway) {
	t.Helper()
	url := "/v25.0/" + waba + "/message_templates?limit=100"
	for i := 0; url != ""; i++ {
		url = f.listPage(t, by[i%len(by)], url)
	}
}

// listPage gets a page of a list, and is the path and query of the next.
func (f *fleet) listPage(t *testing.T, by *gateway, path string) (next string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, by.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer test-token")
	response, err := f.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list struct{ Paging struct{ Next string } }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("listing templates: %s: %v", response.Status, err)
	}
	if list.Paging.Next == "" {
		return ""
	}
	_, after, _ := strings.Cut(list.Paging.Next, "://")
	_, path, _ = strings.Cut(after, "/")
	return "/" + path
}

// answer is what a sender got for a send.
type answer struct {
	status   int
	rule, id string
	price    string
	code     int // of the error
	outcome  string
	unlisted bool // the ledger could not take it
	body     string
	// began and ended are when the sender sent it, and had the answer.
	began, ended time.Time
	err          error
}

func (a *answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %s %s", a.status, a.rule, a.body)
}

// send sends a message from the shop by a gateway, with fields of the header in pairs.
func (f *fleet) send(by *gateway, body string, header ...string) *answer {
	return f.sendFrom(shop, by, body, header...)
}

// sendFrom sends it from a business number.
func (f *fleet) sendFrom(number string, by *gateway, body string, header ...string) *answer {
	a := &answer{began: time.Now()}
	defer func() { a.ended = time.Now() }()
	request, err := http.NewRequest(http.MethodPost, by.url+"/v25.0/"+number+"/messages", strings.NewReader(body))
	if err != nil {
		a.err = err
		return a
	}
	request.GetBody = nil // so that it isn't sent again unasked
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer test-token")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := f.client.Do(request)
	if err != nil {
		a.err = err
		return a
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		a.err = err
		return a
	}
	a.status, a.rule, a.id, a.body = response.StatusCode, response.Header.Get("X-Waguard-Rule"), response.Header.Get("X-Waguard-Id"), string(read)
	a.price = response.Header.Get("X-Waguard-Price")
	var told struct {
		Error struct {
			Code    int
			Waguard struct {
				Rule, Outcome string
				Unrecorded    bool
			}
		}
	}
	if json.Unmarshal(read, &told) == nil {
		a.code, a.outcome, a.unlisted = told.Error.Code, told.Error.Waguard.Outcome, told.Error.Waguard.Unrecorded
	}
	return a
}

// unrecorded reports that the message has left, and that the ledger may not know.
func (a *answer) unrecorded() bool { return a.code == 131000 && a.outcome == "accepted" }

// text is a text to a phone number, template a template. Tag is what is seen of it at
// Meta's stand-in, "" for nothing.
func text(to, tag, says string) string {
	return message(to, tag, `"type":"text","text":{"body":`+quote(says)+`}`)
}

func template(to, tag, name string) string {
	return message(to, tag, `"type":"template","template":{"name":`+quote(name)+`,"language":{"code":"en"}}`)
}

func message(to, tag, content string) string {
	if tag != "" {
		content += `,"biz_opaque_callback_data":` + quote(tag)
	}
	return `{"messaging_product":"whatsapp","to":` + quote(to) + `,` + content + `}`
}

func quote(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(q)
}

// deliver delivers updates to a gateway in one webhook, signed as Meta signs. It is the
// status of the answer, 0 where none came.
func (f *fleet) deliver(to *gateway, updates ...graphsim.Update) (status int, err error) {
	body, err := f.sim.Payload(updates...)
	if err != nil {
		return 0, err
	}
	return f.post(to, body)
}

func (f *fleet) post(to *gateway, webhook []byte) (status int, err error) {
	request, err := http.NewRequest(http.MethodPost, to.url+"/webhook", bytes.NewReader(webhook))
	if err != nil {
		return 0, err
	}
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(graphsim.SignatureHeader, graphsim.Sign(gatewaytest.AppSecret, webhook))
	response, err := f.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// says lets a person write to a business number, which a gateway is told.
func (f *fleet) says(t *testing.T, to *gateway, number, phone, words string) {
	t.Helper()
	update, err := f.sim.InboundUpdate(number, graphsim.User{Phone: phone}, graphsim.Text(words))
	if err != nil {
		t.Fatal(err)
	}
	if status, err := f.deliver(to, update); status != http.StatusOK {
		t.Fatalf("gateway %s answers a webhook %d: %v", to.name, status, err)
	}
}

// optsIn records that people have agreed to everything the shop sends.
func (f *fleet) optsIn(t *testing.T, by *gateway, phones ...string) {
	t.Helper()
	f.optsInTo(t, shop, by, phones...)
}

// optsInTo records it of a business number.
func (f *fleet) optsInTo(t *testing.T, number string, by *gateway, phones ...string) {
	t.Helper()
	together(len(phones), func(i int) {
		r := adminapi.ConsentRequest{PhoneNumberID: number, Contact: phones[i], Scope: "all", Source: "website"}
		r.Reference = "form 7"
		if _, err := by.admin.Record(t.Context(), adminapi.RouteOptIn, r); err != nil {
			t.Errorf("an opt-in: %v", err)
		}
	})
}

// together does something for each of the first n numbers, some at a time.
func together(n int, do func(i int)) {
	const workers = 16
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	all.Wait()
}

// person is the phone number of one of many people.
func person(group, i int) string { return fmt.Sprintf("+4915%d%07d", 1+group%9, group/9*10000+i) }

// left are the tags of the messages that have left, and how often each has.
func (f *fleet) left() map[string]int {
	left := make(map[string]int)
	for _, s := range f.sim.Sends() {
		left[s.Callback]++
	}
	return left
}

// entries are those of the ledger, as a gateway has it.
func (f *fleet) entries(t *testing.T, by *gateway, s adminapi.Selection) (all []*adminapi.Line) {
	t.Helper()
	for l, err := range by.admin.All(t.Context(), adminapi.Ledger, s) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// person asks a gateway what is known about somebody.
func (f *fleet) person(t *testing.T, by *gateway, phone string) *adminapi.Consent {
	t.Helper()
	c, err := by.admin.Consent(t.Context(), adminapi.ConsentRequest{PhoneNumberID: shop, Contact: phone})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// addsUp checks that the report's totals are those of the ledger, that every refusal is a
// violation, and that as many messages as have left are in the ledger as accepted.
func (f *fleet) addsUp(t *testing.T, left int) {
	t.Helper()
	for _, g := range f.gateways {
		if g.Gone() {
			continue
		}
		report, err := g.admin.Report(t.Context(), adminapi.ReportSelection{})
		if err != nil {
			t.Fatal(err)
		}
		accepted, refused, violations := 0, 0, 0
		entries := f.entries(t, g, adminapi.Selection{})
		for _, e := range entries {
			switch {
			case e.Decision != "allow":
				refused++
			case e.Outcome.State == "accepted":
				accepted++
			}
		}
		for _, err := range g.admin.All(t.Context(), adminapi.Violations, adminapi.Selection{}) {
			if err != nil {
				t.Fatal(err)
			}
			violations++
		}
		if report.Total.Sends != len(entries) || violations != refused || accepted != left {
			t.Errorf("gateway %s: the report counts %d sends, the ledger has %d; %d were refused, and there are %d violations; %d were accepted, and %d have left",
				g.name, report.Total.Sends, len(entries), refused, violations, accepted, left)
		}
	}
}

// kinds count what is wrong, and keep an example of each kind.
type kinds map[string][]any

func (k kinds) add(kind string, example any) { k[kind] = append(k[kind], example) }

func (k kinds) fail(t *testing.T) {
	t.Helper()
	for kind, examples := range k {
		t.Errorf("%d times: %s; such as %v", len(examples), kind, examples[0])
	}
}
