package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// AllOthers stands for the business phone numbers that are not listed.
const AllOthers = "*"

// Enforced is what holds for a business phone number from a moment on, by the
// configuration that was loaded then.
type Enforced struct {
	// PhoneNumberID is Meta's id, or [AllOthers].
	PhoneNumberID string        `cbor:"1,keyasint"`
	At            policy.Moment `cbor:"2,keyasint"`
	Name          string        `cbor:"3,keyasint,omitempty"`
	WABA          string        `cbor:"4,keyasint,omitempty"`
	// Monitored: what would be refused passes.
	Monitored bool          `cbor:"5,keyasint,omitempty"`
	Digest    *PolicyDigest `cbor:"6,keyasint,omitempty"` // none for the default policy
	Terms     policy.Terms  `cbor:"7,keyasint"`
	// Gone: it is listed no longer.
	Gone bool `cbor:"8,keyasint,omitempty"`
	// Shadow is the policy on trial beside it; nil for none.
	Shadow *EnforcedShadow `cbor:"9,keyasint,omitempty"`
	// Share is for how many people, in hundredths of a percent, it is enforced where it is
	// Monitored.
	Share int `cbor:"10,keyasint,omitempty"`
	// Policy is kept under its digest.
	Policy policy.Policy `cbor:"-"`
}

// EnforcedShadow is a policy on trial.
type EnforcedShadow struct {
	Name string `cbor:"1,keyasint,omitempty"`
	// Share is for how many people, in hundredths of a percent, it is enforced.
	Share  int           `cbor:"2,keyasint,omitempty"`
	Digest *PolicyDigest `cbor:"3,keyasint,omitempty"` // none for the default policy
	// Policy is kept under its digest.
	Policy policy.Policy `cbor:"-"`
}

func enforcedKey(phoneNumberID string, version uint64) []byte {
	name := digestKey(enforcedPrefix, phoneNumberID)
	return pastKey(name[0], name[1:], version)
}

// Enforce records what holds from now on, where that is not what held before, and that
// everything else holds no longer.
func (s *Book) Enforce(ctx context.Context, list []Enforced) error {
	now := policy.MomentOf(s.options.Now())
	before := make(map[string]*Enforced)
	err := s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{enforcedPrefix}, func(key, value []byte) (bool, error) {
			if len(key) == 1 {
				return false, nil
			}
			e := new(Enforced)
			if err := decode(value, e); err != nil {
				return true, err
			}
			if before[e.PhoneNumberID] == nil { // the newest comes first
				before[e.PhoneNumberID] = e
			}
			return false, nil
		})
	})
	if err != nil {
		return fmt.Errorf("reading what held before: %w", err)
	}
	list = slices.Clone(list)
	for id, e := range before {
		if !e.Gone && !slices.ContainsFunc(list, func(e Enforced) bool { return e.PhoneNumberID == id }) {
			list = append(list, Enforced{PhoneNumberID: id, Gone: true})
		}
	}
	return s.update(ctx, func(t *tx) error {
		for i := range list {
			if err := t.enforce(&list[i], before[list[i].PhoneNumberID], now); err != nil {
				return fmt.Errorf("recording what holds: %w", err)
			}
		}
		return nil
	})
}

func (t *tx) enforce(e, before *Enforced, now policy.Moment) error {
	inForce := t.s.recordOfPolicy(&e.Policy)
	if e.Digest = nil; inForce != nil {
		e.Digest = &inForce.digest
	}
	var onTrial *policyRecord
	if sh := e.Shadow; sh != nil {
		kept := *sh
		e.Shadow = &kept
		onTrial, kept.Digest = t.s.recordOfPolicy(&sh.Policy), nil
		if onTrial != nil {
			kept.Digest = &onTrial.digest
		}
	}
	if before != nil {
		e.At = before.At
		same, err := encode(e)
		if err != nil {
			return err
		}
		value, err := encode(before)
		if err != nil || bytes.Equal(value, same) {
			return err
		}
	}
	e.At = now
	for _, p := range [...]*policyRecord{inForce, onTrial} {
		if err := t.putPolicy(p); err != nil {
			return err
		}
	}
	return t.put(enforcedKey(e.PhoneNumberID, t.s.versions.next(now)), e, 0)
}

// EnforcedAt is what held for a business phone number at a moment; an [ErrNotFound]
// where it was not served, or nobody knows.
func (s *Book) EnforcedAt(ctx context.Context, phoneNumberID string, at policy.Moment) (*Enforced, error) {
	var found *Enforced
	err := s.view(ctx, func(r *reading) error {
		for _, id := range []string{phoneNumberID, AllOthers} {
			prefix := digestKey(enforcedPrefix, id)
			err := r.Scan(prefix, func(key, value []byte) (bool, error) {
				if pastVersion(key) >= versionAfter(at) {
					return false, nil
				}
				found = new(Enforced)
				return true, decode(value, found)
			})
			if err != nil {
				return err
			}
			if found == nil || found.Gone {
				found = nil
				continue
			}
			return s.withPolicies(r, found)
		}
		return ErrNotFound
	})
	if err != nil {
		return nil, fmt.Errorf("reading what held for %s at %s: %w", phoneNumberID, at, err)
	}
	return found, nil
}

// withPolicies gives what held its policies.
func (s *Book) withPolicies(r *reading, e *Enforced) error {
	if e.Digest != nil {
		p, err := s.policyOf(r, *e.Digest)
		if err != nil {
			return err
		}
		e.Policy = *p
	}
	if sh := e.Shadow; sh != nil && sh.Digest != nil {
		p, err := s.policyOf(r, *sh.Digest)
		if err != nil {
			return err
		}
		sh.Policy = *p
	}
	return nil
}

// openPast notes since when it is kept what changes replace: of a store that is new, from
// its beginning.
func (s *Book) openPast(ctx context.Context) error {
	key, began := []byte{enforcedPrefix}, policy.Moment(0)
	err := s.view(ctx, func(r *reading) error {
		value, err := r.get(key)
		if err != nil || value != nil {
			s.pastBegan = new(policy.Moment)
			if value != nil {
				err = decode(value, s.pastBegan)
			}
			return err
		}
		return r.Scan([]byte{contactPrefix}, func([]byte, []byte) (bool, error) {
			began = policy.MomentOf(s.options.Now())
			return true, nil
		})
	})
	if err != nil || s.pastBegan != nil {
		return err
	}
	s.pastBegan = &began
	return s.update(ctx, func(t *tx) error { return t.put(key, began, 0) })
}

// PastSince is the first moment of which it is known what was known then.
func (s *Book) PastSince() policy.Moment {
	return max(*s.pastBegan, s.oldest(s.options.LedgerRetention))
}
