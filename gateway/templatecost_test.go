package gateway

import (
	"fmt"
	"testing"

	"github.com/waguard/waguard/billing"
)

// TestTemplateMoney: what a category costs more is told of the markets that have a price under
// both categories, of each and of all, and nothing is told of the others.
func TestTemplateMoney(t *testing.T) {
	type row struct {
		market              string
		delivered, unpriced int
		cost                string
	}
	says := func(m *TemplateMoney) string {
		more, unpriced, ok := m.Difference()
		if !ok {
			return fmt.Sprintf("%s %d: unknown", m.Market, m.Delivered)
		}
		return fmt.Sprintf("%s %d: %s without %d", m.Market, m.Delivered, more, unpriced)
	}
	for _, test := range []struct {
		name        string
		before, now []row
		markets     []string
		total       string
	}{
		{
			"all are known",
			[]row{{"Germany", 3, 0, "0.1650"}, {"India", 2, 0, "0.0028"}},
			[]row{{"Germany", 3, 0, "0.4095"}, {"India", 2, 0, "0.0236"}},
			[]string{"Germany 3: 0.2445 without 0", "India 2: 0.0208 without 0"},
			" 5: 0.2653 without 0",
		},
		{
			"one has no price any more",
			[]row{{"Germany", 3, 0, "0.1650"}, {"Narnia", 2, 0, "0.3000"}},
			[]row{{"Germany", 3, 0, "0.4095"}, {"Narnia", 2, 2, "0"}},
			[]string{"Germany 3: 0.2445 without 0", "Narnia 2: unknown"},
			" 5: 0.2445 without 2",
		},
		{
			"one had none",
			[]row{{"Germany", 3, 0, "0.1650"}, {"Narnia", 2, 2, "0"}},
			[]row{{"Germany", 3, 0, "0.4095"}, {"Narnia", 2, 0, "0.3000"}},
			[]string{"Germany 3: 0.2445 without 0", "Narnia 2: unknown"},
			" 5: 0.2445 without 2",
		},
		{"none has one", []row{{"Narnia", 2, 2, "0"}}, []row{{"Narnia", 2, 2, "0"}}, []string{"Narnia 2: unknown"}, " 2: unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := func(rows []row) *billing.Report {
				r := new(billing.Report)
				for _, is := range rows {
					cost, err := billing.ParseAmount(is.cost)
					if err != nil {
						t.Fatal(err)
					}
					r.Rows = append(r.Rows, billing.Row{
						Key:    billing.Key{Template: "#0", Market: is.market, Currency: "USD"},
						Counts: billing.Counts{Delivered: is.delivered, Unpriced: is.unpriced, Actual: cost},
					})
				}
				return r
			}
			sh := new(shift)
			if err := sh.sum("#0", report(test.before), report(test.now)); err != nil {
				t.Fatal(err)
			}
			var markets []string
			for i := range sh.Markets {
				markets = append(markets, says(&sh.Markets[i]))
			}
			if got, want := fmt.Sprint(markets, says(&sh.Totals[0]), len(sh.Totals)), fmt.Sprint(test.markets, test.total, 1); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestTemplateCards: only cards are named that priced what is shown.
func TestTemplateCards(t *testing.T) {
	g := &Gateway{Cards: billing.NewCards(&billing.Card{Currency: "USD", From: "2026-10-01"}, &billing.Card{Currency: "EUR", From: "2026-10-01"})}
	used := []billing.CardUsed{{ID: "EUR 2026-10-01"}, {ID: "USD 2026-10-01"}}
	templates := []TemplateCost{{Name: "undelivered"}, {Name: "sale", Totals: []TemplateMoney{{Currency: "USD", Delivered: 1}}}}
	if got := fmt.Sprint(g.cardsOf(templates, used)); got != fmt.Sprint(used[1:]) {
		t.Errorf("of templates in USD the cards are %s", got)
	}
	if got := g.cardsOf(templates[:1], used); len(got) != 0 {
		t.Errorf("where nothing was delivered the cards are %v", got)
	}
}
