package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// updatesPerWebhook is the most Meta puts into one delivery.
const updatesPerWebhook = 1000

// webhookWith is a delivery of n changes.
func webhookWith(n int, change func(i int) string) string {
	var b strings.Builder
	b.Grow(n * 512)
	fmt.Fprintf(&b, `{"object":"whatsapp_business_account","entry":[{"id":"%s","changes":[`, wabaID)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"%s","phone_number_id":"%s"},%s}}`,
			strings.TrimPrefix(displayNumber, "+"), phoneNumberID, change(i))
	}
	b.WriteString(`]}]}`)
	return b.String()
}

// wrote is the change that somebody wrote a text at a time, in seconds.
func wrote(who, id, text string, at int64) string {
	return fmt.Sprintf(`"contacts":[{"profile":{"name":"Person"},"wa_id":%q}],"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]`, who, who, id, at, text)
}

// message is one that was sent, as Meta's answer names it.
type message struct{ wamid, to string }

// became is the change that a message reached a status.
func (m message) became(status string, at int64) string {
	return fmt.Sprintf(`"statuses":[{"id":%q,"status":%q,"timestamp":"%d","recipient_id":%q,"pricing":{"billable":false,"pricing_model":"PMP","category":"service","type":"free_customer_service"}}]`,
		m.wamid, status, at, m.to)
}

// hook is a signed webhook with a body.
func (s *speaker) hook(body string) []byte {
	s.body = append(s.body[:0], body...)
	return s.post("/webhook", "application/json", graphsim.SignatureHeader+": "+graphsim.Sign(appSecret, s.body), s.body)
}

// inbound is the change that the next person wrote.
func (s *speaker) inbound() string {
	return wrote(contact(s.person()), fmt.Sprintf("wamid.IN%012d", s.serial.Add(1)), "Where is my order?", time.Now().Unix())
}

// webhooks are deliveries of n messages each.
func webhooks(n int) func(*speaker) script {
	return func(s *speaker) script {
		return func([]byte) step {
			return step{request: s.hook(webhookWith(n, func(int) string { return s.inbound() })), want: heard, units: 1}
		}
	}
}

// statusWords are the statuses of a message that is read, in turn.
var statusWords = []string{"sent", "delivered", "read"}

// status is a webhook of the status of a message.
func (s *speaker) status(m message, word string, at int64) []byte {
	return s.hook(webhookWith(1, func(int) string { return m.became(word, at) }))
}

// statuses are those of the messages that were sent to prepare, of each in turn.
// Every status is news: when all have been read, they are read a second later.
func statuses(s *speaker) script {
	n := 0
	began := time.Now().Unix()
	return func([]byte) step {
		i, word := n/len(statusWords), statusWords[n%len(statusWords)]
		n++
		later := int64(i / len(s.messages))
		return step{request: s.status(s.messages[i%len(s.messages)], word, began+later), want: heard, units: 1}
	}
}

// messageIn is the message that an answer tells of; the zero one if none.
func messageIn(answer []byte) message {
	return message{wamid: between(answer, `"messages":[{"id":"`), to: between(answer, `"wa_id":"`)}
}

// between is what follows a text, up to the next quotation mark.
func between(b []byte, before string) string {
	_, after, _ := bytes.Cut(b, []byte(before))
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

// sendsPerInbound is how many messages go out for one that comes in.
const sendsPerInbound = 10

// mixedDay is a send, its statuses as they come, and now and then a message that
// comes in. Sends are counted, with all that belongs to them.
func mixedDay(s *speaker) script {
	var newest message
	sends, left := 0, 0 // statuses of the newest send that are to come
	send := allowedSends(s)
	return func(answer []byte) step {
		if m := messageIn(answer); m.wamid != "" {
			newest, left = m, len(statusWords)
		}
		switch {
		case left > 0:
			word := statusWords[len(statusWords)-left]
			left--
			return step{request: s.status(newest, word, time.Now().Unix()), want: heard}
		case sends == sendsPerInbound:
			sends = 0
			return step{request: s.hook(webhookWith(1, func(int) string { return s.inbound() })), want: heard}
		}
		sends++
		return send(nil)
	}
}
