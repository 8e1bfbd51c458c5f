package policy

import (
	"strings"
	"testing"
)

// The confirmation of an opt-out is a text that says so and sells nothing.
func TestConfirmations(t *testing.T) {
	var c Confirmations
	for _, text := range []string{
		"You have been unsubscribed.",
		"You're unsubscribed and will no longer receive messages from Fern & Fig. Reply START to come back.",
		"We won't message you any more. Write START to come back.",
		"Got it, you opted out!",
		"You will not receive any more messages from us.",
		"OK. We've stopped all messages to you.",
		"Hi Ana! You have been unsubscribed. We're sorry to see you go.",
		"Hola Ana: tu baja está confirmada. Gracias por avisarnos, escribe ALTA para volver.",
		"Du bist abgemeldet. Schreib ANMELDEN, wenn du es dir anders überlegst.",
		"Sie erhalten von Shop24 keine Nachrichten mehr.",
		"Te hemos dado de baja.",
		"Tu suscripción ha sido cancelada",
		"Você foi descadastrado e não receberá mais mensagens.",
		"Vous êtes désabonné(e).",
		"Ti sei disiscritto. Non riceverai altri messaggi.",
		"Je bent afgemeld.",
		"Zostałeś wypisany z listy.",
		"Aboneliğiniz iptal edildi.",
		"Anda telah berhenti berlangganan.",
		"Вы отписались от рассылки.",
		"הוסרת מרשימת התפוצה",
		"تم إلغاء اشتراكك",
		"您已取消订阅，不会再收到消息。",
		"配信を停止しました。",
		"수신거부 처리되었습니다.",
		"Bạn đã hủy đăng ký.",
		"ยกเลิกการรับข้อความแล้ว",
	} {
		if !c.Match(text) {
			t.Errorf("%q is a confirmation", text)
		}
	}
	for _, text := range []string{
		"",
		"Hi!",
		"May we ask why?",
		"50% OFF",
		"You have been unsubscribed. 50% OFF if you come back!",
		"You're unsubscribed. Everything half price today.",
		"You're unsubscribed. Sale ends tonight!",
		"Te has dado de baja. Última oportunidad: descuento para ti",
		"Unsubscribed. See https://example.com",
		"Unsubscribed. See www.example.com",
		"Unsubscribed. See example.de/sale",
		"Unsubscribed? Only €5 a month",
		"Unsubscribed. Call 030 1234567",
		"Unsubscribed. Write to shop@example",
		"You are unsubscribed. " + strings.Repeat("But hear us out. ", 20),
		"We deliver nonstopped",
		"The price drop won't be stopped! New shoes are here, reply YES and get them",
		"You have been unsubscribed. New shoes are here, reply YES and get them",
		"¡Precios a la baja, ven ya!",
		"Your order was not sent, pick another colour",
		"Your order was cancelled and not sent",
		"Tu pedido ha sido cancelado",
		"Das Hotel hat keine Nachrichten für dich",
	} {
		if c.Match(text) {
			t.Errorf("%q is no confirmation", text)
		}
	}
}

// Where the operator named the texts, those are confirmations and no others.
func TestNamedConfirmations(t *testing.T) {
	if _, err := NewConfirmations([]string{"Bye", "👋"}); err == nil {
		t.Error("a text without letters can't be compared")
	}
	c, err := NewConfirmations([]string{"Adiós! You won't hear from us.", "Gone: https://example.com/why"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"Adiós! You won't hear from us.":        true,
		"adios you won’t hear from us":          true,
		"Gone: https://example.com/why":         true,
		"Adiós! You won't hear from us. 50%?":   false,
		"You have been unsubscribed.":           false,
		"":                                      false,
		"!":                                     false,
		strings.Repeat("Adiós! You won't ", 99): false,
	} {
		if got := c.Match(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
