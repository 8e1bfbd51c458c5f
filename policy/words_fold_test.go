package policy

import (
	"testing"

	"pgregory.net/rapid"
)

// What folds a text of ASCII says the same as what folds any text, also where it
// is cut.
func TestFoldASCII(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[ -~\t\n]{0,40}`), rapid.StringMatching(`([a-zA-Z'] ?){0,20}`), rapid.StringMatching(`[a-z ]{0,20}(é|ß| )[a-z ]{0,9}`)).Draw(t, "text")
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		folded, whole := fold(text, limit)
		if want, all := foldAny(text, limit); folded != want || whole != all {
			t.Errorf("%q, cut at %d, folds to %q (whole: %t), want %q (%t)", text, limit, folded, whole, want, all)
		}
	})
}

// A message that is cut at the end of a word ends with that word.
func TestFoldCutsBetweenWords(t *testing.T) {
	for _, text := range []string{"stop it", "стоп it"} {
		long := len("стоп")
		if text[0] < 0x80 {
			long = len("stop")
		}
		for limit := long; limit <= long+1; limit++ {
			if folded, whole := fold(text, limit); folded != text[:long] || whole {
				t.Errorf("%q, cut at %d, folds to %q (whole: %t)", text, limit, folded, whole)
			}
		}
	}
}
