package lookalike

import "testing"

func TestFold(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"to", "to"},
		{"To", "to"},
		{" t o\t", "to"},
		{"recipient_type", "recipienttype"},
		{"recipient.type", "recipienttype"},
		{"recipient-type", "recipienttype"},
		{"t\u200bo\ufeff", "to"},           // invisible
		{"t\u00ado", "to"},                 // soft hyphen
		{"t\u3164o\u115fo", "too"},         // fillers are letters to Unicode
		{"t\x00o\x7f", "to"},               // control characters
		{"t\xffo", "to"},                   // not UTF-8
		{"\uff54\uff4f", "to"},             // full width
		{"\u212aey", "key"},                // Kelvin sign
		{"me\u017f\u017fages", "messages"}, // long s
		{"p\u0131n", "pin"},                // dotless i
		{"hsm\u0661", "hsm1"},              // Arabic one
		{"v\u2460", "v1"},                  // circled one
		{"\u0442\u043e", "\u0442\u043e"},   // Cyrillic stays: it is another name to every reader
		{"t\xc1\xafo", "too"},              // overlong in two bytes
		{"t\xe0\x81\xaf", "to"},            // in three
		{"t\xf0\x80\x81\xaf", "to"},        // in four
		{"t\xc1", "t"},                     // broken off
		{"me\u00dfages", "messages"},       // sharp s
		{"", ""},
	} {
		if got := Fold(tt.name); got != tt.want {
			t.Errorf("Fold(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
