package policy

import "testing"

// Opt-outs that are put together of parts, and what turns them round.
func TestComposed(t *testing.T) {
	w := NewWords()
	for want, texts := range map[string][]string{
		"out all": {
			"please don't send me any more of these messages", "take my number off your list now", "I no longer wish to receive texts", "no more messages to my number",
			"schickt mir keine weiteren Nachrichten", "ya no quiero recibir sus mensajes", "ne m'envoyez plus vos messages", "parem de enviar mensagens para mim",
			"не присылайте мне больше ваши сообщения", "请不要再给我发消息了", "もうメールは送らないでください", "mesajları durdurun artık",
		},
		"out marketing": {
			"no more ads", "please stop sending me your offers", "bitte schickt mir keine Werbung", "no quiero recibir más ofertas", "stop sending me these promotional messages",
			"не присылайте мне акции", "不要再给我发广告",
		},
		"suspected": {
			"stop sending messages and offers in the middle of the night", "please stop texting my mother", "remove my number, I am not Peter",
			"stop sending me messages and ads from your other shop",
		},
		"nothing": {
			"don't stop sending me messages", "please do not stop the messages", "never stop your messages", "no dejen de enviarme mensajes", "不要停止发消息", "配信を停止しないで",
			"send me a message", "I sent you a message, did you get it?", "what offers do you have", "I want to stop by and pick up the two bags from last week's order, is there a number",
		},
	} {
		for _, text := range texts {
			if got := w.Message(text).says(); got != want {
				t.Errorf("%q means %s, want %s", text, got, want)
			}
		}
	}
}
