package policy

import "testing"

// TestCodeIn: the code is found at the end of a message however a phone spells it, and
// nowhere else.
func TestCodeIn(t *testing.T) {
	const code = "7kq93xm2pd"
	if got := WrittenCode(code); got != "WA-7KQ93-XM2PD" {
		t.Errorf("written %s", got)
	}
	for message, want := range map[string]string{
		"Yes, I want messages. WA-7KQ93-XM2PD":   "yes i want messages",
		"Yes, I want messages. (wa 7kq93 xm2pd)": "yes i want messages",
		" ＷＡ-7KQ93-XM2PD.\n":                     "",
		"Sí, quiero: WA–7KQ93–XM2PD":             "si quiero",
	} {
		if rest, got, ok := CodeIn(message); !ok || got != code || rest != want {
			t.Errorf("%q: %q, %q, %t", message, rest, got, ok)
		}
	}
	for _, message := range []string{
		"", "WA", "hello", "WA-7KQ93-XM2P", "WA-7KQ93-XM2PDD", "WA-7KQ93-XM2PI", "WA 7KQ93XM2PD.", "HEWA-7KQ93-XM2PD", "WA-7KQ93-XM2PD stop",
	} {
		if rest, got, ok := CodeIn(message); ok {
			t.Errorf("%q: %q, %q", message, rest, got)
		}
	}
}
