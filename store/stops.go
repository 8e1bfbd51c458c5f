package store

import (
	"slices"

	"github.com/waguard/waguard/policy"
)

// An error of Meta's can mean an opt-out. As the answer to a send it is that of the
// person the send went to, and is recorded with the outcome. As a status it names
// the person, mostly.
//
// A failed status can mean an opt-out and name nobody: then the person is the
// one its message was sent to, as the ledger entry says. Status and outcome of
// the send come in any order. The status leaves the opt-out in a record. If the
// outcome comes later, it looks for that; if it came before, whoever applied the
// status looks for the entry, once the record is committed. So one of the two
// always finds the other; see [stopSearch].
//
// Nearly all statuses name somebody. This is why there is no index of messages,
// which would cost every send a record: the entry is searched for.

// stopsRecord are the times of statuses that mean an opt-out of a person nobody
// has named yet.
type stopsRecord struct {
	Times []policy.Moment `cbor:"1,keyasint,omitempty"` // sorted
}

// stopUnnamed records the opt-out behind a status that names nobody. entry is
// that of the message, if it is known; one with the same opaque value may be it.
func (t *tx) stopUnnamed(e *policy.StatusChanged, optOut policy.ConsentChanged, wamid policy.Alias, entry *ID) error {
	if entry == nil {
		if err := t.leaveStop(wamid, optOut.At); err != nil || e.Opaque == "" {
			return err
		}
		var err error
		if entry, err = t.sendOf(wamid, t.s.OpaquePseudonym(e.PhoneNumberID, e.Opaque)); entry == nil || err != nil {
			return err
		}
	}
	h, settled, err := t.entry(*entry)
	if err != nil || h == nil {
		return err
	}
	return t.stopRecipient(h, settled, optOut)
}

// stopRecipient records an opt-out of the person an entry was sent to: as Meta
// answered, or else as it was judged.
func (t *tx) stopRecipient(h *entryHead, settled *settlement, optOut policy.ConsentChanged) error {
	contacts := h.judged()
	if settled.strayed() {
		contacts = []policy.Alias{*settled.Outcome.ReachedOther}
	}
	if len(contacts) == 0 {
		return nil
	}
	optOut.PhoneNumberID = h.Send.PhoneNumberID
	return t.say(contacts[:1], optOut)
}

func readStops(src values, wamid policy.Alias) (stopsRecord, error) {
	return readRecord[stopsRecord](src, aliasKey(stopsPrefix, wamid))
}

func (t *tx) leaveStop(wamid policy.Alias, at policy.Moment) error {
	r, err := readStops(t, wamid)
	if err != nil {
		return err
	}
	i, known := slices.BinarySearch(r.Times, at)
	if known {
		return nil
	}
	t.s.stopsLeft.Store(true)
	return t.put(aliasKey(stopsPrefix, wamid), stopsRecord{slices.Insert(r.Times, i, at)}, statusLife)
}

// takeStops acts on what statuses of the message have left for its entry.
func (t *tx) takeStops(h *entryHead, settled *settlement, wamid policy.Alias) error {
	if t.sole != nil && !t.s.stopsLeft.Load() {
		return nil
	}
	r, err := readStops(t, wamid)
	if err != nil || len(r.Times) == 0 {
		return err
	}
	for _, at := range r.Times {
		optOut := policy.StoppedMarketing(h.Send.PhoneNumberID, at, wamid.String())
		if err := t.stopRecipient(h, settled, optOut); err != nil {
			return err
		}
	}
	return t.Delete(aliasKey(stopsPrefix, wamid))
}

// loadStops notes whether any stop was left, and has what was left searched for:
// the gateway may have ended before that was done.
func (s *Book) loadStops(r *reading) error {
	return r.Scan([]byte{stopsPrefix}, func(key, _ []byte) (enough bool, err error) {
		s.stopsLeft.Store(true)
		s.stops.wanted[policy.Alias(key[1:])] = true
		return len(s.stops.wanted) == mostSearched, nil
	})
}
