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

// politeEnds are the first and the last byte of each of foldedPolite: nearly no
// message has those of one of them.
var politeEnds = func() []struct{ first, last byte } {
	ends := make([]struct{ first, last byte }, len(foldedPolite))
	for i, p := range foldedPolite {
		ends[i].first, ends[i].last = p[0], p[len(p)-1]
	}
	return ends
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
	if s == "" {
		return s
	}
	first, last := s[0], s[len(s)-1]
	for i, p := range foldedPolite {
		if ends := politeEnds[i]; ends.first != first && ends.last != last {
			continue
		}
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
