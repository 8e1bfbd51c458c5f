package lab

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

var (
	allowed   = Answer{Effect: Allow, Rule: policy.RuleConsent}
	refused   = Answer{Effect: Refuse, Rule: policy.RuleNoConsent}
	capped    = Answer{Effect: Refuse, Rule: policy.RuleFrequencyCap}
	monitored = Answer{Effect: Monitor, Rule: policy.RuleNoConsent}
)

// What changes is what leaves; a reason that changes is told apart.
func TestChange(t *testing.T) {
	for _, c := range []struct {
		from, to Answer
		want     Change
	}{
		{allowed, allowed, Same},
		{allowed, refused, Stopped},
		{monitored, refused, Stopped},
		{refused, allowed, Released},
		{refused, monitored, Released},
		{refused, capped, Reworded},
		{monitored, allowed, Reworded},
		{Answer{Refuse, policy.RuleCustom, "a"}, Answer{Refuse, policy.RuleCustom, "b"}, Reworded},
	} {
		s := Send{From: c.from, To: c.to}
		if got := s.Change(); got != c.want {
			t.Errorf("%v to %v is %s, want %s", c.from, c.to, got, c.want)
		}
		if s.Missing = []policy.Missing{policy.MissingCountry}; s.Change() != Untold {
			t.Errorf("what is missing leaves %v to %v %s", c.from, c.to, s.Change())
		}
	}
}

func genSend() *rapid.Generator[*Send] {
	return rapid.Custom(func(t *rapid.T) *Send {
		answer := rapid.SampledFrom([]Answer{allowed, refused, capped, monitored})
		return &Send{
			ID: fmt.Sprint(rapid.IntRange(1, 1000).Draw(t, "id")), At: time.Unix(int64(rapid.IntRange(0, 50).Draw(t, "at")), 0),
			PhoneNumberID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "number"), Template: rapid.SampledFrom([]string{"", "sale", "news"}).Draw(t, "template"),
			Contact: policy.ContactID{byte(rapid.IntRange(1, 5).Draw(t, "contact"))}, Went: rapid.Bool().Draw(t, "went"),
			Price: billing.Quote{Currency: "USD", Known: rapid.Bool().Draw(t, "known"), Unit: billing.Amount(rapid.IntRange(0, 9).Draw(t, "price"))},
			From:  answer.Draw(t, "from"), To: answer.Draw(t, "to"),
			Missing: rapid.SampledFrom([][]policy.Missing{nil, nil, nil, {policy.MissingCountry, policy.MissingRace}}).Draw(t, "missing"),
		}
	})
}

// The counts add up: by change, number and rule, and the money is that of the sends it came
// from. Examples are the newest of their kind.
func TestComparisonAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const examples = 2
		sends, c := rapid.SliceOfN(genSend(), 0, 30).Draw(t, "sends"), NewCounter(examples)
		var saved, spent billing.Amount
		unpriced := 0
		for _, s := range sends {
			if err := c.Add(s); err != nil {
				t.Fatal(err)
			}
			switch change := s.Change(); {
			case change == Stopped && !s.Went || change != Stopped && change != Released:
			case !s.Price.Known:
				unpriced++
			case change == Stopped:
				saved += s.Price.Unit
			default:
				spent += s.Price.Unit
			}
		}
		all := c.Comparison()
		if all.Sends != len(sends) || all.Same+all.Changed()+all.Untold != all.Sends {
			t.Fatalf("%d sends are %+v", len(sends), all.Counts)
		}
		byRule, byNumber := 0, 0
		for _, r := range all.Rules {
			byRule += r.Sends
		}
		for _, g := range all.Numbers {
			byNumber += g.Sends
		}
		if byRule != all.Changed() || byNumber != all.Sends {
			t.Fatalf("%d by rule, %d by number, of %+v", byRule, byNumber, all.Counts)
		}
		var m Money
		if len(all.Money) > 0 {
			m = all.Money[0]
		}
		if m.Saved != saved || m.Spent != spent || m.Unpriced != unpriced {
			t.Fatalf("%+v, want %d saved, %d spent, %d unpriced", m, saved, spent, unpriced)
		}
		kept := make(map[string][]Send)
		for _, e := range all.Examples {
			key := fmt.Sprint(e.Change(), e.From, e.To)
			if e.Change() == Untold {
				key = string(Untold)
			}
			kept[key] = append(kept[key], e)
		}
		for key, list := range kept {
			if len(list) > examples || len(list) == 2 && list[0].At.Before(list[1].At) {
				t.Fatalf("examples of %s: %v", key, list)
			}
		}
	})
}

// What somebody had been sent counts for the numbers it reaches, as long as it may count.
func TestReplay(t *testing.T) {
	ana, ben := policy.ContactID{1}, policy.ContactID{2}
	r := NewReplay(5, time.Hour, func(number, other string) bool { return number == "1" && other == "2" })
	sent := func(who policy.ContactID, kind policy.SentKind, at policy.Moment) []policy.SentTo {
		return []policy.SentTo{{Contact: who, Sent: policy.Sent{Kind: kind, At: at}}}
	}
	r.Went("1", sent(ana, policy.SentMessage, 10))
	r.Went("2", sent(ana, policy.SentMessage, 20))
	r.Went("2", sent(ana, policy.SentToPair, 20))
	r.Undo("1", sent(ana, policy.SentMessage, 10))
	r.Add("1", sent(ben, policy.SentMessage, 30))
	for _, c := range []struct {
		who                 policy.ContactID
		number              string
		sent, undone, added int
	}{{ana, "1", 2, 1, 0}, {ana, "2", 2, 0, 0}, {ana, "3", 0, 0, 0}, {ben, "1", 1, 0, 1}, {policy.ContactID{3}, "1", 0, 0, 0}} {
		got := r.SentTo(c.who, c.number)
		if len(got.Sent) != c.sent || len(got.Undone) != c.undone || len(got.Added) != c.added || got.Since != 5 {
			t.Errorf("%v from %s: %+v", c.who[0], c.number, got)
		}
	}
	hour := policy.Moment(time.Hour.Milliseconds())
	r.Went("1", sent(ana, policy.SentMessage, 15+hour))
	if got := r.SentTo(ana, "1"); len(got.Sent) != 2 {
		t.Errorf("after an hour there are %+v", got.Sent)
	}
	r.Forget(31 + hour)
	if len(r.people) != 1 {
		t.Errorf("%d people are remembered, want one", len(r.people))
	}
}
