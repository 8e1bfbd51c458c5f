package webhook

import (
	"encoding/json"

	"github.com/waguard/waguard/policy"
)

// consent tells what a message says about consent, or may say. In a group only an opt-out
// counts: all members read it, but one of them has written it. Where nobody knows
// when a message was written, an opt-out holds from the delivery on, and an opt-in
// doesn't count. Opt-outs and opt-ins keep the time WhatsApp tells, be it after the
// delivery: they are compared with one another.
func (r *reader) consent(m *userMessage, meaning policy.Meaning, source policy.Source, who []policy.Identity, at policy.Moment) {
	switch {
	case meaning.Suspected:
		// Somebody must read it before anything is sold to the person again.
		at = r.optOutAt(m.Timestamp)
		meaning = policy.Meaning{State: policy.OptOutSuspected, Scopes: []policy.Scope{policy.Marketing}}
	case !meaning.Changes():
		return
	case meaning.State == policy.OptedOut:
		at = r.optOutAt(m.Timestamp)
	case m.GroupID != "" || at == 0:
		return
	default:
		at = r.told(m.Timestamp)
	}
	if at == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	r.add(policy.ConsentChanged{
		PhoneNumberID: r.phoneNumberID, Who: who, At: at,
		State: meaning.State, Scopes: meaning.Scopes, General: meaning.General, Answer: meaning.Answer, Tap: meaning.Tap,
		Source: source, Ref: string(m.ID),
	})
}

// confirmed reads a confirmation code: that of a person who ticked a box elsewhere and now
// confirms it from their own number. In a group, or beside an opt-out, it is none.
func (r *reader) confirmed(m *userMessage, k kind, meaning policy.Meaning, who []policy.Identity) {
	if k.name != "text" || m.GroupID != "" || r.phoneNumberID == "" || meaning.OptOut() {
		return
	}
	rest, code, ok := policy.CodeIn(string(m.Text.Body))
	if !ok {
		return
	}
	at := r.told(m.Timestamp)
	if at == 0 {
		r.skipped++
		return
	}
	r.add(policy.ChallengeAnswered{PhoneNumberID: r.phoneNumberID, Who: who, At: at, Code: code, Text: rest, Ref: string(m.ID)})
}

// meaning is what a message means for consent. Typed words count, and of taps
// the titles that name what they do and the payloads the operator named. If
// either is an opt-out the person opted out: people see the title alone.
func (r *reader) meaning(m *userMessage, k kind) (policy.Meaning, policy.Source) {
	if r.words == nil {
		return policy.Meaning{}, ""
	}
	switch k.name {
	case "text":
		return r.words.Message(string(m.Text.Body)), policy.SourceKeyword
	case "image":
		return optOutAlone(r.words.Message(string(m.Image.Caption))), policy.SourceKeyword
	case "video":
		return optOutAlone(r.words.Message(string(m.Video.Caption))), policy.SourceKeyword
	case "document":
		return optOutAlone(r.words.Message(string(m.Document.Caption))), policy.SourceKeyword
	case "":
		return optOutAlone(r.words.Message(string(m.Text.Body))), policy.SourceKeyword
	case "edit":
		var edited userMessage
		if json.Unmarshal(m.Edit.Message, &edited) != nil {
			return policy.Meaning{}, ""
		}
		switch edited.Type {
		case "image", "video", "document", "text", "":
			meaning, source := r.meaning(&edited, edited.kindOf())
			return optOutAlone(meaning), source
		}
	case "button":
		return tapped(r.words.Payload(string(m.Button.Payload)), r.words.QuickReply(string(m.Button.Text))), policy.SourceButton
	case "interactive/button_reply":
		b := m.Interactive.ButtonReply
		return tapped(r.words.Payload(string(b.ID)), r.words.ReplyButton(string(b.Title))), policy.SourceButton
	case "interactive/list_reply":
		l := m.Interactive.ListReply
		return tapped(r.words.Payload(string(l.ID)), r.words.Row(string(l.Title))), policy.SourceButton
	}
	return policy.Meaning{}, ""
}

// optOutAlone takes an opt-in for none: under a picture, or in a message that
// was changed, it is not as plain as an opt-in should be.
func optOutAlone(m policy.Meaning) policy.Meaning {
	if m.State == policy.OptedIn {
		return policy.Meaning{}
	}
	return m
}

// tapped is the meaning of a tap, by its payload and by its title.
func tapped(payload, title policy.Meaning) policy.Meaning {
	switch {
	case payload.State == policy.OptedOut, title.State != policy.OptedOut && payload.Changes():
		return payload
	case title.Changes():
		return title
	}
	return policy.Meaning{Suspected: payload.Suspected || title.Suspected}
}
