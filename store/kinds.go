package store

import (
	"errors"

	"github.com/waguard/waguard/policy"
)

// Kind is a kind of record, for engines that check what they keep.
type Kind struct {
	// Name is in the plural.
	Name string
	// Prefix is the first byte of the keys.
	Prefix byte
	// Check says what is wrong with a record. get is the value of another one.
	Check func(get func(key []byte) ([]byte, error), key, value []byte) error
}

// Kinds are all of them.
var Kinds = []Kind{
	{"names of people", contactPrefix, checkContact},
	{"consent records", historyPrefix, decodes[ConsentRecord]},
	{"messages", statusPrefix, decodes[statusRecord]},
	{"copies of messages to groups", copiesPrefix, decodes[copiesRecord]},
	{"stops left", stopsPrefix, decodes[stopsRecord]},
	{"opaque values", opaquePrefix, decodes[opaqueRecord]},
	{"idempotency keys", attemptPrefix, decodes[attemptRecord]},
	{"templates", templatePrefix, decodes[templateRecord]},
	{"accounts listed", listingPrefix, decodes[listingRecord]},
	{"lists being read", pagesPrefix, decodes[pagesRecord]},
	{"business numbers", numberPrefix, decodes[numberRecord]},
	{"account events", eventPrefix, decodes[policy.AccountEvent]},
	{"digits shown", shownPrefix, decodes[shownRecord]},
	{"access tokens accepted", callerPrefix, decodes[callerRecord]},
	{"policies", policyPrefix, checkPolicy},
	{"keys", consentKeyPrefix, decodes[ConsentKey]},
	{"answers", rememberedPrefix, decodes[Remembered]},
	{"challenges", challengePrefix, decodes[challengeRecord]},
	{"reviews", reviewPrefix, decodes[reviewRecord]},
	{"texts of forms", formPrefix, decodes[FormText]},
	{"records of the log of consent", logPrefix, checkLog},
	{"notes of erasures", erasurePrefix, checkErasure},
	{"sums of entries", SumsPrefix, checkSums},
	{"former knowledge of people", pastContactPrefix, decodes[pastRecord]},
	{"former knowledge of templates", pastTemplatePrefix, checkPastTemplate},
	{"settings", enforcedPrefix, checkEnforced},
	{"limits", limitPrefix, decodes[limitRecord]},
	{"meters", meterPrefix, decodes[meterRecord]},
	{"figures of Meta's", figuresPrefix, decodes[figuresRecord]},
	{"arrivals", arrivalPrefix, decodes[arrivalRecord]},
	{"endpoints for events", subscriberPrefix, checkSubscriber},
}

// CheckSettled says what is wrong with a settlement.
func CheckSettled(settled []byte) error { return decode(settled, new(settlement)) }

func decodes[R any](_ func([]byte) ([]byte, error), _, value []byte) error {
	var r R
	return decode(value, &r)
}

// checkLog checks a record of the log of consent by itself; that they fit together is
// for [VerifyLog].
func checkLog(_ func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) < 2 {
		return errors.New("its key is none of the log's")
	}
	var record any = new([]byte)
	switch key[1] {
	case logHeadKind:
		record = new(logHead)
	case openingKind:
		record = new(openingRecord)
	case placeKind:
		record = new(placeRecord)
	}
	return decode(value, record)
}

func checkPastTemplate(get func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) < 2 {
		return errors.New("its key is none")
	}
	if key[1] == listingPrefix {
		return decodes[listingRecord](get, key, value)
	}
	return decodes[templateRecord](get, key, value)
}

func checkEnforced(get func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) == 1 { // since when the past is kept
		return decodes[policy.Moment](get, key, value)
	}
	return decodes[Enforced](get, key, value)
}

// getter makes a source of single records.
type getter func(key []byte) ([]byte, error)

func (get getter) get(key []byte) ([]byte, error) { return get(key) }

// checkContact checks that a name leads to the contact that has it, which lies
// under its smallest one.
func checkContact(get func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) != 1+len(policy.Alias{}) {
		return errors.New("its key is not that of a name")
	}
	a := policy.Alias(key[1:])
	r, err := decodeContact(value)
	switch {
	case err != nil:
		return err
	case r.Contact == nil && r.Under == nil:
		return errors.New("it leads nowhere")
	case r.Contact != nil && !r.Contact.Has(a):
		return errors.New("the contact there has another name")
	case r.Contact != nil:
		return nil
	}
	contact, _, err := readContact(getter(get), a)
	if err == nil && !contact.Has(a) {
		return errors.New("it leads to a contact without this name")
	}
	return err
}
