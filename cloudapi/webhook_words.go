package cloudapi

import (
	"encoding/json"

	"github.com/waguard/waguard/policy"
)

// word reads what a message says about consent. In a group only an opt-out
// counts: it is meant for everybody to read, but it is the member's word. Where
// nobody knows when it was said, an opt-out holds from the delivery on, and an
// opt-in doesn't count.
func (r *reader) word(m *userMessage, kind string, who []policy.Identity, at policy.Moment) {
	if r.words == nil {
		return
	}
	state, scopes, source, ok := r.meaning(m, kind)
	if !ok {
		return
	}
	if state != policy.OptedOut && (m.GroupID != "" || at == 0) {
		return
	}
	if at == 0 {
		at = r.now
	}
	if at == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	r.add(policy.ConsentChanged{
		PhoneNumberID: r.phoneNumberID, Who: who, At: at,
		State: state, Scopes: scopes, Source: source, Ref: string(m.ID),
	})
}

// meaning is what the words of a message mean. Of a tapped button the payload is
// read before the text: businesses put there what the tap stands for. But if
// either is an opt-out the person opted out, since they saw the text alone.
func (r *reader) meaning(m *userMessage, kind string) (policy.ConsentState, []policy.Scope, policy.Source, bool) {
	source := policy.SourceButton
	var said []loose
	switch kind {
	case "text":
		source, said = policy.SourceKeyword, []loose{m.Text.Body}
	case "button":
		said = []loose{m.Button.Payload, m.Button.Text}
	case "interactive":
		if i := m.Interactive; i != nil {
			said = []loose{i.ButtonReply.ID, i.ButtonReply.Title, i.ListReply.ID, i.ListReply.Title}
		}
	case "":
		state, scopes, ok := r.words.Meaning(string(m.Text.Body))
		return state, scopes, policy.SourceKeyword, ok && state == policy.OptedOut
	case "edit":
		// A message changed into STOP is an opt-out. One changed into START is
		// not the plain word an opt-in should be.
		var edited userMessage
		if json.Unmarshal(m.Edit.Message, &edited) != nil {
			return 0, nil, "", false
		}
		state, scopes, ok := r.words.Meaning(string(edited.Text.Body))
		return state, scopes, policy.SourceKeyword, ok && state == policy.OptedOut
	}
	var state policy.ConsentState
	var scopes []policy.Scope
	found := false
	for _, s := range said {
		st, sc, ok := r.words.Meaning(string(s))
		if ok && (!found || state != policy.OptedOut && st == policy.OptedOut) {
			state, scopes, found = st, sc, true
		}
	}
	return state, scopes, source, found
}
