package demo

import (
	"encoding/json"
	"fmt"
)

// message is something the shop sends to the customer.
type message struct {
	text     string // of a text
	template string // name of a template
	order    string // what it is about: biz_opaque_callback_data
}

func text(body string) message     { return message{text: body} }
func template(name string) message { return message{template: name} }

// markAsRead marks the customer's newest message as read.
func markAsRead() message { return message{} }

// receipt reports that m is a read receipt, which is no message to WhatsApp.
func (m message) receipt() bool { return m.text == "" && m.template == "" }

// about is m tied to an order, which the shop names in
// biz_opaque_callback_data.
func (m message) about(order string) message {
	m.order = order
	return m
}

// String is m as the story tells it.
func (m message) String() string {
	var s string
	switch {
	case m.receipt():
		s = "marks the message as read"
	case m.template != "":
		s = "sends the template " + m.template
	default:
		s = fmt.Sprintf("sends the text %q", m.text)
	}
	if m.order != "" {
		s += ", about " + m.order
	}
	return s
}

// wire is a message as the Cloud API takes it.
type wire struct {
	Product   string        `json:"messaging_product"`
	Status    string        `json:"status,omitempty"`
	MessageID string        `json:"message_id,omitempty"`
	To        string        `json:"to,omitempty"`
	Type      string        `json:"type,omitempty"`
	Text      *wireText     `json:"text,omitempty"`
	Template  *wireTemplate `json:"template,omitempty"`
	Order     string        `json:"biz_opaque_callback_data,omitempty"`
}

type wireText struct {
	Body string `json:"body"`
}

type wireTemplate struct {
	Name     string       `json:"name"`
	Language wireLanguage `json:"language"`
}

type wireLanguage struct {
	Code string `json:"code"`
}

// body is m as the Cloud API takes it. lastInbound is the wamid of the newest
// message of the customer.
func (m message) body(lastInbound string) []byte {
	w := wire{Product: "whatsapp", Order: m.order}
	switch {
	case m.receipt():
		w.Status, w.MessageID = "read", lastInbound
	case m.template != "":
		w.To, w.Type, w.Template = customerNumber, "template", &wireTemplate{m.template, wireLanguage{"en"}}
	default:
		w.To, w.Type, w.Text = customerNumber, "text", &wireText{m.text}
	}
	raw, err := json.Marshal(w)
	if err != nil {
		panic("demo: strings always encode: " + err.Error())
	}
	return raw
}
