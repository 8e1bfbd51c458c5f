package policy

import (
	"strings"
	"unicode/utf8"
)

// People end messages in more ways than a list has phrases for. Most are made of an
// ending ("no more", "don't send me", "delete"), of what is to end ("messages", "my
// number", "offers") and of little words around. A message that consists of nothing
// else is an opt-out; one in which an ending stands close to what is to end may be.

// part is what a word is for a message to be put together. A word may be several.
type part uint8

const (
	ending part = 1 << iota
	ofMessages
	ofAdvertising
	around
	turned // an ending turned round, as a whole: "don't stop"
)

// grammar are the words that have a part.
type grammar struct {
	parts map[string]part
	// heads are the first words of them.
	heads map[string]head
	// longest is that of scripts without spaces, in bytes.
	longest int
}

// head is what begins with a word: how many words the longest has, and what parts
// there are.
type head struct {
	most  int
	parts part
}

// builtInGrammar is that of all languages.
var builtInGrammar = func() *grammar {
	g := &grammar{parts: make(map[string]part, 4096), heads: make(map[string]head, 4096)}
	for i := range languages {
		l := &languages[i]
		for _, list := range []struct {
			words []string
			part  part
		}{{l.endings, ending}, {l.messages, ofMessages}, {l.advertising, ofAdvertising}, {l.around, around}, {l.polite, around}, {severalWords(l.negations), turned}} {
			for _, text := range list.words {
				g.add(text, list.part)
			}
		}
	}
	return g
}()

func (g *grammar) add(text string, p part) {
	folded, _ := fold(text, longestWord)
	g.parts[folded] |= p
	if r, _ := utf8.DecodeRuneInString(folded); spaceless(r) {
		g.longest = max(g.longest, len(folded))
		return
	}
	first, _, _ := strings.Cut(folded, " ")
	h := g.heads[first]
	g.heads[first] = head{max(h.most, 1+strings.Count(folded, " ")), h.parts | p}
}

// severalWords are those of a list that are more than one.
func severalWords(list []string) (several []string) {
	for _, text := range list {
		if strings.Contains(text, " ") {
			several = append(several, text)
		}
	}
	return several
}

// next is the part of the longest words with which s begins, 0 where there is none,
// and how long they are; else it is as long as a word, or a letter of a script without
// spaces.
func (g *grammar) next(s string) (p part, length int) {
	first, size := utf8.DecodeRuneInString(s)
	if spaceless(first) {
		for n := min(g.longest, len(s)); n >= size; n-- {
			if n < len(s) && !utf8.RuneStart(s[n]) {
				continue
			}
			if p, known := g.parts[s[:n]]; known {
				return p, n
			}
		}
		return 0, size
	}
	end := wordEnd(s, 0)
	most := g.heads[s[:end]].most
	for n, at := 1, end; n <= most; n++ {
		if found, known := g.parts[s[:at]]; known {
			p, length = found, at
		}
		if at == len(s) {
			break
		}
		at = wordEnd(s, at+1)
	}
	if length == 0 {
		length = end
	}
	return p, length
}

// wordEnd is where the word of s ends that begins at some place.
func wordEnd(s string, begin int) int {
	if i := strings.IndexByte(s[begin:], ' '); i >= 0 {
		return begin + i
	}
	return len(s)
}

// mayCompose reports whether a message has words that can be both parts of an opt-out:
// nearly none has.
func (g *grammar) mayCompose(folded string) bool {
	if spacelessAmong(folded) {
		return true
	}
	var seen part
	for at := 0; at < len(folded); {
		end := wordEnd(folded, at)
		seen |= g.heads[folded[at:end]].parts
		if seen&ending != 0 && seen&(ofMessages|ofAdvertising) != 0 {
			return true
		}
		at = end + 1
	}
	return false
}

// composed is what a message says by its parts: an opt-out, if they are all there is;
// that it may be one, if an ending stands close to what is to end.
func (g *grammar) composed(folded string) Meaning {
	const close, near, most = 4, 3, 16 // in words
	if !g.mayCompose(folded) {
		return Meaning{}
	}
	if once := repeated(folded); once != "" {
		folded = once
	}
	var strange, count, endings, nouns, negated int
	var last [3]int // where the newest ending, message and advertising stand, from 1
	suspected, messages, beside := false, 0, false
	for at := 0; at < len(folded); {
		p, n := g.next(folded[at:])
		count++
		if p&ending != 0 && turnedRound(folded[:at], folded[at+n:]) {
			p, negated = 0, negated+1
		}
		if p&turned != 0 && p&ending == 0 {
			negated++
		}
		switch {
		case p == 0:
			strange++
		case p&ending != 0 && (p&(ofMessages|ofAdvertising) == 0 || last[0] == 0):
			endings++
			last[0] = count
		}
		if p&ofMessages != 0 {
			messages++
			beside = beside || last[2] != 0 && count-last[2] <= near
			last[1] = count
		}
		if p&ofAdvertising != 0 {
			beside = beside || last[1] != 0 && count-last[1] <= near
			last[2] = count
		}
		if p&(ofMessages|ofAdvertising) != 0 {
			nouns++
		}
		if noun := max(last[1], last[2]); p != 0 && noun != 0 && last[0] != 0 && noun-last[0] <= close && last[0]-noun <= close {
			suspected = true
		}
		if at += n; at < len(folded) && folded[at] == ' ' {
			at++
		}
	}
	switch {
	case negated > 0:
		return Meaning{}
	case strange > 0 || endings != 1 || nouns == 0 || count > most:
		return Meaning{Suspected: suspected}
	case last[2] != 0 && (messages == 0 || beside):
		return Meaning{State: OptedOut, Scopes: marketingScope}
	}
	return Meaning{State: OptedOut, Scopes: AllScopes, General: true}
}

// turnedRound reports whether what stands before or after an ending turns it round.
func turnedRound(before, after string) bool {
	before, after = strings.TrimSuffix(before, " "), strings.TrimPrefix(after, " ")
	if negatedSpaceless(before) {
		return true
	}
	// One word before it, two or three.
	for n, at := 0, len(before); n < 3 && at > 0; n++ {
		at = strings.LastIndexByte(before[:max(at-1, 0)], ' ') + 1
		if negations[before[at:]] {
			return true
		}
		if at--; at < 0 {
			break
		}
	}
	if after == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(after)
	if spaceless(first) {
		for _, n := range spacelessAfter {
			if strings.HasPrefix(after, n) {
				return true
			}
		}
		return false
	}
	return negationsAfter[after[:wordEnd(after, 0)]]
}
