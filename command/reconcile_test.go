package command

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/billing"
)

// TestReconcileSaysUnknown: money that nobody knows is unknown of accounts, causes and
// differences, and no zero; what is known in part says so.
func TestReconcileSaysUnknown(t *testing.T) {
	failed := billing.Difference{Step: billing.ToSettled, Cause: billing.NotDelivered, Day: "2026-10-05", Messages: 3, Added: -3, Unpriced: 3}
	lacking := billing.Difference{Step: billing.ToBilled, Cause: billing.UnknownToMeta, Day: "2026-10-05", Messages: 3, Added: -3, Cost: -14, Unpriced: 2}
	sum := func(d billing.Difference) billing.CauseSum {
		return billing.CauseSum{Step: d.Step, Cause: d.Cause, Messages: d.Messages, Added: d.Added, Cost: d.Cost, Unpriced: d.Unpriced, Example: d}
	}
	r := &billing.Reconciliation{
		WABA: "2003", Currency: "GBP", From: "2026-10-05", To: "2026-10-06", TimeZone: "UTC",
		Expected: billing.Side{Messages: 6, Unpriced: 6}, Settled: billing.Side{Messages: 3, Cost: 14, Unpriced: 2}, Compared: billing.Side{Messages: 3, Cost: 14, Unpriced: 2}, Billed: new(billing.Side),
		Matched: billing.Matched{Messages: new(billing.Share(0))},
		Causes:  []billing.CauseSum{sum(failed), sum(lacking)}, Differences: []billing.Difference{failed, lacking},
		Days: []billing.ReconciledDay{{Day: "2026-10-05", Expected: billing.Side{Messages: 6, Unpriced: 6}, Settled: billing.Side{Messages: 3, Cost: 14, Unpriced: 2}, Billed: new(billing.Side)}},
	}
	for _, test := range []struct {
		show         func(c *call, accounts []*billing.Reconciliation) error
		format, want string
	}{
		{showCauses, formatTable, "-3          unknown|-0.000014 GBP + 2 unknown"},
		{showCauses, formatJSON, `"added":-3,"cost":null,"unpriced":3,"currency":"GBP","example":{|"messages":3,"added":-3,"cost":null,"unpriced":3}`},
		{showCauses, formatCSV, "2003,not_delivered,settled,3,-3,,3,GBP"},
		{showDays, formatTable, "unknown        0.000014 GBP + 2 unknown"},
		{showDays, formatCSV, "2026-10-05,6,,6,3,0.000014,2,0,0.0000,"},
		{showDifferences, formatTable, "unknown|-0.000014 GBP + 2 unknown"},
		{showDifferences, formatJSON, `"cost":null,"unpriced":3`},
		{showDifferences, formatCSV, ",3,-3,,3"},
	} {
		var out, errs strings.Builder
		if err := test.show(&call{format: test.format, out: streamOf(&out), errs: streamOf(&errs)}, []*billing.Reconciliation{r}); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(test.want, "|") {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: %q is not in\n%s", test.format, part, &out)
			}
		}
		if said := errs.String(); test.format == formatTable && !strings.Contains(said, "match in 0.00 % of the messages. How much of the money does nobody knows: 2 of the messages have no known price.") {
			t.Errorf("it says %s", said)
		}
	}
}

// TestReconcileLooksAtVolumeTiers: the command that is offered tells prices apart, of the number
// that the difference is of.
func TestReconcileLooksAtVolumeTiers(t *testing.T) {
	d := &billing.Difference{Cause: billing.VolumeTier, Day: "2026-10-05", PhoneNumberID: "1044", Market: "Germany"}
	if got, want := lookAt(d, "USD"), "waguard report --month 2026-10 --business 1044 --where market=Germany --by market,category,unit_price"; got != want {
		t.Errorf("%s", got)
	}
}
