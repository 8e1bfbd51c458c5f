package policy

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// wordFiles are the lists: a file for each language, which words/README.md tells
// how to read.
//
//go:embed words/*.txt
var wordFiles embed.FS

// language is the list of one language.
type language struct {
	code, name string
	sources    []string
	lists      []wordList
	// refusals are answers such as "no".
	refusals []string
	// suspects make a message a suspected opt-out in which they stand, though none
	// of them is one; ambiguous ones do alone.
	suspects, ambiguous []string
	// endings, messages, advertising and around are what opt-outs are put together of.
	endings, messages, advertising, around []string
	// negations turn a stop round that comes after them, negationsAfter one before.
	negations, negationsAfter []string
	beside                    []string
	polite                    []string
}

// wordList is phrases of one meaning.
type wordList struct {
	state  ConsentState
	scopes []Scope
	grade  grade
	// answer: an opt-in only where the person was asked.
	answer bool
	words  []string
}

var (
	marketingScope     = []Scope{Marketing}
	transactionalScope = []Scope{Transactional}
)

// languages are all there are, sorted by code.
var languages = func() []language {
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic(err)
	}
	all := make([]language, len(files))
	for i, file := range files {
		text, err := wordFiles.ReadFile("words/" + file.Name())
		if err == nil {
			all[i], err = readLanguage(strings.TrimSuffix(file.Name(), ".txt"), string(text))
		}
		if err != nil {
			panic(err) // the files are part of the program, and a test reads them all
		}
	}
	return all
}()

// readLanguage reads a file of words.
func readLanguage(code, text string) (language, error) {
	l := language{code: code}
	var section *[]string
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		name, named := strings.CutPrefix(line, "language: ")
		source, sourced := strings.CutPrefix(line, "source: ")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case named:
			l.name = name
		case sourced:
			l.sources = append(l.sources, source)
		case line[0] == '[':
			if section = l.section(strings.Trim(line, "[]")); section == nil {
				return l, fmt.Errorf("words/%s.txt:%d: there is no section %s", code, number, line)
			}
		case section == nil:
			return l, fmt.Errorf("words/%s.txt:%d: %q stands in no section", code, number, line)
		default:
			*section = append(*section, line)
		}
	}
	if l.name == "" || len(l.sources) == 0 {
		return l, fmt.Errorf("words/%s.txt has no language or no source", code)
	}
	return l, nil
}

// section is where the words under a heading go, nil where there is no such one.
func (l *language) section(heading string) *[]string {
	switch heading {
	case "no":
		return &l.refusals
	case "suspected inside":
		return &l.suspects
	case "suspected alone":
		return &l.ambiguous
	case "negation":
		return &l.negations
	case "negation after":
		return &l.negationsAfter
	case "ending":
		return &l.endings
	case "messages":
		return &l.messages
	case "advertising":
		return &l.advertising
	case "around":
		return &l.around
	case "beside":
		return &l.beside
	case "polite":
		return &l.polite
	}
	state, rest, _ := strings.Cut(heading, ": ")
	what, how, _ := strings.Cut(rest, ", ")
	list := wordList{
		state:  map[string]ConsentState{"opt out": OptedOut, "opt in": OptedIn}[state],
		scopes: map[string][]Scope{"everything": AllScopes, "marketing": marketingScope, "transactional": transactionalScope}[what],
	}
	switch {
	case list.state == ConsentUnknown || list.scopes == nil:
		return nil
	case how == "button":
		list.grade = naming
	case how == "" && list.state == OptedOut:
		list.grade = stopping
	case how == "as an answer" && list.state == OptedIn:
		list.answer = true
	case how == "alone" && list.state == OptedOut, how == "" && list.state == OptedIn:
		list.grade = alone
	default:
		return nil
	}
	l.lists = append(l.lists, list)
	return &l.lists[len(l.lists)-1].words
}

// builtInLists are the lists of all languages.
func builtInLists() (lists []wordList) {
	for i := range languages {
		lists = append(lists, languages[i].lists...)
	}
	return lists
}

// foldedLists are the words of one kind of all languages, folded, sorted and each
// once.
func foldedLists(of func(*language) []string) (folded []string) {
	for i := range languages {
		for _, text := range of(&languages[i]) {
			f, _ := fold(text, longestWord)
			folded = append(folded, f)
		}
	}
	slices.Sort(folded)
	return slices.Compact(folded)
}

func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}
