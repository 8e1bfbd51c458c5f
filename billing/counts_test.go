package billing

import "testing"

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
