package command

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrinted(t *testing.T) {
	for text, want := range map[string]string{
		"Ana's shop — Größe 😀":    "Ana's shop — Größe 😀",
		"\x1b[2Jgone":             `\u001b[2Jgone`,
		"two\nlines\r\tand":       `two\u000alines\u000d\u0009and`,
		"\u009b31mred":            `\u009b31mred`,
		"\u202egnp.exe\u2028next": `\u202egnp.exe\u2028next`,
		"\xff\x7f\x00":            `\xff\u007f\u0000`,
		"\U000E0041tag":           `\udb40\udc41tag`,
	} {
		if got := printed(text); got != want {
			t.Errorf("%q is printed %s, want %s", text, got, want)
		}
		encoded, err := json.Marshal(map[string]any{"a": []any{text}})
		if err != nil {
			t.Fatal(err)
		}
		line := string(printedJSON(append(encoded, '\n')))
		if strings.IndexFunc(strings.TrimSuffix(line, "\n"), unprintable) >= 0 {
			t.Errorf("JSON with %q is printed %q", text, line)
		}
		var back map[string][]string
		if err := json.Unmarshal([]byte(line), &back); err != nil || utf8.ValidString(text) && back["a"][0] != text {
			t.Errorf("JSON with %q is read as %q: %v", text, back, err)
		}
		answer, err := printedAnswer(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer, &back); err != nil || strings.IndexFunc(back["a"][0], unprintable) >= 0 {
			t.Errorf("a table would show %q: %v", back, err)
		}
	}
}
