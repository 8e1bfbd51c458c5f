package store

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// OpenWindow is a customer service window that a person opened.
type OpenWindow struct {
	PhoneNumberID string
	Contact       policy.ContactID
	// Opened is when the person last did something that opens it; Silent: it was nothing to
	// answer, such as an opt-out.
	Opened policy.Moment
	Silent bool
	// Answered is when the business last sent the person something after that; zero where it
	// didn't. AnswerUnknown: it was not looked at as many sends as that would have taken.
	Answered      policy.Moment
	AnswerUnknown bool
	// Market is that of the person's number, by what was sent to them lately; "" where that
	// is not known. MarketEstimated: by the country of a user id.
	Market          string
	MarketEstimated bool

	names []policy.Alias
}

// WindowsOpened are the windows of business phone numbers that were opened in a time, which
// is between two moments for each number: after the first, and not after the second. It
// reads everybody who is known.
func (s *Book) WindowsOpened(ctx context.Context, when func(phoneNumberID string) (after, until policy.Moment)) (list []*OpenWindow, err error) {
	for part := range 256 {
		var found []*OpenWindow
		err := s.view(ctx, func(r *reading) error {
			found = found[:0]
			return r.Scan([]byte{contactPrefix, byte(part)}, func(_, value []byte) (bool, error) {
				record, err := decodeContact(value)
				if err != nil || record.Contact == nil {
					return false, err
				}
				found = openedBy(found, record.Contact, when)
				return false, ctx.Err()
			})
		})
		if err != nil {
			return nil, fmt.Errorf("looking for open windows: %w", err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// openedBy adds the windows of one contact: of several identities of one person the newest.
func openedBy(list []*OpenWindow, c *policy.Contact, when func(string) (policy.Moment, policy.Moment)) []*OpenWindow {
	first := len(list)
	for i := range c.Members {
		m := &c.Members[i]
	numbers:
		for j := range m.Numbers {
			r := &m.Numbers[j]
			if r.Opened == 0 || r.Opened <= m.NewSince {
				continue
			}
			for _, w := range list[first:] {
				if w.PhoneNumberID == r.PhoneNumberID {
					if r.Opened > w.Opened {
						w.Opened, w.Silent = r.Opened, r.Spoke != 0 && r.Spoke < r.Opened
					}
					continue numbers
				}
			}
			list = append(list, &OpenWindow{PhoneNumberID: r.PhoneNumberID, Contact: c.ID(), Opened: r.Opened, Silent: r.Spoke != 0 && r.Spoke < r.Opened})
		}
	}
	kept := list[:first]
	for _, w := range list[first:] {
		if after, until := when(w.PhoneNumberID); w.Opened > after && w.Opened <= until {
			w.names = aliasesOf(c)
			kept = append(kept, w)
		}
	}
	return kept
}

// marketLooks is how many more sends are looked at for the markets of those who got none
// lately.
const marketLooks = 50_000

// Answers finds out which of some windows were answered, by the ledger: it looks at the
// newest sends, at most so many, and goes by what was read of older ones; nil for nothing.
func (s *Book) Answers(ctx context.Context, windows []*OpenWindow, most int, older *Answered) error {
	type who struct {
		number string
		name   policy.Alias
	}
	wanted := make(map[who]*OpenWindow, 2*len(windows))
	oldest := maxMoment
	for _, w := range windows {
		for _, a := range w.names {
			wanted[who{w.PhoneNumberID, a}] = w
		}
		oldest = min(oldest, w.Opened)
	}
	if len(windows) == 0 {
		return nil
	}
	// beside reports, by a glance, that a line is about none of them: nearly all are.
	beside := func(line *Line) bool {
		var e skimmedEntry
		if c := (recordReader{rest: line.Data}); !c.skimEntry(&e) || !e.persons[skimmedPersons-1].IsZero() {
			return false
		}
		if line.Settled != nil {
			c := recordReader{rest: line.Settled}
			if _, ok := c.skimSettlement(&e); !ok || e.other != nil {
				return false
			}
		}
		return wanted[who{e.PhoneNumberID, e.persons[0]}] == nil
	}
	looks, beyond := 0, 0
	sc := &scan{walk: walk{journal: Ledger, from: s.oldest(s.retention(Ledger)), before: maxID}, s: s}
	take := func(line *Line) (enough bool, err error) {
		at := line.ID.Moment()
		if looks++; at < oldest {
			beyond++
		}
		if enough = looks >= most || beyond >= marketLooks; beside(line) {
			return enough, nil
		}
		l, err := newLogged(line)
		if err == nil {
			err = l.readHead()
		}
		if err != nil {
			return false, err
		}
		for _, a := range l.reached() {
			w := wanted[who{l.head.Send.PhoneNumberID, a}]
			if w == nil {
				continue
			}
			if w.Market == "" {
				var of struct {
					Market    string `cbor:"10,keyasint,omitempty"`
					Estimated bool   `cbor:"11,keyasint,omitempty"`
				}
				if err := decode(l.Data, &of); err != nil {
					return false, err
				}
				w.Market, w.MarketEstimated = of.Market, of.Estimated
			}
			if l.left() && at > w.Opened && w.Answered == 0 {
				w.Answered = at
			}
		}
		return enough, nil
	}
	for !sc.done {
		stop := false
		err := s.view(ctx, func(r *reading) error {
			return sc.lines(r, func(line *Line) (bool, error) {
				enough, err := take(line)
				stop = stop || enough
				return enough, err
			})
		})
		if err != nil {
			return fmt.Errorf("looking for what was sent: %w", err)
		}
		if stop {
			break
		}
	}
	if looks < most {
		return nil
	}
	for _, w := range windows {
		if w.Answered == 0 && w.Opened < sc.before.Moment() {
			var known bool
			w.Answered, known = older.of(w, sc.before.Moment()+1)
			w.AnswerUnknown = !known
		}
	}
	return nil
}

// maxMoment is later than every moment.
const maxMoment = policy.Moment(1<<63 - 1)
