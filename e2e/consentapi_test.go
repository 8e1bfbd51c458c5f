package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// consentClient asks the consent API, and holds every request that is taken and every
// answer against the OpenAPI document the API itself serves.
type consentClient struct {
	w       *world
	schemas *jsonschema.Compiler
	paths   map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		}
		Responses map[string]struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	asked map[string]bool
	mu    sync.Mutex
}

func newConsentClient(t *testing.T, w *world) *consentClient {
	t.Helper()
	resp, body := gatewaytest.Do(t, http.MethodGet, w.URL+"/consent/openapi.json", "", nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the description: %s", resp.Status)
	}
	c := &consentClient{w: w, schemas: jsonschema.NewCompiler(), asked: make(map[string]bool)}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.schemas.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	var described struct{ Paths any }
	described.Paths = &c.paths
	if err := json.Unmarshal(body, &described); err != nil {
		t.Fatal(err)
	}
	return c
}

// conforms holds a body against a schema of the document.
func (c *consentClient) conforms(t *testing.T, what, ref string, body []byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	schema, err := c.schemas.Compile("openapi.json" + ref)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s is not as described: %v\n%s", what, err, body)
	}
}

func (c *consentClient) post(t *testing.T, key, path, body string, header ...string) (int, []byte, http.Header) {
	t.Helper()
	h := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	resp, answer := gatewaytest.Do(t, http.MethodPost, c.w.URL+"/consent"+path, body, h)
	if op, known := c.paths[path]["post"]; known {
		response, described := op.Responses[fmt.Sprint(resp.StatusCode)]
		if !described {
			response = op.Responses["default"]
		}
		kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		if described == (resp.StatusCode >= 400) || response.Content[kind].Schema.Ref == "" {
			t.Errorf("%s answers %s with %s, which is not described", path, resp.Status, kind)
		} else if strings.HasSuffix(kind, "json") { // else it is a file
			c.conforms(t, "the answer of "+path, response.Content[kind].Schema.Ref, answer)
		}
		if described {
			c.conforms(t, "a request to "+path+" that is taken", op.RequestBody.Content["application/json"].Schema.Ref, []byte(body))
			c.mu.Lock()
			c.asked[path] = true
			c.mu.Unlock()
		}
	}
	return resp.StatusCode, answer, resp.Header
}

func (c *consentClient) key(t *testing.T, name string, businesses string, rights ...string) adminapi.Key {
	t.Helper()
	var k adminapi.Key
	list, err := json.Marshal(rights)
	if err != nil {
		t.Fatal(err)
	}
	c.w.admin(t, adminapi.RouteKeyAdd.Path, `{"name":"`+name+`","rights":`+string(list)+`,"businesses":[`+businesses+`]}`, &k)
	c.w.secrets = append(c.w.secrets, k.Key)
	return k
}

const consentSite = `
	handle_path /consent/* {
		whatsapp_consent {
			origins https://shop.example
		}
	}`

// TestConsentAPI: what a program records and asks, by its key and rights; every answer is
// as the OpenAPI document says.
func TestConsentAPI(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: foxShoes + "\nbusiness *", Site: formSite(twice, "")}})
	list(t, w)
	c := newConsentClient(t, w)
	form := c.form(t, "")
	w.Clock.Advance(time.Minute)
	if status, answer := c.tick(t, form, "+4915119876550", ""); status != http.StatusCreated {
		t.Errorf("a form: %d %+v", status, answer)
	}
	all := c.key(t, "crm", "", "read", "record", "opt-out").Key
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	optIn := `{"records":[{` + who + `,"state":"opted_in","scope":"marketing","source":"website","page_url":"https://shop.example/","names_channel":true,"categories":["offers"]}]}`

	status, answer, _ := c.post(t, all, "/records", optIn)
	if status != http.StatusOK || !strings.Contains(string(answer), `"result":"recorded","incomplete":true`) {
		t.Errorf("an opt-in: %d %s", status, answer)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	status, answer, _ = c.post(t, all, "/person", `{`+who+`}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"marketing":{"state":"opted_in"`) {
		t.Errorf("the person: %d %s", status, answer)
	}
	status, answer, _ = c.post(t, all, "/history", `{`+who+`}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"actor":"crm (key `) || !strings.Contains(string(answer), `"page_url":"https://shop.example/"`) {
		t.Errorf("the history: %d %s", status, answer)
	}
	check := `{"phone_number_id":"` + shop + `","contacts":["` + ana.Phone + `","` + ben.Phone + `"],"template":{"name":"sale","language":"en"}}`
	status, answer, _ = c.post(t, all, "/check", check)
	if status != http.StatusOK || !strings.Contains(string(answer), `[{"verdict":"allow","rule":"CONSENT"`) || !strings.Contains(string(answer), `{"verdict":"refuse","rule":"NO_CONSENT"`) {
		t.Errorf("checked: %d %s", status, answer)
	}
	status, answer, _ = c.post(t, all, "/check", `{"phone_number_id":"`+shop+`","contacts":["`+ana.Phone+`"]}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"rule":"WINDOW_CLOSED"`) {
		t.Errorf("a text checked: %d %s", status, answer)
	}
	status, answer, _ = c.post(t, all, "/challenges", `{"phone_number_id":"`+shop+`","contact":"`+ben.Phone+`","scope":"marketing","source":"sms","expires_in":"48h"}`)
	var challenge adminapi.Challenge
	if err := json.Unmarshal(answer, &challenge); err != nil || status != http.StatusCreated {
		t.Fatalf("asked: %d %s, %v", status, answer, err)
	}
	status, answer, _ = c.post(t, all, "/challenges/answer", `{"challenge":"`+challenge.ID+`","text":"ok yes"}`)
	if status != http.StatusOK {
		t.Errorf("answered: %d %s", status, answer)
	}
	status, answer, _ = c.post(t, all, "/challenges/answer", `{"challenge":"`+challenge.ID+`"}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"result":"confirmed"`) {
		t.Errorf("confirmed: %d %s", status, answer)
	}
	template(ben, "sale", "allow CONSENT marketing by business")(t, w)
	if status, answer, _ = c.post(t, all, "/records", `{"records":[{`+who+`,"state":"opted_out"}]}`); status != http.StatusOK {
		t.Errorf("an opt-out: %d %s", status, answer)
	}
	template(ana, "sale", stoppedOffers+"business")(t, w)
	old := strings.Replace(optIn, `"state"`, `"at":"2026-01-01","state"`, 1)
	if _, answer, _ = c.post(t, all, "/records", old); !strings.Contains(string(answer), `"result":"opted_out"`) {
		t.Errorf("an old opt-in: %s", answer)
	}

	// All or none, and each fault by its record.
	two := `{"records":[{"phone_number_id":"` + shop + `","contact":"+4915119876549","state":"opted_out"},{` + who + `,"state":"opted_in","scope":"marketing","source":"trade fair"}]}`
	status, answer, _ = c.post(t, all, "/records", two)
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), `"record":1`) || strings.Contains(string(answer), `"record":0`) {
		t.Errorf("one of two is wrong: %d %s", status, answer)
	}
	if _, answer, _ = c.post(t, all, "/person", `{"phone_number_id":"`+shop+`","contact":"+4915119876549"}`); strings.Contains(string(answer), "opted_out") {
		t.Errorf("and the other one was recorded: %s", answer)
	}

	status, answer, _ = c.post(t, all, "/why", `{`+who+`,"at":"1h","template":{"name":"sale","language":"en"}}`)
	if status != http.StatusNotFound && status != http.StatusOK {
		t.Errorf("why: %d %s", status, answer)
	}
	status, answer, _ = c.post(t, all, "/why", `{`+who+`}`)
	if status != http.StatusOK || !strings.Contains(string(answer), `"rule":"WINDOW_CLOSED"`) {
		t.Errorf("why: %d %s", status, answer)
	}
	for path, more := range map[string]string{"/receipt": "", "/export": `,"format":"json"`} {
		if status, answer, _ = c.post(t, all, path, `{`+who+more+`}`); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}

	link := `{"phone_number_id":"` + shop + `","text":"Hello","source":"qr:window"}`
	if status, answer, _ = c.post(t, all, "/link", link); status != http.StatusOK || !strings.Contains(string(answer), `"link":"https://wa.me/4930555123?text=Hello"`) {
		t.Errorf("a link: %d %s", status, answer)
	}

	// Lists, and what waits for somebody to read it.
	status, answer, _ = c.post(t, all, "/list", `{"state":"opted_in","source":"website","incomplete":true,"from":"1h"}`)
	if status != http.StatusOK || strings.Count(string(answer), `"state":"opted_in"`) != 2 || strings.Contains(string(answer), ana.Phone[1:]) {
		t.Errorf("the list: %d %s", status, answer)
	}
	ben.writes("enough")(t, w)
	var reviews adminapi.Reviews
	status, answer, _ = c.post(t, all, "/reviews", `{}`)
	if err := json.Unmarshal(answer, &reviews); err != nil || status != http.StatusOK || len(reviews.Reviews) != 1 {
		t.Fatalf("what waits: %d %s", status, answer)
	}
	decide := `{"id":"` + reviews.Reviews[0].ID + `","decision":"DECISION","reason":"had enough of the offers"}`
	for _, refused := range []string{c.key(t, "other", `"`+support+`"`, "read", "record", "opt-out").Key, c.key(t, "cannot", "", "record").Key} {
		if status, answer, _ = c.post(t, refused, "/reviews/decide", strings.Replace(decide, "DECISION", "opt_out", 1)); status != http.StatusForbidden {
			t.Errorf("a decision without the right: %d %s", status, answer)
		}
	}
	if status, answer, _ = c.post(t, all, "/reviews/decide", strings.Replace(decide, "DECISION", "opt_out", 1)); status != http.StatusOK {
		t.Errorf("decided: %d %s", status, answer)
	}
	template(ben, "sale", stoppedOffers+"user")(t, w)
	if _, answer, _ = c.post(t, c.key(t, "elsewhere", `"`+support+`"`, "read").Key, "/list", `{}`); strings.Contains(string(answer), shop) {
		t.Errorf("a list of another number's records: %s", answer)
	}

	// Keys: rights, numbers, revoked, none.
	reader, shopOnly := c.key(t, "desk", "", "read"), c.key(t, "shop", `"`+shop+`"`, "record", "opt-out")
	for name, want := range map[string]struct {
		key, path, body string
		status          int
	}{
		"no key":                 {"", "/person", `{` + who + `}`, 401},
		"a wrong key":            {reader.Key + "x", "/person", `{` + who + `}`, 401},
		"another secret":         {reader.Key[:24] + shopOnly.Key[24:], "/person", `{` + who + `}`, 401},
		"no right to record":     {reader.Key, "/records", optIn, 403},
		"no right to ask":        {reader.Key, "/challenges", `{` + who + `}`, 403},
		"no right to read":       {shopOnly.Key, "/person", `{` + who + `}`, 403},
		"another number":         {shopOnly.Key, "/records", strings.ReplaceAll(optIn, shop, support), 403},
		"no such path":           {all, "/nothing", `{}`, 404},
		"a field that is none":   {all, "/person", `{` + who + `,"colour":"red"}`, 400},
		"no JSON":                {all, "/records", `records`, 400},
		"no records":             {all, "/records", `{"records":[]}`, 400},
		"an unknown field below": {all, "/records", strings.Replace(optIn, `"scope"`, `"colour":"red","scope"`, 1), 400},
		"nobody":                 {all, "/person", `{"phone_number_id":"` + shop + `","contact":"12"}`, 400},
		"no such challenge":      {all, "/challenges/answer", `{"challenge":"` + strings.Repeat("0", 32) + `"}`, 404},
		"too many":               {all, "/check", `{"phone_number_id":"` + shop + `","contacts":[` + strings.Repeat(`"+4915112345678",`, 1000) + `"+4915112345678"]}`, 400},
	} {
		if status, answer, _ := c.post(t, want.key, want.path, want.body); status != want.status {
			t.Errorf("%s: %d %s, want %d", name, status, answer, want.status)
		}
	}
	eraser := c.key(t, "privacy desk", "", "erase").Key
	if status, answer, _ = c.post(t, eraser, "/erase", `{"contact":"`+ben.Phone+`","reason":"ticket 8812"}`); status != http.StatusOK || !strings.Contains(string(answer), `"known":true`) {
		t.Errorf("an erasure: %d %s", status, answer)
	}
	var revoked adminapi.Key
	w.admin(t, adminapi.RouteKeyRevoke.Path, `{"id":"`+reader.ID+`"}`, &revoked)
	if status, _, _ := c.post(t, reader.Key, "/person", `{`+who+`}`); status != http.StatusUnauthorized || revoked.Revoked == nil {
		t.Errorf("a revoked key: %d", status)
	}
	if resp, _ := gatewaytest.Do(t, http.MethodGet, w.URL+"/consent/person", "", http.Header{"Authorization": {"Bearer " + all}}); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}

	// Pages of the shop may ask, others not.
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": ""} {
		resp, _ := gatewaytest.Do(t, http.MethodOptions, w.URL+"/consent/records", "", http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}})
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want || resp.StatusCode != http.StatusNoContent {
			t.Errorf("%s may ask: %s %q", origin, resp.Status, got)
		}
	}
	for path, methods := range c.paths {
		if _, post := methods["post"]; post && !c.asked[path] {
			t.Errorf("%s is described, and was never answered", path)
		}
	}
	if len(c.asked) != len(c.paths)-1 {
		t.Errorf("%d paths were asked, %d are described beside the description", len(c.asked), len(c.paths)-1)
	}
}

// TestConsentAPIOnce: under an Idempotency-Key a request happens once, however often and
// at once it is made.
func TestConsentAPIOnce(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Site: consentSite}})
	c := newConsentClient(t, w)
	key := c.key(t, "crm", "", "read", "record", "opt-out").Key
	body := `{"records":[{"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `","state":"opted_out","source":"service_call"}]}`
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if status, answer, _ := c.post(t, key, "/records", body, "Idempotency-Key", "call-7"); status != http.StatusOK && status != http.StatusConflict {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
	wg.Wait()
	w.Clock.Advance(time.Hour)
	if status, answer, _ := c.post(t, key, "/records", body, "Idempotency-Key", "call-7"); status != http.StatusOK || !strings.Contains(string(answer), `"recorded":1`) {
		t.Errorf("again: %d %s", status, answer)
	}
	if status, _, _ := c.post(t, key, "/records", strings.Replace(body, "service_call", "paper", 1), "Idempotency-Key", "call-7"); status != http.StatusUnprocessableEntity {
		t.Errorf("another request under the key: %d", status)
	}
	if h := w.historyOf(t, ana.Phone); len(h) != 1 {
		t.Errorf("%d records", len(h))
	}
	if status, _, _ := c.post(t, key, "/records", body, "Idempotency-Key", "call-8"); status != http.StatusOK || len(w.historyOf(t, ana.Phone)) != 2 {
		t.Errorf("another key: %d", status)
	}
}

// TestConsentAPIRate: a key that is used too often waits.
func TestConsentAPIRate(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Site: strings.Replace(consentSite, "origins https://shop.example", "rate 2", 1)}})
	c := newConsentClient(t, w)
	key, other := c.key(t, "crm", "", "read").Key, c.key(t, "desk", "", "read").Key
	ask := func(key string) (int, string) {
		status, _, header := c.post(t, key, "/person", `{"phone_number_id":"`+shop+`","contact":"`+ana.Phone+`"}`)
		return status, header.Get("Retry-After")
	}
	for i := range 4 {
		if status, _ := ask(key); status != http.StatusOK {
			t.Errorf("request %d: %d", i, status)
		}
	}
	if status, after := ask(key); status != http.StatusTooManyRequests || after != "1" {
		t.Errorf("one too many: %d, Retry-After %q", status, after)
	}
	if status, _ := ask(other); status != http.StatusOK {
		t.Errorf("another key: %d", status)
	}
	w.Clock.Advance(time.Second)
	if status, _ := ask(key); status != http.StatusOK {
		t.Errorf("a second later: %d", status)
	}
}
