package gateway

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// stranger makes a request one of a caller whom nobody vouches for.
func stranger(r *Request, token string) *Request {
	r.From = Caller{Credential: token, Source: netip.MustParsePrefix("203.0.113.7/32")}
	return r
}

// Whom Meta has not accepted is told the rule and nothing that is known of the
// person, and leaves no trace in the ledger. Once Meta has accepted a message of
// theirs they are told, until that is long ago or Meta no longer takes the token.
func TestStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.writes(t, ben)
	w.advance(25 * time.Hour)
	w.writes(t, ana)
	toBen := func(token string) Result { return w.handle(t, stranger(w.request(t, shop, text(ben, "hi")), token)) }
	toAna := func(token string) Result { return w.handle(t, stranger(w.request(t, shop, text(ana, "hi")), token)) }
	told := func(r Result) bool {
		return rule(r) == policy.RuleWindowClosed && strings.Contains(r.Refusal.Reason, "2026-11-02")
	}
	for _, token := range []string{"t-1", ""} {
		if r := toBen(token); rule(r) != policy.RuleWindowClosed || told(r) || !strings.Contains(r.Refusal.Remedy, "GET /v25.0/") {
			t.Errorf("a stranger is told %s: %s", r.Refusal.Reason, r.Refusal.Remedy)
		}
	}
	if n := len(w.ledger(t)); n != 0 || w.counts.strangers.Load() != 2 {
		t.Errorf("the ledger has %d, %d are counted", n, w.counts.strangers.Load())
	}
	// An honest sender's first message goes through, and teaches.
	if r := toAna("t-1"); rule(r) != "" || r.Untold {
		t.Errorf("the first message came to %+v", r)
	}
	if r := toBen("t-1"); !told(r) || len(w.ledger(t)) != 2 {
		t.Errorf("who is known is told %s, the ledger has %d", r.Refusal.Reason, len(w.ledger(t)))
	}
	if r := toBen("t-2"); told(r) {
		t.Errorf("another token is told %s", r.Refusal.Reason)
	}
	// Meta takes the token no longer.
	w.meta.answers = answer(401, `{"error":{"code":190}}`)
	toAna("t-1")
	if r := toBen("t-1"); told(r) {
		t.Errorf("a token that Meta doesn't take is told %s", r.Refusal.Reason)
	}
	// It was long ago.
	w.LearnCaller(&Caller{Credential: "t-1"}, shop)
	if r := toBen("t-1"); !told(r) {
		t.Errorf("a caller that Meta lets at the number is told %s", r.Refusal.Reason)
	}
	w.advance(store.AcceptedFor + time.Hour)
	w.writes(t, ben)
	w.advance(25 * time.Hour)
	if r := toBen("t-1"); told(r) {
		t.Errorf("long after, it is told %s", r.Refusal.Reason)
	}
}

// What a stranger sends in vain leaves nothing used up, and the answer doesn't say
// by which rule it was let through.
func TestStrangerInVain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.advance(time.Second)
	w.stops(t, ana)
	w.advance(time.Second)
	w.meta.answers = answer(401, `{"error":{"code":190}}`)
	keyed := stranger(w.request(t, shop, text(ana, confirmation)), "t-1")
	keyed.Key = "k-1"
	if r := w.handle(t, keyed); rule(r) != "" || !r.Untold {
		t.Errorf("in vain came to %+v", r)
	}
	w.meta.answers = accepts
	honest := w.request(t, shop, text(ana, confirmation))
	honest.Key = "k-1"
	if r := w.handle(t, honest); rule(r) != "" || r.Repetition {
		t.Errorf("the owner's came to %+v", r)
	}
}

// A stranger asks slowly: from one place so often and no more, whatever is known of
// whom they ask about. Others may go on.
func TestStrangersWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(from string) Result {
		r := stranger(w.request(t, shop, text(ben, "hi")), "t-1")
		r.From.Source = netip.MustParsePrefix(from)
		return w.handle(t, r)
	}
	const here, there = "203.0.113.7/32", "2001:db8::/64"
	asked := 0
	for rule(ask(here)) != policy.RuleStranger {
		if asked++; asked > 2*strangerBurst {
			t.Fatal("nothing stops it")
		}
	}
	if asked < strangerBurst {
		t.Errorf("%d were let ask, want %d", asked, strangerBurst)
	}
	if r := ask(here); r.RetryAfter < 1 || len(r.Sends) != 0 {
		t.Errorf("waiting came to %+v", r)
	}
	if r := ask(there); rule(r) != policy.RuleWindowClosed {
		t.Errorf("from elsewhere: %s", r.Refusal)
	}
	if r := w.handle(t, w.request(t, shop, text(ben, "hi"))); rule(r) != policy.RuleWindowClosed {
		t.Errorf("one that is known: %s", r.Refusal)
	}
	w.advance(2 * strangerPace)
	if r := ask(here); rule(r) != policy.RuleWindowClosed {
		t.Errorf("a little later: %s", r.Refusal)
	}
	// What could not be read counts as well.
	w.advance(time.Hour)
	unread := &Request{}
	stranger(unread, "t-1")
	for range strangerBurst {
		w.Unread(t.Context(), cloudapi.Route{PhoneNumberID: shop}, unreadable, unread).Refuse(t.Context(), "")
	}
	if r := w.Unread(t.Context(), cloudapi.Route{PhoneNumberID: shop}, unreadable, unread).Refuse(t.Context(), ""); rule(r) != policy.RuleStranger {
		t.Errorf("what can't be read: %s", r.Refusal)
	}
}

// A batch of a stranger is told which of its sends are refused, without facts.
func TestStrangersBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	r := w.handle(t, stranger(w.batch(t, shop+" "+ana+" hi", shop+" "+ben+" hi"), "t-1"))
	if got := fmt.Sprint(rule(r), len(r.Elements), len(w.ledger(t))); got != "BATCH_REFUSED1 0" || r.Elements[0].Index != 1 {
		t.Errorf("came to %s %+v", got, r.Elements)
	}
}

// Every rule that looks at what is known has words for strangers that tell none of
// it.
func TestWordsForStrangers(t *testing.T) {
	t.Parallel()
	for _, rule := range []policy.Rule{policy.RuleWindowClosed, policy.RuleOptedOut, policy.RuleNoConsent, "SOME_OTHER"} {
		r := withoutFacts(rule)
		if r.Rule != rule || r.Reason == "" || !strings.Contains(r.Remedy, getAccepted) {
			t.Errorf("%s: %+v", rule, r)
		}
	}
}
