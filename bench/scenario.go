package main

import (
	"fmt"
	"net/http"
	"strings"
)

// The business the sends are from.
const (
	phoneNumberID = "104455667788"
	wabaID        = "102290129340398"
	displayNumber = "+493055500199"
	templateName  = "order_shipped"
)

// scenario is one kind of send.
type scenario struct {
	Name  string
	About string
	// body is the send to a phone number.
	body func(to string) string
	// to is the phone number of person i.
	to func(i int) string
	// want is what the gateway answers. Plain Caddy answers as the upstream does.
	want answer
}

// answer is the status of an answer and something its body must have.
type answer struct {
	status int
	holds  string
}

var accepted = answer{http.StatusOK, `"wamid.`}

var scenarios = []scenario{
	{"text", "text messages to people whose customer service window is open", textBody, contact, accepted},
	{"template", "marketing template messages to people who opted in", templateBody, contact, accepted},
	{
		"refused", "text messages to people who never wrote; the gateway refuses them, plain Caddy passes them on", textBody, stranger,
		answer{http.StatusBadRequest, `131047`},
	},
}

// contact is the phone number of a person the gateway knows.
func contact(i int) string { return fmt.Sprintf("+49151%08d", i) }

// stranger is the phone number of a person it doesn't know.
func stranger(i int) string { return fmt.Sprintf("+49152%08d", i) }

// textBody has some 400 bytes.
func textBody(to string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":"` + to + `","type":"text","text":{"preview_url":false,"body":"` +
		`Hello and thank you for your order. It was packed this morning and handed to the carrier, who will bring it tomorrow between nine and noon. ` +
		`If nobody is at home it goes to the parcel shop around the corner, where it waits for you for seven days. Reply here for anything else.` + `"}}`
}

func templateBody(to string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":"` + to + `","type":"template","template":{"name":"` + templateName +
		`","language":{"code":"en_US"},"components":[{"type":"header","parameters":[{"type":"text","text":"Ana"}]},{"type":"body","parameters":[` +
		`{"type":"text","text":"4711-0815"},{"type":"text","text":"tomorrow between nine and noon"},{"type":"text","text":"the parcel shop around the corner"}]}]}}`
}

// request is the whole request of a send, ready for the wire. The token is as
// long as Meta's are.
func (s *scenario) request(host string, i int) []byte {
	body := s.body(s.to(i))
	return fmt.Appendf(nil, "POST /v23.0/%s/messages HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: application/json\r\n"+
		"Authorization: Bearer EAA%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		phoneNumberID, host, strings.Repeat("k", 200), len(body), body)
}
