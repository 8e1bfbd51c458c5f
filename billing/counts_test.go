package billing

import "testing"

// What a send counts as follows from what Meta answered and told since.
func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name string
		send Send
		want Counts
	}{
		{"refused", Send{}, Counts{Sends: 1}},
		{"rejected", Send{Fate: Failed}, Counts{Sends: 1, Failed: 1}},
		{"unknown", Send{Fate: Unknown}, Counts{Sends: 1, Unknown: 1}},
		{"accepted", Send{Fate: Accepted}, Counts{Sends: 1, Accepted: 1}},
		{"sent", Send{Fate: Accepted, Status: "sent", Charged: true}, Counts{Sends: 1, Accepted: 1}},
		{"delivered", Send{Fate: Accepted, Status: "delivered", Charged: true}, Counts{Sends: 1, Accepted: 1, Delivered: 1, Billable: 1}},
		{"delivered/free", Send{Fate: Accepted, Status: "delivered"}, Counts{Sends: 1, Accepted: 1, Delivered: 1}},
		{"read", Send{Fate: Accepted, Status: "read", Charged: true}, Counts{Sends: 1, Accepted: 1, Delivered: 1, Billable: 1}},
		{"played", Send{Fate: Accepted, Status: "played", Charged: true}, Counts{Sends: 1, Accepted: 1, Delivered: 1, Billable: 1}},
		{"failed-later", Send{Fate: Accepted, Status: "failed", Charged: true}, Counts{Sends: 1, Accepted: 1, Failed: 1}},
		{"unknown/delivered", Send{Fate: Unknown, Status: "delivered", Charged: true}, Counts{Sends: 1, Unknown: 1, Delivered: 1, Billable: 1}},
	} {
		if got := test.send.Counts(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}
