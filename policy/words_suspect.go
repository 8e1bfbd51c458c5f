package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// ambiguous are whole messages that may be meant as an opt-out, and are as often
// the answer to something else.
var ambiguous = setOf(foldedLists(func(l *language) []string { return l.ambiguous }))

// refusals are whole messages that say no to something, which is mostly a question:
// no wish to hear more, and no sign of an opt-out.
var refusals = setOf(foldedLists(func(l *language) []string { return l.refusals }))

// negations before a stop turn it round: "don't stop". What is also an answer,
// such as "no", is not among them: "No! Stop!" is meant.
var negations = setOf(foldedLists(func(l *language) []string { return l.negations }))

// spacelessNegations are those of scripts without spaces.
var spacelessNegations = slices.DeleteFunc(foldedLists(func(l *language) []string { return l.negations }), func(n string) bool {
	first, _ := utf8.DecodeRuneInString(n)
	return !spaceless(first)
})

// negationsAfter are those that come after a stop.
var negationsAfter = setOf(foldedLists(func(l *language) []string { return l.negationsAfter }))

var spacelessAfter = slices.DeleteFunc(foldedLists(func(l *language) []string { return l.negationsAfter }), func(n string) bool {
	first, _ := utf8.DecodeRuneInString(n)
	return !spaceless(first)
})

// besides are words beside a stop that make another word of it: "bus stop",
// "stop by".
var besides = setOf(foldedLists(func(l *language) []string { return l.beside }))

// suspect takes a phrase as a sign of an opt-out.
func (w *Words) suspect(folded string) {
	if r := []rune(folded); len(r) > 1 && spaceless(r[0]) {
		w.spaceless = append(w.spaceless, folded)
		return
	}
	words := 1 + strings.Count(folded, " ")
	w.longest = max(w.longest, words)
	if words > 1 || utf8.RuneCountInString(folded) >= unmistakable {
		w.phrases[folded] = true
		head, _, _ := strings.Cut(folded, " ")
		w.heads[head] = max(w.heads[head], words)
	} else {
		w.stops[folded] = true
	}
}

// unmistakable is how many letters a single word has that can only be meant as
// an opt-out wherever it stands: "unsubscribe", not "stop".
const unmistakable = 9

// suspected reports whether a message that is no certain opt-out may be meant as
// one: a phrase that is one stands in it, or a stop at one of its ends, or it is
// an ambiguous word.
func (w *Words) suspected(folded string) bool {
	for s := range politely(folded) {
		if ambiguous[s] || ambiguous[repeated(s)] {
			return true
		}
	}
	if rest, ok := strings.CutPrefix(folded, "ok "); ok {
		if m, whole := w.whole(rest); whole && m.State == OptedOut || w.suspected(rest) {
			return true // "OK. Stop."
		}
	}
	if spacelessAmong(folded) {
		found, negated := false, false
		for _, p := range w.spaceless {
			if i := strings.Index(folded, p); i >= 0 {
				turned := turnedRound(folded[:i], folded[i+len(p):])
				found, negated = found || !turned, negated || turned
			}
		}
		if negated || found {
			return !negated
		}
	}
	words := 1 + strings.Count(folded, " ")
	before, rest := "", folded
	for i := range words {
		word, after, _ := strings.Cut(rest, " ")
		if most := w.heads[word]; (most > 0 || w.stops[word]) && !turnedRound(folded[:len(folded)-len(rest)], after) {
			if w.phraseAt(rest, most) {
				return true
			}
			if w.stops[word] && (i == 0 || i == words-1 || words <= 4) && !beside(before, after) {
				return true
			}
		}
		before, rest = word, after
	}
	return false
}

// refused reports whether a message is nothing but a no.
func refused(folded string) bool {
	for s := range politely(folded) {
		if refusals[s] || refusals[repeated(s)] {
			return true
		}
	}
	return false
}

// spacelessAmong reports whether a letter of s may belong to a script that is
// written without spaces: these need three bytes, which few others do.
func spacelessAmong(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xE0 {
			return true
		}
	}
	return false
}

// phraseAt reports whether s begins with a phrase of at most some words that
// makes a message suspect.
func (w *Words) phraseAt(s string, most int) bool {
	for n, end := 0, 0; n < most && end < len(s); n++ {
		if i := strings.IndexByte(s[end:], ' '); i >= 0 {
			end += i
		} else {
			end = len(s)
		}
		if w.phrases[s[:end]] {
			return true
		}
		end++
	}
	return false
}

// beside reports whether the word beside a stop makes another word of it: the one
// before it, or the first of what comes after it.
func beside(before, after string) bool {
	next, _, _ := strings.Cut(after, " ")
	return besides[before] || besides[next]
}

// negatedSpaceless reports whether what stands before a stop turns it round.
func negatedSpaceless(before string) bool {
	return slices.ContainsFunc(spacelessNegations, func(n string) bool { return strings.HasSuffix(before, n) })
}
