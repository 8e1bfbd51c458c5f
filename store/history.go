package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"

	"github.com/waguard/waguard/policy"
)

// wordOf is the statement on consent a change holds, as the history keeps it;
// false where it holds none.
func (t *tx) wordOf(ch *policy.Change) (Word, bool) {
	e, ok := ch.Event.(policy.ConsentChanged)
	if !ok {
		return Word{}, false
	}
	scopes := slices.Clone(e.Scopes)
	slices.Sort(scopes)
	return Word{
		At: e.At, PhoneNumberID: e.PhoneNumberID, State: e.State, Scopes: slices.Compact(scopes), Source: e.Source,
		Ref: t.s.evidence(e.PhoneNumberID, e.Ref), Recorded: e.Recorded, General: e.General, Tap: e.Tap, Actor: e.Actor,
	}, true
}

// say records what a person with these names said on consent.
func (t *tx) say(names []policy.Alias, e policy.ConsentChanged) error {
	return t.change(&policy.Change{Event: e, Names: names})
}

// notBefore is at, or the time of the newest thing the person did as far as is
// known. What our clock dates and is learned now comes after that, whatever
// WhatsApp's says.
func (t *tx) notBefore(names []policy.Alias, at policy.Moment) (policy.Moment, error) {
	for _, a := range names {
		c, err := t.contact(a)
		if err != nil {
			return 0, err
		}
		at = max(at, c.Heard())
	}
	return at, nil
}

// told is when the gateway heard of the same word before, nil if it never did. A
// word that is dated when it comes in is another one each time.
func (t *tx) told(ch *policy.Change, word Word) (*policy.Moment, error) {
	if e, ok := ch.Event.(policy.ConsentChanged); !ok || e.Recorded != 0 || e.OfNow() {
		return nil, nil
	}
	hash, err := wordHash(ch.Names, word)
	if err != nil {
		return nil, err
	}
	value, err := t.get(historyKey(ch.Names[0], word.At, hash))
	if value == nil || err != nil {
		return nil, err
	}
	var known Word
	return &known.Recorded, decode(value, &known)
}

// wordHash covers a word and all the names it came with, but not what was noted
// about it: the same word told again has the same hash.
func wordHash(names []policy.Alias, word Word) ([8]byte, error) {
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
func (t *tx) remember(names []policy.Alias, word Word) error {
	hash, err := wordHash(names, word)
	if err != nil {
		return err
	}
	for _, a := range names {
		key := historyKey(a, word.At, hash)
		if known, err := t.get(key); err != nil || known != nil {
			if err != nil {
				return err
			}
			continue
		}
		word.Alias = a
		if err := t.put(key, word, 0); err != nil {
			return err
		}
	}
	return nil
}

// History yields every word on consent by the person behind an identity, under
// any of their names, newest first: not what was said under a name before it
// was theirs.
func (s *Book) History(ctx context.Context, who policy.Identity) iter.Seq2[*Word, error] {
	return func(yield func(*Word, error) bool) {
		people, err := s.lookUp(ctx, []policy.Identity{who})
		var words []*Word
		if err == nil {
			words, err = s.history(ctx, people[0].Name)
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
func (s *Book) history(ctx context.Context, a policy.Alias) ([]*Word, error) {
	type word struct {
		key []byte // time and hash
		*Word
	}
	var words []word
	err := s.view(ctx, func(r *reading) error {
		c, err := r.contact(a)
		if err != nil {
			return err
		}
		for _, name := range c.Names(a) {
			err := r.Scan(aliasKey(historyPrefix, name), func(key, value []byte) (enough bool, err error) {
				var w Word
				if err := decode(value, &w); err != nil {
					return false, err
				}
				if c.Counts(name, w.State, w.At, w.Recorded) {
					words = append(words, word{bytes.Clone(key[17:]), &w})
				}
				return false, nil
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
	// smallest name first. The sort is stable and the names are sorted.
	slices.SortStableFunc(words, func(x, y word) int { return -bytes.Compare(x.key, y.key) })
	words = slices.CompactFunc(words, func(x, y word) bool { return bytes.Equal(x.key, y.key) })
	out := make([]*Word, len(words))
	for i, w := range words {
		out[i] = w.Word
	}
	return out, nil
}
