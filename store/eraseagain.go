package store

import (
	"context"
	"errors"
	"slices"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// resumeErasures goes on with erasures that a gateway which ended had begun, and erases
// what a backup has brought back.
func (s *Book) resumeErasures(ctx context.Context) error {
	if err := s.eraseAgain(ctx); err != nil {
		return err
	}
	jobs := make(map[ErasureJobID]*erasureJob)
	err := s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{erasurePrefix, erasureJobOf}, func(key, value []byte) (bool, error) {
			job := new(erasureJob)
			jobs[ErasureJobID(key[2:])] = job
			return false, decode(value, job)
		})
	})
	if err != nil || len(jobs) == 0 {
		return err
	}
	s.resuming.begin(func(ctx context.Context) {
		s.erasing.Lock()
		defer s.erasing.Unlock()
		for id, job := range jobs {
			if err := s.newEraser(job, id).run(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
				s.log.Error("an erasure that was begun can't be completed now; it is tried again at the next start", zap.Error(err))
			}
		}
	})
	return nil
}

// AwaitErasures waits until the erasures are complete that an earlier start had begun, or
// that tombstones beside the store ask for.
func (s *Book) AwaitErasures(ctx context.Context) error {
	if s.resuming.done != nil {
		select {
		case <-s.resuming.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{erasurePrefix, erasureJobOf}, func(_, _ []byte) (bool, error) {
			return false, errors.New("an erasure could not be completed")
		})
	})
}

// eraseAgain erases everybody of whom there is a tombstone beside the store and none in
// it: what is there comes from a backup that is older than the erasure.
func (s *Book) eraseAgain(ctx context.Context) error {
	engine, ok := s.engine.(Tombs)
	if !ok {
		return nil
	}
	kept, err := engine.Tombstones()
	if err != nil {
		return err
	}
	missing := make(map[policy.Alias]policy.Erasure)
	for _, tomb := range kept {
		if s.tombs.get(tomb.Name).At < tomb.At {
			missing[tomb.Name] = tomb.Erasure.Join(missing[tomb.Name])
		}
	}
	if len(missing) == 0 {
		if err := s.keepTombstones(); err != nil {
			s.log.Error("the tombstones of erased people are not beside the store: a backup that is restored would bring them back; keep what waguard consent erasures export gives", zap.Error(err))
		}
		return nil
	}
	var contacts [][]policy.Alias
	erased := make(map[policy.Alias]policy.Erasure)
	err = s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{contactPrefix}, func(key, value []byte) (bool, error) {
			a := policy.Alias(key[1:])
			e, gone := missing[s.tombs.of(a)]
			if !gone {
				return false, ctx.Err()
			}
			erased[a] = e
			c, err := r.contact(a)
			if err != nil {
				return false, err
			}
			contacts = append(contacts, c.Names(a))
			return false, nil
		})
	})
	if err != nil {
		return err
	}
	for _, names := range contacts {
		job := &erasureJob{Names: names, Actor: "waguard (tombstones beside the store)"}
		for _, a := range names {
			job.Erasure = job.Erasure.Join(erased[a])
		}
		if _, err := s.beginErasure(ctx, job); err != nil {
			return err
		}
	}
	// The last, so that what broke off is begun again.
	for names := range slices.Chunk(tombNames(missing), eraseAtOnce) {
		err := s.update(ctx, func(t *tx) error {
			for _, name := range names {
				if err := t.layNamed(name, missing[name]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.log.Info("what a backup had brought back of people who were erased is erased again", zap.Int("tombstones", len(missing)), zap.Int("people", len(contacts)))
	return nil
}

// keepTombstones sees to it that all lie beside the store as well.
func (s *Book) keepTombstones() error {
	engine, ok := s.engine.(Tombs)
	if !ok || !s.tombs.any.Load() {
		return nil
	}
	s.tombs.mu.RLock()
	var list []Tombstone
	for _, name := range tombNames(s.tombs.known) {
		list = append(list, Tombstone{name, s.tombs.known[name]})
	}
	s.tombs.mu.RUnlock()
	return engine.KeepTombstones(list)
}

func tombNames(m map[policy.Alias]policy.Erasure) (names []policy.Alias) {
	for name := range m {
		names = append(names, name)
	}
	return policy.SortAliases(names)
}
