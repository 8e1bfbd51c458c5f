package policy

import (
	"fmt"
	"slices"
	"strings"
)

// How people came to a chat: the text that a link or QR code has ready tells it, or that
// WhatsApp says an ad has brought them. It changes no decision; reports tell by it what a
// poster or a button is worth.

const (
	// EntryDirect: nothing tells of another way.
	EntryDirect = "direct"
	// EntryAd: an ad or post that opens a chat.
	EntryAd = "ad"
	// entryOther begins the ways that are none of EntryKinds.
	entryOther = "other"

	longestEntry = 100
)

// EntryKinds are the ways there are, beside other.
var EntryKinds = []string{EntryDirect, "link", "qr", EntryAd, "website", "button", "popup", "widget", "email", "sms", "print", "catalog"}

// ParseEntry reads a way: one of the kinds, which may have a name behind a colon, such as
// "qr:shop window", or "other:" and a name.
func ParseEntry(s string) (string, error) {
	kind, name, named := strings.Cut(strings.TrimSpace(s), ":")
	kind, name = strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(name)
	switch {
	case len(s) > longestEntry:
		return "", fmt.Errorf("%q is longer than %d bytes", s, longestEntry)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		return "", fmt.Errorf("%q has a control character", s)
	case kind == entryOther && name == "", kind != entryOther && !slices.Contains(EntryKinds, kind), named && name == "":
		return "", fmt.Errorf("%q is no entry source: it is one of %s, which may have a name as in qr:window, or other:<name>", s, strings.Join(EntryKinds, ", "))
	case named:
		return kind + ":" + name, nil
	}
	return kind, nil
}

// Entries tell from the text of a message by which way its sender came.
type Entries map[string]string

// Add makes a text, or a code alone, tell of an entry source.
func (e Entries) Add(source, text string) error {
	parsed, err := ParseEntry(source)
	if err != nil {
		return err
	}
	folded := FoldText(text)
	switch known, twice := e[folded]; {
	case folded == "":
		return fmt.Errorf("the text %q has no letters or digits to compare", text)
	case twice && known != parsed:
		return fmt.Errorf("the text %q tells of %s already", text, known)
	}
	e[folded] = parsed
	return nil
}

// Of is the entry source that a message tells of as a whole; "" for none.
func (e Entries) Of(message string) string {
	if len(e) == 0 {
		return ""
	}
	return e[FoldText(message)]
}

// Enter records how the person came to the chat.
func (r *Relation) Enter(at Moment, source string) {
	if source != "" {
		r.Entry = newest(r.Entry, Mark{At: at, Source: Source(source)})
	}
}

// EntryAt is how the person came into the window that is open at a time; "" where none
// is.
func (p *PersonFacts) EntryAt(now Moment) string {
	switch {
	case !WindowOf(p.Opened, 0).OpenAt(now):
		return ""
	case p.Entry == "":
		return EntryDirect
	}
	return p.Entry
}
