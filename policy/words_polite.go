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

// politeFrom and politeTo are those that begin and end with a byte, the longest
// first: few messages have one of them.
var politeFrom, politeTo = func() (from, to [256][]string) {
	for _, p := range foldedPolite {
		from[p[0]] = append(from[p[0]], p)
		to[p[len(p)-1]] = append(to[p[len(p)-1]], p)
	}
	return from, to
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
	took, without := 0, s
	for _, p := range politeTo[s[len(s)-1]] {
		if rest, ok := strings.CutSuffix(s, p); ok && endsWord(rest) {
			took, without = len(p), strings.TrimSuffix(rest, " ")
			break
		}
	}
	for _, p := range politeFrom[s[0]] {
		if rest, ok := strings.CutPrefix(s, p); ok && len(p) > took && beginsWord(p, rest) {
			return strings.TrimPrefix(rest, " ")
		}
	}
	return without
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
