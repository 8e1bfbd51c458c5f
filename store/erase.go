package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

const (
	tombstoneKind = 't'
	erasureJobOf  = 'j'
	erasureNoteOf = 'r'
	purgeKind     = 'p'
)

// ErasureRequest asks for the erasure of a person's data.
type ErasureRequest struct {
	// Who are identities of the person, each of which is enough.
	Who []policy.Identity
	// Actor is who asks for it, Reason why; neither may name the person.
	Actor, Reason string
	// DryRun only looks what would go.
	DryRun bool
	// Tell: endpoints for events are told whom to erase.
	Tell bool
}

// ErasedData is what an erasure took away, and what is left.
type ErasedData struct {
	// At is when it was; zero for a dry run.
	At policy.Moment
	// Known: there was something about the person.
	Known bool
	// Before is when the person had been erased before; zero for never.
	Before policy.Moment
	Counts ErasureCounts
	// GoneBy is when the last bytes will have left the files; zero where the engine can't
	// tell.
	GoneBy policy.Moment
	// Names are those that were erased. They are for whoever must forget them elsewhere,
	// and for nobody to keep.
	Names []policy.Alias
}

// ErasureCounts are what an erasure took away, by kind.
type ErasureCounts struct {
	Names      int `json:"names" cbor:"1,keyasint"`
	Consents   int `json:"consent_records" cbor:"2,keyasint"`
	Challenges int `json:"challenges" cbor:"3,keyasint"`
	Reviews    int `json:"reviews" cbor:"4,keyasint"`
	Answers    int `json:"remembered_answers" cbor:"5,keyasint"`
	Entries    int `json:"ledger_entries_without_person" cbor:"6,keyasint"`
	Leaves     int `json:"log_leaves_closed" cbor:"7,keyasint"`
	Others     int `json:"other_records" cbor:"8,keyasint"`
}

// erasureJob is an erasure that is under way. It is gone when that is complete.
type erasureJob struct {
	Names   []policy.Alias `cbor:"1,keyasint"`
	Erasure policy.Erasure `cbor:"2,keyasint"`
	Actor   string         `cbor:"3,keyasint,omitempty"`
	Reason  string         `cbor:"4,keyasint,omitempty"`
	// Around are names of others that were in one contact with the person's: what changes
	// of that replaced lies under one of all these names.
	Around []policy.Alias `cbor:"5,keyasint,omitempty"`
	// Tell: endpoints for events are told of it.
	Tell bool `cbor:"6,keyasint,omitempty"`
}

// ErasureNote is what is kept about an erasure: nothing of whom it was.
type ErasureNote struct {
	At     policy.Moment `cbor:"1,keyasint"`
	Actor  string        `cbor:"2,keyasint,omitempty"`
	Reason string        `cbor:"3,keyasint,omitempty"`
	Counts ErasureCounts `cbor:"4,keyasint"`
}

func checkErasure(_ func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) < 2 {
		return errors.New("its key is none of an erasure's")
	}
	switch key[1] {
	case tombstoneKind:
		return decode(value, new(policy.Erasure))
	case erasureJobOf:
		return decode(value, new(erasureJob))
	case erasureNoteOf:
		return decode(value, new(ErasureNote))
	case purgeKind:
		return decode(value, new(purgeRecord))
	}
	return errors.New("its key is none of an erasure's")
}

// Erase erases what is known of a person, under all their names. What is left is a
// tombstone, by which they count as having opted out of everything; also where nothing
// was known of them, for a list that is imported later may. A person who was erased
// before and never came back is erased already.
//
// The tombstone is laid first, so that nothing of before comes back; what is not
// complete when the gateway ends is completed at its next start.
func (s *Book) Erase(ctx context.Context, request *ErasureRequest) (*ErasedData, error) {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	names, known, before, err := s.namesToErase(ctx, request.Who)
	if err != nil {
		return nil, fmt.Errorf("looking for the person to erase: %w", err)
	}
	result := &ErasedData{Known: known, Before: before, Names: names}
	result.Counts.Names = len(names)
	job := &erasureJob{Names: names, Erasure: policy.Erasure{At: policy.MomentOf(s.options.Now())}, Actor: request.Actor, Reason: request.Reason, Tell: request.Tell}
	if request.DryRun {
		if err := s.heardBefore(ctx, job); err != nil {
			return nil, fmt.Errorf("looking for the person to erase: %w", err)
		}
		w := s.newEraser(job, ErasureJobID{})
		w.dryRun = true
		err = w.run(ctx)
		result.Counts = w.counts
		return result, err
	}
	ctx = context.WithoutCancel(ctx) // what was begun is brought to its end
	id, err := s.beginErasure(ctx, job)
	if err != nil {
		return nil, fmt.Errorf("erasing a person: %w", err)
	}
	w := s.newEraser(job, id)
	if err := w.run(ctx); err != nil {
		return nil, fmt.Errorf("erasing a person, who is opted out by now; what is left is erased when the gateway starts next, or by asking again: %w", err)
	}
	result.At, result.Counts = job.Erasure.At, w.counts
	if s.purges() {
		result.GoneBy = job.Erasure.At.Add(PurgeWithin)
	}
	return result, nil
}

// namesToErase are all names of somebody, sorted.
func (s *Book) namesToErase(ctx context.Context, who []policy.Identity) (names []policy.Alias, known bool, before policy.Moment, err error) {
	err = s.view(ctx, func(r *reading) error {
		people, _, err := s.lookUpIn(ctx, r, who)
		if err != nil {
			return err
		}
		for i := range people {
			names = append(names, s.Pseudonym(people[i].Identity))
			if other, ok := people[i].Identity.OtherUserID(); ok {
				names = append(names, s.Pseudonym(other))
			}
			if s.options.Former != nil {
				if former, ok := s.options.Former(people[i].Identity); ok {
					names = append(names, s.Pseudonym(former))
				}
			}
			names = append(names, people[i].Aliases()...)
			before = max(before, people[i].Erased.At)
		}
		names = policy.SortAliases(names)
		for _, a := range names {
			c, err := r.contact(a)
			if err != nil {
				return err
			}
			known = known || c.Has(a)
		}
		return nil
	})
	return names, known, before, err
}

// ErasureJobID names an erasure while it is under way.
type ErasureJobID [16]byte

func erasureJobKey(id ErasureJobID) []byte {
	return append([]byte{erasurePrefix, erasureJobOf}, id[:]...)
}

// beginErasure lays the tombstones and takes away where decisions look. From then on
// the person is opted out, and nothing of before comes back.
func (s *Book) beginErasure(ctx context.Context, job *erasureJob) (id ErasureJobID, err error) {
	rand.Read(id[:]) // which never fails
	if err := s.heardBefore(ctx, job); err != nil {
		return id, err
	}
	if engine, ok := s.engine.(Tombs); ok {
		var laid []Tombstone
		for _, a := range job.Names {
			laid = append(laid, Tombstone{s.tombs.of(a), job.Erasure})
		}
		if err := engine.KeepTombstones(laid); err != nil {
			return id, err
		}
	}
	return id, s.update(ctx, func(t *tx) error {
		for _, a := range job.Names {
			if err := t.lay(a, job.Erasure); err != nil {
				return err
			}
		}
		for _, a := range job.Names {
			if err := errors.Join(t.eraseContact(a, job.Names), t.eraseSubject(a)); err != nil {
				return err
			}
		}
		if err := t.put(erasureJobKey(id), job, 0); err != nil {
			return err
		}
		return t.awaitPurge(job.Erasure.At)
	})
}

// heardBefore notes when the person was heard of last. What came in by then is of
// before, also where the clock was put back since.
func (s *Book) heardBefore(ctx context.Context, job *erasureJob) error {
	return s.view(ctx, func(r *reading) error {
		for _, a := range job.Names {
			c, err := r.contact(a)
			if err != nil {
				return err
			}
			if c.Has(a) {
				for _, name := range aliasesOf(c) {
					if _, theirs := slices.BinarySearchFunc(job.Names, name, policy.Alias.Compare); !theirs {
						job.Around = append(job.Around, name)
					}
				}
				at := max(job.Erasure.At, c.Recorded())
				job.Erasure = job.Erasure.Join(policy.ErasureOf(at, c.Heard()))
			}
			err = r.Scan(aliasKey(historyPrefix, a), func(_, value []byte) (bool, error) {
				var record ConsentRecord
				err := decode(value, &record)
				job.Erasure.At = max(job.Erasure.At, record.Recorded)
				return false, err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseContact takes a name out of the contact that has it. Names of others there stay.
func (t *tx) eraseContact(a policy.Alias, names []policy.Alias) error {
	c, err := t.contact(a)
	if err != nil || !c.Has(a) {
		return err
	}
	rest := &policy.Contact{}
	all := aliasesOf(c)
	for _, m := range c.Members {
		if _, theirs := slices.BinarySearchFunc(names, m.Alias, policy.Alias.Compare); !theirs {
			rest.Members = append(rest.Members, m)
		}
	}
	for _, l := range c.Links {
		if rest.Has(l.A) && rest.Has(l.B) {
			rest.Links = append(rest.Links, l)
		}
	}
	rest = rest.Clone()
	if o := t.s.older; o != nil {
		if n := t.s.olderOf(c); n != 0 { // what is left is counted when it is put
			t.Committed(func() { o.windows.Add(-n) })
		}
	}
	for _, name := range all {
		if err := t.Delete(aliasKey(contactPrefix, name)); err != nil {
			return err
		}
	}
	if t.sole != nil {
		t.Committed(func() {
			for _, name := range all {
				t.s.cache.replace(name, nil)
			}
		})
	}
	if len(rest.Members) == 0 {
		return nil
	}
	if err := t.putContact(rest, nil); err != nil {
		return err
	}
	// Newer than what putContact has left, which says that nobody was known before.
	return t.putPastOf(rest.ID(), &pastRecord{Erased: true})
}

// eraser is an erasure under way.
type eraser struct {
	s         *Book
	job       *erasureJob
	id        ErasureJobID
	dryRun    bool
	counts    ErasureCounts
	redaction *redaction
}

func (s *Book) newEraser(job *erasureJob, id ErasureJobID) *eraser {
	w := &eraser{s: s, job: job, id: id}
	w.counts.Names = len(job.Names)
	return w
}

// theirs reports that a name is the person's.
func (w *eraser) theirs(a policy.Alias) bool {
	_, found := slices.BinarySearchFunc(w.job.Names, a, policy.Alias.Compare)
	return found
}

// run erases what tombstones leave: it may be done again, and goes on where it broke off.
func (w *eraser) run(ctx context.Context) error {
	w.redaction = &redaction{
		s: w.s, of: w.theirs, as: newStandIns(), dryRun: w.dryRun,
		ids: make(map[ID]bool), wamids: make(map[policy.Alias]bool), attempts: make(map[policy.Alias]bool),
	}
	if err := w.history(ctx); err != nil {
		return err
	}
	for _, name := range policy.SortAliases(slices.Concat(w.job.Names, w.job.Around)) {
		if err := w.lookThrough(ctx, aliasKey(pastContactPrefix, name), &w.counts.Others, w.past); err != nil {
			return err
		}
	}
	for _, j := range []Journal{Ledger, Violations} {
		if err := w.redaction.journal(ctx, j, w.job.Erasure.At); err != nil {
			return err
		}
	}
	w.counts.Entries = w.redaction.entries
	if err := w.others(ctx); err != nil {
		return err
	}
	if w.dryRun {
		return nil
	}
	err := w.s.update(ctx, func(t *tx) error {
		note := ErasureNote{At: w.job.Erasure.At, Actor: w.job.Actor, Reason: w.job.Reason, Counts: w.counts}
		key := slices.Concat([]byte{erasurePrefix, erasureNoteOf}, number64(uint64(note.At)), w.id[:8])
		if err := t.put(key, note, 0); err != nil {
			return err
		}
		if w.job.Tell {
			if err := t.arrived(&arrivalRecord{Erased: w.job.Names, At: note.At}); err != nil {
				return err
			}
		}
		return t.Delete(erasureJobKey(w.id))
	})
	if err == nil {
		w.s.purging.wake()
		err = w.s.keepTombstones() // also those of names that came later
	}
	return err
}

// eraseAtOnce is how many records are erased in one transaction.
const eraseAtOnce = 256

// ErasedAt is when the data of who has an identity was erased; the zero value for never.
func (s *Book) ErasedAt(ctx context.Context, who policy.Identity) (policy.Erasure, error) {
	people, err := s.lookUp(ctx, []policy.Identity{who})
	if err != nil {
		return policy.Erasure{}, err
	}
	return people[0].Erased, nil
}

// ErasedNames are those of names whose person was erased. It is for whoever keeps
// something under such names elsewhere, a key for instance.
func (s *Book) ErasedNames(ctx context.Context, names []policy.Alias) (erased []policy.Alias, err error) {
	err = s.view(ctx, func(r *reading) error {
		for _, a := range names {
			e, err := s.erasure(r, a)
			if err != nil {
				return err
			}
			if e.At != 0 {
				erased = append(erased, a)
			}
		}
		return nil
	})
	return erased, err
}

// AllTombstones are those of the store.
func (s *Book) AllTombstones(ctx context.Context) (list []Tombstone, err error) {
	err = s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{erasurePrefix, tombstoneKind}, func(key, value []byte) (bool, error) {
			tomb := Tombstone{Name: policy.Alias(key[2:])}
			list = append(list, tomb)
			return false, decode(value, &list[len(list)-1].Erasure)
		})
	})
	return list, err
}

// Erasures are the notes about erasures, the newest first.
func (s *Book) Erasures(ctx context.Context) (notes []*ErasureNote, err error) {
	err = s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{erasurePrefix, erasureNoteOf}, func(_, value []byte) (bool, error) {
			n := new(ErasureNote)
			notes = append(notes, n)
			return false, decode(value, n)
		})
	})
	slices.Reverse(notes)
	return notes, err
}

// PurgeWithin is how long the bytes of what was erased stay in files at most, while the
// gateway runs.
const PurgeWithin = time.Hour
