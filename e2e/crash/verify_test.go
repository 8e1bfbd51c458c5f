package crash

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
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
	entries := g.list(t, adminapi.Ledger, g.began)
	violations := g.list(t, adminapi.Violations, g.began)
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
			contact = g.person(t, "+"+s.WaID).Contact.String()
		}
		if allowed[contact]--; allowed[contact] < 0 {
			g.unrecorded++
		}
	}
	g.all.add(g.facts)
	if t.Failed() {
		t.Fatalf("round %d lost something; the gateway said: %s", g.rounds, g.tail())
	}
}

// finish asks for everything, and has the store checked.
func (g *gateway) finish(t testing.TB) {
	t.Helper()
	g.people(t, g.all)
	g.listed(t, g.all, g.list(t, adminapi.Ledger, time.Time{}), g.list(t, adminapi.Violations, time.Time{}))
	report := ask(t, g, g.admin.CheckStore)
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

func (g *gateway) person(t testing.TB, who string) *adminapi.Consent {
	t.Helper()
	return ask(t, g, func(ctx context.Context) (*adminapi.Consent, error) {
		return g.admin.Consent(ctx, adminapi.ConsentRequest{PhoneNumberID: number, Contact: who})
	})
}

// people asks for what was acknowledged about people, and gives their pseudonyms.
func (g *gateway) people(t testing.TB, f facts) (contacts map[string]string) {
	t.Helper()
	contacts = make(map[string]string)
	for _, who := range f.opened {
		p := g.person(t, who)
		contacts[who] = p.Contact.String()
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

// list gives the entries of a list since a time.
func (g *gateway) list(t testing.TB, list adminapi.List, since time.Time) []*adminapi.Line {
	t.Helper()
	var s adminapi.Selection
	if !since.IsZero() {
		s.From = since.Add(-time.Second).UTC().Format(time.RFC3339)
	}
	return ask(t, g, func(ctx context.Context) (all []*adminapi.Line, err error) {
		for l, err := range g.admin.All(ctx, list, s) {
			if err != nil {
				return nil, err
			}
			all = append(all, l)
		}
		return all, nil
	})
}

// listed looks for acknowledged sends and refusals.
func (g *gateway) listed(t testing.TB, f facts, ledger, violations []*adminapi.Line) {
	t.Helper()
	states := make(map[string]store.OutcomeState, len(ledger))
	for _, e := range ledger {
		states[e.ID.String()] = e.Outcome.State
	}
	for _, id := range f.sent {
		if states[id] != "accepted" {
			t.Errorf("round %d: the send %s was acknowledged, and the ledger says %q", g.rounds, id, states[id])
		}
	}
	refused := make(map[string]bool, len(violations))
	for _, e := range violations {
		refused[e.ID.String()] = true
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
