package store

import (
	"slices"

	"github.com/waguard/waguard/policy"
)

// learned is what Meta's answer to a send showed about its recipient.
type learned struct {
	// names are the recipient's, sorted.
	names []policy.Alias
	// elsewhere: they are no other spelling of whom the send was judged by.
	elsewhere bool
	// phone is the phone number among them, digits how the send wrote a number
	// without plus sign; zero where there is none.
	phone  policy.Alias
	digits string
}

func (s *Book) learnedOf(o Outcome) learned {
	l := learned{names: s.aliases(o.Learned), elsewhere: o.Elsewhere, digits: o.Digits}
	for _, id := range o.Learned {
		if id.Kind == policy.Phone {
			l.phone = s.Pseudonym(id)
		}
	}
	return l
}

// beside are the names that the phone number goes before, if there is one.
func (l *learned) beside() (names []policy.Alias) {
	for _, a := range l.names {
		if !l.phone.IsZero() && a != l.phone {
			names = append(names, a)
		}
	}
	return names
}

// learn links the identities Meta's answer showed with the person the message
// was sent to, and returns whom it went to, where that is somebody else. It
// writes only what is new: most answers tell what is known.
func (t *tx) learn(h *entryHead, l learned, at policy.Moment) (other *policy.ContactID, err error) {
	if len(l.names) == 0 {
		return nil, nil
	}
	to, err := t.recipient(h.judged(), l.names)
	if err != nil {
		return nil, err
	}
	names := l.names
	switch {
	case to.same, to.contact != nil && !l.elsewhere:
		names = policy.SortAliases(append(slices.Clone(names), *to.contact))
	case l.elsewhere && len(h.judged()) > 0:
		other = new(policy.ContactID)
	}
	c, err := t.contact(names[0])
	if err != nil {
		return nil, err
	}
	if !c.Linked(names, at) {
		if err := t.change(&policy.Change{Event: policy.IdentityLinked{At: at}, Names: names, Beside: l.beside()}); err != nil {
			return nil, err
		}
	}
	if other != nil {
		if c, err = t.contact(names[0]); err != nil {
			return nil, err
		}
		fold, err := t.s.fold(t, h.Send.PhoneNumberID, nil, []*policy.Contact{c})
		if err != nil {
			return nil, err
		}
		*other = c.Person(names[0], fold).Contact
	}
	return other, t.shown(h, l, at, other != nil)
}

// neverShown reports that it is known, without a look at the engine, that there is no
// record of digits.
func (t *tx) neverShown(key []byte, digits policy.Alias) bool {
	if t.sole == nil {
		return false
	}
	if _, pending := t.sole.Pending(key); pending {
		return false
	}
	_, shown := t.s.known.shownWho(digits)
	return !shown
}

// recipient is the contact Meta's answer is about.
type recipient struct {
	contact *policy.Alias
	same    bool // the answer names them
}

// recipient finds the one of judged whom an answer with these names is about. A
// number that was judged in two ways stands for two persons, and which one it was
// the answer must show; otherwise nobody is linked, since that can't be undone.
func (t *tx) recipient(judged, names []policy.Alias) (recipient, error) {
	for _, a := range names {
		c, err := t.contact(a)
		if err != nil {
			return recipient{}, err
		}
		for i := range judged {
			if c.SamePerson(a, judged[i]) {
				return recipient{&judged[i], true}, nil
			}
		}
	}
	if len(judged) == 0 {
		return recipient{}, nil
	}
	first, err := t.contact(judged[0])
	if err != nil {
		return recipient{}, err
	}
	if slices.ContainsFunc(judged[1:], func(a policy.Alias) bool { return !first.SamePerson(judged[0], a) }) {
		return recipient{}, nil
	}
	return recipient{&judged[0], false}, nil
}

// shownRecord is whom digits without a plus sign were shown to mean.
type shownRecord struct {
	Digits policy.Alias  `cbor:"1,keyasint"`
	Who    policy.Alias  `cbor:"2,keyasint"` // the phone number in Meta's newest answer
	At     policy.Moment `cbor:"3,keyasint"`
}

// shown remembers whom Meta took digits without a plus sign for, where that once
// was somebody else than they were read as.
func (t *tx) shown(h *entryHead, l learned, at policy.Moment, misread bool) error {
	if l.digits == "" || l.phone.IsZero() {
		return nil
	}
	digits := t.s.digitsPseudonym(h.Send.PhoneNumberID, l.digits)
	key := aliasKey(shownPrefix, digits)
	if !misread && t.neverShown(key, digits) {
		return nil
	}
	if before, err := t.get(key); err != nil || before == nil && !misread {
		return err
	}
	r := shownRecord{Digits: digits}
	return update(t, key, &r, func() {
		if at > r.At || at == r.At && l.phone.Compare(r.Who) > 0 {
			r.Who, r.At = l.phone, at
		}
	})
}
