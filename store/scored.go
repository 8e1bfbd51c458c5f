package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Scored is what is needed of a ledger entry to compare a decision with what Meta made of
// the send.
type Scored struct {
	ID ID
	// At is when it was decided.
	At policy.Moment
	Alike
	Verdict   policy.Verdict
	Monitored bool
	// Rule decided.
	Rule          policy.Rule
	Sender, Token string
	Edge          policy.Edge
	// Bare: the phone number was written without plus sign. Group: it went to a group.
	Bare, Group bool
	// Contact is who it was for, as far as that could be skimmed; else zero.
	Contact policy.ContactID
	// Error is the code with which Meta refused the send, in its answer or Later in a status,
	// and Failed that it did: an error may have no code.
	Error  policy.MetaError
	Failed bool
	// Categorised: Category is Meta's word.
	Categorised bool
	// Entry is all of it, where the send was allowed and Meta refused it with a code of which
	// only the facts tell whether a rule missed it.
	Entry *Entry
}

// mayBeMissed reports that only all facts tell whether a rule missed the send.
func (s *Scored) mayBeMissed() bool {
	return s.Failed && s.Verdict == policy.Allow && policy.MayBeMissed(s.Error.Code)
}

// refusedBy notes how Meta refused the send, by its codes in the answer and in a status: not
// where the message has been delivered all the same.
func (s *Scored) refusedBy(rejected, failed int) {
	switch {
	case s.State == Rejected:
		s.Error, s.Failed = policy.MetaError{Code: rejected}, true
	case s.Status == policy.StatusFailed:
		s.Error, s.Failed = policy.MetaError{Code: failed, Later: true}, true
	}
}

// Scored is what scoring needs of the entry.
func (e *Entry) Scored() Scored {
	s := Scored{
		ID: e.ID, At: e.At, Alike: e.Alike(), Verdict: e.Decision.Verdict, Monitored: e.Monitored, Rule: e.Decision.Rule,
		Sender: e.Sender, Token: e.Token, Edge: e.Send.Edge, Bare: e.Send.Bare != policy.NotBare, Group: e.Send.Group, Contact: e.Contact(),
	}
	if p := e.Delivery.Pricing; p != nil {
		s.Categorised = policy.BilledCategory(p.Category) != ""
	}
	if s.refusedBy(e.Outcome.ErrorCode, e.Delivery.ErrorCode); s.mayBeMissed() {
		s.Entry = e
	}
	return s
}

// Scored yields what scoring needs of the entries that match, newest first: it costs a
// fraction of reading them.
func (s *Book) Scored(ctx context.Context, f Filter) iter.Seq2[*Scored, error] {
	return func(yield func(*Scored, error) bool) {
		if err := s.scored(ctx, &f, yield); err != nil {
			yield(nil, fmt.Errorf("reading the ledger: %w", err))
		}
	}
}

func (s *Book) scored(ctx context.Context, f *Filter, yield func(*Scored, error) bool) error {
	scans, err := s.scans(ctx, Ledger, *f)
	if err != nil {
		return err
	}
	chunk := make([]Scored, 0, chunkLooks)
	lines := make([]Line, 0, chunkLooks)
	for _, sc := range scans {
		for !sc.done {
			err := s.view(ctx, func(r *reading) error {
				chunk, lines = chunk[:0], lines[:0]
				err := sc.lines(r, func(l *Line) (enough bool, err error) {
					lines = append(lines, Line{ID: l.ID, Data: bytes.Clone(l.Data), Settled: bytes.Clone(l.Settled), Left: l.Left})
					return false, nil
				})
				if err == nil {
					err = r.fetchStatuses(lines)
				}
				for i := range lines {
					if err != nil {
						return err
					}
					var scored Scored
					if scored, err = r.scored(&lines[i]); f.scores(&scored) {
						chunk = append(chunk, scored)
					}
				}
				return err
			})
			if err != nil {
				return err
			}
			for i := range chunk {
				if !yield(&chunk[i], nil) {
					return nil
				}
			}
		}
	}
	return nil
}

// fetchStatuses reads what statuses told of the messages of lines: in one round trip, and in
// the order in which they lie.
func (r *reading) fetchStatuses(lines []Line) error {
	keys := make([][]byte, 0, len(lines))
	for i := range lines {
		var e skimmedEntry
		c := recordReader{rest: lines[i].Settled}
		if wamid, ok := c.skimSettlement(&e); ok && wamid != nil {
			keys = append(keys, aliasKey(statusPrefix, *wamid))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return r.fetch(keys...)
}

// scores reports that a filter selects an entry: by number, category, rule, sender, template
// and outcome.
func (f *Filter) scores(s *Scored) bool {
	return f.selects(&s.Alike) && (f.Rule == "" || f.Rule == s.Rule) && (f.Sender == "" || f.Sender == s.Sender || f.Sender == s.Token) && (f.Token == "" || f.Token == s.Token) &&
		(f.Template == "" || f.Template == s.Template) && (f.Outcome == "" || f.Outcome == s.State)
}

// scored is what scoring needs of a line.
func (r *reading) scored(l *Line) (Scored, error) {
	var of skimmedScore
	e := skimmedEntry{score: &of}
	k, ok, err := e.skim(r, l)
	if err != nil {
		return Scored{}, err
	}
	if ok && e.person < skimmedPersons {
		s := Scored{
			ID: l.ID, At: k.at, Alike: k.Alike, Verdict: e.verdict, Monitored: e.monitored, Rule: of.rule, Sender: of.sender, Token: of.token,
			Edge: of.edge, Bare: of.bare != policy.NotBare, Group: k.Part != billing.Whole, Contact: e.persons[e.person], Categorised: of.categorised,
		}
		if s.refusedBy(of.rejected, of.failed); !s.mayBeMissed() {
			return s, nil
		}
	}
	logged, err := newLogged(l)
	if err != nil {
		return Scored{}, err
	}
	full, err := r.s.assemble(r, logged)
	if err != nil {
		return Scored{}, err
	}
	return full.Scored(), nil
}

// MessageID names a message of a business phone number, by Meta's id of it.
type MessageID struct{ PhoneNumberID, Wamid string }

// Heard is what statuses have told of a message.
type Heard struct {
	// Entry is the ledger entry of the message; zero where nobody knows.
	Entry ID
	// Failed: a status told that it failed. Delivered: one told that it was delivered.
	Failed, Delivered bool
}

// Heard is what statuses have told of each of some messages. It reads them together.
func (s *Book) Heard(ctx context.Context, messages []MessageID) ([]Heard, error) {
	list, names, keys := make([]Heard, len(messages)), make([]policy.Alias, len(messages)), make([][]byte, len(messages))
	for i, m := range messages {
		names[i] = s.wamidPseudonym(m.PhoneNumberID, m.Wamid)
		keys[i] = aliasKey(statusPrefix, names[i])
	}
	err := s.view(ctx, func(r *reading) error {
		if err := r.fetch(keys...); err != nil {
			return err
		}
		for i := range messages {
			status, err := readStatus(r, names[i])
			if err != nil {
				return err
			}
			h := Heard{Failed: status.Failed.Code != 0 || status.Status.Status == policy.StatusFailed, Delivered: status.Status.Status.Delivered()}
			if id := cmp.Or(status.sent(), s.sums.sentAs(names[i])); id != nil {
				h.Entry = *id
			}
			list[i] = h
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what became of messages: %w", err)
	}
	return list, nil
}
