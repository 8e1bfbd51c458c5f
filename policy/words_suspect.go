package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// suspectWords make a message a suspected opt-out, though none of them is one:
// what people also say when they have had enough.
var suspectWords = []string{
	"leave me alone", "go away", "had enough", "stop it", "stop this", "stop that", "stop spamming", "stop sending", "stop messaging", "stop texting", "stop contacting", "stop writing",
	"stop bothering", "stop calling", "stop the messages", "stop these messages", "stop your messages", "said stop", "told you to stop", "asked you to stop",
	"do not contact", "do not message", "do not text", "do not write", "dont message", "dont text", "dont contact", "dont write", "remove my number", "delete my number", "block you", "report you",
	"déjenme en paz", "laissez moi tranquille", "lass mich in ruhe", "lasst mich in ruhe", "lasciatemi in pace", "me deixa em paz", "laat me met rust", "zostawcie mnie", "rahat bırakın",
	"оставьте меня в покое", "تركوني وشأني", "תעזבו אותי",
}

// ambiguous are whole messages that may be meant as an opt-out, and are as often
// the answer to something else.
var ambiguous = func() map[string]bool {
	set := make(map[string]bool)
	for _, text := range []string{
		"no", "nope", "no more", "enough", "leave", "delete", "never", "not interested", "stop it", "spam", "scam", "t", "sotp", "stpo",
		"basta", "ya basta", "fin", "cesar", "borrar", "eliminar", "não", "chega", "non", "assez", "ça suffit", "nein", "genug", "schluss", "aufhören", "nee", "genoeg", "klaar",
		"nie", "dość", "rezygnuję", "hayır", "yeter", "dur", "нет", "хватит", "довольно", "لا", "كفى", "לא", "די", "नहीं", "बस", "nahi", "bas", "tidak", "cukup",
		"不要", "不", "够了", "夠了", "いいえ", "解除", "退会", "もういい", "아니요", "아니", "탈퇴", "ไม่", "พอแล้ว", "không", "từ chối", "thôi",
	} {
		folded, _ := fold(text, longestWord)
		set[folded] = true
	}
	return set
}()

// negations before a stop turn it round: "don't stop". What is also an answer,
// such as "no", is not among them: "No! Stop!" is meant.
var negations = map[string]bool{
	"dont": true, "not": true, "never": true, "didnt": true, "doesnt": true, "wont": true, "wouldnt": true, "cant": true, "cannot": true, "without": true,
	"nicht": true, "nie": true, "niet": true, "nao": true, "jangan": true, "не": true, "मत": true, "לא": true, "אל": true, "لا": true, "dung": true,
}

var spacelessNegations = func() (folded []string) {
	for _, n := range []string{"不要", "不", "别", "別", "勿", "ไม่ต้อง", "อย่า"} {
		f, _ := fold(n, longestWord)
		folded = append(folded, f)
	}
	return folded
}()

// besides are words beside a stop that make another word of it: "bus stop",
// "stop by".
var besides = map[string]bool{
	"bus": true, "tram": true, "train": true, "metro": true, "next": true, "last": true, "first": true, "pit": true, "full": true, "door": true, "one": true, "non": true, "short": true, "shop": true, "my": true, "your": true, "this": true, "the": true,
	"by": true, "at": true, "in": true, "over": true, "there": true, "here": true, "near": true, "light": true, "sign": true, "loss": true, "watch": true,
}

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
	for _, p := range w.spaceless {
		if i := strings.Index(folded, p); i >= 0 && !negatedSpaceless(folded[:i]) {
			return true
		}
	}
	words := strings.Fields(folded)
	start := 0
	for i, word := range words {
		negated := i > 0 && negations[words[i-1]]
		if !negated && w.phraseAt(folded[start:]) {
			return true
		}
		if !negated && w.stops[word] && (i == 0 || i == len(words)-1 || len(words) <= 4) && !beside(words, i) {
			return true
		}
		start += len(word) + 1
	}
	return false
}

// phraseAt reports whether s begins with a phrase that makes a message suspect.
func (w *Words) phraseAt(s string) bool {
	for n, end := 0, 0; n < w.longest && end < len(s); n++ {
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

// beside reports whether the word beside a stop makes another word of it.
func beside(words []string, i int) bool {
	return i > 0 && besides[words[i-1]] || i+1 < len(words) && besides[words[i+1]]
}

// negatedSpaceless reports whether what stands before a stop turns it round.
func negatedSpaceless(before string) bool {
	return slices.ContainsFunc(spacelessNegations, func(n string) bool { return strings.HasSuffix(before, n) })
}
