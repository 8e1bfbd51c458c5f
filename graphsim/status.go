package graphsim

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"
)

const (
	statusDelivered = "delivered"
	statusRead      = "read"
	statusSent      = "sent"
	statusFailed    = "failed"
)

// statusWords are the values of statuses[].status. deleted and warning are known from older documents only.
var statusWords = map[string]bool{
	statusSent: true, statusDelivered: true, statusRead: true, "played": true, statusFailed: true,
	"deleted": true, "warning": true,
}

type conversationOrigin struct {
	Type string `json:"type"`
}

type conversation struct {
	ID      string             `json:"id"`
	Expires string             `json:"expiration_timestamp,omitempty"`
	Origin  conversationOrigin `json:"origin"`
}

type statusEntry struct {
	ID                    string        `json:"id"`
	Type                  string        `json:"type,omitempty"` // "call" for calls, absent for messages
	Status                string        `json:"status"`
	Timestamp             string        `json:"timestamp"`
	RecipientID           string        `json:"recipient_id,omitempty"`
	RecipientUserID       string        `json:"recipient_user_id,omitempty"`
	RecipientParentUserID string        `json:"recipient_parent_user_id,omitempty"`
	RecipientType         string        `json:"recipient_type,omitempty"`
	ParticipantID         string        `json:"recipient_participant_id,omitempty"`
	ParticipantUserID     string        `json:"recipient_participant_user_id,omitempty"`
	Conversation          *conversation `json:"conversation,omitempty"`
	Pricing               *Pricing      `json:"pricing,omitempty"`
	Callback              string        `json:"biz_opaque_callback_data,omitempty"`
	Errors                []asyncError  `json:"errors,omitempty"`
}

// Status reports one status of a message now, outside the queue: "sent", "delivered", "read", "played", and "deleted"
// or "warning" as old documents have them. For "failed" use [Sim.Fail].
func (s *Sim) Status(ctx context.Context, wamid, status string) error {
	u, err := s.StatusUpdate(wamid, status, 0)
	if err != nil {
		return err
	}
	return s.send(ctx, u)
}

// Fail reports a "failed" status with an error code of the Graph API, for example 131049.
func (s *Sim) Fail(ctx context.Context, wamid string, code int) error {
	u, err := s.StatusUpdate(wamid, statusFailed, code)
	if err != nil {
		return err
	}
	return s.send(ctx, u)
}

// StatusUpdate makes the update behind [Sim.Status] and [Sim.Fail]; code matters for "failed" only.
func (s *Sim) StatusUpdate(wamid, status string, code int) (Update, error) {
	if !statusWords[status] {
		return Update{}, fmt.Errorf("%w: %q", ErrUnknownStatus, status)
	}
	s.truth.mu.Lock()
	m := s.truth.messages[wamid]
	s.truth.mu.Unlock()
	if m == nil {
		return Update{}, fmt.Errorf("%w: %q", ErrUnknownMessage, wamid)
	}
	return s.statusUpdate(m, status, code), nil
}

// statusUpdate forms a status and lets it change the truth: a delivery starts the free entry point window and uses
// up a free service message.
func (s *Sim) statusUpdate(m *message, status string, code int) Update {
	now := s.clock()
	t := s.truth
	t.mu.Lock()
	defer t.mu.Unlock()
	value := m.number.value()
	base := statusEntry{
		ID: m.ID, Status: status, Timestamp: strconv.FormatInt(now.Unix(), 10), Callback: m.Callback,
	}
	if status == statusFailed {
		base.Errors = []asyncError{newAsyncError(code, "")}
	} else {
		base.Conversation, base.Pricing = t.priced(m, status, now)
	}
	if m.group != nil {
		value.Statuses = groupStatuses(base, m.group)
		return Update{Field: "messages", Value: value, ID: m.ID}
	}
	u := m.shownUser()
	base.RecipientID, base.RecipientUserID, base.RecipientParentUserID = u.WaID, u.UserID, u.ParentUserID
	if status == statusFailed {
		// Failed statuses have no contacts, and no user ids if the send named a phone number.
		if m.To != "" {
			base.RecipientUserID, base.RecipientParentUserID = "", ""
		}
	} else {
		value.Contacts = []webhookContact{u.contact()}
	}
	value.Statuses = []statusEntry{base}
	return Update{Field: "messages", Value: value, ID: m.ID}
}

// shownUser is the recipient as statuses may show them: a hidden phone stays hidden unless the business used it.
func (m *message) shownUser() User {
	if m.contact == nil {
		u := User{WaID: m.WaID}
		if m.To == "" {
			u.UserID = m.Recipient
		}
		return u
	}
	u := m.contact.user
	if m.To == "" && u.HidePhone {
		u.WaID = ""
	}
	u.HidePhone = false
	return u
}

// groupStatuses is one status per member, in one webhook.
func groupStatuses(base statusEntry, g *Group) []statusEntry {
	base.RecipientType, base.RecipientID = "group", g.ID
	out := make([]statusEntry, 0, max(len(g.Members), 1))
	for _, member := range g.Members {
		one := base
		one.ParticipantID, one.ParticipantUserID = member.shownWaID(), member.UserID
		out = append(out, one)
	}
	if len(out) == 0 {
		out = append(out, base)
	}
	return out
}

// priced gives conversation and pricing of a status. Pricing comes with sent, and with the first of delivered and
// read. It must be called with the lock held.
func (t *truth) priced(m *message, status string, now time.Time) (*conversation, *Pricing) {
	deliveredNow := (status == statusDelivered || status == statusRead) && !m.settled
	if status != statusSent && !deliveredNow {
		return nil, nil
	}
	month := monthOf(m.number.ID, now, t.zone)
	pricing := charge{
		category:   cmp.Or(m.Outcome.Billed, m.Category),
		group:      m.group != nil,
		windowOpen: m.WindowOpen,
		freeEntry:  m.freeEntry,
		freeLeft:   t.delivered[month] < freeServiceMessages,
	}.price(now, t.zone)
	var conv *conversation
	if p := t.pairs[pairKey{number: m.number.ID, contact: m.contact}]; m.freeEntry && p != nil {
		conv = &conversation{ID: p.conversation, Origin: conversationOrigin{"referral_conversion"}}
		if status == statusSent {
			conv.Expires = strconv.FormatInt(p.expires(now).Unix(), 10)
		}
		if deliveredNow && !now.Before(p.freeUntil) {
			p.freeUntil, p.adClick = now.Add(freeEntryLength), time.Time{}
		}
	}
	if deliveredNow {
		m.settled = true
		t.charge(m, &pricing, now)
		if m.Category == "service" && !m.freeEntry {
			// Each copy to a group member is a delivery of its own.
			copies := 1
			if m.group != nil {
				copies = max(len(m.group.Members), 1)
			}
			t.delivered[month] += copies
		}
	}
	return conv, &pricing
}
