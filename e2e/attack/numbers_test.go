package attack

import (
	"maps"
	"slices"
	"strings"
)

// numberAttacks are the ways to name a person so that the gateway looks up
// another one, or nobody.
var numberAttacks = slices.Concat([]row{
	try("number/spelling/spaces", "writes spaces", send(text("+49 151 999 00001")), windowClosed, "Meta drops them, so does the gateway"),
	try("number/spelling/hyphens", "writes hyphens", send(text("+49-151-99900001")), windowClosed, "Meta drops them, so does the gateway"),
	try("number/spelling/parentheses", "writes parentheses", send(text("+49 (151) 99900001")), windowClosed, "Meta drops them, so does the gateway"),
	try("number/spelling/no-plus", "leaves the plus out", send(text(closed[1:])), windowClosed, "full international digits need none"),
	try("number/spelling/zeros", "writes 00 for the plus", send(text("00"+closed[1:])), windowClosed, "the international prefix"),
	try("number/spelling/zeros-allowed", "writes 00 for the plus of an allowed number", send(text("00"+allowed[1:])), judged("text to allowed"), "one reading, one person"),
	try("number/spelling/formatted-allowed", "formats an allowed number", send(text("+49 (151) 123-45678")), judged("text to allowed"), "one reading, one person"),
	try("number/spelling/trunk-zero-inside", "writes the national 0 in parentheses", send(text("+49 (0)151 99900001")), windowClosed, "people write it; it is the same person"),
	try("number/spelling/trunk-zero-inside-stopped", "writes the national 0 of someone who said STOP", send(template("+490"+stopped[3:], "summer_sale")), optedOut, "it is the same person"),
	try("number/spelling/trunk-zero-allowed", "writes the national 0 of an allowed number", send(text("+49 (0)151 12345678")), judged("text to allowed"), "it is the same person"),
	try("number/spelling/trunk-zero", "writes a national number", send(text("015199900001")), badRecipient, "which country's can't be told for sure"),
	try("number/spelling/three-zeros", "writes 000", send(text("000"+closed[1:])), badRecipient, "no prefix"),
	try("number/spelling/plus-zero", "writes +0", send(text("+0"+closed[1:])), badRecipient, "no country"),
	try("number/spelling/two-pluses", "writes ++", send(text("+"+closed)), badRecipient, "readers drop one or both"),
	try("number/spelling/plus-behind", "writes the plus behind the number", send(text(closed[1:]+"+")), badRecipient, "readers drop it or not"),
	try("number/spelling/two-readings", "writes digits that are somebody in America and somebody in Germany", send(text("15112345678")), judged("text to allowed"), "no numbering plan has it in America, so it is the German; an American who wrote from it would be meant"),
	try("number/spelling/dots", "writes dots", send(text("+49.151.99900001")), badRecipient, "not documented; readers drop them or not"),
	try("number/spelling/slash", "writes a slash", send(text("+49/151/99900001")), badRecipient, "not documented; readers drop them or not"),
	try("number/spelling/tab", "writes a tab", send(text(`+49\t15199900001`)), badRecipient, "not documented; readers drop them or not"),
	try("number/spelling/extension", "adds an extension", send(text(closed+";ext=1")), badRecipient, "not a phone number"),
	try("number/spelling/uri", "writes tel:", send(text("tel:"+closed)), badRecipient, "not a phone number"),
	try("number/spelling/jid", "writes the name inside WhatsApp", send(text(closed[1:]+"@s.whatsapp.net")), badRecipient, "not a phone number"),
	try("number/spelling/letters", "writes letters of a dial", send(text("+49151CALLNOW")), badRecipient, "readers dial or drop them"),
	try("number/spelling/letter-o", "writes the letter O for zero", send(text("+491519990000O1")), badRecipient, "readers drop it"),
	try("number/spelling/too-long", "adds digits", send(text(closed+"1234")), badRecipient, "a network ignores what is too much"),
	try("number/spelling/too-short", "leaves digits out", send(text("+49151")), badRecipient, "nobody's number"),

	try("number/unicode/arabic", "writes Arabic digits", send(text("+٤٩١٥١٩٩٩٠٠٠٠١")), badRecipient, "some readers take them for digits"),
	try("number/unicode/full-width", "writes full-width digits", send(text("+４９15199900001")), badRecipient, "normalisation makes digits of them"),
	try("number/unicode/full-width-plus", "writes a full-width plus", send(text("＋"+closed[1:])), badRecipient, "normalisation makes a plus of it"),
	try("number/unicode/superscript", "adds a superscript digit", send(text(allowed[:len(allowed)-1]+"⁸")), badRecipient, "normalisation makes a digit of it"),
	try("number/unicode/zero-width", "hides a zero-width space", send(text("+49\u200b15199900001")), badRecipient, "some readers drop what is invisible"),
	try("number/unicode/direction", "starts with a right-to-left mark", send(text("\u200f"+closed)), badRecipient, "some readers drop what is invisible"),
	try("number/unicode/no-break-space", "writes a no-break space", send(text("+49\u00a015199900001")), badRecipient, "some readers take it for a space"),
	try("number/unicode/hyphen", "writes a typographic hyphen", send(text("+49‐15199900001")), badRecipient, "some readers take it for a hyphen"),
	try("number/unicode/combining", "adds a combining mark", send(text(closed+"\u0301")), badRecipient, "some readers drop it"),

	try("number/user-id/in-to", "writes a user id into to", send(text(closedID)), badRecipient, "Meta takes its digits for a phone number"),
	try("number/user-id/allowed-in-to", "writes the user id of an allowed person into to", send(text(allowedID)), badRecipient, "Meta takes its digits for a phone number"),
	try("number/user-id/digits-in-to", "writes a user id whose digits are somebody's number into to", send(text("DE."+closed[1:])), badRecipient, "Meta takes its digits for a phone number"),
	try("number/user-id/closed", "writes to a user id nobody knows", send(message(`"recipient":"`+closedID+`",`+body)), windowClosed, "judged like a phone number"),
	try("number/user-id/allowed", "writes to the user id of an allowed person", send(message(`"recipient":"`+allowedID+`",`+body)), judged("text to allowed"), "judged like a phone number"),
	try("number/user-id/lower-case", "writes the user id in lower case", send(message(`"recipient":"`+strings.ToLower(closedID)+`",`+body)), badRecipient, "nobody says that it is the same person"),
	try("number/user-id/phone-in-recipient", "writes a phone number into recipient", send(message(`"recipient":"`+closed+`",`+body)), badRecipient, "the field is for user ids"),
	try("number/user-id/space", "writes a space before the user id", send(message(`"recipient":" `+closedID+`",`+body)), badRecipient, "some reader trims"),
	try("number/user-id/array", "writes a list of user ids", send(message(`"recipient":["`+allowedID+`","`+closedID+`"],`+body)), badRecipient, "one message, one recipient"),
	try("number/both/conflict", "names an allowed phone number and somebody else's user id", send(message(toAllowed+`,"recipient":"`+closedID+`",`+body)), refused(400, "RECIPIENT_CONFLICT"), "with both, to wins at Meta, they say"),
	try("number/both/conflict-other-way", "names a forbidden phone number and an allowed user id", send(message(toClosed+`,"recipient":"`+allowedID+`",`+body)), refused(400, "RECIPIENT_CONFLICT"), "with both, to wins at Meta, they say"),
	try("number/both/same", "names one person twice", send(message(toAllowed+`,"recipient":"`+allowedID+`",`+body)), judged("text to allowed"), "webhooks have tied the two names together"),
	try("number/both/array", "hides a second recipient beside to", send(message(toAllowed+`,"recipient":["`+closedID+`"],`+body)), badRecipient, "one message, one recipient"),
	try("number/both/group", "names a group and a user id", send(message(`"to":"`+group+`","recipient_type":"group","recipient":"`+closedID+`",`+body)), badRecipient, "one message, one recipient"),

	try("person/alias/stop-under-user-id", "sends marketing to the phone number of someone who said STOP under a user id", send(template(twin, "summer_sale")), optedOut, "both are one person; blocked by any name is blocked"),
	try("person/alias/stop-by-user-id", "sends marketing to the user id", send(message(`"recipient":"`+twinID+`","type":"template",`+sale)), optedOut, "both are one person; blocked by any name is blocked"),
	try("person/changed/opt-out-carries-over", "sends marketing to the new number of someone who opted out with the old", send(template(moverNew, "summer_sale")), optedOut, "opt-outs carry over, also over an opt-in the number had before"),
	try("person/changed/window-does-not", "sends a text to the new number of someone who wrote from the old", send(text(moverNew)), windowClosed, "windows don't carry over until the person writes"),
	try("person/changed/old-number", "sends marketing to the old number", send(template(mover, "summer_sale")), optedOut, "it opted out"),
}, abroadAttacks())

// abroadAttacks send marketing to every spelling of people who opted out under
// one of them and had opted in under each before.
func abroadAttacks() []row {
	var rows []row
	for _, country := range slices.Sorted(maps.Keys(abroad)) {
		for i, spelled := range abroad[country] {
			for _, way := range []struct{ name, to string }{
				{"plus", spelled}, {"digits", spelled[1:]}, {"zeros", "00" + spelled[1:]}, {"spaces", spelled[:3] + " " + spelled[3:5] + " " + spelled[5:]},
			} {
				name := "person/" + country + "/" + string(rune('a'+i)) + "/" + way.name
				rows = append(rows, try(name, "sends marketing to "+way.to+", who opted out as "+abroad[country][0],
					send(template(way.to, "summer_sale")), optedOut, "WhatsApp takes the spellings for one line, so they are one person"))
			}
		}
	}
	return rows
}
