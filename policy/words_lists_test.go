package policy

import (
	"slices"
	"strings"
	"testing"
)

// Every list can be read by whoever opens it: it names its language and where its
// words come from, and says nothing twice.
func TestWordLists(t *testing.T) {
	if len(languages) < 25 {
		t.Errorf("%d languages, want 25 or more", len(languages))
	}
	for i := range languages {
		l := &languages[i]
		seen := map[string]bool{}
		for _, list := range l.lists {
			if len(list.words) == 0 {
				t.Errorf("%s has an empty section", l.name)
			}
			for _, word := range list.words {
				if seen[word] {
					t.Errorf("%s has %q twice", l.name, word)
				}
				seen[word] = true
			}
		}
		if !slices.ContainsFunc(l.lists, func(list wordList) bool {
			return list.state == OptedOut && len(list.scopes) == int(Scopes)
		}) {
			t.Errorf("nobody can opt out in %s", l.name)
		}
	}
}

// A file nobody could have meant is an error that names its line.
func TestWordListErrors(t *testing.T) {
	const head = "language: Elvish\nsource: a song\n"
	for text, want := range map[string]string{
		"source: a song\n[polite]\nplease\n":                              "has no language or no source",
		"language: Elvish\n[polite]\nplease\n":                            "has no language or no source",
		head + "daro\n":                                                   `words/qya.txt:3: "daro" stands in no section`,
		head + "[opt out: all]\ndaro\n":                                   "words/qya.txt:3: there is no section [opt out: all]",
		head + "[opt out]\ndaro\n":                                        "words/qya.txt:3: there is no section [opt out]",
		head + "[opt over: everything]\ndaro\n":                           "words/qya.txt:3: there is no section",
		head + "[opt in: everything, alone]\n":                            "words/qya.txt:3: there is no section",
		head + "[opt out: marketing, sometimes]\n":                        "words/qya.txt:3: there is no section",
		head + "# a comment\n\n[opt out: everything, as an answer]\ndaro": "words/qya.txt:5: there is no section",
	} {
		if _, err := readLanguage("qya", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}
