package crash

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"
	"time"
)

// samples is how many facts of each kind are asked for of the rounds before.
const samples = 20

// verify asks for everything that was acknowledged in the round, and for some of
// what was before. Then it looks for the upstream's messages in the ledger.
func (g *gateway) verify(t testing.TB, d *rand.Rand) {
	t.Helper()
	contacts := g.people(t, g.facts)
	old := facts{opened: sample(d, g.all.opened), optedOut: sample(d, g.all.optedOut)}
	g.people(t, old)
	entries := g.list(t, "ledger", g.began)
	violations := g.list(t, "violations", g.began)
	g.listed(t, g.facts, entries, violations)

	allowed := make(map[string]int)
	for _, e := range entries {
		if e.Decision == "allow" {
			allowed[e.Contact]++
		}
	}
	for _, s := range g.sim.Sends() {
		g.upstream++
		contact, ok := contacts["+"+s.WaID]
		if !ok {
			contact = g.person(t, "+"+s.WaID).Contact
		}
		if allowed[contact]--; allowed[contact] < 0 {
			g.unrecorded++
		}
	}
	g.all.add(g.facts)
	if t.Failed() {
		t.Fatalf("round %d lost something; the gateway said: %s", g.rounds, g.stderr.tail())
	}
}

// finish asks for everything, and has the store checked.
func (g *gateway) finish(t testing.TB) {
	t.Helper()
	g.people(t, g.all)
	g.listed(t, g.all, g.list(t, "ledger", time.Time{}), g.list(t, "violations", time.Time{}))
	var report struct{ Problems []string }
	g.ask(t, "/whatsapp/store/check", "{}", &report)
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	t.Logf("%d rounds: %d windows, %d opt-outs, %d sends and %d refusals were acknowledged, and are there; %d of %d messages at the upstream are in no ledger",
		g.rounds, len(g.all.opened), len(g.all.optedOut), len(g.all.sent), len(g.all.refused), g.unrecorded, g.upstream)
	if g.unrecorded > 0 {
		t.Errorf("%d messages left without a record", g.unrecorded)
	}
	if len(g.all.opened)+len(g.all.optedOut) == 0 || len(g.all.sent) == 0 || len(g.all.refused) == 0 {
		t.Error("nothing was acknowledged")
	}
}

type person struct {
	Contact    string `json:"contact"`
	WindowOpen bool   `json:"window_open"`
	Consent    map[string]struct {
		State string `json:"state"`
	} `json:"consent"`
}

func (g *gateway) person(t testing.TB, who string) (p person) {
	t.Helper()
	g.ask(t, "/whatsapp/consent/get", fmt.Sprintf(`{"phone_number_id":%q,"contact":%q}`, number, who), &p)
	return p
}

// people asks for what was acknowledged about people, and gives their pseudonyms.
func (g *gateway) people(t testing.TB, f facts) (contacts map[string]string) {
	t.Helper()
	contacts = make(map[string]string)
	for _, who := range f.opened {
		p := g.person(t, who)
		contacts[who] = p.Contact
		if !p.WindowOpen {
			t.Errorf("round %d: the window of %s was acknowledged, and is closed", g.rounds, who)
		}
	}
	for _, who := range f.optedOut {
		p := g.person(t, who)
		for _, scope := range []string{"marketing", "transactional", "authentication"} {
			if got := p.Consent[scope].State; got != "opted_out" {
				t.Errorf("round %d: the opt-out of %s was acknowledged, and %s is %s", g.rounds, who, scope, got)
			}
		}
	}
	return contacts
}

type entry struct {
	ID       string `json:"id"`
	Decision string `json:"decision"`
	Contact  string `json:"contact"`
	Outcome  struct {
		State string `json:"state"`
	} `json:"outcome"`
}

// list gives the entries of a list since a time.
func (g *gateway) list(t testing.TB, route string, since time.Time) (all []entry) {
	t.Helper()
	query := url.Values{"limit": {"1000"}}
	if !since.IsZero() {
		query.Set("from", since.Add(-time.Second).UTC().Format(time.RFC3339))
	}
	for {
		var page struct {
			Entries []entry `json:"entries"`
			Next    string  `json:"next"`
		}
		g.ask(t, "/whatsapp/"+route+"?"+query.Encode(), "", &page)
		all = append(all, page.Entries...)
		if page.Next == "" {
			return all
		}
		query.Set("before", page.Next)
	}
}

// listed looks for acknowledged sends and refusals.
func (g *gateway) listed(t testing.TB, f facts, ledger, violations []entry) {
	t.Helper()
	states := make(map[string]string, len(ledger))
	for _, e := range ledger {
		states[e.ID] = e.Outcome.State
	}
	for _, id := range f.sent {
		if states[id] != "accepted" {
			t.Errorf("round %d: the send %s was acknowledged, and the ledger says %q", g.rounds, id, states[id])
		}
	}
	refused := make(map[string]bool, len(violations))
	for _, e := range violations {
		refused[e.ID] = true
	}
	for _, id := range f.refused {
		if !refused[id] {
			t.Errorf("round %d: the refusal %s was acknowledged, and is no violation", g.rounds, id)
		}
	}
}

func sample(d *rand.Rand, all []string) (some []string) {
	for range min(samples, len(all)) {
		some = append(some, all[d.IntN(len(all))])
	}
	return some
}
