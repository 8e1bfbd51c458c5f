package policy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Marketing beyond a budget is refused where it refuses; what is no marketing never is.
func TestBudgetRule(t *testing.T) {
	const cent = Money(10_000)
	all := []aspect{optedIn(day, Marketing), optedIn(day, Transactional), optedIn(day, Authentication)}
	for _, c := range []struct {
		name           string
		of             Category
		spent, price   Money // of 100 cents
		warn           int
		warns, refuses bool // by configuration
		unpriced       bool
		says           string
		claims         int
	}{
		{name: "first", of: CategoryMarketing, price: cent, warn: 80, refuses: true, claims: 1},
		{name: "last-cent", of: CategoryMarketing, spent: 99 * cent, price: cent, refuses: true, claims: 1},
		{name: "a-millionth-too-much", of: CategoryMarketing, spent: 99 * cent, price: cent + 1, refuses: true, says: "BUDGET_SPENT"},
		{name: "spent", of: CategoryMarketing, spent: 100 * cent, price: 1, refuses: true, says: "BUDGET_SPENT"},
		{name: "overspent", of: CategoryMarketing, spent: 120 * cent, price: 1, refuses: true, says: "BUDGET_SPENT"},
		{name: "utility", of: CategoryUtility, spent: 100 * cent, price: cent, refuses: true, says: "warns"},
		{name: "authentication", of: CategoryAuthentication, spent: 100 * cent, price: cent, refuses: true, says: "warns"},
		{name: "only-warns", of: CategoryMarketing, spent: 100 * cent, price: cent, says: "warns"},
		{name: "below-the-share", of: CategoryMarketing, spent: 78 * cent, price: cent, warn: 80, refuses: true, claims: 1},
		{name: "at-the-share", of: CategoryMarketing, spent: 79 * cent, price: cent, warn: 80, refuses: true, says: "warns", claims: 1},
		{name: "share-off", of: CategoryMarketing, spent: 98 * cent, price: cent, refuses: true, claims: 1},
		{name: "unpriced", of: CategoryMarketing, spent: 100 * cent, unpriced: true, refuses: true, says: "warns"},
		{name: "unknown-category", of: CategoryUnknown, spent: 100 * cent, price: cent, refuses: true, says: "warns"},
	} {
		s := template()
		f := toOne(all...).of(c.of)
		f.Budgets = []BudgetFacts{{Name: "crm", Month: "2026-11", Until: noon.Add(day), Currency: "USD", Amount: 100 * cent, Spent: c.spent, Price: c.price, Unpriced: c.unpriced, Warn: c.warn, Refuses: c.refuses}}
		d := Decide(&s, &f, &Policy{}, noon.Time())
		switch c.says {
		case "BUDGET_SPENT":
			if d.Rule != RuleBudgetSpent || d.Retry != noon.Add(day) || !strings.Contains(d.Reason, "the budget crm of 1.0000 USD for 2026-11 has "+c.spent.String()) || !strings.Contains(d.Remedy, "`budget crm`") {
				t.Errorf("%s: %+v", c.name, d)
			}
		default:
			if d.Verdict != Allow || (len(d.Warnings) == 1 && d.Warnings[0].Rule == "budget:crm") != (c.says == "warns") {
				t.Errorf("%s: %+v", c.name, d)
			}
		}
		claims := slices.DeleteFunc(slices.Clone(d.Claims), func(k Claim) bool { return k.Kind != ClaimBudget })
		if len(claims) != c.claims {
			t.Errorf("%s: claims %+v", c.name, claims)
		}
	}
}

// Whoever takes of a budget one after the other never takes more than there is.
func TestBudgetClaim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := BudgetClaim{Name: "crm", Amount: Money(rapid.Int64Range(0, 1000).Draw(t, "amount"))}
		var spent Money
		for range rapid.IntRange(0, 20).Draw(t, "sends") {
			k.Price = Money(rapid.Int64Range(0, 300).Draw(t, "price"))
			if _, ok := k.Take(spent); ok {
				spent += k.Price
			} else if spent+k.Price <= k.Amount {
				t.Fatalf("%s of %s is refused with %s spent", k.Price, k.Amount, spent)
			}
		}
		if spent > k.Amount {
			t.Fatalf("%s of %s is spent", spent, k.Amount)
		}
	})
}

func TestMoney(t *testing.T) {
	for m, want := range map[Money]string{0: "0.0000", 1: "0.000001", 136_500: "0.1365", -136_500: "-0.1365", 500_000_000: "500.0000", 12_345_678: "12.345678"} {
		if m.String() != want {
			t.Errorf("%d is %s, want %s", int64(m), m, want)
		}
	}
	if got := PartOf(1<<62, 100); got != 1<<62 {
		t.Errorf("all of %d is %d", int64(1)<<62, int64(got))
	}
}
