package gateway

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/waguard/waguard/store"
)

// onlyEntry is a page with the one entry that a selection names by its id.
func (g *Gateway) onlyEntry(ctx context.Context, st store.Store, l *List, s *Selection) (*Page, error) {
	others := *s
	others.ID, others.Limit = "", 0
	if others != (Selection{}) {
		return nil, misasked(errors.New("id names one entry; leave out what else it is looked for by"))
	}
	id, err := store.ParseID(strings.ToLower(strings.TrimSpace(s.ID)))
	if err != nil {
		return nil, misasked(err)
	}
	e, err := st.Entry(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	p := &Page{Newest: newestOf(nil, s, g.Now())}
	if err == nil && (!l.events || e.Violation() || e.SentToAnother()) {
		p.Entries = append(p.Entries, e)
	}
	return p, nil
}

var pseudonym = regexp.MustCompile(`^[0-9a-f]{8,32}$`)

// readPseudonym reads a contact as it is listed, or the beginning of that.
func readPseudonym(s *Selection) (string, error) {
	given := strings.ToLower(strings.TrimSpace(s.Pseudonym))
	switch {
	case given == "":
		return "", nil
	case s.Contact != "":
		return "", errors.New("contact and pseudonym both name the person; give one of them")
	case !pseudonym.MatchString(given):
		return "", errors.New("pseudonym must be a contact as it is listed: 32 hexadecimal digits, or the first 8 of them or more")
	}
	return given, nil
}

// lookup is the error of looking for entries.
func lookup(err error) error {
	if errors.Is(err, store.ErrAmbiguous) {
		return misasked(store.ErrAmbiguous)
	}
	return err
}
