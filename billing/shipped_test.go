package billing

import "testing"

// Every market that a number can belong to has a row on the card of its day, and the card
// no other.
func TestShippedCards(t *testing.T) {
	cards := Shipped()
	for id, markets := range map[string]int{"USD 2026-04-01": 32, "EUR 2026-07-01": 38, "USD 2026-10-01": 47} {
		c := cards.Find(id)
		if c == nil || len(c.Rates) != markets || c.Source == "" {
			t.Fatalf("%s: %+v", id, c)
		}
		known := make(map[Market]bool)
		for i := range marketRows {
			row := &marketRows[i]
			market := row.market
			if row.since != "" && c.From < row.since {
				market = row.before
			}
			known[market] = true
		}
		known[Other] = true
		for m := range known {
			if c.Rates[m] == nil {
				t.Errorf("%s has no row for %s", id, m)
			}
		}
		for m := range c.Rates {
			if !known[m] {
				t.Errorf("%s has a row for %s, to which nobody belongs", id, m)
			}
			for _, category := range []Category{Marketing, Utility, Authentication} {
				if _, ok := c.Rate(m, category); !ok {
					t.Errorf("%s: %s has no rate for %s", id, m, category)
				}
			}
		}
	}
	october := cards.Find("USD 2026-10-01")
	for m := range october.Rates {
		service, ok := october.Rate(m, Service)
		if utility, _ := october.Rate(m, Utility); !ok || service != utility {
			t.Errorf("in %s service costs %s, and utility %s", m, service, utility)
		}
	}
}
