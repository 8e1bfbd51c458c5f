package command

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/billing"
)

// TestTemplateCostCells: the table says whose template it is, of how many messages nobody knows
// the price, and where none was delivered.
func TestTemplateCostCells(t *testing.T) {
	amount := func(s string) *billing.Amount {
		a, err := billing.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		return &a
	}
	for _, test := range []struct {
		of   templateCostRow
		want string
	}{
		{templateCostRow{Delivered: 2, Currency: "USD", CostBefore: amount("0.0110"), Cost: amount("0.0273"), Difference: amount("0.0163")}, "all|2|0.0110 USD|0.0273 USD|0.0163 USD|1"},
		{templateCostRow{Delivered: 3, Currency: "USD", CostBefore: amount("0.0110"), Cost: amount("0.0543"), Difference: amount("0.0433"), UnpricedBefore: 1, Unpriced: 1}, "all|3|0.0110 USD + 1 unknown|0.0543 USD + 1 unknown|0.0433 USD + 1 unknown|1"},
		{templateCostRow{Market: "Germany", Delivered: 2, Currency: "EUR", CostBefore: amount("0.1"), Unpriced: 2}, "Germany|2|0.1000 EUR|unknown|unknown|1"},
		{templateCostRow{}, "all|none||||1"},
	} {
		test.of.WABA = "1"
		if got := strings.Join(templateCostRows.cells(test.of)[5:], "|"); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
