package command

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
)

// TestVolumeCells: the table says what the next message costs: of service messages nothing as
// long as some are free, and what the market says from there on.
func TestVolumeCells(t *testing.T) {
	for _, test := range []struct {
		of   adminapi.Volume
		want string
	}{
		{adminapi.Volume{Category: billing.Service, Counted: 400, Allowance: 1000, UnitPrice: new(billing.Amount(0)), Currency: "USD", NextFrom: 1001}, "400|0|1000 free||0.0000 USD|1001"},
		{adminapi.Volume{Category: billing.Service, Counted: 1003, Charged: 3, Allowance: 1000, Currency: "USD"}, "1003|3|1000 free||by market|"},
		{adminapi.Volume{Category: billing.Utility, Counted: 7, Charged: 7, Currency: "USD"}, "7|7|||unknown|"},
	} {
		if got := strings.Join(volumeLayout.cells(test.of)[4:], "|"); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
