package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/waguard/waguard/policy"
)

// An entry is kept without what other records, or the rules, give again: the policy
// in force has a record of its own, once for all entries under it, and what a
// decision says in words is computed when it is read.

// PolicyDigest names a policy: the beginning of the SHA-256 of its record.
type PolicyDigest [8]byte

func digestOf(record []byte) PolicyDigest {
	sum := sha256.Sum256(record)
	return PolicyDigest(sum[:])
}

func (d PolicyDigest) key() []byte { return append([]byte{policyPrefix}, d[:]...) }

// mostPolicies is how many policies are remembered in memory.
const mostPolicies = 1024

// policies are those whose records are on disk. A record is never changed or
// deleted, so that it doesn't matter who else writes.
type policies struct {
	mu       sync.RWMutex
	digests  map[string]PolicyDigest // by record
	byDigest map[PolicyDigest]*policy.Policy
}

func newPolicies() *policies {
	return &policies{digests: make(map[string]PolicyDigest), byDigest: make(map[PolicyDigest]*policy.Policy)}
}

// digest is that of a record, and whether it is known to be on disk.
func (p *policies) digest(record []byte) (d PolicyDigest, known bool) {
	p.mu.RLock()
	d, known = p.digests[string(record)]
	p.mu.RUnlock()
	if !known {
		d = digestOf(record)
	}
	return d, known
}

func (p *policies) policy(d PolicyDigest) *policy.Policy {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byDigest[d]
}

// remember takes over a record that is on disk. Where there are too many, all are
// forgotten, and read again as they are needed.
func (p *policies) remember(d PolicyDigest, record []byte) (*policy.Policy, error) {
	read := new(policy.Policy)
	if err := decode(record, read); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.byDigest) >= mostPolicies {
		clear(p.digests)
		clear(p.byDigest)
	}
	p.digests[string(record)], p.byDigest[d] = d, read
	return read, nil
}

// policyRecord is a policy that an entry refers to.
type policyRecord struct {
	digest PolicyDigest
	value  []byte // nil where it is known to be on disk
}

// abridge makes kept, a copy of e, what is kept of it, and gives the policy that it
// refers to; nil where that is the default one.
//
// Of a policy it keeps itself what [entryHead.judged] needs.
func (s *Book) abridge(e, kept *Entry) *policyRecord {
	if e.worded() {
		kept.Decision.Reason, kept.Decision.Remedy, kept.Decision.Retry, kept.Unworded = "", "", 0, true
	}
	r := s.recordOfPolicy(&e.Policy)
	if r == nil {
		return nil
	}
	kept.PolicyDigest, kept.Policy = &r.digest, policy.Policy{}
	if e.Send.Bare != policy.NotBare {
		kept.Policy.BareNumbers = e.Policy.BareNumbers
	}
	return r
}

// recordOfPolicy is the record of a policy; nil for the default one, which has none.
func (s *Book) recordOfPolicy(p *policy.Policy) *policyRecord {
	var buffer [128]byte
	w := recordWriter{buffer[:0]}
	if w.writePolicy(p); len(w.out) == 1 {
		return nil
	}
	r := new(policyRecord)
	known := false
	if r.digest, known = s.policies.digest(w.out); !known {
		r.value = bytes.Clone(w.out)
	}
	return r
}

// worded reports that the decision has words, and [policy.Decide] gives them again.
func (e *Entry) worded() bool {
	d := &e.Decision
	switch {
	case e.Unread, d.Reason == "" && d.Remedy == "":
		return false
	case e.Decided:
		return true // as from the record: see the test of policy that decides again
	}
	send := e.Send
	send.To, send.Digits, send.Recipient = nil, "", policy.Identity{} // whoever reads the entry won't see them
	again := policy.Decide(&send, &e.Facts, &e.Policy, e.At.Time())
	return again.Verdict == d.Verdict && again.Rule == d.Rule && again.Reason == d.Reason && again.Remedy == d.Remedy && again.Retry == d.Retry
}

// putPolicy writes the policy an entry refers to, if it isn't there yet.
func (t *tx) putPolicy(r *policyRecord) error {
	if r == nil || r.value == nil {
		return nil
	}
	key := r.digest.key()
	before, err := t.get(key)
	switch {
	case err != nil:
		return err
	case before == nil:
		if err := t.Put(key, r.value, 0); err != nil {
			return err
		}
	case !bytes.Equal(before, r.value):
		return fmt.Errorf("the record of policy %x is of another one: %w", r.digest, ErrUnreadable)
	}
	t.Committed(func() { _, _ = t.s.policies.remember(r.digest, r.value) }) // it is our own, of a moment ago
	return nil
}

// complete gives a kept entry what abridge left out.
func (s *Book) complete(src values, e *Entry) error {
	if e.PolicyDigest != nil {
		p, err := s.policyOf(src, *e.PolicyDigest)
		if err != nil {
			return err
		}
		e.Policy, e.PolicyDigest = *p, nil
		e.Policy.EssentialTemplates = append([]string(nil), p.EssentialTemplates...) // the entry is the caller's
	}
	if e.Unworded {
		e.word()
	}
	return nil
}

// word puts the decision into words again. Those are of this version; one whose rules
// decide otherwise has none.
func (e *Entry) word() {
	e.Unworded = false
	again := policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time())
	if again.Verdict == e.Decision.Verdict && again.Rule == e.Decision.Rule {
		e.Decision.Reason, e.Decision.Remedy, e.Decision.Retry = again.Reason, again.Remedy, again.Retry
		return
	}
	e.Decision.Reason = "another version of the gateway decided so, by rules that this one doesn't have"
}

func (s *Book) policyOf(src values, d PolicyDigest) (*policy.Policy, error) {
	if p := s.policies.policy(d); p != nil {
		return p, nil
	}
	record, err := src.get(d.key())
	if err != nil {
		return nil, err
	}
	if err := checkPolicy(nil, d.key(), record); err != nil {
		return nil, err
	}
	return s.policies.remember(d, record)
}

// checkPolicy checks that a policy lies under its digest.
func checkPolicy(_ func([]byte) ([]byte, error), key, value []byte) error {
	switch {
	case value == nil:
		return fmt.Errorf("the policy %x it was decided under is missing: %w", key[1:], ErrUnreadable)
	case !bytes.Equal(key, digestOf(value).key()):
		return fmt.Errorf("it is another policy than %x, which its key names: %w", key[1:], ErrUnreadable)
	}
	return decode(value, new(policy.Policy))
}

// EntryChecks gives a check of the data of lines, which says what is wrong with it.
// get is the value of a record.
func EntryChecks(get func(key []byte) ([]byte, error)) func(data []byte) error {
	policies := make(map[PolicyDigest]error) // what is wrong with those seen
	return func(data []byte) error {
		var e Entry
		if err := decode(data, &e); err != nil || e.PolicyDigest == nil {
			return err
		}
		d := *e.PolicyDigest
		wrong, seen := policies[d]
		if !seen {
			record, err := get(d.key())
			if wrong = err; err == nil {
				wrong = checkPolicy(nil, d.key(), record)
			}
			policies[d] = wrong
		}
		return wrong
	}
}
