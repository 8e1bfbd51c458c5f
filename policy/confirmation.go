package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Confirmations tell which texts are the confirmation of an opt-out. The zero
// value goes by what a text says.
type Confirmations struct {
	exactly map[string]bool
}

// NewConfirmations takes the given texts, and no others, as confirmations. Case,
// accents and punctuation don't matter.
func NewConfirmations(texts []string) (Confirmations, error) {
	c := Confirmations{exactly: make(map[string]bool, len(texts))}
	for _, text := range texts {
		folded := foldWords(text)
		if folded == "" {
			return c, fmt.Errorf("%q has no letters or digits to compare", text)
		}
		c.exactly[folded] = true
	}
	return c, nil
}

// longestConfirmation is how many characters a confirmation has at most. Two
// sentences have room, an offer behind them has none.
const longestConfirmation = 320

// Match reports whether the body of a text message tells the person that their
// opt-out was heard, and nothing else.
func (c Confirmations) Match(text string) bool {
	if c.exactly != nil {
		folded := foldWords(text)
		return folded != "" && c.exactly[folded]
	}
	if utf8.RuneCountInString(text) > longestConfirmation || sells(text) {
		return false
	}
	folded := " " + foldWords(text) + " "
	return containsAny(folded, foldedOptOutTerms) && !containsAny(folded, foldedOffers)
}

// sells reports what no confirmation needs: a link or an address, a price, a
// percentage, a phone number.
func sells(text string) bool {
	digits := 0
	for i, r := range text {
		switch {
		case unicode.IsDigit(r):
			if digits++; digits > mostDigits {
				return true
			}
		case unicode.Is(unicode.Sc, r), strings.ContainsRune("%٪﹪％‰@", r):
			return true
		case r == '.' || r == '．':
			if isHost(text[:i], text[i+utf8.RuneLen(r):]) {
				return true
			}
		}
	}
	return strings.Contains(text, "://")
}

// mostDigits is fewer than a phone number or a voucher has, and enough for a
// name such as Shop24.
const mostDigits = 4

// isHost reports whether a dot between two texts is one of a host name: letters
// or digits before it and at least two letters behind.
func isHost(before, behind string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	if !unicode.IsLetter(last) && !unicode.IsDigit(last) {
		return false
	}
	letters := 0
	for _, r := range behind {
		if !unicode.IsLetter(r) {
			break
		}
		letters++
	}
	return letters >= 2
}

// optOutTerms say that somebody gets no more messages. A confirmation has one of
// them.
var optOutTerms = []string{
	// English
	"unsubscribed", "unsubscription", "unsubscribe request", "opted out", "opt out", "stopped", "no longer receive", "no longer get", "no longer send", "no longer message",
	"no longer contact", "no longer hear", "not receive", "won't receive", "not get", "won't get", "not send", "won't send", "not message", "won't message", "not contact",
	"won't contact", "not hear from", "won't hear from", "not write to you", "won't write to you", "not text you", "won't text you", "no more messages", "no further messages", "been removed", "removed you", "removed from",
	// German
	"abgemeldet", "abmeldung", "abbestellt", "ausgetragen", "keine nachrichten mehr", "keine weiteren nachrichten", "nicht mehr anschreiben", "nicht mehr kontaktieren",
	"nicht mehr schreiben", "keine nachrichten", "keine werbung mehr",
	// Spanish
	"baja", "cancelada", "cancelado", "desuscrito", "desuscrita", "no recibirás", "no recibirá", "ya no recibirás", "no volverás a recibir", "no volverá a recibir", "no te enviaremos",
	"no le enviaremos", "no te escribiremos", "dejarás de recibir", "dejará de recibir",
	// Portuguese
	"descadastrado", "descadastrada", "descadastro", "descadastramos", "cancelamos", "não receberá", "não vai receber", "não receberás", "não enviaremos", "deixará de receber",
	"você foi removido", "você foi removida",
	// French
	"désabonné", "désabonnée", "désabonnement", "désinscrit", "désinscrite", "désinscription", "ne recevrez plus", "ne recevras plus", "plus de messages",
	// Italian
	"disiscritto", "disiscritta", "disiscrizione", "cancellato", "cancellata", "non riceverai", "non riceverà", "iscrizione annullata",
	// Dutch
	"afgemeld", "uitgeschreven", "afmelding", "geen berichten meer", "ontvang je geen", "ontvangt u geen",
	// Polish
	"wypisany", "wypisana", "wypisano", "nie otrzymasz", "nie otrzyma", "nie będziesz otrzymywać", "rezygnacja",
	// Turkish
	"aboneliğiniz iptal", "aboneliğin iptal", "abonelikten çıktınız", "listeden çıkarıldınız", "mesaj almayacaksınız", "mesaj göndermeyeceğiz",
	// Indonesian and Malay
	"berhenti berlangganan", "tidak akan menerima", "tidak lagi menerima", "telah berhenti", "langganan dibatalkan", "tidak akan mengirim",
	// Hindi
	"अनसब्सक्राइब", "संदेश नहीं", "मैसेज नहीं", "ab message nahi", "message nahi",
	// Hebrew, Arabic
	"הוסרת", "לא תקבל", "לא תקבלו", "לא נשלח", "תם המנוי", "تم إلغاء اشتراكك", "تم إلغاء الاشتراك", "لن تتلقى", "لن تصلك", "لن نرسل",
	// Russian
	"отписаны", "отписались", "отписан", "отписана", "не будете получать", "не будем писать", "не будем присылать",
	// Languages written without spaces
	"已退订", "取消订阅", "已取消", "不再收到", "不会再收到", "不會再收到", "取消訂閱", "配信を停止", "配信停止", "登録を解除", "登録解除", "수신거부", "수신 거부", "수신이 거부", "구독이 취소",
	"ยกเลิกการรับ", "ยกเลิกการสมัคร", "ไม่ได้รับข้อความ",
	// Vietnamese
	"đã hủy đăng ký", "hủy đăng ký", "không nhận", "sẽ không gửi", "ngừng nhận",
}

// offers are what a confirmation has no business with.
var offers = []string{
	"sale", "discount", "discounted", "coupon", "voucher", "promo code", "half price", "buy now", "shop now", "last chance", "for free",
	"rabatt", "gutschein", "rabattcode", "schnäppchen",
	"descuento", "descuentos", "cupón", "rebajas", "gratis",
	"desconto", "descontos", "cupom", "grátis", "remise", "soldes", "gratuit", "sconto", "saldi", "korting", "rabat", "zniżka", "indirim", "diskon",
	"скидка", "скидки", "خصم", "छूट", "折扣", "优惠", "割引", "할인", "ส่วนลด", "giảm giá",
}

var foldedOptOutTerms, foldedOffers = foldTerms(optOutTerms), foldTerms(offers)

// foldTerms makes terms to look for in a folded text with a space at either end.
// Where words aren't separated a term is looked for as it is.
func foldTerms(terms []string) []string {
	folded := make([]string, len(terms))
	for i, term := range terms {
		folded[i] = foldWords(term)
		if !strings.ContainsFunc(term, func(r rune) bool {
			return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
		}) {
			folded[i] = " " + folded[i] + " "
		}
	}
	return folded
}

func containsAny(s string, terms []string) bool {
	for _, term := range terms {
		if strings.Contains(s, term) {
			return true
		}
	}
	return false
}

// foldWords folds a text of any length, word by word.
func foldWords(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i], _ = fold(w, longestMessage)
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
