package policy

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words are the messages by which people opt in and out. A message counts only
// as a whole, after folding case, accents, punctuation and polite words: "Stop,
// please!" is an opt-out, "stop 12345" and "don't stop" are not.
type Words struct {
	meaning map[string]word
}

type word struct {
	state  ConsentState
	scopes []Scope
}

// The built-in words. They come from the defaults of messaging products and
// from public code. Cancel and its translations alone may mean an order: they
// stop marketing and nothing else. Words that mean "yes", "no", "back" or
// "continue" in ordinary talk change nothing: a menu's "back" must not become
// an opt-in.
var builtIn = []struct {
	state  ConsentState
	scopes []Scope
	words  []string
}{
	{OptedOut, AllScopes, []string{
		"stop", "stopall", "stop all", "unsubscribe", "unsubscribe all", "optout", "opt out", "quit", "end", "revoke", "remove", "remove me",
		"stop messages", "stop messaging me", "stop texting me", "do not contact me", "don't contact me", // English
		"baja", "alto", "parar", "detener", "salir", "no contactar", "no escribir", "no me escribas más", "darme de baja", // Spanish
		"pare", "sair", "descadastrar", "cancelar inscrição", "não quero mais receber", "me tira da lista", "sair da lista", // Portuguese
		"arret", "arrête", "arrêter", "arrett", "désabonnement", "désabonner", "se désabonner", "td", // French
		"interrompi", "esci", "annulla iscrizione", // Italian
		"stopp", "stoppen", "abmelden", "abbestellen", // German
		"berhenti", "keluar", "hentikan", "batal langganan", "jangan hubungi saya", // Indonesian
		"henti", "tak nak", // Malay
		"band karo", "band karein", "roko", "mat bhejo", // Hindi in Latin letters
		"הסרה",                            // Hebrew
		"إيقاف", "توقف", "إلغاء الاشتراك", // Arabic
		"стоп", "отписаться", "не пиши", "не писать", // Russian
	}},
	{OptedOut, []Scope{Marketing}, []string{
		"stop marketing", "unsubscribe marketing", "stop promotions", "stop promotion", "stop promos", "stop promo", "stop ads", "no more offers",
		"detener marketing", "salir marketing", "parar marketing", "cancelar marketing", "detener promociones", "parar promoções",
		"cancel", "cancelar", "annulla", "termina", "batal", "iptal", "إلغاء",
	}},
	{OptedOut, []Scope{Transactional}, []string{
		"stop notification", "stop notifications", "unsubscribe notification", "unsubscribe notifications",
		"detener notificación", "salir notificación", "parar notificação",
	}},
	{OptedIn, AllScopes, []string{
		"start", "subscribe", "unstop", "optin", "opt in", "resubscribe", // English
		"alta", "recibir", // Spanish
		"receber", "ativar", // Portuguese
		"sottoscrivi", "riprendi", "avvia", // Italian
		"anmelden", "abonnieren", // German
		"s'abonner", "abonner", // French
		"mulai", "daftar", // Indonesian
		"mula",          // Malay
		"start karo",    // Hindi in Latin letters
		"ابدأ", "تفعيل", // Arabic
	}},
	{OptedIn, []Scope{Marketing}, []string{
		"start marketing", "subscribe marketing", "start promotions", "start promo", "volver marketing", "recibir marketing", "voltar marketing", "receber marketing",
	}},
	{OptedIn, []Scope{Transactional}, []string{
		"start notification", "start notifications", "subscribe notification", "subscribe notifications", "volver notificación", "recibir notificación",
	}},
}

// polite are words that may stand around an opt-in or opt-out without changing
// it.
var polite = []string{"please", "pls", "plz", "por favor", "bitte", "s'il vous plaît", "svp", "per favore", "tolong", "thanks", "thank you", "gracias", "obrigado", "obrigada", "merci", "danke", "grazie"}

// NewWords is the built-in list of words.
func NewWords() *Words {
	w := &Words{meaning: make(map[string]word, 128)}
	for _, b := range builtIn {
		for _, text := range b.words {
			w.meaning[fold(text)] = word{b.state, b.scopes}
		}
	}
	return w
}

// Add makes text an opt-in or opt-out for scopes, in place of what it meant
// before.
func (w *Words) Add(text string, state ConsentState, scopes []Scope) error {
	folded := fold(text)
	switch {
	case folded == "":
		return fmt.Errorf("%q has no letters or digits to compare", text)
	case len(folded) > longestWord:
		return fmt.Errorf("%q is too long to be an opt-in or opt-out word: it has more than %d bytes", text, longestWord)
	}
	w.meaning[folded] = word{state, scopes}
	return nil
}

// longestWord bounds what can be an opt-in or opt-out, in bytes after folding:
// nobody's STOP is longer, and folding a long message to its end would be waste.
// What is dropped in folding doesn't count, so that a STOP followed by a screen
// of exclamation marks is one.
const longestWord = 256

// Meaning says what a whole message, or the payload of a button, changes about
// consent. It reports false where it changes nothing.
func (w *Words) Meaning(text string) (ConsentState, []Scope, bool) {
	folded := fold(text)
	if len(folded) > longestWord {
		return ConsentUnknown, nil, false
	}
	for {
		if m, ok := w.meaning[folded]; ok {
			return m.state, m.scopes, true
		}
		rest := withoutPolite(folded)
		if rest == folded {
			return ConsentUnknown, nil, false
		}
		folded = rest
	}
}

var foldedPolite = func() []string {
	folded := make([]string, len(polite))
	for i, p := range polite {
		folded[i] = fold(p)
	}
	return folded
}()

// withoutPolite takes one polite word off an end of s.
func withoutPolite(s string) string {
	for _, p := range foldedPolite {
		if rest, ok := strings.CutSuffix(s, " "+p); ok {
			return rest
		}
		if rest, ok := strings.CutPrefix(s, p+" "); ok {
			return rest
		}
	}
	return s
}

// fold reduces text to what people mean to write: letters and digits in one case
// without accents, with single spaces between. Apostrophes vanish, every other
// character separates. What is longer than longestWord is cut just beyond
// it.
func fold(text string) string {
	var b strings.Builder
	var decomposed norm.Iter
	decomposed.InitString(norm.NFKD, apostrophes.Replace(text))
	space := false
	for !decomposed.Done() {
		for _, r := range string(decomposed.Next()) {
			// To upper case first: some letters have two lower-case forms.
			r = unicode.ToLower(unicode.ToUpper(r))
			switch {
			case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), r == tatweel, r == 'ʼ':
				continue
			case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r):
				if space && b.Len() > 0 {
					b.WriteByte(' ')
				}
				space = false
				b.WriteRune(r)
				if b.Len() > longestWord {
					return b.String()
				}
			default:
				space = true
			}
		}
	}
	return b.String()
}

// apostrophes are the characters keyboards give people for one. They go before
// decomposing, which makes a space of the acute accent.
var apostrophes = strings.NewReplacer("'", "", "’", "", "‘", "", "ʼ", "", "´", "", "`", "", "′", "")

// tatweel stretches Arabic words and means nothing.
const tatweel = 'ـ'
