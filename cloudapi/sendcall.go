package cloudapi

import "github.com/waguard/waguard/policy"

// callActions are the actions on /calls. All but connect act on a call that
// exists.
var callActions = map[string]policy.Kind{
	"connect":    policy.Call,
	"pre_accept": policy.CallControl,
	"accept":     policy.CallControl,
	"reject":     policy.CallControl,
	"terminate":  policy.CallControl,
}

// readCall reads a request to /calls, which shares recipients with messages and
// nothing else.
func (m *message) readCall(s *policy.Send) *Refusal {
	action, ok := m.fields[fieldAction].Text()
	if !ok {
		return missing("action", "action as a string: connect, pre_accept, accept, reject or terminate")
	}
	if s.Kind, ok = callActions[action]; !ok {
		return refusef(RuleParameter, "use connect, pre_accept, accept, reject or terminate", "action is none that calls have")
	}
	s.Type = action
	for f := range numFields {
		switch f {
		case fieldType, fieldStatus, fieldCategory:
		default:
			if f < firstPayload {
				continue
			}
		}
		if m.set(f) {
			return refusef(RuleParameter, "send messages to /messages", "%s belongs to a message, not to a call", topFields.names[f])
		}
	}
	if id, ok := m.fields[fieldCallID].Text(); s.Kind == policy.CallControl && (!ok || id == "") {
		return missing("call_id", "the id of the call, as a string")
	}
	return nil
}
