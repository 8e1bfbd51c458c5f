package main

import (
	"strconv"
	"strings"
)

// The business the sends are from.
const (
	phoneNumberID = "104455667788"
	wabaID        = "102290129340398"
	displayNumber = "+493055500199"
	templateName  = "order_shipped"
)

// bearer is an access token as long as Meta's are.
var bearer = "Bearer EAA" + strings.Repeat("k", 200)

const messagesPath = "/v23.0/" + phoneNumberID + "/messages"

// textTo is a send of 220 bytes.
func textTo(to string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":"` + to + `","type":"text","text":{"preview_url":false,"body":"` +
		`Thank you for your order. It comes tomorrow between nine and noon. Just ask us here.` + `"}}`
}

// templateTo is one of 617 bytes.
func templateTo(to string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":"` + to + `","type":"template","template":{"name":"` + templateName +
		`","language":{"code":"en_US"},"components":[{"type":"header","parameters":[{"type":"text","text":"Ana"}]},{"type":"body","parameters":[` +
		`{"type":"text","text":"4711-0815"},{"type":"text","text":"tomorrow between nine and noon"},{"type":"text","text":"the parcel shop around the corner, where it waits for seven days"},` +
		`{"type":"text","text":"two pairs of shoes, a shirt and a bottle"}]},{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"4711-0815"}]}]}}`
}

// post is a request, ready for the wire.
func (s *speaker) post(path, contentType, header string, body []byte) []byte {
	b := append(s.buf[:0], "POST "...)
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, s.host...)
	b = append(b, "\r\nUser-Agent: bench\r\nAccept: application/json\r\n"...)
	b = append(b, header...)
	b = append(b, "\r\nContent-Type: "...)
	b = append(b, contentType...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	s.buf = append(b, body...)
	return s.buf
}

// send is a send with a body.
func (s *speaker) send(body string) []byte {
	s.body = append(s.body[:0], body...)
	return s.post(messagesPath, "application/json", "Authorization: "+bearer, s.body)
}

// to is the next person's number as this sender writes it.
func (s *speaker) to(number func(int) string) string {
	i := s.person()
	return s.spell(number(i), i)
}

// acceptedSend is a send that must be accepted.
func (s *speaker) acceptedSend(body func(to string) string) step {
	return step{request: s.send(body(s.to(contact))), want: accepted, units: 1, made: counts{1, 1}}
}

func textSends(s *speaker) script {
	return func([]byte) step { return s.acceptedSend(textTo) }
}

func templateSends(s *speaker) script {
	return func([]byte) step { return s.acceptedSend(templateTo) }
}

func allowedSends(s *speaker) script {
	body, next := textTo, templateTo
	return func([]byte) step {
		body, next = next, body
		return s.acceptedSend(body)
	}
}

func refusedSends(s *speaker) script {
	return func([]byte) step {
		want := accepted
		if s.gateway {
			want = refused
		}
		return step{request: s.send(textTo(s.to(stranger))), want: want, units: 1, made: counts{1, 0}}
	}
}

// elementsPerBatch is the most Meta takes.
const elementsPerBatch = 50

func batches(s *speaker) script {
	return func([]byte) step {
		b := append(s.body[:0], `{"include_headers":false,"batch":[`...)
		for i := range elementsPerBatch {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"method":"POST","relative_url":"v23.0/`+phoneNumberID+`/messages","body":`...)
			b = strconv.AppendQuote(b, textTo(s.to(contact)))
			b = append(b, '}')
		}
		s.body = append(b, `]}`...)
		request := s.post("/v23.0/", "application/json", "Authorization: "+bearer, s.body)
		return step{request: request, want: answer{200, `wamid.`}, units: elementsPerBatch, made: counts{elementsPerBatch, elementsPerBatch}}
	}
}

// uploadSize is that of a photo.
const uploadSize = 1 << 20

const uploadBoundary = "bench-7f2d4c"

// upload is the body of an upload. All uploads are of the same bytes.
var upload = []byte("--" + uploadBoundary + "\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--" + uploadBoundary +
	"\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/jpeg\r\n--" + uploadBoundary +
	"\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" +
	strings.Repeat("\xff\xd8photo\x00", uploadSize/8) + "\r\n--" + uploadBoundary + "--\r\n")

func uploads(s *speaker) script {
	request := s.post("/v23.0/"+phoneNumberID+"/media", "multipart/form-data; boundary="+uploadBoundary, "Authorization: "+bearer, upload)
	return func([]byte) step { return step{request: request, want: mediaTaken, units: 1} }
}
