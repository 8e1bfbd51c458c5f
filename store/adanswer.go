package store

import "github.com/waguard/waguard/policy"

// Whether a message opened a free entry point window is known by the facts it was decided on:
// the person waited for an answer to a message that came through an ad. When it opened is
// told by Meta's answer, and better by statuses.

// answersAd notes a message that Meta took for one that answers an ad, and what its statuses
// told before.
func (t *tx) answersAd(id ID, h *entryHead, s *settlement) error {
	to := h.meant()
	if to == nil || to.AdAt == 0 || s.Wamid == nil || s.strayed() {
		return nil
	}
	gone, err := t.goneSince(h, to, s.Outcome.At)
	if gone || err != nil {
		return err
	}
	is, err := readStatus(t, *s.Wamid)
	if err != nil {
		return err
	}
	a := policy.AdAnswer{Ad: to.AdAt, Message: *s.Wamid, At: s.Outcome.At}
	is.tell(&a)
	err = t.edit([]policy.Alias{to.Contact}, func(c *policy.Contact) { c.AnswerAd(to.Contact, h.Send.PhoneNumberID, a) })
	if err != nil || is.AnswersAd {
		return err
	}
	// No sum counts what is changed here.
	if is.AnswersAd = true; is.sent() == nil {
		is.Sent = &id
	}
	return t.putStatusValue(*s.Wamid, appendStatus(nil, &is))
}

// answerTold notes what a status told of such a message.
func (t *tx) answerTold(wamid policy.Alias, at policy.Moment, is *statusRecord) error {
	if !is.AnswersAd || is.sent() == nil {
		return nil
	}
	h, _, err := t.entry(*is.sent())
	if h == nil || h.Erased || err != nil {
		return err
	}
	to := h.meant()
	if to == nil {
		return nil
	}
	gone, err := t.goneSince(h, to, at)
	if gone || err != nil {
		return err
	}
	return t.edit([]policy.Alias{to.Contact}, func(c *policy.Contact) {
		c.TellAnswer(to.Contact, h.Send.PhoneNumberID, wamid, is.tell)
	})
}

// tell says of an answer what is known of its message.
func (r *statusRecord) tell(a *policy.AdAnswer) {
	d := r.delivery()
	a.Delivered, a.Failed, a.Charged = d.Delivered, d.Status == policy.StatusFailed, d.Pricing.NoFreeEntry()
}

// goneSince reports that what is said of the person at a time is from before their data was
// erased.
func (t *tx) goneSince(h *entryHead, to *headPerson, at policy.Moment) (bool, error) {
	said := policy.Change{Names: []policy.Alias{to.Contact}, Event: policy.StatusChanged{PhoneNumberID: h.Send.PhoneNumberID, At: at}}
	_, gone, err := t.ofErased(&said)
	return gone, err
}
