package policy

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// polite are words that may stand around an opt-in or opt-out without changing
// it.
var polite = []string{
	"please", "pls", "plz", "kindly", "thanks", "thank you", "thx",
	"por favor", "porfa", "gracias", "obrigado", "obrigada",
	"bitte", "danke", "s'il vous plaît", "s'il te plaît", "svp", "stp", "merci", "per favore", "grazie",
	"tolong", "mohon", "terima kasih", "alstublieft", "aub", "graag", "bedankt", "dank u", "proszę", "dziękuję", "lütfen", "teşekkürler", "teşekkür ederim",
	"пожалуйста", "спасибо", "будь ласка", "בבקשה", "תודה", "من فضلك", "لو سمحت", "رجاء", "شكرا", "कृपया", "धन्यवाद",
	"请", "請", "麻烦", "麻煩", "谢谢", "謝謝", "ください", "下さい", "してください", "お願いします", "をお願いします", "お願い致します", "ありがとう", "です",
	"제발", "주세요", "해주세요", "해줘", "부탁합니다", "부탁드립니다", "부탁드려요", "합니다", "감사합니다",
	"ครับ", "ค่ะ", "คะ", "ด้วย", "ขอบคุณ", "กรุณา", "โปรด", "làm ơn", "vui lòng", "xin", "cảm ơn",
}

// foldedPolite has the longest first, since some end with others.
var foldedPolite = func() []string {
	folded := make([]string, len(polite))
	for i, p := range polite {
		folded[i], _ = fold(p, longestWord)
	}
	slices.SortFunc(folded, func(a, b string) int { return len(b) - len(a) })
	return folded
}()

// politely yields s, and s without one polite word at its ends after the other.
func politely(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield(s) {
			rest := withoutPolite(s)
			if rest == s {
				return
			}
			s = rest
		}
	}
}

// withoutPolite takes one polite word off an end of s.
func withoutPolite(s string) string {
	for _, p := range foldedPolite {
		if rest, ok := strings.CutSuffix(s, p); ok && endsWord(rest) {
			return strings.TrimSuffix(rest, " ")
		}
		if rest, ok := strings.CutPrefix(s, p); ok && beginsWord(p, rest) {
			return strings.TrimPrefix(rest, " ")
		}
	}
	return s
}

// endsWord reports whether a word can end with s, so that another may follow.
func endsWord(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (last == ' ' || spaceless(last))
}

// beginsWord reports whether a word can begin with rest, after word.
func beginsWord(word, rest string) bool {
	last, _ := utf8.DecodeLastRuneInString(word)
	return rest != "" && (rest[0] == ' ' || spaceless(last))
}
