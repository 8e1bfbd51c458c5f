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
	return b.say(names, store.Word{
		At: e.At, PhoneNumberID: e.PhoneNumberID, State: e.State, Scopes: e.Scopes, Source: e.Source,
		Ref: b.s.evidence(e.PhoneNumberID, e.Ref),
	})
}

// say records a word on consent by the person with these names: in the contact,
// where decisions look, and in the history.
func (b *batch) say(names []policy.Alias, word store.Word) error {
	err := b.edit(names, func(c *policy.Contact) {
		linkAll(c, names, word.At)
		for _, a := range names {
			c.Member(a).Relation(word.PhoneNumberID).Say(word.State, word.Scopes, word.At, word.Source)
		}
	})
	if err != nil {
		return err
	}
	return b.remember(names, word)
}

// remember adds a word to the history, under each of the names: when one of them
// goes to somebody else, the others keep it. The hash covers the word and all
// the names it came with. So the same word told again overwrites itself, and the
// copies under several names are known as one.
func (b *batch) remember(names []policy.Alias, word store.Word) error {
	word.Scopes = slices.Clone(word.Scopes)
	slices.Sort(word.Scopes)
	word.Scopes = slices.Compact(word.Scopes)
	word.Alias = policy.Alias{}
	value, err := encode(word)
	if err != nil {
		return err
	}
	h := sha256.New()
	h.Write(value)
	for _, a := range names {
		h.Write(a[:])
	}
	hash := [8]byte(h.Sum(nil))
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
			since := newSince(c, name)
			err := scanPrefix(snap.txn, aliasKey(historyPrefix, name), func(key, value []byte) error {
				var w store.Word
				if err := decode(value, &w); err != nil {
					return err
				}
				if w.At > since {
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
