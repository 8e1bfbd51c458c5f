package gateway

import (
	"crypto/sha256"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// Listing is who lists whose templates. Who shows another token may be shown
// other templates.
type Listing struct {
	WABA  string
	Token [sha256.Size]byte
}

// paged is the event that a page was seen that was asked for at the time at. Senders page
// through the templates of a WABA; when one has seen every page, the list is known to be
// complete.
func (l Listing) paged(p *cloudapi.TemplatePage, at policy.Moment) policy.TemplatesPaged {
	return policy.TemplatesPaged{WABA: l.WABA, By: digestOf(string(l.Token[:])), After: digestOf(p.After), Next: digestOf(p.Next), At: at}
}

// digestOf stands for a text: callers and answers say how long cursors are. "" is zero.
func digestOf(text string) (d policy.Digest) {
	if text != "" {
		sum := sha256.Sum256([]byte(text))
		copy(d[:], sum[:])
	}
	return d
}
