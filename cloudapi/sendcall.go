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
	if !m.set(fieldAction) {
		return missing("action", "action as a string: connect, pre_accept, accept, reject or terminate")
	}
	action, ok := m.enum(fieldAction)
	if ok {
		s.Kind, ok = callActions[action]
	}
	if !ok {
		return refusef(policy.RuleParameter, "use connect, pre_accept, accept, reject or terminate", "action is none that calls have")
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
		if m.set(f) && !m.empty(f) {
			return refusef(policy.RuleParameter, "send messages to /messages", "%s belongs to a message, not to a call", topFields.names[f])
		}
	}
	if s.Kind == policy.CallControl {
		return m.id(fieldCallID, "the id of the call")
	}
	return nil
}
