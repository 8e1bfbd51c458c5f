package policy

import (
	"fmt"
	"slices"
	"strings"
)

// What an operator takes from the lists. What is left out here stands in words.go:
// what they add.

// kept are the words that always opt out: wherever people may opt out by a word, these
// are among them, and nobody looks up what else there is.
var kept = []string{"stop", "unsubscribe"}

// Suspect makes text a suspected opt-out at most, in place of what the lists say: as
// the whole message, and where it has several words, inside others as well.
func (w *Words) Suspect(text string) error {
	folded, err := w.takeOut(text, w.ignored)
	if err != nil {
		return err
	}
	w.lowered[folded] = true
	if strings.Contains(folded, " ") {
		w.suspect(folded)
	}
	return nil
}

// Ignore makes text, as the whole message, mean nothing in place of what the lists say.
// Inside others it is no sign of an opt-out.
func (w *Words) Ignore(text string) error {
	folded, err := w.takeOut(text, w.lowered)
	if err == nil {
		w.ignored[folded] = true
	}
	return err
}

// takeOut takes text from the lists. other has what is named to be the opposite.
func (w *Words) takeOut(text string, other map[string]bool) (string, error) {
	folded, whole := fold(text, longestWord)
	switch {
	case folded == "":
		return "", fmt.Errorf("%q has no letters or digits to compare", text)
	case !whole:
		return "", fmt.Errorf("%q is too long to be an opt-in or opt-out word: it has more than %d bytes", text, longestWord)
	case slices.Contains(kept, folded):
		return "", fmt.Errorf("%q opts out everywhere; it can't be taken from the lists", text)
	case other[folded]:
		return "", fmt.Errorf("%q is named to be suspected and to be ignored", text)
	case w.entries[folded].named:
		return "", fmt.Errorf("%q is named to mean something and to be suspected or ignored", text)
	}
	delete(w.entries, folded)
	delete(w.phrases, folded)
	delete(w.stops, folded)
	w.spaceless = slices.DeleteFunc(w.spaceless, func(s string) bool { return s == folded })
	return folded, nil
}

// takenOut reports whether a message is nothing but what was taken from the lists, and
// whether that is suspected.
func (w *Words) takenOut(folded string) (named, suspected bool) {
	if len(w.lowered)+len(w.ignored) == 0 {
		return false, false
	}
	for s := range politely(folded) {
		again := repeated(s)
		if w.lowered[s] || w.lowered[again] {
			return true, true
		}
		if w.ignored[s] || w.ignored[again] {
			return true, false
		}
	}
	return false, false
}
