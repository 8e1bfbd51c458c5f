package billing

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a send counts as follows from what Meta answered and told since.
func TestCounts(t *testing.T) {
	quote := Quote{Type: Regular, Unit: 100, Known: true}
	for _, test := range []struct {
		name            string
		send            Send
		sent, delivered Counts
	}{
		{"refused", Send{}, Counts{Sends: 1, Refused: 1}, Counts{}},
		{"rejected", Send{Fate: Failed}, Counts{Sends: 1, Failed: 1}, Counts{}},
		{"unknown", Send{Fate: Unknown}, Counts{Sends: 1, Unknown: 1}, Counts{}},
		{"accepted", Send{Fate: Accepted}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{}},
		{"sent", Send{Fate: Accepted, Status: "sent", Charged: true}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{}},
		{"delivered", Send{Fate: Accepted, Status: "delivered", Charged: true}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{Delivered: 1, Billable: 1, Charged: 1, Actual: 100}},
		{"read", Send{Fate: Accepted, Status: "read"}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{Delivered: 1, Charged: 1, Actual: 100}},
		{"played", Send{Fate: Accepted, Status: "played"}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{Delivered: 1, Charged: 1, Actual: 100}},
		{"failed-later", Send{Fate: Accepted, Status: "failed"}, Counts{Sends: 1, Accepted: 1, Failed: 1, Estimated: 100}, Counts{}},
		{"to a group/delivered", Send{Fate: Accepted, Status: "delivered", Part: ToGroup}, Counts{Sends: 1, Accepted: 1, Estimated: 100}, Counts{Delivered: 1, Charged: 1, Actual: 100}},
		{"copy/delivered", Send{Fate: Accepted, Status: "delivered", Charged: true, Part: Copy}, Counts{}, Counts{Delivered: 1, Billable: 1, Charged: 1, Actual: 100}},
		{"copy/failed", Send{Fate: Accepted, Status: "failed", Part: Copy}, Counts{}, Counts{}},
		{"unknown/delivered", Send{Fate: Unknown, Status: "delivered"}, Counts{Sends: 1, Unknown: 1, Estimated: 100}, Counts{Delivered: 1, Charged: 1, Actual: 100}},
	} {
		l := &Line{N: 1, Send: test.send, Estimate: quote}
		if got, err := l.sent(); err != nil || got != test.sent {
			t.Errorf("%s: sent it counts as %+v, %v; want %+v", test.name, got, err, test.sent)
		}
		var got Counts
		var err error
		if test.send.Delivered() {
			got, err = l.delivered(1, &quote)
		}
		if err != nil || got != test.delivered {
			t.Errorf("%s: delivered it counts as %+v, %v; want %+v", test.name, got, err, test.delivered)
		}
	}
}

// Money that nobody knows is null in JSON, in every part of a report and a forecast, and never
// zero; what is free costs zero. What is written can be read again.
func TestUnknownMoneyInJSON(t *testing.T) {
	priced, unpriced := Counts{Delivered: 3, Charged: 3, Unpriced: 1, Actual: 20, Accepted: 3, Unestimated: 1, Estimated: 20}, Counts{Delivered: 3, Charged: 3, Unpriced: 3, Accepted: 3, Unestimated: 3}
	free := Counts{Delivered: 3, Free: 3, Accepted: 3}
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"a row", Row{Counts: unpriced}, `"estimated":null,"actual":null`},
		{"a row of which some is known", Row{Counts: priced}, `"estimated":"0.00002","actual":"0.00002"`},
		{"a row that is free", Row{Counts: free}, `"estimated":"0.0000","actual":"0.0000"`},
		{"a total", Total{Currency: "USD", Counts: unpriced}, `"estimated":null,"actual":null`},
		{"a report", &Report{Total: unpriced}, `"estimated":null,"actual":null`},
		{"a report in several currencies", &Report{Total: Counts{Delivered: 3, Charged: 3, SeveralCurrencies: true}}, `"several_currencies":true,"estimated":null,"actual":null`},
		{"a total that wasn't known", Total{Counts: priced, WasUnpriced: 4}, `"actual":"0.00002","cost_was_unpriced":4`},
	} {
		got, err := json.Marshal(test.value)
		if err != nil || !strings.Contains(string(got), test.want) {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
		if n := strings.Count(string(got), `"actual"`); n > 1 {
			t.Errorf("%s has the cost %d times: %s", test.name, n, got)
		}
	}
	want := Report{Rows: []Row{{Key: Key{Day: "2026-10-01", Tags: "team=crm", Currency: "USD"}, Counts: priced}}, Total: priced, Totals: []Total{{Currency: "USD", Counts: priced, WasUnpriced: 1}}}
	written, err := json.Marshal(&want)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(written, &got); err != nil || got.Rows[0] != want.Rows[0] || got.Total != want.Total || got.Totals[0] != want.Totals[0] {
		t.Errorf("%s is read as %+v, %v", written, got, err)
	}
}
