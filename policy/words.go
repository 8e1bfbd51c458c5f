package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Meaning is what a message, or a tap on a button or row, means for consent.
// The zero value: nothing.
type Meaning struct {
	// State is OptedIn or OptedOut, or ConsentUnknown where nothing changes.
	State  ConsentState
	Scopes []Scope
	// General marks a word for everything, such as STOP or START.
	General bool
	// Answer marks an ordinary word, such as "yes": an opt-in only where the
	// person was asked.
	Answer bool
	// Tap marks an opt-in by the title of a button or row alone: it never lifts
	// an opt-out.
	Tap bool
	// Suspected reports that it may be an opt-out, but not certainly: a stop
	// inside a sentence, an ambiguous word. It changes no consent, and somebody must
	// read it.
	Suspected bool
	// No marks an answer such as "no", alone: mostly to a question.
	No bool
}

// Changes reports whether the meaning is one for consent.
func (m Meaning) Changes() bool { return m.State != ConsentUnknown }

// OptOut reports whether it is, or may be, an opt-out: no wish to hear more.
func (m Meaning) OptOut() bool { return m.State == OptedOut || m.Suspected || m.No }

// Words are the messages and taps by which people opt in and out. What people
// type counts only as a whole, after folding case, accents, punctuation and
// polite words: "Stop, please!" is an opt-out, "stop 12345" and "don't stop" are
// not. What they tap was written by the business: of titles only phrases count
// that name what they do, of ids and payloads only what the operator named.
type Words struct {
	entries  map[string]entry
	payloads map[string]entry
	// Parts of a message that make it a suspected opt-out.
	phrases   map[string]bool // several words, or one unmistakable one
	stops     map[string]bool // single words
	spaceless []string
	longest   int // most words in one of phrases
	// heads are the first words of phrases, and how many words the longest with it
	// has. Few messages have one of them.
	heads map[string]int
	// What the operator took from the lists: whole messages that are suspected at
	// most, and such as mean nothing.
	lowered, ignored map[string]bool
}

// grade says where a phrase counts beyond being typed alone. The higher ones
// include the lower.
type grade uint8

const (
	// alone: typed as the whole message, and nowhere else. Words that mean
	// something else on a button, such as "end", "cancel" or "exit".
	alone grade = iota
	// stopping: unmistakable, so that it counts on the quick reply of a template
	// too, and makes a message suspect that has it among others.
	stopping
	// naming: names what it does, so that it counts as the title of any button
	// or row.
	naming
)

type entry struct {
	meaning Meaning
	grade   grade
	// named by the operator.
	named bool
}

// NewWords is the built-in list of words.
func NewWords() *Words {
	w := &Words{
		entries: maps.Clone(builtIn.entries), payloads: make(map[string]entry),
		phrases: maps.Clone(builtIn.phrases), stops: maps.Clone(builtIn.stops), spaceless: slices.Clone(builtIn.spaceless),
		longest: builtIn.longest, heads: maps.Clone(builtIn.heads),
		lowered: make(map[string]bool), ignored: make(map[string]bool),
	}
	return w
}

// builtIn is compiled once from the lists of all languages.
var builtIn = func() *Words {
	w := &Words{entries: make(map[string]entry, 2048), phrases: make(map[string]bool, 1024), stops: make(map[string]bool, 256), heads: make(map[string]int, 512)}
	for _, list := range builtInLists() {
		for _, text := range list.words {
			folded, _ := fold(text, longestWord)
			e := entry{Meaning{State: list.state, Scopes: list.scopes, General: len(list.scopes) == int(Scopes) && !list.answer, Answer: list.answer}, list.grade, false}
			if before, ok := w.entries[folded]; ok {
				// The lists agree on the meaning; a test sees to it.
				e.grade = max(e.grade, before.grade)
			}
			w.entries[folded] = e
			if e.meaning.State == OptedOut && e.grade >= stopping {
				w.suspect(folded)
			}
		}
	}
	for _, folded := range foldedLists(func(l *language) []string { return l.suspects }) {
		w.suspect(folded)
	}
	return w
}()

// Add makes text, typed or the payload of a button exactly as written, an opt-in
// or opt-out for scopes, in place of what it meant before. What is an opt-out can't be
// made an opt-in: whoever says it would be written to.
func (w *Words) Add(text string, state ConsentState, scopes []Scope) error {
	folded, whole := fold(text, longestWord)
	switch {
	case folded == "":
		return fmt.Errorf("%q has no letters or digits to compare", text)
	case !whole:
		return fmt.Errorf("%q is too long to be an opt-in or opt-out word: it has more than %d bytes", text, longestWord)
	case state == OptedIn && w.entries[folded].meaning.State == OptedOut:
		return fmt.Errorf("people opt out with %q, so it can't be an opt-in", text)
	case w.lowered[folded], w.ignored[folded]:
		return fmt.Errorf("%q is named to mean something and to be suspected or ignored", text)
	}
	if err := w.contradicts(text, state); err != nil {
		return err
	}
	e := entry{meaning: configured(state, scopes), grade: stopping, named: true}
	if state == OptedOut {
		e.grade = naming
	}
	w.entries[folded], w.payloads[text] = e, e
	return nil
}

// AddPayload makes the payload of a template's quick reply, or the id of a reply
// button or list row, an opt-in or opt-out for scopes. It counts exactly as
// written.
func (w *Words) AddPayload(payload string, state ConsentState, scopes []Scope) error {
	switch {
	case strings.TrimSpace(payload) == "":
		return errors.New("a payload is empty")
	case len(payload) > longestWord:
		return fmt.Errorf("%q is too long to be a payload: it has more than %d bytes", payload, longestWord)
	}
	if err := w.contradicts(payload, state); err != nil {
		return err
	}
	w.payloads[payload] = entry{meaning: configured(state, scopes)}
	return nil
}

// contradicts reports that the operator has named text before, to mean the opposite.
func (w *Words) contradicts(text string, state ConsentState) error {
	if before, named := w.payloads[text]; named && before.meaning.State != state {
		return fmt.Errorf("%q is named as an opt-in and as an opt-out", text)
	}
	return nil
}

// configured is the meaning of what the operator named. An opt-in means what the
// operator says, and not only what was taken before.
func configured(state ConsentState, scopes []Scope) Meaning {
	return Meaning{State: state, Scopes: scopes, General: state == OptedOut && len(scopes) == int(Scopes)}
}

// longestWord bounds what can be an opt-in or opt-out, in bytes after folding:
// nobody's STOP is longer. What is dropped in folding doesn't count, so that a
// STOP followed by a screen of exclamation marks is one. Meta's longest id of a
// button has 256 characters.
const longestWord = 256

// longestMessage bounds how much of a message is read, in bytes after folding.
// WhatsApp's have 4,096 characters at most.
const longestMessage = 16 << 10

// Message is the meaning of a typed message.
func (w *Words) Message(text string) Meaning {
	folded, _ := fold(text, longestMessage)
	if m, ok := w.whole(folded); ok {
		return m
	}
	if named, suspected := w.takenOut(folded); named {
		return Meaning{Suspected: suspected}
	}
	composed := builtInGrammar.composed(folded)
	if composed.Changes() {
		return composed
	}
	if composed.Suspected || w.suspected(folded) {
		return Meaning{Suspected: true}
	}
	if short := shortened(folded); short != folded {
		if m, ok := w.whole(short); ok && m.State == OptedOut {
			return m
		}
		if w.suspected(short) {
			return Meaning{Suspected: true}
		}
		folded = short
	}
	return Meaning{No: refused(folded)}
}

// QuickReply is the meaning of a tapped quick reply of a template, which says
// STOP as it is or names what it does.
func (w *Words) QuickReply(text string) Meaning {
	m := w.title(text, stopping)
	if !m.Changes() {
		if says := composedTitle(text); says.Changes() {
			return says
		}
	}
	return m
}

// composedTitle is what a title says that is put together of the parts of an opt-out.
func composedTitle(text string) Meaning {
	folded, whole := fold(text, longestWord)
	if m := builtInGrammar.composed(folded); whole && m.Changes() {
		return m
	}
	return Meaning{}
}

// ReplyButton is the meaning of the title of a tapped reply button. A bare stop
// may be about anything: it is suspected at most.
func (w *Words) ReplyButton(title string) Meaning {
	m := w.title(title, naming)
	if !m.Changes() {
		m.Suspected = w.QuickReply(title).State == OptedOut
	}
	return m
}

// Row is the meaning of the title of a row chosen from a list. The next bus
// stop may be one.
func (w *Words) Row(title string) Meaning { return w.title(title, naming) }

// title is the meaning of a title as far as it has at least the grade. Of
// opt-ins only phrases count that name what they do.
func (w *Words) title(text string, least grade) Meaning {
	folded, whole := fold(text, longestWord)
	if !whole {
		return Meaning{}
	}
	for s := range politely(folded) {
		e, ok := w.entries[s]
		if !ok {
			continue
		}
		m := e.meaning
		switch {
		case m.State == OptedOut && e.grade >= least:
			return m
		case m.State == OptedIn && e.grade >= naming:
			m.Tap = true
			return m
		}
		return Meaning{}
	}
	return Meaning{}
}

// Payload is the meaning of a payload or id, which only the operator gives it.
func (w *Words) Payload(payload string) Meaning { return w.payloads[payload].meaning }

// whole is the meaning of a message that is nothing but an opt-in or opt-out: a
// known phrase, the same one several times, or several opt-outs.
func (w *Words) whole(folded string) (Meaning, bool) {
	for s := range politely(folded) {
		if len(s) <= longestWord {
			if e, ok := w.entries[s]; ok {
				return e.meaning, true
			}
		}
		if e, ok := w.entries[repeated(s)]; ok {
			return e.meaning, true
		}
	}
	return w.sequence(folded)
}

// repeated is the shortest beginning of s of which s is a repetition, "" where
// there is none.
func repeated(s string) string {
	if head := s[:min(3, len(s))]; head == "" || !strings.Contains(s[1:], head[:1]) || !strings.Contains(s[len(head)-1:], head) && len(s) > 6 {
		return ""
	}
	// Where s repeats a beginning of it, with spaces between or without, s is
	// found in itself twice over.
	for _, space := range []string{" ", ""} {
		t := s + space
		if i := strings.Index((t + t)[1:], t) + 1; i > 0 && i < len(t) && i <= longestWord && strings.HasSuffix(t[:i], space) {
			return t[:i-len(space)]
		}
	}
	return ""
}

// sequence is the meaning of several unmistakable opt-outs in a row, such as
// "Stop! Unsubscribe me.": what any of them means.
func (w *Words) sequence(folded string) (m Meaning, ok bool) {
	if strings.Count(folded, " ") >= mostInSequence {
		return m, false
	}
	for rest := folded; rest != ""; {
		var ends [mostInSequence]int // of the words of rest
		words := 0
		for i := range len(rest) {
			if rest[i] == ' ' {
				ends[words] = i
				words++
			}
		}
		ends[words] = len(rest)
		n := min(words+1, w.longest)
		for ; n > 0; n-- {
			e, known := w.entries[rest[:ends[n-1]]]
			if known && e.meaning.State == OptedOut && e.grade >= stopping {
				if !m.General {
					m = Meaning{State: OptedOut, Scopes: union(m.Scopes, e.meaning.Scopes), General: e.meaning.General}
				}
				break
			}
		}
		if n == 0 && !slices.Contains(foldedPolite, rest[:ends[0]]) {
			return Meaning{}, false
		}
		rest = strings.TrimPrefix(rest[ends[max(n, 1)-1]:], " ")
	}
	return m, m.Changes()
}

// mostInSequence is the most words of which several opt-outs in a row may consist.
const mostInSequence = 12

func union(a, b []Scope) []Scope {
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}
