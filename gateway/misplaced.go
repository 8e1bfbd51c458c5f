package gateway

import (
	"context"

	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/store"
)

// longestPhone is how many digits a phone number has at most that is taken for
// one where an id belongs. Meta's ids have 15 and more; numbers that long are
// rare.
const longestPhone = 14

// hidePhone replaces the id of the business phone number in an entry by a
// fingerprint of it where it is a phone number: programs that mix the two up
// write the recipient's into the path. An id that is configured or that a
// webhook has named stays, whatever it looks like. Without a store nothing stays.
func (g *Gateway) hidePhone(ctx context.Context, st store.Store, e *store.Entry) {
	id := e.Send.PhoneNumberID
	if !e.Violation() || len(id) > longestPhone {
		return
	}
	if _, configured := g.Businesses.Listed[id]; configured {
		return
	}
	if _, err := phone.Parse("+"+id, ""); err != nil {
		return
	}
	hidden := ""
	if st != nil {
		if n, err := st.Number(ctx, id); err == nil && n.Display != "" {
			return
		}
		hidden = "#" + st.Fingerprint(id)
	}
	e.Send.PhoneNumberID = hidden
}
