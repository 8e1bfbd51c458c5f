package badger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func (b *batch) consentChanged(e policy.ConsentChanged) error {
	names := b.s.aliases(e.Who)
	if len(names) == 0 || e.State == policy.ConsentUnknown || len(e.Scopes) == 0 {
		return nil
	}
	if e.Answer {
		var err error
		if e.Scopes, err = b.answered(names, &e); err != nil || len(e.Scopes) == 0 {
			return err
		}
	}
	return b.say(names, store.Word{
		At: e.At, PhoneNumberID: e.PhoneNumberID, State: e.State, Scopes: e.Scopes, Source: e.Source,
		Ref: b.s.evidence(e.PhoneNumberID, e.Ref), Recorded: e.Recorded, General: e.General, Tap: e.Tap, Actor: e.Actor,
	})
}

// answered are the scopes an ordinary word, such as "yes", answers a question
// about. It is no word on others, and nothing of it is kept.
func (b *batch) answered(names []policy.Alias, e *policy.ConsentChanged) (scopes []policy.Scope, err error) {
	for _, a := range names {
		c, err := b.contact(a)
		if err != nil {
			return nil, err
		}
		for _, s := range e.Scopes {
			if !slices.Contains(scopes, s) && c.Asked(a, e.PhoneNumberID, s, e.At) {
				scopes = append(scopes, s)
			}
		}
	}
	return scopes, nil
}

// say records a word on consent by the person with these names: in the contact,
// where decisions look, and in the history.
func (b *batch) say(names []policy.Alias, word store.Word) error {
	word.Scopes = slices.Clone(word.Scopes)
	slices.Sort(word.Scopes)
	word.Scopes = slices.Compact(word.Scopes)
	if err := b.date(names, &word); err != nil {
		return err
	}
	err := b.edit(names, func(c *policy.Contact) {
		linkAll(c, names, word.At)
		for _, a := range names {
			c.Member(a).Relation(word.PhoneNumberID).Say(policy.Said{
				State: word.State, Scopes: word.Scopes, At: word.At, Source: word.Source, General: word.General, Tap: word.Tap, Recorded: word.Recorded,
			})
		}
	})
	if err != nil {
		return err
	}
	return b.remember(names, word)
}

// date notes when the gateway heard of a word, if the word doesn't tell: now, or
// when it was heard of first. An operator's word without a time is one of now.
func (b *batch) date(names []policy.Alias, word *store.Word) (err error) {
	if word.Recorded != 0 {
		return nil
	}
	now := word.At == 0 && !word.Source.Observed()
	if !now {
		known, err := b.known(names, *word)
		if known != nil {
			word.Recorded = known.Recorded
		}
		if known != nil || err != nil {
			return err
		}
	}
	if word.Recorded, err = b.arrival(names); err != nil || !now {
		return err
	}
	if word.At = word.Recorded; word.State == policy.OptedOut {
		word.At, err = b.notBefore(names, word.At)
	}
	return err
}

// notBefore is at, or the time of the newest thing the person did as far as is
// known. What our clock dates and is learned now comes after that, whatever
// WhatsApp's says.
func (b *batch) notBefore(names []policy.Alias, at policy.Moment) (policy.Moment, error) {
	for _, a := range names {
		c, err := b.contact(a)
		if err != nil {
			return 0, err
		}
		at = max(at, c.Heard())
	}
	return at, nil
}

// known is the word as it stands in the history, nil where it doesn't.
func (b *batch) known(names []policy.Alias, word store.Word) (*store.Word, error) {
	hash, err := wordHash(names, word)
	if err != nil {
		return nil, err
	}
	value, err := b.get(historyKey(names[0], word.At, hash))
	if value == nil || err != nil {
		return nil, err
	}
	known := new(store.Word)
	return known, decode(value, known)
}

// arrival is when something about a person comes in: now, but always later than
// anything before. A clock that is put back must not make what comes look older
// than what was there.
func (b *batch) arrival(names []policy.Alias) (policy.Moment, error) {
	at := policy.MomentOf(b.s.options.Now())
	for _, a := range names {
		c, err := b.contact(a)
		if err != nil {
			return 0, err
		}
		at = max(at, c.Recorded()+1)
	}
	return at, nil
}

// wordHash covers a word and all the names it came with, but not what was noted
// about it: the same word told again has the same hash.
func wordHash(names []policy.Alias, word store.Word) ([8]byte, error) {
	word.Alias, word.Recorded, word.General, word.Tap = policy.Alias{}, 0, false, false
	value, err := encode(word)
	if err != nil {
		return [8]byte{}, err
	}
	h := sha256.New()
	h.Write(value)
	for _, a := range names {
		h.Write(a[:])
	}
	return [8]byte(h.Sum(nil)), nil
}

// remember adds a word to the history, under each of the names: when one of them
// goes to somebody else, the others keep it. The copies under several names are
// known as one by their hash, and the same word told again is there already.
func (b *batch) remember(names []policy.Alias, word store.Word) error {
	hash, err := wordHash(names, word)
	if err != nil {
		return err
	}
	for _, a := range names {
		key := historyKey(a, word.At, hash)
		if known, err := b.get(key); err != nil || known != nil {
			if err != nil {
				return err
			}
			continue
		}
		word.Alias = a
		if err := b.putRecord(key, word, 0); err != nil {
			return err
		}
	}
	return nil
}

// History yields every word on consent by the person behind an identity, under
// any of their names, newest first: not what was said under a name before it
// was theirs.
func (s *Store) History(ctx context.Context, who policy.Identity) iter.Seq2[*store.Word, error] {
	return func(yield func(*store.Word, error) bool) {
		people, err := s.lookUp(ctx, []policy.Identity{who})
		var words []*store.Word
		if err == nil {
			words, err = s.history(ctx, people[0].name)
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading the history of %s: %w", s.Pseudonym(who), err))
			return
		}
		for _, w := range words {
			if !yield(w, nil) {
				return
			}
		}
	}
}

// history collects the words of one person: they are few.
func (s *Store) history(ctx context.Context, a policy.Alias) ([]*store.Word, error) {
	type word struct {
		key []byte // time and hash
		*store.Word
	}
	var words []word
	err := s.view(ctx, func(snap snapshot) error {
		c, err := snap.contact(a)
		if err != nil {
			return err
		}
		for _, name := range namesOf(c, a) {
			err := scanPrefix(snap.txn, aliasKey(historyPrefix, name), func(key, value []byte) error {
				var w store.Word
				if err := decode(value, &w); err != nil {
					return err
				}
				if w.At > c.NewSince(name) || w.State == policy.OptedOut && w.Recorded > c.NewRecorded(name) {
					words = append(words, word{bytes.Clone(key[17:]), &w})
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Newest first; the copies of one word next to each other, the one under the
	// smallest name first. The sort is stable and namesOf sorted.
	slices.SortStableFunc(words, func(x, y word) int { return -bytes.Compare(x.key, y.key) })
	words = slices.CompactFunc(words, func(x, y word) bool { return bytes.Equal(x.key, y.key) })
	out := make([]*store.Word, len(words))
	for i, w := range words {
		out[i] = w.Word
	}
	return out, nil
}

// scanPrefix visits all records whose key begins with prefix, in order. Key and
// value are only good during the visit.
func scanPrefix(txn *badger.Txn, prefix []byte, visit func(key, value []byte) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix = prefix
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		if err := item.Value(func(value []byte) error { return visit(item.Key(), value) }); err != nil {
			return err
		}
	}
	return nil
}
