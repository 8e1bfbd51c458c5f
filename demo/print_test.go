package demo

import (
	"slices"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two", []string{"one two"}},
		{"one two three", []string{"one two", "three"}},
		{"overlongwordhere and", []string{"overlongwordhere", "and"}},
		{"it is Mon\u00a02 Nov", []string{"it is", "Mon\u00a02", "Nov"}},
		{"ééé ééé", []string{"ééé ééé"}},
	} {
		if got := wrap(c.text, 7); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestColorOnlyWhereWanted(t *testing.T) {
	for _, color := range []bool{true, false} {
		var out strings.Builder
		p := &printer{out: &out, color: color}
		p.step("09:00", customerName, `writes "Hi"`)
		p.learned("something")
		p.surprise("something else")
		if got := strings.Contains(out.String(), "\x1b["); got != color {
			t.Errorf("with color %t the output is %q", color, out.String())
		}
	}
}
