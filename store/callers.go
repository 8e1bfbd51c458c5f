package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// callerRecord says that Meta accepted an access token, which is known by its
// pseudonym alone, for a business phone number.
type callerRecord struct {
	PhoneNumberID string        `cbor:"1,keyasint,omitempty"` // "" for any of them
	At            policy.Moment `cbor:"2,keyasint"`
}

const (
	// maxCallers is how many are remembered, and maxCallersOfNumber how many of
	// them for one business phone number. Who was not accepted for the longest time
	// goes first. Whoever has many good tokens for one number pushes nobody out who
	// uses another.
	maxCallers         = 8192
	maxCallersOfNumber = 256
	// rewriteCaller is how old a record may become while its caller is accepted
	// time and again.
	rewriteCaller = 24 * time.Hour
)

// callers are those whose access tokens Meta has accepted, all of them in memory,
// so that looking one up takes no read.
type callers struct {
	// mu guards the map, and the order in which changes of it are made.
	mu    sync.Mutex
	known map[policy.Alias]caller
}

type caller struct {
	callerRecord
	written policy.Moment // what the record on disk says
}

func newCallers() *callers { return &callers{known: make(map[policy.Alias]caller)} }

// load takes over a record that was read.
func (c *callers) load(key, value []byte) (enough bool, err error) {
	var r callerRecord
	if err := decode(value, &r); err != nil {
		return false, err
	}
	c.known[policy.Alias(key[1:])] = caller{r, r.At}
	return false, nil
}

// oldest is who of a business phone number, or of all, was not accepted for the
// longest time, and how many there are. The caller holds the lock.
func (c *callers) oldest(phoneNumberID string, all bool) (oldest policy.Alias, n int) {
	for a, k := range c.known {
		if !all && k.PhoneNumberID != phoneNumberID {
			continue
		}
		if n++; n == 1 || k.At < c.known[oldest].At {
			oldest = a
		}
	}
	return oldest, n
}

// callerPseudonym is the name under which the store knows an access token that is
// used for a business phone number. It is as long as that of a person: it stands
// for a credential.
func (s *Book) callerPseudonym(phoneNumberID, token string) policy.Alias {
	return s.names.of(callerDomain, phoneNumberID, token)
}

// AcceptedAt is when Meta was last seen to accept an access token for a business
// phone number.
func (s *Book) AcceptedAt(phoneNumberID, token string) policy.Moment {
	if token == "" {
		return 0
	}
	a := s.callerPseudonym(phoneNumberID, token)
	s.callers.mu.Lock()
	defer s.callers.mu.Unlock()
	return s.callers.known[a].At
}

// Accepted remembers that Meta accepted an access token for a business phone
// number.
func (s *Book) Accepted(phoneNumberID, token string, at policy.Moment) {
	if token == "" {
		return
	}
	a := s.callerPseudonym(phoneNumberID, token) // every send waits for the lock
	s.callers.mu.Lock()
	defer s.callers.mu.Unlock()
	k, known := s.callers.known[a]
	if !known {
		if oldest, n := s.callers.oldest(phoneNumberID, false); n >= maxCallersOfNumber && phoneNumberID != "" {
			s.forgetCaller(oldest)
		}
		if oldest, n := s.callers.oldest("", true); n >= maxCallers {
			s.forgetCaller(oldest)
		}
	}
	// It is when Meta said so that counts, also where that makes the record older:
	// the clock may have been wrong.
	k.callerRecord = callerRecord{PhoneNumberID: phoneNumberID, At: at}
	if age := time.Duration(at-k.written) * time.Millisecond; !known || age >= rewriteCaller || age < 0 {
		k.written = at
		s.changeCallers(func(t *tx) error {
			return t.put(aliasKey(callerPrefix, a), k.callerRecord, AcceptedFor+rewriteCaller+keptLonger)
		})
	}
	s.callers.known[a] = k
}

// Unaccepted forgets an access token for a business phone number.
func (s *Book) Unaccepted(phoneNumberID, token string) {
	a := s.callerPseudonym(phoneNumberID, token)
	s.callers.mu.Lock()
	defer s.callers.mu.Unlock()
	if _, known := s.callers.known[a]; known {
		s.forgetCaller(a)
	}
}

// forgetCaller forgets one. The caller holds the lock.
func (s *Book) forgetCaller(a policy.Alias) {
	delete(s.callers.known, a)
	s.changeCallers(func(t *tx) error { return t.Delete(aliasKey(callerPrefix, a)) })
}

// changeCallers makes a change that nobody waits for: who is forgotten by a crash
// is learned again.
func (s *Book) changeCallers(change func(*tx) error) {
	w := s.follow(context.Background(), ID{}, change)
	go func() {
		if err := w.Wait(); err != nil && !errors.Is(err, ErrClosed) {
			s.log.Error("whose access token Meta accepts could not be recorded", zap.Error(err))
		}
	}()
}
