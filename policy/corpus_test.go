package policy

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A corpus of what people write, each language in a file of testdata/corpus, by what
// is right for it. From each line messages are made as people send them: in capitals,
// without accents, with polite words, emoji and a greeting.
//
// A line belongs to one of two halves, with all that is made of it. The lists were
// tuned on one; nobody looked at what is wrong in the other.

// line is a message as somebody wrote it, and what is right for it.
type line struct {
	language, text string
	right          tier
	scopes         []Scope // of an opt-out
	// either: certain and suspected are both right.
	either, heldOut bool
}

// tier is how sure it is that a message is an opt-out.
type tier uint8

const (
	tierNone tier = iota
	tierSuspected
	tierCertain
)

func tierOf(m Meaning) tier {
	switch {
	case m.State == OptedOut:
		return tierCertain
	case m.Suspected:
		return tierSuspected
	}
	return tierNone
}

var tierNames = [...]string{"none", "suspected", "certain"}

// message is what is made of a line. An opt-out with more around it may be taken for
// either tier.
type message struct {
	text   string
	either bool
}

func readCorpus(t testing.TB) (lines []line, polite map[string][]string) {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there is no corpus", err)
	}
	sections := map[string]line{
		"[out everything]": {right: tierCertain, scopes: AllScopes}, "[out marketing]": {right: tierCertain, scopes: marketing},
		"[out transactional]": {right: tierCertain, scopes: transactional}, "[either]": {right: tierCertain, scopes: AllScopes, either: true},
		"[maybe]": {right: tierSuspected}, "[none]": {right: tierNone},
	}
	polite = make(map[string][]string)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		language := strings.TrimSuffix(filepath.Base(name), ".txt")
		section := ""
		seen := map[string]bool{}
		for s := bufio.NewScanner(f); s.Scan(); {
			text := s.Text()
			switch like, known := sections[section]; {
			case text == "" || text[0] == '#':
			case text[0] == '[':
				if section = text; section != "[polite]" && sections[section].right == 0 && section != "[none]" {
					t.Fatalf("%s has a section %s", name, section)
				}
			case section == "[polite]":
				polite[language] = append(polite[language], text)
			case !known || seen[text]:
				t.Fatalf("%s: %q stands in no section, or twice", name, text)
			default:
				seen[text] = true
				like.language, like.text, like.heldOut = language, text, heldOut(text)
				lines = append(lines, like)
			}
		}
		_ = f.Close()
	}
	return lines, polite
}

func heldOut(text string) bool {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()>>7&1 == 0
}

// messages are those made of a line.
func (l *line) messages(polite []string) []message {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(l.text))
	made := []message{
		{text: l.text},
		{text: strings.ToUpper(l.text)},
		{text: l.text + "!!!"},
		{text: "\u200f" + l.text + " 🙏🏽"},
		{text: strings.ReplaceAll(l.text, "'", "’")},
		{text: strings.ToLower(l.text) + "."},
	}
	if unicode.In([]rune(l.text)[0], unicode.Latin, unicode.Greek, unicode.Cyrillic) && norm.NFC.String(plain) != l.text {
		made = append(made, message{text: norm.NFC.String(plain)})
	}
	if l.right == tierNone {
		return unique(append(made, message{text: "👍 " + l.text}))
	}
	for _, p := range polite {
		made = append(made, message{text: l.text + ", " + p}, message{text: p + " " + l.text})
	}
	for _, around := range []string{"😡 %s", "%s\n%[1]s"} {
		made = append(made, message{text: fmt.Sprintf(around, l.text)})
	}
	for _, around := range []string{"Hello! %s", "OK. %s"} {
		made = append(made, message{fmt.Sprintf(around, l.text), true})
	}
	for i := range made {
		made[i].either = made[i].either || l.either
	}
	return unique(made)
}

func unique(made []message) []message {
	seen := map[string]bool{}
	return slices.DeleteFunc(made, func(m message) bool {
		again := seen[m.text]
		seen[m.text] = true
		return again
	})
}

// measure is what the tiers come to on some messages.
type measure struct {
	lines, messages int
	// Of messages taken for certain opt-outs, how many are ones; of certain opt-outs,
	// how many are taken for ones. Then the same for both tiers together.
	certain, certainRight, certainMeant, certainFound int
	any, anyRight, anyMeant, anyFound                 int
}

func (m *measure) add(o *measure) {
	m.lines += o.lines
	m.messages += o.messages
	m.certain, m.certainRight = m.certain+o.certain, m.certainRight+o.certainRight
	m.certainMeant, m.certainFound = m.certainMeant+o.certainMeant, m.certainFound+o.certainFound
	m.any, m.anyRight = m.any+o.any, m.anyRight+o.anyRight
	m.anyMeant, m.anyFound = m.anyMeant+o.anyMeant, m.anyFound+o.anyFound
}

// judge compares what words make of a message with what is right.
func (m *measure) judge(l *line, made message, got Meaning) (right bool) {
	is := tierOf(got)
	m.messages++
	optOut := l.right != tierNone
	if is == tierCertain {
		m.certain++
		if l.right == tierCertain && slices.Equal(got.Scopes, l.scopes) {
			m.certainRight++
		} else {
			right = false
		}
	}
	if is != tierNone {
		m.any++
		if optOut {
			m.anyRight++
		}
	}
	if l.right == tierCertain && !made.either {
		m.certainMeant++
		if is == tierCertain {
			m.certainFound++
		}
	}
	if optOut {
		m.anyMeant++
		if is != tierNone {
			m.anyFound++
		}
	}
	switch {
	case l.right == tierCertain && is == tierCertain:
		return slices.Equal(got.Scopes, l.scopes)
	case made.either:
		return is != tierNone
	}
	return is == l.right
}

// TestCorpus measures the words on the corpus and holds what is published of it.
func TestCorpus(t *testing.T) {
	lines, polite := readCorpus(t)
	w := NewWords()
	tuned, held := make(map[string]*measure), make(map[string]*measure)
	for i := range lines {
		l := &lines[i]
		half := tuned
		if l.heldOut {
			half = held
		}
		m := half[l.language]
		if m == nil {
			m = new(measure)
			half[l.language] = m
		}
		m.lines++
		wrong := false
		for _, made := range l.messages(polite[l.language]) {
			if got := w.Message(made.text); !m.judge(l, made, got) && !wrong && !l.heldOut {
				wrong = true // of each line once, and of what is held out never
				t.Logf("%s: %q is %s, right is %s %v", l.language, made.text, got.says(), tierNames[l.right], l.scopes)
			}
		}
	}
	page := corpusPage(tuned, held)
	const path = "../docs/reference/opt-out-words.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(raw), corpusBegin)
	_, after, ends := strings.Cut(rest, corpusEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the figures", path)
	}
	switch want := before + corpusBegin + page + corpusEnd + after; {
	case want == string(raw):
	case *rewrite:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s doesn't have the figures as they are; -update rewrites it:\n%s", path, page)
	}
	total := totalOf(held)
	if total.messages+totalOf(tuned).messages < 5000 {
		t.Errorf("the corpus makes %d messages, want some thousands", total.messages)
	}
	for what, c := range map[string]struct{ of, all, least int }{
		"certain/precision": {total.certainRight, total.certain, leastCertainPrecision},
		"any/recall":        {total.anyFound, total.anyMeant, leastRecall},
	} {
		if share := 1000 * c.of / c.all; share < c.least {
			t.Errorf("%s of what is held out is %d per thousand, want %d or more", what, share, c.least)
		}
	}
}

// The least the lists may come to on what is held out, per thousand.
const (
	leastCertainPrecision = 990
	leastRecall           = 940
)

const (
	corpusBegin = "<!-- Written by: go test ./policy -run TestCorpus -update -->\n"
	corpusEnd   = "<!-- The end of what is written by the test -->\n"
)

func totalOf(half map[string]*measure) *measure {
	total := new(measure)
	for _, m := range half {
		total.add(m)
	}
	return total
}

// corpusPage is what is published.
func corpusPage(tuned, held map[string]*measure) string {
	var b strings.Builder
	row := func(name string, m *measure) {
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %s |\n", name, m.lines, m.messages,
			share(m.certainRight, m.certain, m), share(m.certainFound, m.certainMeant, m), share(m.anyRight, m.any, m), share(m.anyFound, m.anyMeant, m))
	}
	b.WriteString("| Language | Lines | Messages | Certain: precision | Certain: recall | Certain or suspected: precision | Certain or suspected: recall |\n|---|---|---|---|---|---|---|\n")
	names := make(map[string]string)
	for i := range languages {
		names[languages[i].code] = languages[i].name
	}
	for _, code := range slices.Sorted(maps.Keys(held)) {
		row(names[code], held[code])
	}
	row("**All, held out**", totalOf(held))
	row("All, tuned on", totalOf(tuned))
	return b.String()
}

// share is a part in per cent, with the interval in which it is with 95 % (Wilson).
// What is made of one line says little more than the line: the interval goes by how
// many lines there are.
func share(part, all int, m *measure) string {
	if all == 0 {
		return "-"
	}
	p := float64(part) / float64(all)
	n := float64(all) * float64(m.lines) / float64(m.messages)
	const z = 1.96
	middle, width := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high := (middle-width)/(1+z*z/n), (middle+width)/(1+z*z/n)
	return fmt.Sprintf("%.1f %% (%.0f–%.0f)", 100*p, 100*max(low, 0), 100*min(high, 1))
}
