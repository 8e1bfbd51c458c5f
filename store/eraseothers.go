package store

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// Records that lie under no name of a person's can be about one all the same. There are
// few of them, since all are kept for a time: they are looked through.

// others erases those.
func (w *eraser) others(ctx context.Context) error {
	for _, kind := range []struct {
		prefix byte
		count  *int
		judge  func(key, value []byte) (verdict, error)
	}{
		{reviewPrefix, &w.counts.Reviews, w.review},
		{challengePrefix, &w.counts.Challenges, w.challenge},
		{rememberedPrefix, &w.counts.Answers, w.remembered},
		{attemptPrefix, &w.counts.Answers, w.attempt},
		{opaquePrefix, &w.counts.Others, w.opaque},
		{shownPrefix, &w.counts.Others, w.shown},
		{copiesPrefix, &w.counts.Others, w.copies},
		{subscriberPrefix, &w.counts.Others, w.subscriber},
	} {
		if err := w.lookThrough(ctx, []byte{kind.prefix}, kind.count, kind.judge); err != nil {
			return err
		}
	}
	return w.messages(ctx)
}

// messages erases what is known of the person's messages: their entries have it under
// other names by now.
func (w *eraser) messages(ctx context.Context) error {
	if w.dryRun {
		return nil
	}
	for some := range slices.Chunk(slices.Collect(maps.Keys(w.redaction.wamids)), eraseAtOnce) {
		err := w.s.update(ctx, func(t *tx) error {
			for _, wamid := range some {
				for _, prefix := range []byte{statusPrefix, copiesPrefix, stopsPrefix} {
					if err := t.Delete(aliasKey(prefix, wamid)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// verdict is what becomes of a record: it stays, goes, or makes way for another, which is
// kept for a time.
type verdict struct {
	goes    bool
	instead any
	keep    time.Duration
}

func (w *eraser) lookThrough(ctx context.Context, prefix []byte, count *int, judge func(key, value []byte) (verdict, error)) error {
	var keys [][]byte
	err := w.s.view(ctx, func(r *reading) error {
		return r.Scan(prefix, func(key, value []byte) (bool, error) {
			v, err := judge(key, value)
			if v.goes || v.instead != nil {
				keys = append(keys, bytes.Clone(key))
			}
			if err == nil {
				err = ctx.Err()
			}
			return false, err
		})
	})
	if err != nil {
		return err
	}
	*count += len(keys)
	if w.dryRun {
		return nil
	}
	for some := range slices.Chunk(keys, eraseAtOnce) {
		err := w.s.update(ctx, func(t *tx) error {
			for _, key := range some {
				value, err := t.get(key)
				if err != nil {
					return err
				}
				if value == nil {
					continue
				}
				v, err := judge(key, value)
				switch {
				case err != nil:
				case v.instead != nil:
					err = t.put(key, v.instead, v.keep)
				case v.goes:
					err = t.Delete(key)
				}
				if err != nil {
					return err
				}
				if prefix[0] == shownPrefix && t.s.known != nil {
					digits := policy.Alias(key[1:])
					t.Committed(func() { t.s.known.forgetShown(digits) })
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// past finds what a change replaced of a contact the person was in.
func (w *eraser) past(key, value []byte) (verdict, error) {
	var r pastRecord
	if err := decode(value, &r); err != nil {
		return verdict{}, err
	}
	goes := w.theirs(policy.Alias(key[1:17]))
	for _, record := range r.Was {
		c, err := decodeContact(record)
		if err != nil {
			return verdict{}, err
		}
		if c.Contact != nil {
			goes = goes || slices.ContainsFunc(aliasesOf(c.Contact), w.theirs)
		}
	}
	return verdict{goes: goes && policy.Moment(pastVersion(key)>>12) <= w.job.Erasure.At}, nil
}

func (w *eraser) review(key, value []byte) (verdict, error) {
	var r reviewRecord
	err := decode(value, &r)
	return verdict{goes: w.theirs(policy.Alias(key[1:])) || w.theirs(r.Name)}, err
}

func (w *eraser) challenge(_, value []byte) (verdict, error) {
	var r challengeRecord
	err := decode(value, &r)
	return verdict{goes: slices.ContainsFunc(r.Names, w.theirs)}, err
}

// remembered finds answers that name the person, or a record of theirs.
func (w *eraser) remembered(_, value []byte) (verdict, error) {
	var r Remembered
	err := decode(value, &r)
	return verdict{goes: slices.ContainsFunc(r.Names, w.theirs) || w.names(r.Answer)}, err
}

// attempt finds the answers to sends to the person. Their idempotency keys stay taken: what
// was sent once isn't sent again because of an erasure.
func (w *eraser) attempt(key, value []byte) (verdict, error) {
	var r attemptRecord
	err := decode(value, &r)
	theirs := w.redaction.attempts[policy.Alias(key[1:])] || w.redaction.ids[r.Entry]
	if r.Answer == nil || !theirs && !w.names(r.Answer) {
		return verdict{}, err
	}
	r.Ended, r.Answer = true, nil
	left := time.Duration(r.Until-policy.MomentOf(w.s.options.Now())) * time.Millisecond
	return verdict{instead: r, keep: max(left, 0) + keptLonger}, err
}

// names reports that a text names the person.
func (w *eraser) names(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	for _, a := range w.job.Names {
		if bytes.Contains(text, []byte(a.String())) {
			return true
		}
	}
	if w.s.options.Named == nil {
		return false
	}
	for _, who := range w.s.options.Named(text) {
		if w.theirs(w.s.Pseudonym(who)) {
			return true
		}
	}
	return false
}

// opaque takes the person's sends and messages out.
func (w *eraser) opaque(_, value []byte) (verdict, error) {
	var r opaqueRecord
	if err := decode(value, &r); err != nil {
		return verdict{}, err
	}
	before := len(r.Sends) + len(r.Seen)
	r.Sends = slices.DeleteFunc(r.Sends, func(s waitingSend) bool {
		return w.redaction.ids[s.ID] || slices.ContainsFunc(s.Contacts, w.theirs)
	})
	r.Seen = slices.DeleteFunc(r.Seen, func(m message) bool {
		return w.redaction.wamids[m.Wamid] || slices.ContainsFunc(m.Who, w.theirs)
	})
	switch after := len(r.Sends) + len(r.Seen); {
	case after == before:
		return verdict{}, nil
	case after == 0:
		return verdict{goes: true}, nil
	}
	return verdict{instead: r, keep: opaqueLife + keptLonger}, nil
}

// copies gives the copies of messages to groups that the person got to nobody: what was
// charged for them stays.
func (w *eraser) copies(key, value []byte) (verdict, error) {
	var r copiesRecord
	if err := decode(value, &r); err != nil {
		return verdict{}, err
	}
	theirs := false
	for i := range r.Copies {
		if c := &r.Copies[i]; slices.ContainsFunc(c.Who, w.theirs) {
			c.Who, theirs = []policy.Alias{w.redaction.as.of(ID(key[1:]), c.Who[0])}, true
		}
	}
	if !theirs {
		return verdict{}, nil
	}
	r.sort()
	return verdict{instead: r, keep: w.s.statusesKept()}, nil
}

func (w *eraser) shown(_, value []byte) (verdict, error) {
	var r shownRecord
	err := decode(value, &r)
	return verdict{goes: w.theirs(r.Who)}, err
}
