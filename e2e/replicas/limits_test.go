package replicas

import (
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"
)

// limit is one of how much may leave.
type limit struct {
	name string
	// policy are lines of the number's block.
	policy string
	// sends are made at once, to so many people, who have agreed to all messages, said
	// STOP, or neither.
	sends, people   int
	agreed, stopped bool
	body            func(who, tag string) string
	leave           int
	rule            string
	// money is what there is where the price says how many leave; every is after which
	// time one more does.
	money string
	every time.Duration
}

func limits() []limit {
	const sends = 200
	return []limit{
		{
			name: "what one person gets", policy: "frequency_cap marketing 7 7d",
			sends: sends, people: 1, agreed: true, body: offer, leave: 7, rule: "FREQUENCY_CAP",
		},
		{
			name: "what each of some people gets", policy: "frequency_cap marketing 3 7d",
			sends: sends, people: 20, agreed: true, body: offer, leave: 60, rule: "FREQUENCY_CAP",
		},
		{
			name:  "the confirmation of an opt-out",
			sends: 60, people: 1, stopped: true, body: func(who, tag string) string { return text(who, tag, "You are unsubscribed.") }, leave: 1, rule: "OPTED_OUT",
		},
		{
			name: "a month's budget", policy: "name \"Of the budget\"", money: "2.80",
			sends: sends, people: 100, agreed: true, body: offer, rule: "BUDGET_SPENT",
		},
		{
			name: "whom a portfolio writes to", policy: "portfolio another\nmessaging_limit 15",
			sends: sends, people: 100, agreed: true, body: offer, leave: 30, rule: "MESSAGING_LIMIT", // each twice
		},
		{
			name: "how often somebody is asked", policy: "consent_request_templates may_we_write\nconsent_request_limit 2 30d",
			sends: 60, people: 1, body: func(who, tag string) string { return template(who, tag, "may_we_write") }, leave: 2, rule: "CONSENT_REQUEST_LIMIT",
		},
		{
			name: "how fast one person is written to", policy: "pair_rate",
			sends: 100, people: 1, agreed: true, body: offer, leave: 45, every: 6 * time.Second, rule: "PAIR_RATE_LIMIT",
		},
	}
}

// numberOfLimit is the business number that has the limit.
func numberOfLimit(i int) string { return fmt.Sprint(104455667000 + i) }

// withLimits are the options of a fleet with a business number for each.
func withLimits(limits []limit) options {
	o := options{businesses: make(map[string]string), whatsapp: "budget offers {\namount 2.80 USD\nof business \"Of the budget\"\nwhen_spent refuse\n}"}
	for i, limit := range limits {
		o.businesses[numberOfLimit(i)] = limit.policy
	}
	return o
}

// TestLimitsAreExact: of many sends at once by all gateways exactly as many leave as a
// limit lets through, and all others are refused for what they are.
func TestLimitsAreExact(t *testing.T) {
	f, left := start(t, withLimits(limits())), 0
	for n, limit := range limits() {
		t.Run(limit.name, func(t *testing.T) { left += limit.isExact(t, f, n) })
	}
	f.addsUp(t, left)
}

// isExact makes the sends of the n-th limit, and is how many have left.
func (limit *limit) isExact(t *testing.T, f *fleet, n int) (left int) {
	t.Helper()
	f.sim.Reset()
	number := numberOfLimit(n)
	var people []string
	for i := range limit.people {
		if limit.stopped {
			f.says(t, f.gateways[0], number, person(n, i), "STOP")
		}
		if limit.agreed {
			people = append(people, person(n, i))
		}
	}
	f.optsInTo(t, number, f.gateways[0], people...)
	answers, began := make([]*answer, limit.sends), time.Now()
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = f.sendFrom(number, f.gateways[i%3], limit.body(person(n, i%limit.people), fmt.Sprint(i)))
		})
	}
	all.Wait()
	wrong, passed := make(kinds), 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusOK:
			passed++
		case a.rule != limit.rule:
			wrong.add("refused otherwise", a)
		}
	}
	wrong.fail(t)
	least, most := limit.leave, limit.leave
	if limit.money != "" {
		least = affordable(t, limit.money, answers[0].price)
		most = least
	}
	if limit.every > 0 {
		most += int(time.Since(began) / limit.every)
	}
	if left := len(f.sim.Sends()); passed != left || left < least || left > most {
		t.Errorf("%d passed and %d left, want %d to %d", passed, left, least, most)
	}
	return len(f.sim.Sends())
}

// affordable is how many messages of a price there is money for.
func affordable(t *testing.T, money, price string) int {
	t.Helper()
	var have, each big.Rat
	if _, ok := have.SetString(money); !ok {
		t.Fatalf("%q is no amount", money)
	}
	if _, ok := each.SetString(price); !ok || each.Sign() <= 0 {
		t.Fatalf("%q is no price", price)
	}
	n := have.Quo(&have, &each)
	return int(new(big.Int).Quo(n.Num(), n.Denom()).Int64())
}

func offer(who, tag string) string { return template(who, tag, "sale") }

// TestIdempotencyKeyOnTwoGateways: a request that is sent to several gateways under one
// key at the same time leaves once, and all of them know the answer then.
func TestIdempotencyKeyOnTwoGateways(t *testing.T) {
	const keys, times = 20, 6
	f := start(t, options{})
	f.says(t, f.gateways[0], shop, person(0, 0), "Hello")
	wrong := make(kinds)
	for k := range keys {
		body := text(person(0, 0), fmt.Sprint(k), "Hello")
		send := func(by *gateway) *answer { return f.send(by, body, "Idempotency-Key", fmt.Sprint("key-", k)) }
		answers := make([]*answer, times)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = send(f.gateways[(k+i)%3]) })
		}
		all.Wait()
		var first *answer
		for _, a := range answers {
			switch {
			case a.status == http.StatusConflict && a.rule == "IDEMPOTENCY_IN_FLIGHT":
			case a.status != http.StatusOK:
				wrong.add("answered otherwise", a)
			case first == nil:
				first = a
			case a.body != first.body || a.id != first.id:
				wrong.add("another answer than the first one's", a)
			}
		}
		if first == nil {
			wrong.add("no request has passed", answers)
			continue
		}
		for _, g := range f.gateways {
			if a := send(g); a.status != http.StatusOK || a.body != first.body || a.id != first.id {
				wrong.add("a repetition gets another answer", a)
			}
			if a := f.send(g, text(person(0, 0), fmt.Sprint(k), "Bye"), "Idempotency-Key", fmt.Sprint("key-", k)); a.rule != "IDEMPOTENCY_KEY_REUSED" {
				wrong.add("another request under the same key", a)
			}
		}
		if n := f.left()[fmt.Sprint(k)]; n != 1 {
			wrong.add("a message left another number of times than once", n)
		}
	}
	wrong.fail(t)
	f.addsUp(t, keys)
}
