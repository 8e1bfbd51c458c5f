package policy

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// foldedPolite are the words that may stand around an opt-in or opt-out without
// changing it, the longest first, since some end with others.
var foldedPolite = func() []string {
	folded := foldedLists(func(l *language) []string { return l.polite })
	slices.SortFunc(folded, func(a, b string) int { return len(b) - len(a) })
	return folded
}()

// politely yields s, and s without one polite word at its ends after the other.
func politely(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield(s) {
			rest := withoutPolite(s)
			if rest == s {
				return
			}
			s = rest
		}
	}
}

// withoutPolite takes one polite word off an end of s.
func withoutPolite(s string) string {
	for _, p := range foldedPolite {
		if rest, ok := strings.CutSuffix(s, p); ok && endsWord(rest) {
			return strings.TrimSuffix(rest, " ")
		}
		if rest, ok := strings.CutPrefix(s, p); ok && beginsWord(p, rest) {
			return strings.TrimPrefix(rest, " ")
		}
	}
	return s
}

// endsWord reports whether a word can end with s, so that another may follow.
func endsWord(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (last == ' ' || spaceless(last))
}

// beginsWord reports whether a word can begin with rest, after word.
func beginsWord(word, rest string) bool {
	last, _ := utf8.DecodeLastRuneInString(word)
	return rest != "" && (rest[0] == ' ' || spaceless(last))
}
