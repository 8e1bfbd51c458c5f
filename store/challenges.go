package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

// ErrExpired: the challenge was not answered in time.
var ErrExpired = errors.New("the challenge has expired")

// challengeKept is for how much longer than it may be answered a challenge is
// remembered, so that who answers too late is told so.
const challengeKept = 30 * 24 * time.Hour

// ChallengeID names a challenge. Nobody can guess one.
type ChallengeID [16]byte

// String is the id in hexadecimal digits.
func (id ChallengeID) String() string { return hex.EncodeToString(id[:]) }

// ParseChallengeID reads what String wrote.
func ParseChallengeID(s string) (id ChallengeID, err error) {
	if n, err := hex.Decode(id[:], []byte(s)); len(s) != 2*len(id) || err != nil || n != len(id) {
		return id, errors.New("a challenge has 32 hexadecimal digits, as the answer to the question had them")
	}
	return id, nil
}

// Challenge is the question for an opt-in that a person answers, on WhatsApp or
// elsewhere: whoever gets the answer says which challenge it is to.
type Challenge struct {
	ID            ChallengeID
	PhoneNumberID string
	Scopes        []policy.Scope
	// What is recorded when the person confirms.
	Source   policy.Source
	Ref      string
	Evidence *consent.Evidence
	Lacks    []consent.Field
	Actor    string
	Expires  policy.Moment
	// Text is the message by which the person confirms on WhatsApp, without its code,
	// as [policy.FoldText] has it; "" where they confirm otherwise.
	Text string
	// Code is what that message ends with. Ask makes it, where there is a Text.
	Code string
	// Confirmed is when the person did; zero for not yet.
	Confirmed policy.Moment
}

// challengeRecord is a challenge as it is kept, with the names of who was asked.
type challengeRecord struct {
	Names         []policy.Alias    `cbor:"1,keyasint"`
	PhoneNumberID string            `cbor:"2,keyasint"`
	Scopes        []policy.Scope    `cbor:"3,keyasint"`
	Source        policy.Source     `cbor:"4,keyasint"`
	Ref           string            `cbor:"5,keyasint,omitempty"`
	Evidence      *consent.Evidence `cbor:"6,keyasint,omitempty"`
	Lacks         []consent.Field   `cbor:"7,keyasint,omitempty"`
	Actor         string            `cbor:"8,keyasint,omitempty"`
	Expires       policy.Moment     `cbor:"9,keyasint"`
	Confirmed     policy.Moment     `cbor:"10,keyasint,omitempty"`
	Text          string            `cbor:"11,keyasint,omitempty"`
}

// coded makes a code for a challenge, and gives it the id that belongs to that: who sees
// the code doesn't know the id.
func (s *Book) coded(c *Challenge) {
	var drawn [policy.CodeLength]byte
	rand.Read(drawn[:]) // which never fails
	for i := range drawn {
		drawn[i] = policy.CodeAlphabet[drawn[i]%byte(len(policy.CodeAlphabet))]
	}
	c.Code = string(drawn[:])
	c.ID = s.challengeOf(c.Code)
}

func (s *Book) challengeOf(code string) ChallengeID {
	return ChallengeID(s.AttemptPseudonym("confirmation code", code))
}

// Ask records that the person was asked for consent, with a challenge that can be
// answered until it expires. It gives the challenge its id.
func (s *Book) Ask(ctx context.Context, who policy.Identity, c *Challenge) error {
	if c.Text == "" {
		rand.Read(c.ID[:]) // which never fails
	} else {
		s.coded(c)
	}
	names := s.aliases([]policy.Identity{who})
	keep := time.Duration(max(c.Expires-policy.MomentOf(s.options.Now()), 0))*time.Millisecond + challengeKept
	err := s.update(ctx, func(t *tx) error {
		asked := policy.ConsentChanged{PhoneNumberID: c.PhoneNumberID, State: policy.ConsentPending, Scopes: c.Scopes, Source: c.Source, Ref: c.Ref, Evidence: c.Evidence, Actor: c.Actor}
		if err := t.say(names, asked); err != nil {
			return err
		}
		return t.put(aliasKey(challengePrefix, policy.Alias(c.ID)), challengeRecord{
			names, c.PhoneNumberID, c.Scopes, c.Source, c.Ref, c.Evidence, c.Lacks, c.Actor, c.Expires, 0, c.Text,
		}, keep)
	})
	if err != nil {
		return fmt.Errorf("asking for consent: %w", err)
	}
	return nil
}

// Answer records how the person answered a challenge: that they agreed, now, or that
// they said no. A challenge is confirmed once, and told again as it was. The error is
// [ErrNotFound] or [ErrExpired] where there is nothing to answer; after the challenge has
// expired nobody agrees by it, but may say no.
func (s *Book) Answer(ctx context.Context, id ChallengeID, state policy.ConsentState, actor string) (c *Challenge, err error) {
	now := policy.MomentOf(s.options.Now())
	err = s.update(ctx, func(t *tx) error {
		key := aliasKey(challengePrefix, policy.Alias(id))
		r, err := readRecord[challengeRecord](t, key)
		switch {
		case err != nil:
			return err
		case r.Names == nil:
			return ErrNotFound
		case state == policy.OptedIn && r.Confirmed != 0: // a webhook is delivered again
			c = r.challenge(id)
			return nil
		case state == policy.OptedIn && now > r.Expires:
			return ErrExpired
		}
		said := policy.ConsentChanged{PhoneNumberID: r.PhoneNumberID, State: state, Scopes: r.Scopes, Source: r.Source, Ref: r.Ref, Actor: actor}
		if state == policy.OptedIn {
			said.Evidence, said.Lacks = r.Evidence, r.Lacks
			r.Confirmed = now
		}
		if err := t.say(r.Names, said); err != nil {
			return err
		}
		c = r.challenge(id)
		return t.put(key, r, challengeKept)
	})
	if err != nil {
		return nil, fmt.Errorf("answering the challenge %s: %w", id, err)
	}
	return c, nil
}

// challengeAnswered takes a message with a code for the confirmation of the challenge, if
// it comes from the very person who was asked, and says what the challenge asked for. It
// is an opt-in of the time of the message: what the person said later still holds, in
// whatever order it comes in.
func (t *tx) challengeAnswered(e policy.ChallengeAnswered) error {
	id := t.s.challengeOf(e.Code)
	key := aliasKey(challengePrefix, policy.Alias(id))
	r, err := readRecord[challengeRecord](t, key)
	if err != nil || r.Names == nil || r.PhoneNumberID != e.PhoneNumberID || e.Text != "" && e.Text != r.Text || e.At > r.Expires {
		return err
	}
	said := policy.ConsentChanged{
		PhoneNumberID: e.PhoneNumberID, Who: e.Who, At: e.At, State: policy.OptedIn, Scopes: r.Scopes, Source: policy.SourceKeyword, Ref: e.Ref,
		Evidence: r.Evidence, Lacks: r.Lacks, Actor: r.Actor,
	}
	ch, ok := policy.ChangeOf(said, t.s.Pseudonym)
	if !ok {
		return nil
	}
	asked, err := t.samePerson(r.Names, ch.Names)
	if err != nil || !asked {
		return err
	}
	if err := t.change(&ch); err != nil || r.Confirmed >= e.At {
		return err
	}
	r.Confirmed = e.At
	return t.put(key, r, challengeKept)
}

// samePerson reports whether some of the names of who answers are those of who was asked, or
// known to be the same person's.
func (t *tx) samePerson(asked, names []policy.Alias) (bool, error) {
	for _, a := range names {
		c, err := t.contact(a)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(asked, func(b policy.Alias) bool { return c.SamePerson(a, b) }) {
			return true, nil
		}
	}
	return false, nil
}

func (r *challengeRecord) challenge(id ChallengeID) *Challenge {
	return &Challenge{
		ID: id, PhoneNumberID: r.PhoneNumberID, Scopes: r.Scopes, Source: r.Source, Ref: r.Ref, Evidence: r.Evidence, Lacks: r.Lacks, Actor: r.Actor,
		Expires: r.Expires, Confirmed: r.Confirmed, Text: r.Text,
	}
}
