package policy

import (
	"strings"
	"testing"
)

// A transaction reference looks like one: a prefix and an id.
func TestReferences(t *testing.T) {
	own := References{"ORD", "vertrag:"}
	for _, tc := range []struct {
		opaque string
		refs   References
		want   bool
	}{
		{"order:1234", DefaultReferences, true},
		{"order-1234", DefaultReferences, true},
		{"order_1234", DefaultReferences, true},
		{"order#1234", DefaultReferences, true},
		{"order/1234", DefaultReferences, true},
		{"ORDER:1234", DefaultReferences, true},
		{"Order-AB-12-x", DefaultReferences, true},
		{"order-8812/line-3", DefaultReferences, true},
		{"txn:9f3c", DefaultReferences, true},
		{"booking:DE.2026|7", DefaultReferences, true},
		{"refund_1", DefaultReferences, true},

		{"", DefaultReferences, false},
		{" ", DefaultReferences, false},
		{"\u200b", DefaultReferences, false},
		{"\u2800", DefaultReferences, false},
		{"campaign=diwali", DefaultReferences, false},
		{"campaign:2026", DefaultReferences, false},
		{"1234", DefaultReferences, false},
		{"order", DefaultReferences, false},
		{"order:", DefaultReferences, false},
		{"order1234", DefaultReferences, false},
		{"order 1234", DefaultReferences, false},
		{"order:diwali", DefaultReferences, false},
		{"order: 1234", DefaultReferences, false},
		{"order:1234 ", DefaultReferences, false},
		{" order:1234", DefaultReferences, false},
		{"order:\u200b1", DefaultReferences, false},
		{"order:\u2800", DefaultReferences, false},
		{"order:12\x0034", DefaultReferences, false},
		{"order:campaign=diwali2026", DefaultReferences, false},
		{"order:\u0661", DefaultReferences, false}, // an Arabic digit
		{"order:" + strings.Repeat("1", 600), DefaultReferences, false},
		{"reorder:1", DefaultReferences, false},
		{"preorder:1", DefaultReferences, false},

		{"ORD1234", own, true},
		{"ord-77", own, false},
		{"vertrag-77", own, true},
		{"order:1234", own, false},
		{"order:1234", nil, false},
		{"1", References{""}, false},
	} {
		if got := tc.refs.Name(tc.opaque); got != tc.want {
			t.Errorf("%q among %q: %v, want %v", tc.opaque, tc.refs, got, tc.want)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"order:1234", "campaign=diwali", "\u200b", "ORDER#1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, opaque string) {
		if !DefaultReferences.Name(opaque) {
			return
		}
		if !strings.ContainsAny(opaque, "0123456789") || strings.ContainsFunc(opaque, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q names a transaction", opaque)
		}
	})
}
