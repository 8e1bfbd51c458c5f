package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nothing is what a message means that changes no consent.
const nothing = ConsentUnknown

var (
	marketing     = []Scope{Marketing}
	transactional = []Scope{Transactional}
)

// The words, and the tiers "certain" and "none".
func TestMeaning(t *testing.T) {
	for _, tc := range []struct {
		name   string
		text   string
		state  ConsentState
		scopes []Scope
	}{
		{"out/english/stop", "STOP", OptedOut, AllScopes},
		{"out/english/fcc-list-quit", "quit", OptedOut, AllScopes},
		{"out/english/fcc-list-end", "end", OptedOut, AllScopes},
		{"out/english/fcc-list-revoke", "revoke", OptedOut, AllScopes},
		{"out/english/fcc-list-opt-out", "opt out", OptedOut, AllScopes},
		{"out/english/fcc-list-unsubscribe", "unsubscribe", OptedOut, AllScopes},
		{"out/english/hyphen", "Opt-Out", OptedOut, AllScopes},
		{"out/english/apostrophe", "Don't contact me", OptedOut, AllScopes},
		{"out/english/apostrophe/typographic", "Don’t contact me", OptedOut, AllScopes},
		{"out/english/apostrophe/modifier-letter", "Donʼt contact me", OptedOut, AllScopes},
		{"out/english/apostrophe/acute", "Don´t contact me", OptedOut, AllScopes}, // decomposes into a space
		{"out/english/apostrophe/none", "dont contact me", OptedOut, AllScopes},
		{"out/spanish", "Baja", OptedOut, AllScopes},
		{"out/spanish/accents", "No me escribas más", OptedOut, AllScopes},
		{"out/spanish/accents-left-out", "no me escribas mas", OptedOut, AllScopes},
		{"out/portuguese", "NÃO QUERO MAIS RECEBER", OptedOut, AllScopes},
		{"out/portuguese/cancel-subscription", "cancelar inscrição", OptedOut, AllScopes},
		{"out/french", "ARRÊT", OptedOut, AllScopes},
		{"out/french/quebec", "TD", OptedOut, AllScopes},
		{"out/italian", "Annulla iscrizione", OptedOut, AllScopes},
		{"out/german", "Stopp!", OptedOut, AllScopes},
		{"out/german/abmelden", "abmelden", OptedOut, AllScopes},
		{"out/indonesian", "berhenti", OptedOut, AllScopes},
		{"out/malay", "tak nak", OptedOut, AllScopes},
		{"out/hindi", "Band karo", OptedOut, AllScopes},
		{"out/hebrew", "הסרה", OptedOut, AllScopes},
		{"out/hebrew/right-to-left-mark", "\u200fהסרה\u200f", OptedOut, AllScopes},
		{"out/hebrew/points", "הֲסָרָה", OptedOut, AllScopes},
		{"out/arabic", "إيقاف", OptedOut, AllScopes},
		{"out/arabic/without-hamza", "ايقاف", OptedOut, AllScopes},
		{"out/arabic/stretched", "إيقـــاف", OptedOut, AllScopes},
		{"out/arabic/vowels", "تَوَقَّف", OptedOut, AllScopes},
		{"out/arabic/unsubscribe", "إلغاء الاشتراك", OptedOut, AllScopes},
		{"out/russian", "СТОП", OptedOut, AllScopes},
		{"out/russian/dont-write", "Не пиши!", OptedOut, AllScopes},

		{"out/case", "sToP", OptedOut, AllScopes},
		{"out/punctuation/around", "…«Stop»!!", OptedOut, AllScopes},
		{"out/punctuation/emoji", "STOP 🛑🛑", OptedOut, AllScopes},
		{"out/punctuation/screen-of-exclamation-marks", "STOP" + strings.Repeat("!", 4000), OptedOut, AllScopes},
		{"out/spaces", "  stop \n all\t", OptedOut, AllScopes},
		{"out/full-width", "ＳＴＯＰ", OptedOut, AllScopes},
		{"out/bold", "𝐒𝐓𝐎𝐏", OptedOut, AllScopes},
		{"out/invisible", "ST\u200bOP\u00ad", OptedOut, AllScopes},
		{"out/polite/before", "Please stop", OptedOut, AllScopes},
		{"out/polite/after", "Stop, please!", OptedOut, AllScopes},
		{"out/polite/both", "Please stop, thank you", OptedOut, AllScopes},
		{"out/polite/spanish", "por favor, baja", OptedOut, AllScopes},
		{"out/polite/french", "arrêtez s'il vous plaît", OptedOut, AllScopes},
		{"out/polite/french-noun", "arrêt, s'il vous plaît", OptedOut, AllScopes},
		{"out/polite/german", "Bitte abmelden.", OptedOut, AllScopes},

		{"out/underscore", "STOP_PROMO", OptedOut, marketing},
		{"out/hyphen", "stop-all", OptedOut, AllScopes},
		{"out/button-typed", "STOP PROMOTIONS", OptedOut, marketing},
		{"out/scope/marketing", "STOP MARKETING", OptedOut, marketing},
		{"out/scope/marketing/spanish", "salir marketing", OptedOut, marketing},
		{"out/scope/notification", "unsubscribe notification", OptedOut, transactional},
		{"out/scope/notification/portuguese", "Parar notificação", OptedOut, transactional},

		{"cancel-like/english", "cancel", OptedOut, marketing},
		{"cancel-like/spanish-and-portuguese", "CANCELAR", OptedOut, marketing},
		{"cancel-like/italian", "annulla", OptedOut, marketing},
		{"cancel-like/italian/termina", "Termina", OptedOut, marketing},
		{"cancel-like/indonesian", "batal", OptedOut, marketing},
		{"cancel-like/turkish", "iptal", OptedOut, marketing},
		{"cancel-like/turkish/dotted-capital", "İPTAL", OptedOut, marketing},
		{"cancel-like/turkish/dotless", "ıptal", OptedOut, marketing}, // IPTAL on another keyboard
		{"cancel-like/arabic", "إلغاء", OptedOut, marketing},
		{"cancel-like/of-something", "cancel my order", nothing, nil},

		{"in/english", "START", OptedIn, AllScopes},
		{"in/english/unstop", "unstop", OptedIn, AllScopes},
		{"in/english/polite", "start please", OptedIn, AllScopes},
		{"in/spanish", "alta", OptedIn, AllScopes},
		{"in/french/apostrophe", "S’abonner", OptedIn, AllScopes},
		{"in/arabic", "ابدأ", OptedIn, AllScopes},
		{"in/scope/marketing", "start promo", OptedIn, marketing},
		{"in/scope/notification", "recibir notificación", OptedIn, transactional},

		{"nothing/command-with-argument", "STOP 12345", nothing, nil},
		{"nothing/negated", "don't stop", nothing, nil},
		{"nothing/negated/typographic", "Don’t stop!", nothing, nil},
		{"nothing/visit", "please stop by tomorrow", nothing, nil},
		{"nothing/within-a-sentence", "where does the bus stop", nothing, nil},
		{"nothing/within-a-word", "nonstop", nothing, nil},
		{"nothing/spelled-apart", "s t o p", nothing, nil},
		{"nothing/no", "No", nothing, nil},
		{"nothing/no/thanks", "no, thanks", nothing, nil},
		{"nothing/no/french", "non", nothing, nil},
		{"nothing/end/french", "fin", nothing, nil},
		{"nothing/polite-alone", "please", nothing, nil},
		{"nothing/polite-twice", "please, thanks", nothing, nil},
		{"nothing/empty", "", nothing, nil},
		{"nothing/punctuation", "?!…", nothing, nil},
		{"nothing/emoji", "👍", nothing, nil},
		{"nothing/not-utf-8", "\xff\xfe", nothing, nil},
		{"nothing/long", strings.Repeat("stop here ", 1000), nothing, nil},
		{"nothing/long/one-word", strings.Repeat("a", 100000), nothing, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := NewWords().Message(tc.text)
			if m.State != tc.state || !slices.Equal(m.Scopes, tc.scopes) || m.Changes() != (tc.state != nothing) {
				t.Errorf("Message(%q) = %+v, want %v %v", tc.text, m, tc.state, tc.scopes)
			}
			if m.Answer || m.Tap || m.General != (len(tc.scopes) == int(Scopes)) {
				t.Errorf("Message(%q) = %+v, which is an answer or a tap, or general against its scopes", tc.text, m)
			}
		})
	}
}

// Two built-in words that fold to the same letters must not disagree: which of
// them holds would depend on their order in the table.
func TestBuiltInWordsAgree(t *testing.T) {
	seen := map[string]wordList{}
	for _, list := range builtInLists() {
		for _, text := range list.words {
			folded, whole := fold(text, longestWord)
			if before, ok := seen[folded]; ok && (before.state != list.state || !slices.Equal(before.scopes, list.scopes) || before.answer != list.answer) {
				t.Errorf("%q means %v %v and %v %v", text, before.state, before.scopes, list.state, list.scopes)
			}
			if folded == "" || !whole {
				t.Errorf("%q folds to %q, which no message can match", text, folded)
			}
			if withoutPolite(folded) == "" {
				t.Errorf("%q is nothing but polite", text)
			}
			seen[folded] = list
		}
	}
	for text := range ambiguous {
		if list, ok := seen[text]; ok && list.state == OptedOut {
			t.Errorf("%q is ambiguous and an opt-out", text)
		}
	}
}

func TestAdd(t *testing.T) {
	t.Run("new-word", func(t *testing.T) {
		w := NewWords()
		if err := w.Add("Lass Mich!", OptedOut, AllScopes); err != nil {
			t.Fatal(err)
		}
		if m := w.Message("lass mich bitte"); m.State != OptedOut || !slices.Equal(m.Scopes, AllScopes) || !m.General {
			t.Errorf("%+v", m)
		}
	})
	t.Run("replaces-built-in", func(t *testing.T) {
		w := NewWords()
		if err := w.Add("CANCEL", OptedOut, AllScopes); err != nil {
			t.Fatal(err)
		}
		if scopes := w.Message("cancel").Scopes; !slices.Equal(scopes, AllScopes) {
			t.Errorf("scopes %v, want %v", scopes, AllScopes)
		}
		if scopes := NewWords().Message("cancel").Scopes; !slices.Equal(scopes, marketing) {
			t.Errorf("the built-in list changed: scopes %v, want %v", scopes, marketing)
		}
	})
	t.Run("wins-over-politeness", func(t *testing.T) {
		w := NewWords()
		if err := w.Add("stop thanks", OptedOut, marketing); err != nil {
			t.Fatal(err)
		}
		if scopes := w.Message("Stop, thanks").Scopes; !slices.Equal(scopes, marketing) {
			t.Errorf("scopes %v, want %v", scopes, marketing)
		}
	})
	t.Run("refuses-nothing-to-compare", func(t *testing.T) {
		for _, text := range []string{"", " ", "🛑", "...", "\u200b"} {
			if err := NewWords().Add(text, OptedOut, AllScopes); err == nil {
				t.Errorf("Add(%q) took it", text)
			}
		}
	})
	// A word longer than any message that is compared was taken and never matched.
	t.Run("refuses-too-long", func(t *testing.T) {
		if err := NewWords().Add(strings.Repeat("stop ", 60), OptedOut, AllScopes); err == nil {
			t.Error("took a word no message can match")
		}
	})
}

// Folding is stable and blind to case for every character there is.
func TestFoldEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded, _ := fold(string(r), longestWord)
		if again, _ := fold(folded, longestMessage); again != folded {
			t.Errorf("%U folds to %q and then to %q", r, folded, again)
		}
		for _, other := range []rune{unicode.ToUpper(r), unicode.ToLower(r), unicode.ToTitle(r)} {
			if got, _ := fold(string(other), longestWord); got != folded {
				t.Errorf("%U folds to %q, in other case (%U) to %q", r, folded, other, got)
			}
		}
	}
}

func FuzzMeaning(f *testing.F) {
	for _, list := range builtInLists() {
		for i, text := range list.words {
			if i%4 == 0 { // there are thousands, and each costs a run of its own
				f.Add(text)
			}
		}
	}
	for _, text := range []string{"STOP 12345", "don´t stop", "İPTAL", "ıptal", "Please, stop, please!", "stop\u0345", "\xffstop", "STOP_PROMO", "I said stop!", "stop stop", "退订退订", "don't stop", "bus stop", strings.Repeat("\u0301", 100), "㎏", "ﷺ"} {
		f.Add(text)
	}
	w := NewWords()
	f.Fuzz(func(t *testing.T, text string) {
		folded, whole := fold(text, longestMessage)
		if again, _ := fold(folded, longestMessage); again != folded {
			t.Errorf("%q folds to %q and then to %q", text, folded, again)
		}
		m := w.Message(text)
		if m.Changes() == (len(m.Scopes) == 0) || m.Changes() && m.Suspected || m.Answer && m.State != OptedIn || m.Tap {
			t.Errorf("Message(%q) = %+v", text, m)
		}
		// What opts out as a title opts out typed, and a row says no more than a
		// button, a button no more than a template's.
		row, button, quick := w.Row(text), w.ReplyButton(text), w.QuickReply(text)
		if row.State == OptedOut && (button.State != OptedOut || m.State != OptedOut) || button.State == OptedOut && quick.State != OptedOut {
			t.Errorf("%q: row %+v, button %+v, quick reply %+v, typed %+v", text, row, button, quick, m)
		}
		for _, title := range []Meaning{row, button, quick} {
			if title.State == OptedIn && !title.Tap || title.Answer {
				t.Errorf("a title %q = %+v", text, title)
			}
		}
		if w.Payload(text).Changes() {
			t.Errorf("the payload %q means something to nobody's knowledge", text)
		}
		if !utf8.ValidString(text) || !whole {
			return // changing its case replaces what can't be read; what is cut may differ
		}
		for _, same := range []string{
			strings.ToUpper(text), strings.ToLower(text), strings.Map(unicode.ToTitle, text),
			text + "!", "¡" + text, "«" + text + "»", " " + text + "\n", "_" + text + "-", "🛑 " + text,
		} {
			if got := w.Message(same); !reflect.DeepEqual(got, m) {
				t.Errorf("Message(%q) = %+v, but Message(%q) = %+v", text, m, same, got)
			}
		}
	})
}
