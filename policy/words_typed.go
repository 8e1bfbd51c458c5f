package policy

// wordList is phrases of one meaning.
type wordList struct {
	state  ConsentState
	scopes []Scope
	grade  grade
	// answer: an opt-in only where the person was asked.
	answer bool
	words  []string
}

var (
	marketingScope     = []Scope{Marketing}
	transactionalScope = []Scope{Transactional}
)

// typedWords are what people write. They come from the defaults of messaging
// products, from public code and from what people wrote. Cancel and its
// translations alone may mean an order: they stop marketing and nothing else.
// Words that mean "no" or "back" in ordinary talk change nothing: a menu's
// "back" must not become an opt-in.
var typedWords = []wordList{
	{state: OptedOut, scopes: AllScopes, grade: alone, words: []string{
		"quit", "end", "revoke", "remove", "remove me", "td", "stopit",
		"baja", "alto", "salir", "pare", "sair", "quero sair", "esci", "keluar", "henti", "tak nak", "roko", "ret", "dar de baja",
		"mat bhejo", "やめて", "그만", "itigil", "lopeta",
	}},
	{state: OptedOut, scopes: AllScopes, grade: stopping, words: []string{
		// English, with the spellings of people in a hurry
		"stop", "stopall", "stop now", "stop sms", "optout", "unsub", "unsubscibe", "unsubcribe", "unsuscribe", "unsubscrib", "unsubscribed",
		"unsubscribe me from this list", "unsubscribe from this list", "unsubscribe me please", "i want to unsubscribe", "i would like to unsubscribe", "i wish to unsubscribe", "please unsubscribe me from your list",
		"opt me out", "i want to opt out", "i opt out", "stop sending me messages", "stop sending messages", "stop sending me these messages", "stop messaging me", "stop texting me", "stop contacting me", "stop writing to me", "stop spamming me",
		"do not contact me", "don't contact me", "do not contact me again", "don't contact me again", "do not message me", "don't message me", "don't message me again", "do not text me", "don't text me", "don't write to me", "do not write to me",
		"do not send me messages", "don't send me messages", "do not send me any more messages", "don't send me any more messages", "no more messages", "no messages", "i don't want messages", "i don't want any messages", "i don't want any more messages",
		"i don't want to receive messages", "i do not want to receive messages", "i don't want to receive any messages", "i don't want to receive any more messages", "i no longer want to receive messages", "i don't want to receive these messages",
		"remove me from your list", "remove me from this list", "remove me from the list", "remove me from the mailing list", "remove me from your mailing list", "take me off your list", "take me off this list", "take me off the list", "delete me from your list",

		// Spanish
		"parar", "detener", "no contactar", "no escribir", "no me escribas", "no me escribas más", "no me escriban", "no me escriban más", "no me contacten", "no me contacten más", "dejen de escribirme", "deja de escribirme", "no me molesten más",
		"darme de baja", "darse de baja", "dame de baja", "deme de baja", "denme de baja", "dadme de baja", "quiero darme de baja", "me quiero dar de baja", "quiero que me den de baja", "solicito la baja", "baja de la lista",
		"desuscribir", "desuscribirme", "desuscribirse", "cancelar suscripción", "cancelar la suscripción", "cancelar mi suscripción", "anular suscripción", "anular mi suscripción",
		"no quiero recibir mensajes", "no quiero recibir más mensajes", "no deseo recibir mensajes", "no deseo recibir más mensajes", "no quiero más mensajes", "no más mensajes", "no me envíen mensajes", "no me envíen más mensajes", "no me manden mensajes", "no me manden más mensajes", "no me envíes más mensajes", "no me mandes más mensajes",
		"dejar de recibir mensajes", "quiero dejar de recibir mensajes", "bórrenme de la lista", "sáquenme de la lista", "elimínenme de la lista", "quítenme de la lista",

		// Portuguese
		"descadastrar", "descadastre", "descadastre-me", "me descadastre", "me descadastra", "quero me descadastrar", "cancelar inscrição", "cancelar minha inscrição", "cancelar a inscrição", "cancelar assinatura", "desinscrever", "me desinscrever",
		"não quero receber", "não quero mais receber", "não quero receber mais", "não quero receber mensagens", "não quero mais receber mensagens", "não quero receber mais mensagens", "não desejo receber mensagens", "não desejo mais receber mensagens", "não quero mensagens", "não quero mais mensagens",
		"me tira da lista", "me tire da lista", "me tira dessa lista", "me tire dessa lista", "me remova da lista", "me remove da lista", "remover da lista", "sair da lista", "quero sair da lista", "me exclua da lista", "me retire da lista",
		"não me mande mais mensagens", "não me mandem mais mensagens", "não me mande mais mensagem", "não me mandem mais mensagem", "não me envie mais mensagens", "não me enviem mais mensagens", "não mande mais mensagens", "não enviar mais mensagens", "não me mande mensagem", "não me mandem mensagem",
		"pare de enviar mensagens", "parem de enviar mensagens", "pare de mandar mensagem", "parem de mandar mensagem", "pare de me mandar mensagem", "parem de me mandar mensagem", "parar de receber", "parar de receber mensagens", "parar mensagens", "não entre mais em contato",

		// French
		"arret", "arrête", "arrêter", "arrêtez", "arrett", "désabonnement", "désabonner", "se désabonner", "me désabonner", "désabonnez-moi", "désabonne-moi", "désabonnez moi", "je me désabonne", "je veux me désabonner", "je souhaite me désabonner", "je voudrais me désabonner", "désabonné",
		"désinscription", "désinscrire", "se désinscrire", "me désinscrire", "désinscrivez-moi", "je veux me désinscrire", "je souhaite me désinscrire", "ne plus recevoir de messages", "je ne veux plus recevoir de messages", "je ne souhaite plus recevoir de messages", "je ne veux plus de messages",
		"plus de messages", "ne m'envoyez plus de messages", "ne m'envoyez plus rien", "ne m'écrivez plus", "ne me contactez plus", "arrêtez de m'écrire", "arrêtez de m'envoyer des messages", "arrêtez les messages", "retirez-moi de la liste", "retirez-moi de votre liste", "supprimez-moi de la liste", "supprimez-moi de votre liste",

		// Italian
		"interrompi", "annulla iscrizione", "annulla l'iscrizione", "annullare l'iscrizione", "annulla la mia iscrizione", "cancella iscrizione", "cancella l'iscrizione", "cancellami", "cancellatemi", "cancellami dalla lista", "cancellatemi dalla lista",
		"disiscrivimi", "disiscrivetemi", "disiscriviti", "disiscrivermi", "disiscrivere", "disiscrizione", "voglio disiscrivermi", "desidero disiscrivermi", "rimuovimi", "rimuovetemi", "rimuovimi dalla lista", "rimuovetemi dalla lista",
		"non scrivetemi", "non scrivetemi più", "non scrivermi più", "non contattatemi", "non contattatemi più", "non contattarmi più", "non inviatemi più messaggi", "non inviarmi più messaggi", "non mandatemi più messaggi", "basta messaggi", "niente messaggi", "smettetela di scrivermi", "smettete di scrivermi",
		"non voglio ricevere messaggi", "non voglio più ricevere messaggi", "non desidero ricevere messaggi", "non desidero più ricevere messaggi", "non voglio più messaggi",

		// German
		"stopp", "stoppen", "abmelden", "abbestellen", "abmeldung", "abbestellung", "austragen", "mich abmelden", "mich austragen", "meldet mich ab", "melden sie mich ab", "melde mich ab", "tragt mich aus", "tragen sie mich aus", "ich möchte mich abmelden", "ich will mich abmelden", "möchte mich abmelden",
		"nachrichten abbestellen", "nachrichten stoppen", "alle nachrichten stoppen", "keine nachrichten", "keine nachrichten mehr", "keine weiteren nachrichten", "ich will keine nachrichten", "ich will keine nachrichten mehr", "ich möchte keine nachrichten", "ich möchte keine nachrichten mehr", "ich möchte keine weiteren nachrichten",
		"nicht mehr schreiben", "schreibt mir nicht mehr", "schreiben sie mir nicht mehr", "nicht mehr kontaktieren", "kontaktiert mich nicht mehr", "kontaktieren sie mich nicht mehr", "nicht kontaktieren", "aus dem verteiler nehmen", "aus dem verteiler löschen",

		// Dutch
		"afmelden", "uitschrijven", "afmelding", "meld mij af", "meld me af", "mij afmelden", "me afmelden", "schrijf mij uit", "schrijf me uit", "ik wil me afmelden", "ik wil mij afmelden", "ik wil me uitschrijven", "ik wil mij uitschrijven", "ik meld me af",
		"geen berichten", "geen berichten meer", "geen berichten meer sturen", "stuur geen berichten meer", "stuur me geen berichten meer", "stuur mij geen berichten meer", "ik wil geen berichten meer", "ik wil geen berichten meer ontvangen", "stop met berichten", "stop met berichten sturen", "haal me van de lijst", "haal mij van de lijst",

		// Polish
		"wypisz", "wypisz mnie", "wypisać", "wypisać się", "wypisuję się", "chcę się wypisać", "proszę mnie wypisać", "wypisz mnie z listy", "wypiszcie mnie", "anuluj subskrypcję", "rezygnuję z subskrypcji", "rezygnacja z subskrypcji", "usuń mnie", "usuń mnie z listy", "usuńcie mnie z listy",
		"nie pisz", "nie pisz do mnie", "nie piszcie", "nie piszcie do mnie", "nie piszcie więcej", "proszę nie pisać", "proszę do mnie nie pisać", "nie wysyłaj wiadomości", "nie wysyłajcie wiadomości", "nie wysyłajcie mi wiadomości", "nie wysyłajcie więcej wiadomości",
		"nie chcę wiadomości", "nie chcę otrzymywać wiadomości", "nie chcę więcej wiadomości", "nie życzę sobie wiadomości", "przestańcie pisać", "przestańcie do mnie pisać",

		// Indonesian, Malay
		"berhenti", "hentikan", "batal langganan", "batalkan langganan", "berhenti langganan", "berhenti berlangganan", "stop berlangganan", "stop langganan", "hentikan langganan", "saya ingin berhenti berlangganan", "jangan hubungi saya", "jangan hubungi saya lagi", "jangan kirim pesan", "jangan kirim pesan lagi", "jangan kirimi saya pesan", "jangan kirim lagi",
		"jangan chat saya", "jangan chat saya lagi", "hentikan pesan", "stop kirim pesan", "tidak mau menerima pesan", "saya tidak mau menerima pesan", "saya tidak ingin menerima pesan", "keluarkan saya dari daftar", "hapus saya dari daftar",
		"berhenti melanggan", "henti langganan", "nyahlanggan", "batalkan langganan saya", "jangan hantar mesej", "jangan hantar mesej lagi", "tak nak terima mesej", "saya tidak mahu terima mesej", "hentikan mesej",

		// Hindi, Hinglish, Urdu, Bengali, Tamil
		"band karo", "band kar do", "band karein", "band kijiye", "message band karo", "msg band karo", "message mat bhejo", "msg mat bhejo", "mujhe message mat bhejo", "mujhe message mat karo", "message mat karo",
		"बंद करो", "बंद करें", "बंद कर दो", "बंद कीजिए", "बंद कर दीजिए", "रोको", "रोकें", "रोकिए", "स्टॉप", "अनसब्सक्राइब", "अनसब्सक्राइब करें", "अनसब्सक्राइब करो", "मुझे अनसब्सक्राइब करें",
		"मैसेज बंद करो", "मैसेज बंद करें", "मैसेज रोकें", "मैसेज मत भेजो", "मैसेज मत भेजिए", "मैसेज मत भेजें", "मैसेज न भेजें", "मैसेज ना भेजें", "मुझे मैसेज मत भेजो", "मुझे मैसेज मत भेजें", "मुझे मैसेज मत करो", "मुझे मैसेज न भेजें", "मत भेजो", "मत भेजिए", "मैसेज नहीं चाहिए", "मुझे मैसेज नहीं चाहिए",
		"संदेश बंद करें", "संदेश बंद करो", "संदेश न भेजें", "संदेश मत भेजो", "संदेश मत भेजें", "सदस्यता समाप्त करें", "सदस्यता रद्द करें", "सदस्यता छोड़ें", "सदस्यता बंद करें",
		"بند کرو", "بند کریں", "بند کر دیں", "میسج مت بھیجو", "میسج نہ بھیجیں", "বন্ধ করুন", "বন্ধ করো", "মেসেজ বন্ধ করুন", "আনসাবস্ক্রাইব", "நிறுத்து", "நிறுத்தவும்", "நிறுத்துங்கள்",

		// Turkish
		"durdur", "durdurun", "abonelikten çık", "abonelikten çıkar", "abonelikten çıkmak istiyorum", "aboneliği iptal et", "aboneliğimi iptal et", "aboneliği sonlandır", "üyelikten çık", "üyelikten çıkmak istiyorum", "listeden çık", "listeden çıkar", "beni listeden çıkar", "beni listeden çıkarın", "listeden çıkmak istiyorum",
		"mesaj istemiyorum", "artık mesaj istemiyorum", "mesaj almak istemiyorum", "artık mesaj almak istemiyorum", "mesaj gönderme", "mesaj göndermeyin", "bana mesaj gönderme", "bana mesaj göndermeyin", "mesaj atma", "mesaj atmayın", "bana mesaj atma", "bana mesaj atmayın", "bir daha mesaj atmayın", "bana yazma", "bana yazmayın", "mesajları durdur", "sms istemiyorum",

		// Hebrew
		"הסרה", "הסר", "הסירו", "להסרה", "הסר אותי", "הסירו אותי", "תסירו אותי", "תסיר אותי", "להסיר אותי", "נא להסיר", "נא להסיר אותי", "נא הסירו אותי", "הסר אותי מהרשימה", "הסירו אותי מהרשימה", "תסירו אותי מהרשימה", "הסרה מהרשימה", "הסרה מרשימת התפוצה", "הסירו אותי מרשימת התפוצה",
		"עצור", "סטופ", "הפסק", "הפסיקו", "ביטול מנוי", "בטל מנוי", "לבטל מנוי", "ביטול הרשמה", "תפסיקו לשלוח", "תפסיקו לשלוח לי", "תפסיקו לשלוח לי הודעות", "הפסיקו לשלוח לי הודעות", "אל תשלחו לי הודעות", "אל תשלחו לי יותר", "אל תשלחו לי יותר הודעות", "לא לשלוח לי הודעות", "לא רוצה לקבל הודעות", "לא מעוניין לקבל הודעות", "לא מעוניינת לקבל הודעות",

		// Arabic, Persian
		"إيقاف", "توقف", "توقفوا", "ستوب", "قف", "إلغاء الاشتراك", "ألغ الاشتراك", "ألغي الاشتراك", "إلغاء اشتراكي", "الغاء اشتراكي", "أريد إلغاء الاشتراك", "ارغب في الغاء الاشتراك", "إيقاف الرسائل", "أوقف الرسائل", "أوقفوا الرسائل", "وقف الرسائل",
		"لا ترسل لي رسائل", "لا ترسلوا لي رسائل", "لا ترسل رسائل", "لا ترسلوا رسائل", "لا تراسلوني", "لا تراسلني", "لا أريد رسائل", "لا أريد استقبال رسائل", "لا أريد استلام رسائل", "لا اريد الرسائل", "لا أريد المزيد من الرسائل", "توقف عن إرسال الرسائل", "توقفوا عن إرسال الرسائل", "توقف عن الإرسال", "احذفني من القائمة", "أزلني من القائمة", "احذفوني من القائمة",
		"لغو اشتراک", "پیام نفرستید", "پیام ندهید",

		// Russian, Ukrainian
		"стоп", "отписаться", "отписка", "отпиши меня", "отпишите меня", "отпишите", "хочу отписаться", "отписаться от рассылки", "отписаться от всех рассылок", "не пиши", "не писать", "не пишите", "не пиши мне", "не пишите мне", "не пишите больше", "больше не пишите", "не пишите мне больше", "больше не пишите мне",
		"не присылайте", "не присылайте сообщения", "не присылайте мне сообщения", "не присылайте больше", "не отправляйте", "не отправляйте сообщения", "не отправляйте мне сообщения", "не беспокоить", "не беспокойте", "не беспокойте меня", "прекратите", "прекратите рассылку", "прекратите писать", "прекратите мне писать", "остановить", "остановите рассылку", "перестаньте писать", "перестаньте мне писать",
		"удалите меня из рассылки", "уберите меня из рассылки", "удалите мой номер", "удалите меня из списка", "не хочу получать сообщения", "не хочу получать рассылку", "відписатися", "відписатись", "не пишіть", "не пишіть мені", "зупинити",

		// Chinese
		"停止", "退订", "退訂", "我要退订", "我要退訂", "我想退订", "我想退訂", "取消订阅", "取消訂閱", "我要取消订阅", "我要取消訂閱", "停止发送", "停止發送", "停止接收", "停止发消息", "停止發訊息", "停发", "拒收", "拒绝接收", "拒絕接收",
		"不要再发了", "不要再發了", "不要再发", "不要再發", "不要再发消息", "不要再发消息了", "不要再發訊息", "不要再發訊息了", "不要再给我发消息", "不要再给我发消息了", "不要再給我發訊息", "不要给我发消息", "不要給我發訊息", "不要发消息", "不要發訊息", "别发了", "別發了", "别再发了", "別再發了", "别再发消息", "别再给我发消息", "别再给我发消息了", "别给我发消息", "不要发了", "不要發了", "不想再收到消息", "不想收到消息", "不想再收到訊息", "不要再联系我", "不要再聯絡我", "别再联系我",

		// Japanese
		"ストップ", "配信停止", "配信を停止", "配信停止希望", "配信解除", "配信不要", "登録解除", "登録を解除", "購読解除", "購読停止", "購読を解除", "購読をやめる", "受信拒否", "受信停止", "送信停止", "停止希望",
		"送らないで", "送ってこないで", "もう送らないで", "もう送ってこないで", "メッセージを送らないで", "もうメッセージを送らないで", "メッセージ不要", "メッセージはいりません", "連絡しないで", "もう連絡しないで", "連絡不要", "やめてください",

		// Korean
		"중지", "스톱", "스탑", "수신거부", "수신 거부", "무료수신거부", "수신거부요청", "수신 중지", "구독취소", "구독 취소", "구독해지", "구독 해지", "그만 보내", "그만 보내세요", "그만 보내주세요", "보내지 마", "보내지 마세요", "보내지 말아주세요", "메시지 보내지 마세요", "메시지 보내지 마", "메시지 그만 보내세요", "문자 보내지 마세요", "연락하지 마세요", "연락하지 마", "메시지 중지", "메시지 받고 싶지 않아요",

		// Thai
		"หยุด", "สต็อป", "สต๊อป", "ยกเลิกการรับข่าวสาร", "ยกเลิกรับข่าวสาร", "ยกเลิกการรับข้อความ", "ยกเลิกรับข้อความ", "ยกเลิกการสมัครรับข่าวสาร", "ยกเลิกการสมัครรับข้อมูล", "ยกเลิกสมัครรับข่าวสาร", "เลิกรับข่าวสาร", "เลิกรับข้อความ",
		"ไม่รับข้อความ", "ไม่รับข่าวสาร", "ไม่ต้องการรับข้อความ", "ไม่ต้องการรับข่าวสาร", "ไม่อยากรับข้อความ", "หยุดส่ง", "หยุดส่งข้อความ", "เลิกส่ง", "เลิกส่งข้อความ", "อย่าส่งข้อความ", "อย่าส่งมาอีก", "อย่าส่งข้อความมาอีก", "ไม่ต้องส่งมาอีก", "ไม่ต้องส่งข้อความมาอีก", "ห้ามส่งข้อความ",

		// Vietnamese
		"ngừng", "dừng lại", "hủy đăng ký", "huỷ đăng ký", "hủy đăng kí", "tôi muốn hủy đăng ký", "hủy nhận tin", "hủy nhận tin nhắn", "ngừng gửi", "ngừng gửi tin", "ngừng gửi tin nhắn", "dừng gửi tin", "dừng gửi tin nhắn", "đừng gửi nữa", "đừng gửi tin nhắn", "đừng gửi tin nhắn nữa", "đừng nhắn tin nữa", "đừng nhắn tin cho tôi", "đừng nhắn nữa", "đừng liên hệ tôi nữa",
		"không nhận tin", "không nhận tin nhắn", "không muốn nhận tin", "không muốn nhận tin nhắn", "tôi không muốn nhận tin nhắn", "tôi không muốn nhận tin nhắn nữa", "từ chối nhận tin", "từ chối nhận tin nhắn",

		// Others
		"avregistrera", "avsluta prenumeration", "avprenumerera", "avanmäl", "afmeld", "afmeld mig", "frameld", "avmeld", "meld meg av", "peruuta tilaus", "odhlásit", "odhlásit odběr", "chci se odhlásit", "odhlásiť", "dezabonare", "dezabonează-mă", "vreau să mă dezabonez", "leiratkozás", "leiratkozom",
		"απεγγραφή", "διαγραφή από τη λίστα", "σταματήστε", "donar-me de baixa", "huwag na mag-message", "huwag na magpadala",
	}},
	{state: OptedOut, scopes: marketingScope, grade: alone, words: []string{
		"cancel", "cancelar", "annulla", "termina", "batal", "iptal", "إلغاء", "ביטול", "отмена", "取消", "キャンセル", "취소", "ยกเลิก", "anuluj", "annuleren", "रद्द करें", "لغو",
	}},
	{state: OptedOut, scopes: marketingScope, grade: stopping, words: []string{
		"i don't want offers", "i don't want promotions", "i don't want ads", "no promotions", "no ads", "no offers", "no advertising", "no more ads", "no more promos", "no more marketing", "stop sending me offers", "stop sending me promotions", "stop sending me ads", "don't send me offers", "don't send me promotions", "stop advertising", "stop newsletter", "unsubscribe newsletter",
		"detener marketing", "salir marketing", "no más promociones", "no más publicidad", "no más ofertas", "no quiero promociones", "no quiero publicidad", "no quiero ofertas", "no quiero recibir promociones", "no quiero recibir publicidad", "no me envíen promociones", "no me envíen publicidad", "no me manden promociones", "no me manden publicidad", "dejar de recibir promociones",
		"parar marketing", "cancelar marketing", "não quero promoções", "não quero receber promoções", "não quero mais promoções", "não quero mais receber promoções", "não quero propaganda", "não quero ofertas", "chega de promoções", "chega de propaganda", "parar propaganda", "parar anúncios", "sem propaganda",
		"stop pub", "stop publicité", "pas de pub", "pas de publicité", "plus de pub", "plus de publicité", "plus de promotions", "je ne veux plus de pub", "je ne veux pas de pub", "je ne veux plus de promotions",
		"basta promozioni", "basta pubblicità", "niente pubblicità", "niente promozioni", "non voglio pubblicità", "non voglio promozioni", "non inviatemi pubblicità", "non voglio offerte",
		"keine werbung", "keine werbung mehr", "ich will keine werbung", "ich will keine werbung mehr", "ich möchte keine werbung", "ich möchte keine werbung mehr", "keine angebote", "keine angebote mehr", "stop werbung", "stopp werbung", "newsletter abbestellen", "newsletter abmelden", "vom newsletter abmelden",
		"geen reclame", "geen reclame meer", "geen aanbiedingen", "geen aanbiedingen meer", "geen promoties meer", "ik wil geen reclame", "ik wil geen reclame meer", "bez reklam", "nie chcę reklam", "nie chcę promocji", "koniec reklam", "stop reklamom", "nie wysyłajcie reklam",
		"jangan kirim promosi", "jangan kirim promo", "jangan kirim iklan", "tidak mau promosi", "stop iklan", "hentikan iklan", "jangan hantar promosi", "tak nak promosi", "offer mat bhejo", "विज्ञापन बंद करो", "विज्ञापन मत भेजो", "प्रमोशन बंद करो", "ऑफर बंद करो", "ऑफर मत भेजो",
		"reklam istemiyorum", "artık reklam istemiyorum", "kampanya istemiyorum", "promosyon istemiyorum", "reklam mesajı istemiyorum", "reklam göndermeyin", "kampanya mesajı göndermeyin",
		"בלי פרסומות", "לא רוצה פרסומות", "תפסיקו עם הפרסומות", "אל תשלחו לי פרסומות", "لا أريد إعلانات", "لا أريد عروض", "لا أريد عروضا", "لا ترسلوا عروض", "لا ترسلوا إعلانات", "بدون إعلانات",
		"не хочу рекламу", "без рекламы", "не присылайте рекламу", "не присылайте мне рекламу", "не надо рекламы", "стоп реклама", "не отправляйте рекламу",
		"不要广告", "不要廣告", "不要发广告", "不要發廣告", "别发广告", "別發廣告", "不要推广", "不要推廣", "停止广告", "停止廣告", "広告不要", "広告はいりません", "宣伝不要", "宣伝停止", "広告停止", "광고 그만", "광고 그만 보내세요", "광고 보내지 마세요", "광고 거부", "광고 싫어요",
		"ไม่ต้องการโฆษณา", "ไม่รับโฆษณา", "ไม่เอาโฆษณา", "หยุดส่งโฆษณา", "ไม่รับโปรโมชั่น", "ไม่ต้องการโปรโมชั่น", "không nhận quảng cáo", "không muốn quảng cáo", "đừng gửi quảng cáo", "từ chối quảng cáo", "không nhận khuyến mãi",
	}},
	{state: OptedOut, scopes: transactionalScope, grade: stopping, words: []string{
		"unsubscribe notification", "unsubscribe notifications", "detener notificación", "detener notificaciones", "salir notificación", "parar notificação", "parar notificações",
	}},
	{state: OptedIn, scopes: AllScopes, grade: alone, words: []string{
		"start", "subscribe", "subscribe me", "unstop", "optin", "opt in", "opt me in", "resubscribe", "re-subscribe", "start again",
		"alta", "darme de alta", "suscribirme", "volver a suscribirme", "quero receber mensagens", "voltar a receber", "sottoscrivi", "riprendi", "avvia", "abonnieren", "wieder anmelden", "s'abonner", "abonner", "se réabonner", "me réabonner", "opnieuw aanmelden", "subskrybuj",
		"mulai", "mula", "start karo", "berlangganan", "melanggan", "abone ol", "старт", "подписаться", "підписатися", "ابدأ", "订阅", "訂閱", "購読する", "購読", "配信再開", "구독", "구독하기",
	}},
	{state: OptedIn, scopes: marketingScope, grade: alone, words: []string{
		"subscribe marketing", "volver marketing", "recibir marketing", "voltar marketing", "receber marketing",
	}},
	{state: OptedIn, scopes: transactionalScope, grade: alone, words: []string{
		"start notification", "subscribe notification", "subscribe notifications", "volver notificación", "recibir notificación",
	}},
	// Ordinary words, of which some begin a menu or open an account.
	{state: OptedIn, scopes: AllScopes, answer: true, words: []string{
		"yes", "yeah", "yep", "yup", "sure", "ok yes", "yes i agree", "i agree", "agree", "agreed", "i accept", "accept", "continue", "register", "sign up", "sign me up", "join", "activate", "confirm", "i confirm", "i consent",
		"sí", "si acepto", "acepto", "aceptar", "de acuerdo", "estoy de acuerdo", "confirmo", "registrar", "registrarme", "inscribirme", "continuar", "activar", "recibir", "iniciar",
		"sim", "aceito", "concordo", "sim aceito", "quero receber", "inscrever", "me inscrever", "receber", "ativar", "retornar",
		"oui", "oui j'accepte", "j'accepte", "d'accord", "je suis d'accord", "m'inscrire", "s'inscrire", "inscrire", "continuer", "activer",
		"sì accetto", "accetto", "sono d'accordo", "iscrivimi", "iscriviti", "iscrivermi", "continua", "inizia", "attiva",
		"ja", "jawohl", "ja gerne", "ja gern", "einverstanden", "ich stimme zu", "zustimmen", "ja ich stimme zu", "anmelden", "registrieren", "weiter", "aktivieren",
		"ja graag", "akkoord", "ik ga akkoord", "ja ik ga akkoord", "aanmelden", "inschrijven", "doorgaan", "tak", "zgadzam się", "zgoda", "wyrażam zgodę", "zapisz mnie", "zapisz się", "kontynuuj",
		"ya", "iya", "setuju", "saya setuju", "daftar", "lanjut", "lanjutkan", "aktifkan", "haan", "haa", "han ji", "हाँ", "हां", "जी हाँ", "सहमत", "मैं सहमत हूँ", "evet", "kabul", "kabul ediyorum", "onaylıyorum", "kaydol", "kayıt ol", "devam",
		"כן", "מסכים", "מסכימה", "אני מסכים", "אני מסכימה", "מאשר", "מאשרת", "הרשמה", "להרשמה", "המשך", "نعم", "أوافق", "موافق", "تسجيل", "سجل", "اشتراك", "تفعيل", "استمرار",
		"да", "согласен", "согласна", "я согласен", "я согласна", "зарегистрироваться", "продолжить", "так", "згоден", "згодна", "是", "是的", "同意", "我同意", "注册", "註冊", "继续", "繼續", "はい", "同意する", "同意します", "登録", "登録する", "続ける", "네", "예", "동의", "동의합니다", "등록", "계속",
		"ใช่", "ตกลง", "ยินยอม", "สมัคร", "สมัครรับข่าวสาร", "ดำเนินการต่อ", "vâng", "có", "đồng ý", "tôi đồng ý", "đăng ký", "tiếp tục",
	}},
}
