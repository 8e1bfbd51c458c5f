package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// limitSubject is whom Meta limits: a business phone number by its id or by its digits, as
// webhooks name it, or an account.
type limitSubject struct {
	Kind limitKind `cbor:"1,keyasint"`
	ID   string    `cbor:"2,keyasint"`
}

type limitKind int

const (
	limitedNumber limitKind = iota + 1
	limitedDisplay
	limitedAccount
	limitedPortfolio
)

// limitRecord is what Meta said about how much a number or an account may send, and whether
// its marketing is switched off.
type limitRecord struct {
	limitSubject
	Words    []policy.Limited `cbor:"3,keyasint,omitempty"`
	Campaign policy.Campaign  `cbor:"4,keyasint,omitempty"`
	// Told is the messaging limit of an account, Usage how much of one a portfolio has used.
	Told  policy.ToldLimit `cbor:"5,keyasint,omitempty"`
	Usage policy.Usage     `cbor:"6,keyasint,omitempty"`
}

func (s limitSubject) key() []byte {
	return digestKey(limitPrefix, []string{limitedNumber: "number", limitedDisplay: "display", limitedAccount: "account", limitedPortfolio: "portfolio"}[s.Kind], s.ID)
}

// limit changes the record of a subject.
func (t *tx) limit(s limitSubject, change func(*limitRecord)) error {
	r := limitRecord{limitSubject: s}
	return update(t, s.key(), &r, func() { change(&r) })
}

// campaignSwitched turns the switch of whom the event names.
func (t *tx) campaignSwitched(e policy.CampaignSwitched) error {
	s := limitSubject{limitedNumber, e.PhoneNumberID}
	switch {
	case e.PhoneNumberID != "":
	case e.Display != "":
		s = limitSubject{limitedDisplay, e.Display}
	case e.WABA != "":
		s = limitSubject{limitedAccount, e.WABA}
	default:
		return nil
	}
	return t.limit(s, func(r *limitRecord) { r.Campaign.Turn(e) })
}

// limitedBy notes what an error of Meta's says about how much a business phone number may
// send, at all or to the person with the names.
func (t *tx) limitedBy(code int, phoneNumberID string, at policy.Moment, names []policy.Alias) error {
	l := policy.Limited{Code: code, At: at}
	if e, ok := policy.SwitchedByError(code, phoneNumberID, at); ok {
		return t.switchedByError(e)
	}
	switch {
	case policy.LimitsNumber(code):
		return t.limit(limitSubject{limitedNumber, phoneNumberID}, func(r *limitRecord) { r.Words = policy.WithLimited(r.Words, l) })
	case policy.LimitsPerson(code) && len(names) > 0:
		return t.limitPerson(names, phoneNumberID, l)
	}
	return nil
}

// switchedByError switches marketing of a number off. That it was on until then is an event;
// further errors are none.
func (t *tx) switchedByError(e policy.CampaignSwitched) error {
	wasOn := false
	err := t.limit(limitSubject{limitedNumber, e.PhoneNumberID}, func(r *limitRecord) {
		wasOn = !slices.ContainsFunc(r.Campaign.Off(e.At), func(t policy.CampaignTurns) bool { return t.Cause == policy.CauseError })
		r.Campaign.Turn(e)
	})
	if err != nil || !wasOn {
		return err
	}
	return t.accountEvent(policy.AccountEvent{At: e.At, PhoneNumberID: e.PhoneNumberID, Kind: policy.CampaignSwitch, Name: "OFF", Detail: e.Says, Severity: policy.Critical})
}

// limitPerson notes it of a person, who must not be known again by it after an erasure.
func (t *tx) limitPerson(names []policy.Alias, phoneNumberID string, l policy.Limited) error {
	told := policy.Change{Names: names, Event: policy.StatusChanged{PhoneNumberID: phoneNumberID, At: l.At}}
	if _, gone, err := t.ofErased(&told); gone || err != nil {
		return err
	}
	return t.edit(names, func(c *policy.Contact) {
		for _, a := range names {
			c.Limit(a, phoneNumberID, l)
		}
	})
}

// gotThrough notes that Meta took a message after it had taken none: what that was is over.
func (t *tx) gotThrough(h *entryHead, o Outcome) error {
	for _, l := range o.Ends {
		l := policy.Limited{Code: l, At: o.At, Over: true}
		var err error
		if policy.LimitsNumber(l.Code) {
			err = t.limit(limitSubject{limitedNumber, h.Send.PhoneNumberID}, func(r *limitRecord) { r.Words = policy.WithLimited(r.Words, l) })
		} else if names := h.judged(); len(names) > 0 {
			err = t.limitPerson(names[:1], h.Send.PhoneNumberID, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// statusLimits notes what a status says about how much may be sent. Deliveries count only
// where something is waited for.
func (t *tx) statusLimits(e *policy.StatusChanged, names []policy.Alias, entry *ID) error {
	if e.Status == policy.StatusFailed && e.ErrorCode != 0 {
		if len(names) == 0 && policy.LimitsPerson(e.ErrorCode) && entry != nil {
			h, _, err := t.entry(*entry)
			if err != nil {
				return err
			}
			if h != nil {
				names = h.judged()[:min(len(h.judged()), 1)]
			}
		}
		return t.limitedBy(e.ErrorCode, e.PhoneNumberID, e.At, names)
	}
	l, ok := e.Limited()
	if !ok || len(names) == 0 {
		return nil
	}
	c, err := t.contact(names[0])
	if err != nil || !c.IsLimited(names[0], e.PhoneNumberID, l.Code) {
		return err
	}
	return t.limitPerson(names, e.PhoneNumberID, l)
}

// Campaign says whether marketing of a business phone number is switched off.
func (s *Book) Campaign(ctx context.Context, phoneNumberID, waba string) (policy.Campaign, error) {
	var f policy.Facts
	err := s.look(ctx, func(r *reading) error { return s.limitFacts(r, phoneNumberID, waba, &f) })
	if err != nil {
		return f.Campaign, fmt.Errorf("reading whether marketing is switched off: %w", err)
	}
	return f.Campaign, nil
}

// limitFacts are what holds for a business phone number, of the account waba where that is
// known. It reads from r, which is nil where the engine is sole.
func (s *Book) limitFacts(r *reading, phoneNumberID, waba string, f *policy.Facts) error {
	number, err := s.numberIn(r, phoneNumberID)
	if err != nil {
		return err
	}
	if waba == "" {
		waba = number.WABA
	}
	if s.known == nil && r.at == 0 {
		s.guesses.saw(phoneNumberID, number)
	}
	limits, err := s.limitsIn(r, []limitSubject{{limitedNumber, phoneNumberID}, {limitedDisplay, number.Display}, {limitedAccount, waba}})
	if err != nil {
		return err
	}
	for i := range limits {
		for _, w := range limits[i].Words {
			f.Limits = policy.WithLimited(f.Limits, w)
		}
		f.Campaign.Merge(limits[i].Campaign)
	}
	return nil
}

// limitsIn are the records of subjects, in their order; that of a subject without a name is
// empty. They are read from r, which is nil where the engine is sole.
func (s *Book) limitsIn(r *reading, subjects []limitSubject) ([]limitRecord, error) {
	if s.known == nil {
		var keys [][]byte
		for _, subject := range subjects {
			if subject.ID != "" {
				keys = append(keys, subject.key())
			}
		}
		if err := r.fetchMissing(keys...); err != nil {
			return nil, err
		}
	}
	list := make([]limitRecord, len(subjects))
	for i, subject := range subjects {
		if subject.ID == "" {
			continue
		}
		if s.known != nil {
			list[i] = s.known.limit(subject)
		} else {
			var err error
			if list[i], err = readRecord[limitRecord](r, subject.key()); err != nil {
				return nil, err
			}
		}
		if r != nil && r.at != 0 {
			list[i].until(r.at)
		}
	}
	return list, nil
}

// until leaves out what was not known yet at a moment. What a later word has taken the place
// of isn't kept.
func (r *limitRecord) until(at policy.Moment) {
	r.Words = slices.DeleteFunc(slices.Clone(r.Words), func(l policy.Limited) bool { return l.At > at })
	r.Campaign = r.Campaign.Before(at)
	r.Usage = r.Usage.Before(at)
	if r.Told.At > at {
		r.Told = policy.ToldLimit{}
	}
}
