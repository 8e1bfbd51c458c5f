package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/waguard/waguard/policy"
)

// Answered is when people were sent something last, within their customer service windows, as
// far as that was read. It is for those who ask again and again which windows were answered,
// where more is sent meanwhile than can be looked at each time: what was read is not read
// again. The zero value is ready, and may be used by several at a time.
type Answered struct {
	// reading is held by who reads on.
	reading sync.Mutex

	// mu guards the rest.
	mu sync.Mutex
	// since and until: what was sent from the one on and before the other was read.
	since, until policy.Moment
	// floor: before, nothing is read, since it would be too much to remember.
	floor policy.Moment
	at    map[answeredKey]policy.Moment
	// kept is how many there were when those that are too old were dropped last.
	kept int
}

// answeredKey is a number and a person's pseudonym. Both are as good as random: two that are
// the same by chance are less likely than that a record is damaged unnoticed.
type answeredKey uint64

// mostAnswered is how many people are remembered at most: some 100 MB.
const mostAnswered = 4_000_000

func answeredBy(number string, who policy.Alias) answeredKey {
	h := fnv.New64a()
	h.Write([]byte(number)) // which never fails
	return answeredKey(h.Sum64() ^ binary.BigEndian.Uint64(who[:8]))
}

// of is when a window was answered last, zero for not, and whether that is known where what
// was sent from a moment on was looked at otherwise.
func (a *Answered) of(w *OpenWindow, looked policy.Moment) (at policy.Moment, known bool) {
	if a == nil {
		return 0, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range w.names {
		at = max(at, a.at[answeredBy(w.PhoneNumberID, name)])
	}
	if at > w.Opened {
		return at, true
	}
	return 0, a.since <= w.Opened && a.until >= looked && a.until != 0
}

// note adds who was sent something.
func (a *Answered) note(sent []answeredAt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = make(map[answeredKey]policy.Moment)
	}
	for _, s := range sent {
		if s.at > a.at[s.who] {
			a.at[s.who] = s.at
		}
	}
}

type answeredAt struct {
	who answeredKey
	at  policy.Moment
}

// read notes what was read: all from one moment on and before another, which joins what was
// read before or takes its place. It drops what is older than a moment.
func (a *Answered) read(since, until, oldest policy.Moment, most int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since, a.until = max(since, oldest), until
	if len(a.at) <= 2*a.kept+1024 && len(a.at) <= most {
		return
	}
	for {
		for who, at := range a.at {
			if at < a.since {
				delete(a.at, who)
			}
		}
		if len(a.at) <= most || a.since >= a.until {
			break
		}
		a.floor = a.since + (a.until-a.since+1)/2
		a.since = a.floor
	}
	a.kept = len(a.at)
}

// span is what was read, and from when on anything is.
func (a *Answered) span() (since, until, floor policy.Moment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.since, a.until, a.floor
}

// FollowAnswers reads on who was sent something from one moment on and before another: the
// newest first, at most so many sends. By the second it must be known what became of them.
func (s *Book) FollowAnswers(ctx context.Context, a *Answered, oldest, until policy.Moment, most int) error {
	if !a.reading.TryLock() {
		return nil // somebody else does
	}
	defer a.reading.Unlock()
	since, was, floor := a.span()
	oldest = max(oldest, floor)
	if was == 0 || was > until || was < oldest {
		since, was = until, until
	}
	reached, err := s.readAnswers(ctx, a, was, until, &most)
	if err != nil {
		return err
	}
	if reached > was { // more was sent than is read at once: what was read before is not joined
		since = reached
	}
	if since > oldest && most > 0 {
		if since, err = s.readAnswers(ctx, a, oldest, since, &most); err != nil {
			return err
		}
	}
	a.read(since, until, oldest, mostAnswered)
	return nil
}

// readAnswers reads back from a moment to an earlier one, and says how far it got.
func (s *Book) readAnswers(ctx context.Context, a *Answered, from, before policy.Moment, most *int) (reached policy.Moment, err error) {
	if from >= before {
		return from, nil
	}
	sc := &scan{walk: walk{journal: Ledger, from: max(from, s.oldest(s.retention(Ledger))), before: FirstID(before)}, s: s}
	var sent []answeredAt
	for !sc.done && *most > 0 {
		sent = sent[:0]
		err := s.view(ctx, func(r *reading) error {
			sent = sent[:0]
			return sc.lines(r, func(line *Line) (bool, error) {
				*most--
				var err error
				sent, err = answers(sent, line)
				return *most <= 0, err
			})
		})
		if err != nil {
			return before, fmt.Errorf("looking for what was sent: %w", err)
		}
		a.note(sent)
	}
	if sc.done {
		return from, nil
	}
	return sc.before.Moment() + 1, nil
}

// answers adds whom a line sent something that may answer them: not a template out of the
// blue.
func answers(sent []answeredAt, line *Line) ([]answeredAt, error) {
	at := line.ID.Moment()
	var e skimmedEntry
	c := recordReader{rest: line.Data}
	plain := c.skimEntry(&e) && e.persons[skimmedPersons-1].IsZero()
	if plain && line.Settled != nil {
		c := recordReader{rest: line.Settled}
		_, ok := c.skimSettlement(&e)
		plain = ok && e.other == nil
	}
	if plain {
		left := (e.verdict != policy.Refuse || e.monitored) && e.State != Rejected && e.State != NotSent
		if left && !e.persons[0].IsZero() && (e.Kind != policy.TemplateMessage || e.Initiation == policy.ByUser) {
			sent = append(sent, answeredAt{answeredBy(e.PhoneNumberID, policy.Alias(e.persons[0])), at})
		}
		return sent, nil
	}
	l, err := newLogged(line)
	if err == nil {
		err = l.readHead()
	}
	if err != nil || !l.left() {
		return sent, err
	}
	for _, name := range l.reached() {
		sent = append(sent, answeredAt{answeredBy(l.head.Send.PhoneNumberID, name), at})
	}
	return sent, nil
}

// left reports that the send left, as far as is known.
func (e *logged) left() bool {
	return (!e.head.violation() || e.head.Monitored) && (e.settled == nil || !e.settled.reachedNobody())
}

// reached are whom the send was for, or the one whom it went to instead.
func (e *logged) reached() []policy.Alias {
	if e.settled.strayed() {
		return []policy.Alias{*e.settled.Outcome.ReachedOther}
	}
	return e.head.judged()
}
