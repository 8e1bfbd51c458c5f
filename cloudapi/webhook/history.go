package webhook

import (
	"encoding/json"

	"github.com/waguard/waguard/internal/loosejson"
)

// history is a part of the chats a business had in the WhatsApp Business app
// before it connected the number, up to 180 days back.
type history struct {
	Threads []struct {
		ID       loosejson.String  `json:"id"` // the user's phone number
		Messages []json.RawMessage `json:"messages"`
	} `json:"threads"`
}

// history reads old messages like new ones: what they opened or said counts from
// the time they were written, never from the delivery. Messages of the business
// itself stand beside those of the user; only the user is the thread's name.
func (r *reader) history(h *history) {
	for _, t := range h.Threads {
		user := r.names(t.ID, "", "")
		r.messages(t.Messages, func(m *userMessage) {
			// Only those of the business say to whom.
			if m.To != "" || contradict(user, r.names(m.From, "", "")) {
				return
			}
			r.message(m)
		})
	}
}
