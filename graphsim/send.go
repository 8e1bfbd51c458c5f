package graphsim

import (
	"slices"
	"time"
)

// Outcome is what the platform reports about an accepted send. The zero value is silence, which happens too.
type Outcome struct {
	// Statuses follow in this order, usually "sent", "delivered", "read".
	Statuses []string
	// Code, if set, is the error of a final "failed" status.
	Code int
	// Billed is the category that statuses tell in place of the message's own: of an account that is charged
	// authentication-international rates, or offers an assistant. Default: the message's own.
	Billed string
}

// Usual outcomes.
var (
	sentOnly         = Outcome{Statuses: []string{"sent"}}
	sentAndDelivered = Outcome{Statuses: []string{"sent", "delivered"}}
)

// message is an accepted send with what later statuses need.
type message struct {
	Send
	number    *Number
	contact   *contact // nil for groups and for people the Sim has not met
	group     *Group
	freeEntry bool // sent within the free entry point window, or starting it
	settled   bool // pricing went out with delivered or read, and the message was counted
}

// SetOutcome installs f to decide what follows each accepted send; f sees the platform's own verdict in Send.Outcome
// and returns it, or another. It is called on the request's goroutine. Nil restores the platform's verdict.
func (s *Sim) SetOutcome(f func(Send) Outcome) {
	if f == nil {
		s.outcome.Store(nil)
		return
	}
	s.outcome.Store(&f)
}

// sendMessage serves both send endpoints in all three dialects.
func (s *Sim) sendMessage(c *call, number *Number) reply {
	if isReceipt, e := readReceipt(c.params); isReceipt {
		if e != nil {
			return s.refuse(c, e)
		}
		return success()
	}
	out, e := readSend(c.params, number, c.dialect)
	if e != nil {
		return s.refuse(c, e)
	}
	snd := Send{
		At: s.clock(), PhoneNumberID: number.ID, Endpoint: Endpoint(c.edge),
		To: out.to, Recipient: out.recipient, Type: out.kind, Interactive: out.subtype,
		Category: "service", DirectSend: out.direct != "", ContextID: out.contextID, Callback: out.callback,
	}
	held := false
	switch {
	case out.kind == "template" || out.kind == "hsm":
		held, e = s.fillTemplate(&snd, out)
	case snd.Endpoint == EndpointMarketing:
		e = fail(131055, "Only marketing templates can be sent here")
	case snd.DirectSend:
		snd.Category = out.direct
		if len(s.opts.DirectSend) == 0 {
			e = fail(100, "This category value requires Direct Send, which is not enabled for the account")
		}
	}
	if e != nil {
		return s.refuse(c, e)
	}
	m := &message{Send: snd, number: number}
	if e := s.judge(m, out, held); e != nil {
		return s.refuse(c, e)
	}
	m.ID = s.ids.wamid()
	if decide := s.outcome.Load(); decide != nil {
		m.Outcome = (*decide)(m.Send)
	}
	s.truth.mu.Lock()
	s.truth.keep(m)
	s.truth.mu.Unlock()
	if s.record.on {
		recorded := m.Send
		recorded.Body = c.body
		s.record.send(recorded)
	}
	for _, status := range m.Outcome.Statuses {
		s.outbox.add(waiting{message: m, status: status})
	}
	if m.Outcome.Code != 0 {
		s.outbox.add(waiting{message: m, status: statusFailed, code: m.Outcome.Code})
	}
	return s.accepted(c, m, held)
}

// fillTemplate resolves the template of a send.
func (s *Sim) fillTemplate(snd *Send, out *outgoing) (held bool, e *graphError) {
	name := "name"
	if out.kind == "hsm" {
		name = "element_name"
	}
	snd.Template, snd.Language = textAt(out.payload, name), textAt(out.payload, "language.code")
	endpoint, payload := snd.Endpoint, out.payload
	t, e := s.templates.sendable(snd.Template, snd.Language, payload, endpoint)
	if e != nil {
		return false, e
	}
	if t.Category == "AUTHENTICATION" && out.to == "" {
		return false, fail(131062, "Authentication templates need a phone number")
	}
	snd.Category = templateCategory(t.Category, endpoint)
	return t.Held, nil
}

// judge resolves the recipient and decides what becomes of the message. All but an unknown group is decided
// asynchronously: the caller gets a wamid, and a failed status later.
func (s *Sim) judge(m *message, out *outgoing, held bool) *graphError {
	t := s.truth
	t.mu.Lock()
	defer t.mu.Unlock()
	key := pairKey{number: m.number.ID}
	switch {
	case out.group:
		if m.group = t.groups[out.to]; m.group == nil {
			return fail(131041, "The group is not known")
		}
		key.group = out.to
	case out.lostUserID:
		m.WaID = onlyDigits(out.phone)
	case out.to != "":
		m.WaID = canonicalWaID(out.phone)
		if m.contact = t.contacts[phoneClass(out.phone)]; m.contact != nil {
			m.WaID = m.contact.user.WaID
		}
	default:
		m.contact = t.contacts[out.recipient]
	}
	key.contact = m.contact
	var p *pair
	if m.contact != nil || m.group != nil { // an empty key must not name a conversation
		p = t.pairs[key]
	}
	m.WindowOpen = p.windowOpen(m.At)
	m.freeEntry = m.group == nil && p.freeEntry(m.At)
	m.Outcome = s.verdict(m, out, held)
	return nil
}

// verdict is the platform's own outcome. It must be called with the truth's lock held.
func (s *Sim) verdict(m *message, out *outgoing, held bool) Outcome {
	classic := m.Template == "" && !m.DirectSend
	marketing := m.Category == "marketing" || m.Category == "marketing_lite"
	switch {
	case out.lostUserID:
		return Outcome{}
	case m.contact == nil && m.group == nil && out.to == "":
		return Outcome{Code: 131026} // a user id nobody has
	case m.contact != nil && s.truth.isBlocked(m.number.ID, m.contact):
		return Outcome{Code: 131026}
	case marketing && m.contact != nil && m.contact.stopped:
		return Outcome{Code: 131050}
	case classic && !m.WindowOpen:
		return Outcome{Code: 131047}
	case m.DirectSend && !slices.Contains(s.opts.DirectSend, m.Category):
		return Outcome{Code: 131047} // as measured for authentication without full access
	case held:
		return Outcome{}
	case out.kind == "reaction":
		return sentOnly
	default:
		return sentAndDelivered
	}
}

// sendContact and sendResult are the parts of a success body.
type sendContact struct {
	Input  string `json:"input"`
	WaID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type sendResult struct {
	ID      string `json:"id"`
	GroupID string `json:"group_id,omitempty"`
	Status  string `json:"message_status,omitempty"`
}

type sendAnswer struct {
	Product  string        `json:"messaging_product"`
	Contacts []sendContact `json:"contacts"`
	Messages []sendResult  `json:"messages"`
}

var onPremisesMeta = object{"api_status": "stable", "version": "2.53"}

// accepted is the success body: queued, not delivered.
func (s *Sim) accepted(c *call, m *message, held bool) reply {
	result := sendResult{ID: m.ID}
	if c.dialect == dialectOnPremises {
		return ok(object{"messages": []sendResult{result}, "meta": onPremisesMeta})
	}
	if m.Template != "" {
		result.Status = "accepted"
		if held {
			result.Status = "held_for_quality_assessment"
		}
	}
	who := sendContact{Input: m.To, WaID: m.WaID}
	if m.group != nil {
		result.GroupID = m.To
	} else if m.Recipient != "" {
		who.Input, who.UserID = orElse(m.To, m.Recipient), m.Recipient
	}
	return ok(sendAnswer{"whatsapp", []sendContact{who}, []sendResult{result}})
}

// expires is when the free entry point the message belongs to ends.
func (p *pair) expires(now time.Time) time.Time {
	if p.freeUntil.After(now) {
		return p.freeUntil
	}
	return now.Add(freeEntryLength)
}
