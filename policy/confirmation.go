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
	says := false
	for sentence := range strings.FieldsFuncSeq(text, endsSentence) {
		folded := " " + foldWords(sentence) + " "
		switch {
		case containsAny(folded, foldedOffers):
			return false
		case containsAny(folded, foldedOptOutTerms):
			says = true
		case strings.Count(folded, " ") > shortSentence+1 && !containsAny(folded, foldedCourtesies):
			return false
		}
	}
	return says
}

// shortSentence is how many words a greeting has at most, such as "Hi Ana" or
// "All right then".
const shortSentence = 3

// endsSentence reports the marks that end a sentence, and line breaks.
func endsSentence(r rune) bool { return strings.ContainsRune(".!?;\n\r…。！？；।؟۔", r) }

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
	"unsubscribed", "unsubscription", "unsubscribe request", "opted out", "you opt out", "your opt out", "opt out request", "have stopped", "weve stopped", "ve stopped", "been stopped", "messages stopped", "messages are stopped", "no longer receive", "no longer get", "no longer send", "no longer message",
	"no longer contact", "no longer hear", "not receive any", "won't receive any", "not receive messages", "won't receive messages", "not receive our", "won't receive our", "not get any more", "won't get any more", "not send you", "won't send you", "not message you", "won't message you", "not contact you",
	"won't contact you", "not hear from", "won't hear from", "not write to you", "won't write to you", "not text you", "won't text you", "no more messages", "no further messages", "been removed from", "removed you from", "removed from our", "removed from this list",
	// German
	"abgemeldet", "deine abmeldung", "ihre abmeldung", "eure abmeldung", "die abmeldung", "abmeldung bestätigt", "abmeldung erhalten", "abbestellt", "ausgetragen", "keine nachrichten mehr", "keine weiteren nachrichten", "nicht mehr anschreiben", "nicht mehr kontaktieren",
	"nicht mehr schreiben", "keine werbung mehr",
	// Spanish
	"de baja", "tu baja", "su baja", "baja confirmada", "baja procesada", "baja realizada", "suscripción cancelada", "suscripción ha sido cancelada", "cancelado tu suscripción", "cancelado su suscripción", "desuscrito", "desuscrita", "no recibirás", "no recibirá", "ya no recibirás", "no volverás a recibir", "no volverá a recibir", "no te enviaremos",
	"no le enviaremos", "no te escribiremos", "dejarás de recibir", "dejará de recibir",
	// Portuguese
	"descadastrado", "descadastrada", "descadastro", "descadastramos", "cancelamos sua", "cancelamos a sua", "cancelamos seu", "inscrição cancelada", "inscrição foi cancelada", "não receberá", "não vai receber", "não receberás", "não enviaremos", "deixará de receber",
	"você foi removido", "você foi removida",
	// French
	"désabonné", "désabonnée", "désabonnement", "désinscrit", "désinscrite", "désinscription", "ne recevrez plus", "ne recevras plus", "plus de messages",
	// Italian
	"disiscritto", "disiscritta", "disiscrizione", "sei stato cancellato", "sei stata cancellata", "iscrizione cancellata", "non riceverai", "non riceverà", "iscrizione annullata",
	// Dutch
	"afgemeld", "uitgeschreven", "afmelding", "geen berichten meer", "ontvang je geen", "ontvangt u geen",
	// Polish
	"wypisany", "wypisana", "wypisano", "nie otrzymasz", "nie otrzyma", "nie będziesz otrzymywać", "twoja rezygnacja", "rezygnacja przyjęta",
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
	"已退订", "已取消订阅", "已經取消訂閱", "已取消訂閱", "取消了订阅", "不再收到", "不会再收到", "不會再收到", "配信を停止", "配信停止", "登録を解除", "登録解除", "수신거부", "수신 거부", "수신이 거부", "구독이 취소",
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

// courtesies are what the other sentences of a confirmation say: thanks, regret,
// and how to come back or get help.
var courtesies = []string{
	// English
	"start", "unstop", "subscribe", "resubscribe", "opt in", "come back", "again", "change your mind", "changed your mind", "any time", "anytime", "thank you", "thanks", "sorry", "got it",
	"see you go", "miss you", "goodbye", "take care", "all the best", "nice day", "good day", "heard you", "request", "questions", "help", "your orders", "your order",
	// German
	"anmelden", "wieder", "anders überlegst", "anders überlegen", "danke", "vielen dank", "schade", "alles gute", "auf wiedersehen", "hilfe", "fragen",
	// Spanish
	"alta", "volver", "de nuevo", "cambias de opinión", "cambia de opinión", "gracias", "sentimos", "adiós", "hasta pronto", "ayuda", "suscribirte", "suscribirse",
	// Portuguese
	"voltar", "mudar de ideia", "obrigado", "obrigada", "até logo", "ajuda", "novamente", "receber",
	// French
	"merci", "revenir", "nouveau", "changez d'avis", "changes d'avis", "au revoir", "bonne journée", "aide", "réabonner",
	// Italian, Dutch, Polish, Turkish, Indonesian and Malay
	"grazie", "di nuovo", "cambi idea", "arrivederci", "aiuto", "bedankt", "dank", "opnieuw", "aanmelden", "tot ziens", "dziękujemy", "ponownie", "zapisz", "pomoc",
	"teşekkürler", "teşekkür ederiz", "tekrar", "yardım", "terima kasih", "kembali", "lagi", "mulai", "mula", "bantuan",
	// Hindi, Hebrew, Arabic, Russian
	"धन्यवाद", "फिर से", "dhanyavaad", "phir se", "תודה", "שוב", "עזרה", "شكرا", "مرة أخرى", "للعودة", "спасибо", "снова", "вернуться", "передумаете", "помощь",
	// Languages written without spaces, and Vietnamese
	"谢谢", "感谢", "再次", "重新", "謝謝", "ありがとう", "再開", "再度", "감사합니다", "다시", "ขอบคุณ", "อีกครั้ง", "cảm ơn", "quay lại", "trở lại",
}

var foldedOptOutTerms, foldedOffers, foldedCourtesies = foldTerms(optOutTerms), foldTerms(offers), foldTerms(courtesies)

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
