package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// says writes a meaning as the tables below do.
func (m Meaning) says() string {
	var s []string
	switch {
	case m.Changes():
		s = append(s, map[ConsentState]string{OptedIn: "in", OptedOut: "out"}[m.State])
		if len(m.Scopes) == int(Scopes) {
			s = append(s, "all")
		} else {
			s = append(s, strings.Trim(fmt.Sprint(m.Scopes), "[]"))
		}
	case m.Suspected:
		return "suspected"
	case m.No:
		return "no"
	default:
		return "nothing"
	}
	if m.Answer {
		s = append(s, "answer")
	}
	if m.Tap {
		s = append(s, "tap")
	}
	return strings.Join(s, " ")
}

// What a tap on a title means: on a row of a list, on a reply button, on the
// quick reply of a template; and what the same means typed.
func TestTitles(t *testing.T) {
	w := NewWords()
	for _, c := range []struct{ title, row, button, quick, typed string }{
		// Meta's template library and its marketing templates
		{"Unsubscribe from Promos", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Unsubscribe from All", "out all", "out all", "out all", "out all"},
		{"Stop Delivery Updates", "out transactional", "out transactional", "out transactional", "out transactional"},
		{"Stop promotions", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"STOP PROMOTIONS", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Detener promociones", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Parar promoções", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Остановить рекламу", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Unsubscribe", "out all", "out all", "out all", "out all"},
		{"No more offers, please", "out marketing", "out marketing", "out marketing", "out marketing"},
		{"Opt-out", "out all", "out all", "out all", "out all"},
		// A tap opts in, but lifts nothing
		{"Start promotions", "in marketing tap", "in marketing tap", "in marketing tap", "in marketing"},
		{"Resume promotions", "in marketing tap", "in marketing tap", "in marketing tap", "in marketing"},
		// Words that are something else on a button
		{"Stop", "nothing", "suspected", "out all", "out all"},
		{"STOP", "nothing", "suspected", "out all", "out all"},
		{"Stopp", "nothing", "suspected", "out all", "out all"},
		{"Parar", "nothing", "suspected", "out all", "out all"},
		{"Abmelden", "nothing", "suspected", "out all", "out all"},
		{"Darme de baja", "nothing", "suspected", "out all", "out all"},
		{"Cancelar suscripción", "nothing", "suspected", "out all", "out all"},
		// Put together, in words that no list has as a whole
		{"No more deals for me", "nothing", "suspected", "out marketing", "out marketing"},
		{"Don't send me texts", "nothing", "suspected", "out all", "out all"},
		{"Send me deals", "nothing", "nothing", "nothing", "nothing"},
		{"Don't stop my deals", "nothing", "nothing", "nothing", "nothing"},
		{"End", "nothing", "nothing", "nothing", "out all"},
		{"Remove", "nothing", "nothing", "nothing", "out all"},
		{"Quit", "nothing", "nothing", "nothing", "out all"},
		{"Cancel", "nothing", "nothing", "nothing", "out marketing"},
		{"Cancelar", "nothing", "nothing", "nothing", "out marketing"},
		{"Salir", "nothing", "nothing", "nothing", "out all"},
		{"Sair", "nothing", "nothing", "nothing", "out all"},
		{"Esci", "nothing", "nothing", "nothing", "out all"},
		{"Baja", "nothing", "nothing", "nothing", "out all"},
		{"Alta", "nothing", "nothing", "nothing", "in all"},
		{"Start", "nothing", "nothing", "nothing", "in all"},
		{"Subscribe", "nothing", "nothing", "nothing", "in all"},
		{"Anmelden", "nothing", "nothing", "nothing", "in all answer"},
		{"Registrar", "nothing", "nothing", "nothing", "in all answer"},
		{"Yes", "nothing", "nothing", "nothing", "in all answer"},
		{"Begin quiz", "nothing", "nothing", "nothing", "nothing"},
		{"Next bus stop", "nothing", "nothing", "nothing", "nothing"},
		{"Remove item", "nothing", "nothing", "nothing", "nothing"},
		{"Cancel my order", "nothing", "nothing", "nothing", "nothing"},
		{"Back", "nothing", "nothing", "nothing", "nothing"},
		{"Volver", "nothing", "nothing", "nothing", "nothing"},
		{"Voltar", "nothing", "nothing", "nothing", "nothing"},
		{"No, thanks", "nothing", "nothing", "nothing", "no"},
	} {
		for _, got := range []struct{ where, means, want string }{
			{"row", w.Row(c.title).says(), c.row},
			{"reply button", w.ReplyButton(c.title).says(), c.button},
			{"quick reply", w.QuickReply(c.title).says(), c.quick},
			{"typed", w.Message(c.title).says(), c.typed},
		} {
			if got.means != got.want {
				t.Errorf("%q, %s, means %s, want %s", c.title, got.where, got.means, got.want)
			}
		}
	}
}

// The buttons of Meta's template library in every language there is a
// translation for.
func TestTranslatedButtons(t *testing.T) {
	w := NewWords()
	translated := 0
	for i := range languages {
		l := &languages[i]
		titles := 0
		for _, list := range l.lists {
			if list.grade != naming {
				continue
			}
			want := map[ConsentState]string{OptedOut: "out ", OptedIn: "in "}[list.state] + "all"
			if len(list.scopes) == 1 {
				want = strings.TrimSuffix(want, "all") + list.scopes[0].String()
			}
			tap := ""
			if list.state == OptedIn {
				tap = " tap"
			}
			titles++
			if len(list.words) < 3 {
				t.Errorf("%s has %d titles for %s", l.name, len(list.words), want)
			}
			for _, title := range list.words {
				if got := w.Row(title).says(); got != want+tap {
					t.Errorf("%s: the row %q means %s, want %s", l.name, title, got, want+tap)
				}
				if got := w.Message(title).says(); got != want {
					t.Errorf("%s: %q typed means %s, want %s", l.name, title, got, want)
				}
			}
		}
		if titles > 0 {
			translated++
		}
		if titles > 0 && titles < 4 {
			t.Errorf("%s has %d of the four kinds of titles", l.name, titles)
		}
	}
	if translated < 20 {
		t.Errorf("the buttons of %d languages, want 20 or more", translated)
	}
}

// Phrases people use to be left alone, and what only looks like one.
func TestTypedPhrases(t *testing.T) {
	w := NewWords()
	for want, texts := range map[string][]string{
		"out all": {
			"unsubscribe me", "Unsubscribe me, please.", "stop all messages", "Stop sending me messages!", "remove me from your list", "I no longer want to receive messages",
			"dar de baja", "Darme de baja por favor", "quiero darme de baja", "no quiero más mensajes", "quero sair", "Quero sair da lista", "não me mande mais mensagens",
			"me désabonner", "Désabonnez-moi svp", "ne m'écrivez plus", "disiscrivimi", "non scrivetemi più", "Melden Sie mich ab", "keine Nachrichten mehr",
			"afmelden", "Ik wil me afmelden", "uitschrijven", "geen berichten meer", "wypisz mnie", "Proszę mnie wypisać", "nie piszcie do mnie", "prosze mnie wypisac", "nie wysylajcie wiadomosci",
			"beni listeden çıkarın", "Abonelikten çık", "mesaj istemiyorum lütfen", "הסירו אותי", "נא להסיר אותי", "תפסיקו לשלוח לי הודעות", "बंद करो", "मैसेज मत भेजो", "कृपया मैसेज न भेजें", "अनसब्सक्राइब करें",
			"退订", "请退订", "取消订阅", "退訂", "不要再发了", "別再發了", "配信停止", "配信停止してください", "配信停止をお願いします", "もう送らないでください", "수신거부", "수신 거부", "수신거부 해주세요", "구독취소", "그만 보내세요",
			"หยุด", "ยกเลิกการรับข่าวสาร", "ไม่ต้องส่งมาอีกครับ", "hủy đăng ký", "Huy dang ky", "đừng nhắn tin nữa", "ngừng gửi tin nhắn",
			"отпишите меня", "Не пишите мне больше!", "إلغاء اشتراكي", "لا ترسل لي رسائل", "jangan kirim pesan lagi", "avregistrera", "odhlásit",
			// twice or more, also several
			"stop stop", "STOP! STOP!", "Stop. Stop. Stop!!!", "stopstop", "STOPSTOPSTOP", "退订退订", "退订 退订", "הסרה הסרה", "unsubscribe me, unsubscribe me", "Stop! Unsubscribe!", "stop, stop, unsubscribe me please", "please stop please stop",
			strings.Repeat("stop ", 800),
			// drawn out
			"STOOOOP", "stoppppp!!!", "unsubscribeeee", "стоооп", "стопппп", "Bitte stooopp",
			// as people type
			"ＳＴＯＰ", "𝗦𝗧𝗢𝗣", "🛑STOP🛑", "STOP 🙏", "«стоп»", "ｽﾄｯﾌﾟ",
		},
		"out marketing": {
			"keine Werbung mehr", "stop pub", "no más publicidad", "não quero promoções", "geen reclame", "bez reklam", "reklam istemiyorum", "не присылайте рекламу", "不要广告", "광고 거부", "no more ads", "stop ads stop ads",
		},
		"out marketing transactional": {"stop promotions stop delivery updates"},
		"in all":                      {"START", "start start", "unstop please", "alta"},
		"in all answer":               {"yes", "Yes please", "ja", "Ja, bitte", "sí", "sim", "oui", "はい", "네", "Anmelden", "registrar", "continue", "weiter", "同意", "đăng ký"},
		"suspected": {
			"I said stop!", "I said STOP", "Why do you still write? Please unsubscribe me now", "stop it", "STOP 12345", "stop 1", "1 stop", "STOP 1️⃣", "ＳＴＯＰ　１２３", "Hey, stop", "leave me alone", "leave me alone!!!", "enough", "basta", "хватит",
			"please stop sending me your catalogue every day", "ich habe gesagt abmelden", "你们能不能退订这个号码", "もう配信停止って言いました", "수신거부 신청했는데요", "stop start", "how do I unsubscribe?", "No! Stop!",
		},
		// The answer to a question, mostly.
		"no": {"no", "No, thanks.", "nein danke", "NO!", "no no no", "nooooo", "нееет", "нет, спасибо", "いいえ"},
		"nothing": {
			"don't stop", "Don’t stop!", "do not stop", "please don't stop sending me these", "don't unsubscribe me", "nicht abmelden", "不要退订", "where does the bus stop", "Where is the next bus stop?", "please stop by tomorrow", "nonstop", "stop at the corner", "full stop", "baja temporada", "temporada baja", "de alto nivel", "the end of the line",
			"cancel my order", "I want to cancel my order please", "quiero cancelar mi pedido", "cancelar pedido", "Where can I remove the item?", "back", "menu", "volver al menú", "quero sair mais cedo", "Wann endet die Aktion?", "el fin de semana", "the start of the sale", "can I start tomorrow", "startup", "hello", "ok", "thanks", "1", "12345", "🙏", "",
			"Huy", "Dung", "đúng", "退货", "取消订单", "キャンセルしたい注文があります", "주문 취소", "ยกเลิกคำสั่งซื้อ", "iptal etmek istediğim bir siparişim var", "s t o p",
		},
	} {
		for _, text := range texts {
			if got := w.Message(text).says(); got != want {
				t.Errorf("%.60q means %s, want %s", text, got, want)
			}
		}
	}
}

// What the operator names counts where it is named: words typed, as titles and
// as payloads exactly as written, payloads as payloads alone.
func TestConfiguredPayloads(t *testing.T) {
	w := NewWords()
	for _, err := range []error{
		w.Add("GENUG", OptedOut, AllScopes), w.Add("JA BITTE", OptedIn, marketing),
		w.AddPayload("opt-out:promo", OptedOut, marketing), w.AddPayload("opt-in:promo", OptedIn, marketing), w.AddPayload("end", OptedOut, AllScopes),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ where, got, want string }{
		{"word/typed", w.Message("genug!").says(), "out all"},
		{"word/title", w.Row("Genug").says(), "out all"},
		{"word/payload", w.Payload("GENUG").says(), "out all"},
		{"word/payload-spelled-otherwise", w.Payload("genug").says(), "nothing"},
		{"opt-in/typed", w.Message("ja, bitte").says(), "in marketing"},
		{"opt-in/title", w.Row("Ja bitte").says(), "nothing"},
		{"opt-in/payload", w.Payload("JA BITTE").says(), "in marketing"},
		{"payload", w.Payload("opt-out:promo").says(), "out marketing"},
		{"payload/spelled-otherwise", w.Payload("OPT-OUT:PROMO").says(), "nothing"},
		{"payload/longer", w.Payload("opt-out:promo ").says(), "nothing"},
		{"payload/typed", w.Message("opt-out:promo").says(), "out marketing"}, // as words it says so
		{"payload/in", w.Payload("opt-in:promo").says(), "in marketing"},
		{"payload/word", w.Payload("end").says(), "out all"},
		{"payload/not-named", w.Payload("stop").says(), "nothing"},
		{"payload/other-words", NewWords().Payload("GENUG").says(), "nothing"},
		{"payload/title", w.Row("end").says(), "nothing"},
	} {
		if c.got != c.want {
			t.Errorf("%s means %s, want %s", c.where, c.got, c.want)
		}
	}
	for _, payload := range []string{"", " ", strings.Repeat("x", 257)} {
		if w.AddPayload(payload, OptedOut, AllScopes) == nil {
			t.Errorf("took the payload %.10q", payload)
		}
	}
	// START gives back what a STOP took; what the operator named means what it says.
	if m := w.Message("START"); !m.General {
		t.Error("START is not general")
	}
	if err := w.Add("JOIN", OptedIn, AllScopes); err != nil || w.Message("JOIN").General {
		t.Error("a configured opt-in is general", err)
	}
	if !slices.Equal(w.Payload("end").Scopes, AllScopes) || !w.Payload("end").General {
		t.Error("a configured opt-out from everything is not general")
	}
}

// TestWordsThatContradict: what people opt out with can't be made an opt-in, and
// nothing can be named as both.
func TestWordsThatContradict(t *testing.T) {
	for _, text := range []string{"stop", "STOP!", "Unsubscribe me", "Abmelden", "cancel"} {
		if err := NewWords().Add(text, OptedIn, AllScopes); err == nil {
			t.Errorf("%q can be made an opt-in", text)
		}
	}
	for _, first := range []ConsentState{OptedIn, OptedOut} {
		second := OptedIn + OptedOut - first
		w := NewWords()
		if err := errors.Join(w.Add("club", first, AllScopes), w.AddPayload("CLUB_1", first, AllScopes)); err != nil {
			t.Fatal(err)
		}
		if w.Add("club", second, AllScopes) == nil || w.AddPayload("CLUB_1", second, AllScopes) == nil || w.AddPayload("club", second, AllScopes) == nil {
			t.Errorf("what is named as %v can be named as %v", first, second)
		}
		if err := errors.Join(w.Add("club", first, AllScopes), w.AddPayload("CLUB_1", first, AllScopes)); err != nil {
			t.Errorf("the same again: %v", err)
		}
	}
}
