package policy

import "slices"

// buttonWords name what they do, so that they count as the title of a button
// or row as well as typed: the quick replies of Meta's template library and of
// its marketing templates, with the translations in use. Where a translation of
// "unsubscribe" is also how people give up a paid subscription it stands among
// the typed words only.
var buttonWords = slices.Concat([]wordList{
	{state: OptedOut, scopes: AllScopes, grade: naming, words: []string{
		"unsubscribe", "unsubscribe me", "unsubscribe all", "unsubscribe from all", "unsubscribe from everything", "unsubscribe from all messages", "unsubscribe from messages", "opt out", "opt out of all", "opt out of all messages", "opt out of messages",
		"stop all", "stop messages", "stop all messages", "stop receiving messages",
	}},
	{state: OptedOut, scopes: marketingScope, grade: naming, words: []string{
		"unsubscribe from promos", "unsubscribe from promotions", "unsubscribe from promotional messages", "unsubscribe from marketing", "unsubscribe from marketing messages", "unsubscribe from offers", "unsubscribe from ads", "unsubscribe from newsletter", "unsubscribe marketing", "unsubscribe promos", "unsubscribe promotions",
		"stop promotions", "stop promotion", "stop promos", "stop promo", "stop promotional messages", "stop marketing", "stop marketing messages", "stop offers", "stop ads", "no more offers", "no more promotions", "opt out of promotions", "opt out of promos", "opt out of marketing", "opt out of offers",
	}},
	{state: OptedOut, scopes: transactionalScope, grade: naming, words: []string{
		"stop delivery updates", "stop order updates", "stop shipping updates", "stop delivery notifications", "unsubscribe from delivery updates", "unsubscribe from order updates", "unsubscribe from notifications", "stop notification", "stop notifications",
	}},
	{state: OptedIn, scopes: marketingScope, grade: naming, words: []string{
		"start promotions", "start promotion", "start promos", "start promo", "start promotional messages", "start marketing", "start marketing messages", "start offers", "resume promotions", "resume promos", "resume marketing", "resume marketing messages", "resume offers",
		"subscribe to promotions", "subscribe to promos", "subscribe to marketing", "subscribe to offers", "receive promotions", "receive offers", "opt in to promotions", "opt in to promos", "opt in to marketing", "opt in to offers",
	}},
	{state: OptedIn, scopes: transactionalScope, grade: naming, words: []string{
		"start delivery updates", "resume delivery updates", "start order updates", "resume order updates", "start notifications", "resume notifications",
	}},
}, translatedButtons())

// translation is what the buttons are called in a language.
type translation struct {
	promos   []string // unsubscribe from promos, stop promotions
	all      []string // unsubscribe from all
	delivery []string // stop delivery updates
	resume   []string // start or resume promotions
}

func translatedButtons() (lists []wordList) {
	for _, t := range translations {
		lists = append(
			lists,
			wordList{state: OptedOut, scopes: marketingScope, grade: naming, words: t.promos},
			wordList{state: OptedOut, scopes: AllScopes, grade: naming, words: t.all},
			wordList{state: OptedOut, scopes: transactionalScope, grade: naming, words: t.delivery},
			wordList{state: OptedIn, scopes: marketingScope, grade: naming, words: t.resume},
		)
	}
	return lists
}

var translations = map[string]translation{
	"es": {
		[]string{"cancelar suscripción a promociones", "cancelar suscripción a las promociones", "cancelar la suscripción a promociones", "cancelar suscripción a promos", "cancelar suscripción de promociones", "anular suscripción a promociones", "darse de baja de promociones", "darme de baja de promociones", "darse de baja de las promociones", "baja de promociones", "detener promociones", "detener las promociones", "parar promociones", "dejar de recibir promociones", "no recibir promociones", "cancelar promociones"},
		[]string{"cancelar todas las suscripciones", "cancelar suscripción a todo", "cancelar suscripción de todo", "anular todas las suscripciones", "darse de baja de todo", "darme de baja de todo", "detener todos los mensajes", "dejar de recibir mensajes"},
		[]string{"detener actualizaciones de entrega", "detener las actualizaciones de entrega", "detener notificaciones de entrega", "detener actualizaciones de envío", "detener novedades de entrega", "dejar de recibir actualizaciones de entrega", "parar actualizaciones de entrega"},
		[]string{"iniciar promociones", "reanudar promociones", "reanudar las promociones", "reactivar promociones", "recibir promociones"},
	},
	"pt": {
		[]string{"cancelar inscrição em promoções", "cancelar inscrição nas promoções", "cancelar inscrição de promoções", "cancelar inscrição das promoções", "cancelar assinatura de promoções", "cancelar promoções", "parar promoções", "parar promoção", "parar as promoções", "interromper promoções", "não receber promoções", "sair das promoções", "descadastrar de promoções", "parar ofertas", "parar de receber promoções"},
		[]string{"cancelar todas as inscrições", "cancelar inscrição em tudo", "cancelar inscrição de tudo", "cancelar todas as assinaturas", "descadastrar de tudo", "descadastrar-se de tudo", "parar todas as mensagens", "não receber mensagens"},
		[]string{"parar atualizações de entrega", "parar as atualizações de entrega", "interromper atualizações de entrega", "parar notificações de entrega", "interromper notificações de entrega", "cancelar atualizações de entrega"},
		[]string{"iniciar promoções", "retomar promoções", "reativar promoções", "receber promoções", "ativar promoções"},
	},
	"fr": {
		[]string{"se désabonner des promos", "se désabonner des promotions", "me désabonner des promos", "me désabonner des promotions", "désabonnement des promos", "désabonnement des promotions", "arrêter les promotions", "arrêter les promos", "arrêter les promotions commerciales", "stopper les promotions", "stopper les promos", "ne plus recevoir de promotions", "ne plus recevoir de promos", "se désinscrire des promos", "se désinscrire des promotions"},
		[]string{"se désabonner de tout", "me désabonner de tout", "tout désabonner", "se désinscrire de tout", "me désinscrire de tout", "arrêter tous les messages", "ne plus recevoir de messages", "désabonnement total"},
		[]string{"arrêter les mises à jour de livraison", "arrêter les mises à jour livraison", "arrêter les infos de livraison", "arrêter les notifications de livraison", "stopper les mises à jour de livraison", "stopper les notifications de livraison", "arrêter le suivi de livraison", "ne plus recevoir les infos de livraison"},
		[]string{"reprendre les promotions", "reprendre les promos", "recevoir les promotions", "recevoir les promos", "relancer les promotions", "démarrer les promotions"},
	},
	"de": {
		[]string{"von promos abmelden", "von promotions abmelden", "von werbung abmelden", "von werbeaktionen abmelden", "von aktionen abmelden", "von angeboten abmelden", "promos abbestellen", "promotions abbestellen", "werbung abbestellen", "werbung abmelden", "werbung stoppen", "werbung beenden", "werbenachrichten stoppen", "werbenachrichten abbestellen", "promos stoppen", "promotions stoppen", "aktionen stoppen", "werbeaktionen stoppen", "werbeaktionen beenden", "werbeaktionen abbestellen", "angebote abbestellen", "angebote stoppen"},
		[]string{"von allen abmelden", "von allem abmelden", "von allen nachrichten abmelden", "alles abbestellen", "alle abbestellen", "alle nachrichten abbestellen", "alle nachrichten stoppen", "alle nachrichten abmelden", "nachrichten abbestellen"},
		[]string{"lieferupdates stoppen", "lieferupdates abbestellen", "lieferupdates beenden", "liefer-updates stoppen", "lieferbenachrichtigungen stoppen", "lieferbenachrichtigungen abbestellen", "lieferinfos stoppen", "lieferstatus-updates stoppen", "versandupdates stoppen", "versandbenachrichtigungen stoppen", "zustellungsupdates stoppen", "zustellupdates stoppen"},
		[]string{"promotions starten", "promotions fortsetzen", "werbung starten", "werbung fortsetzen", "werbung erhalten", "werbeaktionen starten", "werbeaktionen fortsetzen", "angebote erhalten", "angebote abonnieren"},
	},
	"it": {
		[]string{"annulla iscrizione alle promo", "annulla iscrizione alle promozioni", "annulla iscrizione a promozioni", "annulla iscrizione promo", "annulla iscrizione promozioni", "disiscriviti dalle promo", "disiscriviti dalle promozioni", "interrompi promozioni", "interrompi le promozioni", "stop promozioni", "ferma promozioni", "blocca promozioni", "non ricevere promozioni"},
		[]string{"annulla tutte le iscrizioni", "annulla iscrizione a tutto", "annulla iscrizione a tutti", "disiscriviti da tutto", "interrompi tutti i messaggi", "interrompi messaggi", "stop messaggi"},
		[]string{"interrompi aggiornamenti di consegna", "interrompi aggiornamenti consegna", "interrompi aggiornamenti sulla consegna", "interrompi gli aggiornamenti di consegna", "interrompi notifiche di consegna", "stop aggiornamenti consegna", "stop aggiornamenti di consegna", "ferma aggiornamenti consegna"},
		[]string{"riprendi promozioni", "riprendi le promozioni", "avvia promozioni", "ricevi promozioni", "attiva promozioni"},
	},
	"nl": {
		[]string{"afmelden voor promo's", "afmelden voor promoties", "afmelden voor aanbiedingen", "afmelden voor reclame", "uitschrijven voor promo's", "uitschrijven voor promoties", "uitschrijven voor aanbiedingen", "promoties stoppen", "promo's stoppen", "stop promoties", "stop promo's", "aanbiedingen stoppen", "stop aanbiedingen", "reclame stoppen", "stop reclame"},
		[]string{"afmelden voor alles", "voor alles afmelden", "afmelden voor alle berichten", "uitschrijven voor alles", "voor alles uitschrijven", "uitschrijven voor alle berichten", "alle berichten stoppen", "stop alle berichten"},
		[]string{"bezorgupdates stoppen", "stop bezorgupdates", "leveringsupdates stoppen", "stop leveringsupdates", "bezorgmeldingen stoppen", "stop bezorgmeldingen", "updates over bezorging stoppen"},
		[]string{"promoties hervatten", "promoties starten", "promoties ontvangen", "aanbiedingen hervatten", "aanbiedingen ontvangen"},
	},
	"id": {
		[]string{"berhenti langganan promo", "berhenti langganan promosi", "berhenti langganan dari promo", "berhenti berlangganan promo", "berhenti berlangganan promosi", "berhenti berlangganan dari promo", "berhenti berlangganan dari promosi", "hentikan promosi", "hentikan promo", "stop promosi", "berhenti terima promo"},
		[]string{"berhenti langganan semua", "berhenti langganan dari semua", "berhenti berlangganan semua", "berhenti berlangganan dari semua", "hentikan semua pesan", "stop semua pesan"},
		[]string{"hentikan info pengiriman", "hentikan pembaruan pengiriman", "hentikan update pengiriman", "hentikan notifikasi pengiriman", "hentikan kabar pengiriman", "stop info pengiriman", "stop update pengiriman", "stop pembaruan pengiriman"},
		[]string{"mulai promosi", "mulai promo", "lanjutkan promosi", "lanjutkan promo", "terima promosi", "terima promo"},
	},
	"ms": {
		[]string{"berhenti melanggan promosi", "berhenti melanggan promo", "henti melanggan promosi", "nyahlanggan promosi", "nyahlanggan daripada promosi", "henti promosi"},
		[]string{"berhenti melanggan semua", "henti melanggan semua", "nyahlanggan semua", "nyahlanggan daripada semua", "henti semua mesej", "hentikan semua mesej"},
		[]string{"hentikan kemas kini penghantaran", "henti kemas kini penghantaran", "hentikan makluman penghantaran"},
		[]string{"mula promosi", "sambung promosi", "sambung semula promosi"},
	},
	"hi": {
		[]string{"प्रोमो से अनसब्सक्राइब करें", "प्रमोशन से अनसब्सक्राइब करें", "प्रचार से अनसब्सक्राइब करें", "प्रोमो की सदस्यता समाप्त करें", "प्रमोशन की सदस्यता समाप्त करें", "प्रोमो बंद करें", "प्रमोशन बंद करें", "प्रमोशन रोकें", "प्रचार बंद करें", "प्रचार रोकें", "ऑफ़र बंद करें", "विज्ञापन बंद करें"},
		[]string{"सभी से अनसब्सक्राइब करें", "सब से अनसब्सक्राइब करें", "सभी की सदस्यता समाप्त करें", "सभी सदस्यता समाप्त करें", "सभी संदेश बंद करें", "सभी मैसेज बंद करें"},
		[]string{"डिलीवरी अपडेट बंद करें", "डिलीवरी अपडेट रोकें", "डिलिवरी अपडेट बंद करें", "डिलिवरी अपडेट रोकें", "डिलीवरी की जानकारी बंद करें"},
		[]string{"प्रमोशन शुरू करें", "प्रमोशन फिर से शुरू करें", "प्रचार शुरू करें", "प्रचार फिर से शुरू करें"},
	},
	"ar": {
		[]string{"إلغاء الاشتراك في العروض", "إلغاء الاشتراك من العروض", "إلغاء الاشتراك في العروض الترويجية", "إلغاء الاشتراك من العروض الترويجية", "إلغاء الاشتراك بالعروض", "إلغاء الاشتراك في الإعلانات", "إيقاف العروض الترويجية", "إيقاف العروض", "إيقاف الترويج", "إيقاف الإعلانات", "إيقاف الرسائل الترويجية", "إيقاف الرسائل التسويقية"},
		[]string{"إلغاء الاشتراك في الكل", "إلغاء الاشتراك من الكل", "إلغاء الاشتراك من الجميع", "إلغاء جميع الاشتراكات", "إلغاء كل الاشتراكات", "إلغاء كافة الاشتراكات", "إيقاف جميع الرسائل", "إيقاف كل الرسائل", "إيقاف كافة الرسائل"},
		[]string{"إيقاف تحديثات التسليم", "إيقاف تحديثات التوصيل", "إيقاف إشعارات التوصيل", "إيقاف إشعارات التسليم", "إيقاف مستجدات التوصيل", "وقف تحديثات التوصيل"},
		[]string{"استئناف العروض", "استئناف العروض الترويجية", "بدء العروض الترويجية", "استقبال العروض"},
	},
	"he": {
		[]string{"הסרה מפרסומים", "הסרה ממבצעים", "הסרה מרשימת המבצעים", "ביטול הרשמה למבצעים", "ביטול הרשמה ממבצעים", "ביטול הרשמה מפרסומים", "ביטול מינוי למבצעים", "הפסקת מבצעים", "הפסק מבצעים", "הפסק פרסומות", "הפסקת פרסומות", "הפסקת הפרסומות", "הפסקת קידומי מכירות"},
		[]string{"הסרה מהכל", "הסרה מהכול", "ביטול הרשמה מהכל", "ביטול הרשמה מהכול", "ביטול הרשמה להכל", "ביטול כל המינויים", "ביטול כל ההרשמות", "הסרה מכל הדיוורים", "הסרה מרשימת הדיוור", "הפסקת כל ההודעות"},
		[]string{"הפסק עדכוני משלוח", "הפסקת עדכוני משלוח", "הפסקת עדכוני משלוחים", "עצור עדכוני משלוח", "הפסק עדכוני מסירה", "הפסקת עדכוני מסירה"},
		[]string{"חידוש מבצעים", "חידוש קבלת מבצעים", "קבלת מבצעים"},
	},
	"ru": {
		[]string{"отписаться от промо", "отписаться от промоакций", "отписаться от рекламы", "отписаться от акций", "отписаться от предложений", "отписаться от рекламных сообщений", "остановить промоакции", "остановить рекламу", "остановить акции", "отключить рекламу", "отключить промоакции", "прекратить рекламу"},
		[]string{"отписаться", "отписаться от всего", "отписаться от всех", "отписаться от всех сообщений", "отписаться от всех рассылок", "отписаться от рассылки", "остановить все сообщения"},
		[]string{"остановить уведомления о доставке", "отключить уведомления о доставке", "прекратить уведомления о доставке", "отписаться от уведомлений о доставке", "остановить обновления о доставке", "остановить обновления доставки", "не сообщать о доставке"},
		[]string{"возобновить рекламу", "возобновить акции", "возобновить промоакции", "включить рекламу", "получать акции", "получать рекламу"},
	},
	"tr": {
		[]string{"promosyonlardan çık", "promosyon aboneliğinden çık", "promosyonların aboneliğinden çık", "tanıtım aboneliğinden çık", "tanıtımlardan çık", "kampanya aboneliğinden çık", "kampanyalardan çık", "promosyonları durdur", "kampanyaları durdur", "reklamları durdur", "tanıtımları durdur"},
		[]string{"tümünden çık", "hepsinden çık", "tüm aboneliklerden çık", "tümünün aboneliğinden çık", "hepsinin aboneliğinden çık", "tüm mesajları durdur", "tüm abonelikleri iptal et"},
		[]string{"teslimat güncellemelerini durdur", "teslimat bildirimlerini durdur", "kargo güncellemelerini durdur", "kargo bildirimlerini durdur"},
		[]string{"promosyonları başlat", "promosyonlara devam et", "promosyonları sürdür", "kampanyaları başlat", "kampanyalara devam et"},
	},
	"pl": {
		[]string{"wypisz z promocji", "wypisz się z promocji", "wypisz mnie z promocji", "rezygnuję z promocji", "rezygnuj z promocji", "zrezygnuj z promocji", "zatrzymaj promocje", "wstrzymaj promocje", "wyłącz promocje", "anuluj subskrypcję promocji"},
		[]string{"wypisz ze wszystkiego", "wypisz się ze wszystkiego", "wypisz mnie ze wszystkiego", "anuluj wszystkie subskrypcje", "zrezygnuj ze wszystkich", "zatrzymaj wszystkie wiadomości", "rezygnuję ze wszystkiego"},
		[]string{"zatrzymaj powiadomienia o dostawie", "wstrzymaj powiadomienia o dostawie", "wyłącz powiadomienia o dostawie", "zatrzymaj aktualizacje dostawy", "zatrzymaj informacje o dostawie"},
		[]string{"wznów promocje", "włącz promocje", "odbieraj promocje"},
	},
	"zh": {
		[]string{
			"退订促销", "退订促销信息", "退订促销消息", "退订推广", "退订推广信息", "退订优惠", "退订优惠信息", "退订营销", "取消订阅促销", "取消订阅促销信息", "取消订阅推广", "取消订阅优惠", "停止促销", "停止促销信息", "停止推广", "停止优惠", "停止优惠信息", "停止营销",
			"退訂促銷", "退訂促銷訊息", "退訂推廣", "退訂優惠", "取消訂閱促銷", "取消訂閱促銷訊息", "取消訂閱推廣", "取消訂閱優惠", "停止促銷", "停止推廣", "停止優惠", "停止行銷", "停止促銷訊息", "停止推廣訊息",
		},
		[]string{"退订全部", "全部退订", "退订所有", "退订所有消息", "取消所有订阅", "取消全部订阅", "全部取消订阅", "取消订阅全部", "停止所有消息", "退訂全部", "全部退訂", "退訂所有", "取消所有訂閱", "取消全部訂閱", "全部取消訂閱", "取消訂閱全部", "停止所有訊息"},
		[]string{"停止配送更新", "停止物流更新", "停止送货更新", "停止派送更新", "停止配送通知", "停止物流通知", "停止送货通知", "停止发货通知", "停止配送消息", "停止送貨更新", "停止物流通知訊息", "停止送貨通知", "停止配送訊息", "停止運送更新", "停止運送通知"},
		[]string{"恢复促销", "开始促销", "恢复推广", "接收促销", "接收优惠", "恢復促銷", "開始促銷", "恢復推廣", "接收促銷", "接收優惠"},
	},
	"ja": {
		[]string{"プロモーションの配信停止", "プロモーション配信停止", "プロモーションの配信を停止", "プロモーションを停止", "プロモーション停止", "プロモーションの停止", "プロモの配信停止", "プロモーションの登録解除", "プロモーションの配信登録を解除", "プロモーションの受信を停止", "プロモーションの購読を解除", "広告の配信停止", "広告を停止", "広告配信停止", "お得情報の配信停止", "キャンペーンの配信停止"},
		[]string{"すべての配信停止", "すべての配信を停止", "すべて配信停止", "全ての配信停止", "全ての配信を停止", "すべての登録を解除", "すべて登録解除", "すべての購読を解除", "すべてのメッセージを停止", "全配信停止", "配信停止"},
		[]string{"配送通知を停止", "配送通知の停止", "配送通知停止", "配達通知を停止", "配達通知の停止", "配送状況の通知を停止", "配送状況の通知停止", "配送の更新を停止", "配送情報の配信停止", "配達状況の通知を停止", "お届け通知を停止"},
		[]string{"プロモーションを再開", "プロモーションの再開", "プロモーションを開始", "プロモーションの配信を再開", "広告を再開"},
	},
	"ko": {
		[]string{"프로모션 수신거부", "프로모션 수신 거부", "프로모션 구독 취소", "프로모션 구독 해지", "프로모션 수신 중지", "프로모션 중지", "프로모션 중단", "프로모션 메시지 중지", "광고 수신거부", "광고 수신 거부", "광고 수신 중지", "광고 중지", "홍보 수신거부", "홍보 중지", "마케팅 수신거부", "마케팅 수신 거부"},
		[]string{"전체 수신거부", "전체 수신 거부", "모두 수신거부", "모두 수신 거부", "모두 구독 취소", "전체 구독 취소", "모든 구독 취소", "모든 메시지 수신거부", "모든 메시지 중지", "수신거부"},
		[]string{"배송 알림 중지", "배송 알림 중단", "배송 알림 끄기", "배송 알림 수신거부", "배송 업데이트 중지", "배송 업데이트 중단", "배송 소식 중지", "배송 안내 중지"},
		[]string{"프로모션 재개", "프로모션 시작", "프로모션 받기", "프로모션 다시 받기"},
	},
	"th": {
		[]string{"ยกเลิกรับโปรโมชั่น", "ยกเลิกการรับโปรโมชั่น", "ยกเลิกการสมัครรับโปรโมชั่น", "ยกเลิกการติดตามโปรโมชั่น", "ยกเลิกการสมัครโปรโมชั่น", "หยุดโปรโมชั่น", "หยุดรับโปรโมชั่น", "หยุดการโปรโมต", "หยุดรับโฆษณา", "หยุดโฆษณา"},
		[]string{"ยกเลิกการรับทั้งหมด", "ยกเลิกรับทั้งหมด", "ยกเลิกการสมัครรับทั้งหมด", "ยกเลิกการสมัครทั้งหมด", "ยกเลิกการรับข้อความทั้งหมด", "ยกเลิกรับข้อความทั้งหมด", "หยุดรับข้อความทั้งหมด"},
		[]string{"หยุดการอัปเดตการจัดส่ง", "หยุดรับการอัปเดตการจัดส่ง", "หยุดอัปเดตการจัดส่ง", "หยุดข้อมูลอัปเดตการจัดส่ง", "หยุดแจ้งเตือนการจัดส่ง", "หยุดการแจ้งเตือนการจัดส่ง"},
		[]string{"รับโปรโมชั่นต่อ", "เริ่มรับโปรโมชั่น", "กลับมารับโปรโมชั่น"},
	},
	"vi": {
		[]string{"hủy đăng ký khuyến mãi", "hủy đăng ký nhận khuyến mãi", "hủy đăng ký khuyến mại", "hủy đăng ký quảng cáo", "hủy nhận khuyến mãi", "ngừng khuyến mãi", "dừng khuyến mãi", "ngừng nhận khuyến mãi", "dừng nhận khuyến mãi", "ngừng quảng cáo", "dừng quảng cáo", "ngừng nhận quảng cáo"},
		[]string{"hủy đăng ký tất cả", "hủy đăng ký toàn bộ", "hủy đăng ký nhận tất cả", "hủy tất cả đăng ký", "ngừng tất cả tin nhắn", "dừng tất cả tin nhắn"},
		[]string{"ngừng cập nhật giao hàng", "dừng cập nhật giao hàng", "ngừng thông báo giao hàng", "dừng thông báo giao hàng", "ngừng nhận cập nhật giao hàng", "dừng thông tin giao hàng"},
		[]string{"tiếp tục khuyến mãi", "nhận lại khuyến mãi", "tiếp tục nhận khuyến mãi", "bắt đầu khuyến mãi"},
	},
}
