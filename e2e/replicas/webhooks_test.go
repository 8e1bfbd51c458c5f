package replicas

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// TestWebhooksTwiceInAnyOrder: what people wrote and did, and what became of messages, is
// delivered twice, each time to another gateway, in random order and many at a time. What
// is known then is what one process with a store of its own knows that was told
// everything once, and in order.
func TestWebhooksTwiceInAnyOrder(t *testing.T) {
	const people, sends = 150, 300
	dice := newDice(t)
	clock := &simClock{at: time.Now().Add(-3 * time.Hour).Truncate(time.Second)}
	made := func(gateways int, store string) *fleet {
		f := start(t, options{gateways: gateways, store: store, sim: graphsim.Options{Seed: 7, Clock: clock.now}})
		f.tell(t, people, clock.now())
		for i := range sends {
			f.sendOne(t, i, people)
		}
		return f
	}
	one, several := made(1, "badger"), made(3, "")
	sent := one.sim.Sends()
	if got := several.sim.Sends(); len(sent) < sends/3 || len(got) != len(sent) || got[len(got)-1].ID != sent[len(sent)-1].ID {
		t.Fatalf("%d and %d messages have left", len(sent), len(got))
	}

	numbersOfOne, numbersOfSeveral := one.numbers(t, people), several.numbers(t, people)

	one.sim.PutTemplate(graphsim.Template{Name: "summer", Language: "en", Category: "UTILITY"}) // after the list
	story := &story{f: one, dice: dice, clock: clock, people: people, sent: sent}
	bodies := make([][]byte, *webhooks)
	for i := range bodies {
		var updates []graphsim.Update
		for range 1 + dice.IntN(3) {
			updates = append(updates, story.next(t))
		}
		body, err := one.sim.Payload(updates...)
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = body
	}

	began := time.Now()
	for i, body := range bodies {
		if status, err := one.post(one.gateways[0], body); status != http.StatusOK {
			t.Fatalf("webhook %d is answered %d: %v", i, status, err)
		}
	}
	alone := time.Since(began)

	began = time.Now()
	type delivery struct {
		body []byte
		to   *gateway
	}
	var all []delivery
	for _, body := range bodies {
		first := dice.IntN(3)
		second := (first + 1 + dice.IntN(2)) % 3
		all = append(all, delivery{body, several.gateways[first]}, delivery{body, several.gateways[second]})
	}
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	together(len(all), func(i int) {
		// Meta delivers again what isn't answered with 200; here nothing should fail.
		if status, err := several.post(all[i].to, all[i].body); status != http.StatusOK {
			t.Errorf("webhook %d is answered %d: %v", i, status, err)
		}
	})
	t.Logf("%d webhooks by one gateway with Badger in %v; each twice by three gateways in %v", len(bodies), alone.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))

	phones := story.phones()
	want, wrong := one.known(t, one.gateways[0], phones, numbersOfOne), make(kinds)
	g := several.gateways[dice.IntN(3)]
	got := several.known(t, g, phones, numbersOfSeveral)
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if !reflect.DeepEqual(got[what], want[what]) {
			kind, _, _ := strings.Cut(what, " of ")
			wrong.add(kind+" is known otherwise", fmt.Sprintf("gateway %s knows of %s\n%s\nand one process knew\n%s", g.name, what, shorten(got[what], want[what]), shorten(want[what], got[what])))
		}
	}
	if len(got) != len(want) {
		t.Errorf("gateway %s knows of %d things, one process knew of %d", g.name, len(got), len(want))
	}
	wrong.fail(t)
}

// newDice are the random numbers of a test.
func newDice(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, s))
}

// simClock is the clock of Meta's stand-in.
type simClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *simClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *simClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// tell records opt-ins of two thirds of the people.
func (f *fleet) tell(t *testing.T, people int, now time.Time) {
	t.Helper()
	for i := range people {
		if i%3 == 0 {
			continue
		}
		r := adminapi.ConsentRequest{PhoneNumberID: shop, Contact: person(0, i), Scope: []string{"all", "marketing", "transactional"}[i/3%3], Source: "website", At: now.Add(-24 * time.Hour).Format(time.RFC3339)}
		r.Reference = "form 7"
		if _, err := f.gateways[i%len(f.gateways)].admin.Record(t.Context(), adminapi.RouteOptIn, r); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers are the phone numbers of people, by the pseudonyms they have before anything
// else is known of them.
func (f *fleet) numbers(t *testing.T, people int) map[string]string {
	t.Helper()
	numbers := make(map[string]string)
	for i := range people {
		numbers[f.person(t, f.gateways[0], person(0, i)).Contact.String()] = person(0, i)
	}
	return numbers
}

// sendOne sends a message, which leaves or is refused.
func (f *fleet) sendOne(t *testing.T, i, people int) {
	t.Helper()
	name := []string{"sale", "parcel_ready", "login_code"}[i%3]
	if a := f.send(f.gateways[i%len(f.gateways)], template(person(0, i*7%people), fmt.Sprint(i), name)); a.status != http.StatusOK && a.status != http.StatusForbidden {
		t.Fatalf("send %d: %s", i, a)
	}
}

// story is what happens, in order.
type story struct {
	f      *fleet
	dice   *rand.Rand
	clock  *simClock
	people int
	sent   []graphsim.Send
	// moved are people who have another number by now.
	moved map[int]bool
}

// user is one of the people: some show a user id as well, at times that alone.
func (s *story) user(i int) graphsim.User {
	u := graphsim.User{Phone: person(0, i), Name: fmt.Sprint("Person ", i)}
	if i%4 == 1 && s.dice.IntN(2) == 0 {
		u.UserID = fmt.Sprintf("DE.%014d", 55000000000000+i)
		u.HidePhone = s.dice.IntN(2) == 0
	}
	return u
}

// next is what happens next.
func (s *story) next(t *testing.T) graphsim.Update {
	t.Helper()
	s.clock.advance(time.Duration(s.dice.IntN(2000)) * time.Millisecond)
	sim, i := s.f.sim, s.dice.IntN(s.people)
	number := []string{shop, shop, support}[s.dice.IntN(3)]
	update := func() (graphsim.Update, error) {
		switch n := s.dice.IntN(100); {
		case n < 25:
			return sim.InboundUpdate(number, s.user(i), graphsim.Text("Hello"))
		case n < 32:
			return sim.InboundUpdate(number, s.user(i), graphsim.Text("STOP"))
		case n < 38:
			return sim.InboundUpdate(number, s.user(i), graphsim.Text("START"))
		case n < 41:
			return sim.InboundUpdate(number, s.user(i), graphsim.Text("please don't write to me any more"))
		case n < 44:
			return sim.InboundUpdate(number, s.user(i), graphsim.Text("Hi").FromAd("1200", fmt.Sprint("click", n)))
		case n < 47:
			return sim.UserPreferenceUpdate(number, s.user(i), []string{graphsim.PreferenceStop, graphsim.PreferenceResume}[s.dice.IntN(2)])
		case n < 49 && !s.moved[i] && i%4 == 2:
			if s.moved == nil {
				s.moved = make(map[int]bool)
			}
			s.moved[i] = true
			return sim.NumberChangeUpdate(number, graphsim.User{Phone: person(0, i)}, graphsim.User{Phone: person(1, i)})
		case n < 51:
			return sim.TemplateStatusUpdate("summer", "en", []string{"PAUSED", "REINSTATED"}[s.dice.IntN(2)], "")
		case n < 52:
			return sim.TemplateCategoryUpdate("summer", "en", []string{"MARKETING", "UTILITY"}[s.dice.IntN(2)], false)
		case n < 54:
			return graphsim.Update{Field: "phone_number_quality_update", Time: s.clock.now().Unix(), Value: map[string]any{
				"display_phone_number": "4930555123", "event": []string{"FLAGGED", "UNFLAGGED"}[s.dice.IntN(2)], "current_limit": "TIER_10K",
			}}, nil
		case n < 60:
			u, err := sim.StatusUpdate(s.sent[s.dice.IntN(len(s.sent))].ID, "delivered", 0)
			return strange(u, i), err
		case n < 64:
			return sim.StatusUpdate(s.sent[s.dice.IntN(len(s.sent))].ID, "failed", 131026)
		default:
			return sim.StatusUpdate(s.sent[s.dice.IntN(len(s.sent))].ID, []string{"sent", "delivered", "read"}[s.dice.IntN(3)], 0)
		}
	}
	u, err := update()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// strange is a status of a message that no gateway has seen.
func strange(u graphsim.Update, i int) graphsim.Update {
	text, err := json.Marshal(u.Value)
	if err != nil {
		panic(err)
	}
	id := quote(u.ID)
	u.Value = json.RawMessage(strings.Replace(string(text), id, quote(fmt.Sprint("wamid.strange", i)), 1))
	return u
}

// phones are all names of people there may be.
func (s *story) phones() (all []string) {
	for i := range s.people {
		all = append(all, person(0, i), person(1, i))
		if i%4 == 1 {
			all = append(all, fmt.Sprintf("DE.%014d", 55000000000000+i))
		}
	}
	return all
}

// known is all that a gateway knows, by what it is about, without what is its own: ids,
// when it heard of something, and pseudonyms.
// Numbers are the pseudonyms that those of sends had then.
func (f *fleet) known(t *testing.T, g *gateway, phones []string, numbers map[string]string) map[string]any {
	t.Helper()
	known := make(map[string]any)
	names := make(map[string]string) // of people as they are known now, by pseudonym
	add := func(what string, answer any, err error, without ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("gateway %s about %s: %v", g.name, what, err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		var a any
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatal(err)
		}
		known[what] = stripped(a, names, append(without, "id", "identity", "recorded", "sender_token", "welcomed"))
	}
	ctx := t.Context()
	people := make([]struct {
		shop, support *adminapi.Consent
		history       *adminapi.History
		err           error
	}, len(phones))
	together(len(phones), func(i int) {
		p := &people[i]
		about := func(number string) adminapi.ConsentRequest {
			return adminapi.ConsentRequest{PhoneNumberID: number, Contact: phones[i]}
		}
		var errs [3]error
		p.shop, errs[0] = g.admin.Consent(ctx, about(shop))
		p.support, errs[1] = g.admin.Consent(ctx, about(support))
		p.history, errs[2] = g.admin.History(ctx, about(shop))
		p.err = errors.Join(errs[:]...)
	})
	for i, phone := range phones { // somebody with several names has the first of them
		if p := &people[i]; p.err == nil && names[p.shop.Contact.String()] == "" {
			names[p.shop.Contact.String()] = "the person " + phone
		}
	}
	for i, phone := range phones {
		p := &people[i]
		add("consent of "+phone, p.shop, p.err)
		add("consent at another number of "+phone, p.support, p.err)
		add("history of "+phone, p.history, p.err)
		sortRecords(known["history of "+phone], "history")
	}
	entries := f.entries(t, g, adminapi.Selection{})
	slices.SortFunc(entries, func(a, b *adminapi.Line) int { return a.Time.Compare(b.Time) })
	for i, e := range entries {
		if e.Contact != "" && numbers[e.Contact] == "" {
			t.Fatalf("a send to nobody who is known: %v", e)
		}
		e.Contact = numbers[e.Contact]
		add(fmt.Sprintf("send of %d", i), e, nil, "time")
	}
	report, err := g.admin.Report(ctx, adminapi.ReportSelection{By: "number,template,category,price_type,market,decision"})
	add("the report", report, err, "from", "to", "period", "time", "now")
	list, err := g.admin.Templates(ctx, adminapi.TemplateSelection{})
	add("templates", list, err, "last_use", "listed", "time", "uses_since")
	var events []*adminapi.EventLine
	for s := (adminapi.EventSelection{Limit: 1000}); ; {
		page, err := g.admin.Events(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, page.Events...)
		if s.Before = page.Next; s.Before == "" {
			break
		}
	}
	for _, e := range events {
		e.Detail, _, _ = strings.Cut(e.Detail, ";") // what a change costs is counted later
	}
	add("account events", map[string]any{"events": events}, nil, "cost")
	sortRecords(known["account events"], "events")
	reviews, err := g.admin.Reviews(ctx, adminapi.ReviewSelection{Limit: 1000})
	add("reviews", reviews, err)
	sortRecords(known["reviews"], "reviews")
	var standing []adminapi.ExportRecord
	for page, err := range g.admin.Standing(ctx, adminapi.ConsentSelection{}) {
		if err != nil {
			t.Fatal(err)
		}
		standing = append(standing, page...)
	}
	add("what holds for all", map[string]any{"standing": standing}, nil)
	sortRecords(known["what holds for all"], "standing")
	businesses, err := g.admin.Numbers(ctx)
	add("business numbers", businesses, err, "time", "last_webhook", "last_send", "sends_since")
	return known
}

// stripped is an answer without some members, and with names of people in place of
// pseudonyms.
func stripped(answer any, names map[string]string, without []string) any {
	switch a := answer.(type) {
	case map[string]any:
		for key, value := range a {
			if slices.Contains(without, key) {
				delete(a, key)
			} else {
				a[key] = stripped(value, names, without)
			}
		}
	case []any:
		for i := range a {
			a[i] = stripped(a[i], names, without)
		}
	case string:
		return pseudonym.ReplaceAllStringFunc(a, func(p string) string {
			return cmp.Or(names[p[strings.LastIndexByte(p, '/')+1:]], "a pseudonym")
		})
	}
	return answer
}

// pseudonym is what names a person, a message or a text, with the installation or without.
var pseudonym = regexp.MustCompile(`(pseudonym:[0-9a-f]{16}/)?[0-9a-f]{32}`)

// sortRecords sorts the records of a list by what they say.
func sortRecords(answer any, list string) {
	records, _ := answer.(map[string]any)[list].([]any)
	slices.SortFunc(records, func(a, b any) int { return strings.Compare(said(a), said(b)) })
}

func said(a any) string {
	text, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// shorten is what an answer says, from a little before where another one differs.
func shorten(answer, other any) string {
	a, b := said(answer), said(other)
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	i = max(0, i-200)
	return a[i:min(len(a), i+600)]
}
