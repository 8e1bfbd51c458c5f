package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/waguard/waguard/policy"
)

// The first byte of a key says what the record is. What follows has a fixed
// width, so that the order of keys is the order of subject, then time:
//
//	c alias(16)                     contactRecord: a contact under its smallest alias, or a pointer to it
//	h alias(16) time(8) hash(8)     ConsentRecord, once under each name it came with
//	s wamid(16)                     statusRecord: what became of a message
//	C wamid(16)                     copiesRecord: what became of the copies of a message to a group
//	o wamid(16)                     stopsRecord: opt-outs of a person only the message's ledger entry names
//	q opaque(16)                    opaqueRecord: sends and messages that may belong together
//	a key(16)                       attemptRecord: the request under an idempotency key
//	t digest(16)                    templateRecord: one template of a WABA
//	w digest(16)                    listingRecord: a WABA whose templates are all known
//	P digest(16)                    pagesRecord: who is in the middle of listing the templates of a WABA
//	n digest(16)                    numberRecord: a business phone number
//	e time(8) hash(8)               policy.AccountEvent: what happened to an account, by what it says
//	d digits(16)                    shownRecord: whom digits without a plus sign were shown to mean
//	x caller(16)                    callerRecord: an access token that Meta accepts for a business phone number
//	r alias(16)                     reviewRecord: a person who may have opted out, under a name it came with
//	g time(6) 0(10)                 sumsRecord: the sums of the ledger entries of a quarter of an hour
//	g id(16) 0                      correctionRecord: an entry that counts otherwise than there
//	g                               chainRecord: since when there are such
//	j id(8)                         ConsentKey: an API key for consent, by its hash
//	i name(16)                      Remembered: an answer that is given again
//	D version(16)                   FormText: what a version of an opt-in form says
//	f id(16)                        challengeRecord: a question for consent that can be answered
//	b                               what proves the history: see logKey
//	W alias(16) version(8)          pastRecord: what a change of the contact under that alias replaced
//	T key(17) version(8)            what a change of a template or listing replaced
//	Y digest(16) version(8)         Enforced: what holds for a business phone number from then on
//	E t name(16)                    policy.Erasure: when the data of a person was erased, under their tombstone's name
//	E j id(16)                      erasureJob: an erasure that is under way
//	E r time(8) id(8)               ErasureNote: what was erased, and by whom
//	E p                             purgeRecord: since when erased bytes are still in files
//	L digest(16)                    limitRecord: what Meta said about how much a number or account may send
//	F digest(16) day(10) part(2)    figuresRecord: what Meta says that it charges an account for on a day
//	B digest(16)                    meterRecord: what a month has used of an allowance, a volume or a budget
//	N number(8) hash(8)             arrivalRecord: what came in then that endpoints for events are told of
//	S s digest(16)                  Subscriber: how far an endpoint for events has got
//	S d digest(16) number(8)        DeadEvent: an event that an endpoint didn't take
//	p digest(8)                     policy.Policy: what entries of the ledger were decided under
//
// alias, wamid, opaque, digits, caller and key are keyed pseudonyms; wamid, opaque, digits and
// caller cover the phone number id as well. Digests are SHA-256 of names that are no
// secret. An engine may keep records of its own under k, l, m, u, v, y and z.
const (
	contactPrefix    = 'c'
	historyPrefix    = 'h'
	statusPrefix     = 's'
	copiesPrefix     = 'C'
	stopsPrefix      = 'o'
	opaquePrefix     = 'q'
	attemptPrefix    = 'a'
	templatePrefix   = 't'
	listingPrefix    = 'w'
	pagesPrefix      = 'P'
	numberPrefix     = 'n'
	eventPrefix      = 'e'
	shownPrefix      = 'd'
	callerPrefix     = 'x'
	policyPrefix     = 'p'
	reviewPrefix     = 'r'
	challengePrefix  = 'f'
	consentKeyPrefix = 'j'
	rememberedPrefix = 'i'
	logPrefix        = 'b'

	pastContactPrefix  = 'W'
	pastTemplatePrefix = 'T'
	enforcedPrefix     = 'Y'
	formPrefix         = 'D'
	erasurePrefix      = 'E'
	limitPrefix        = 'L'
	meterPrefix        = 'B'
	figuresPrefix      = 'F'
	arrivalPrefix      = 'N'
	subscriberPrefix   = 'S'
	// SumsPrefix is for engines, which let sums go with the entries of their time.
	SumsPrefix = 'g'
)

// ExpiringKinds are the first bytes of the keys of records that may be kept for a
// time.
const ExpiringKinds = "sCoqaexfiWTFPNS"

func aliasKey(prefix byte, a policy.Alias) []byte {
	return append([]byte{prefix}, a[:]...)
}

func historyKey(a policy.Alias, at policy.Moment, hash [8]byte) []byte {
	key := append(make([]byte, 0, 33), historyPrefix)
	key = append(key, a[:]...)
	key = binary.BigEndian.AppendUint64(key, uint64(max(at, 0)))
	return append(key, hash[:]...)
}

// maxID is larger than every id.
var maxID = ID(bytes.Repeat([]byte{0xff}, 16))

func compareIDs(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// digestKey names a record after what it is about.
func digestKey(prefix byte, names ...string) []byte {
	h := sha256.New()
	for _, name := range names {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(name))))
		h.Write([]byte(name))
	}
	return append([]byte{prefix}, h.Sum(nil)[:16]...)
}
