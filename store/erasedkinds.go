package store

// Erasing is what the erasure of a person does with the records of a kind.
type Erasing string

const (
	// ErasesNamed: they lie under a name of the person, and are deleted.
	ErasesNamed Erasing = "deleted: it lies under a name of the person"
	// ErasesAbout: they are looked through, and those about the person are deleted, or
	// lose what is about them.
	ErasesAbout Erasing = "looked through: what is about the person goes"
	// ErasesNameless: they say something of a message or a name that the person's are,
	// and get one that leads nowhere.
	ErasesNameless Erasing = "kept under a random name"
	// KeepsImpersonal: nothing in them is about a person.
	KeepsImpersonal Erasing = "kept: it is about nobody"
	// KeepsTold: it says that the person was erased, to whoever was told of them before.
	KeepsTold Erasing = "kept for a week: receivers of events are told by it whom to erase"
	// KeepsTombstone: it is what keeps the person opted out.
	KeepsTombstone Erasing = "kept: the tombstone and what is noted about erasures"
)

// erasing says of every kind of record what an erasure does with it. A kind that is
// missing here doesn't pass the tests.
var erasing = map[byte]Erasing{
	contactPrefix:      ErasesNamed,
	historyPrefix:      ErasesNamed,
	reviewPrefix:       ErasesNamed,
	statusPrefix:       ErasesNameless,
	copiesPrefix:       ErasesAbout,
	stopsPrefix:        ErasesAbout,
	opaquePrefix:       ErasesAbout,
	attemptPrefix:      ErasesAbout,
	shownPrefix:        ErasesAbout,
	rememberedPrefix:   ErasesAbout,
	challengePrefix:    ErasesAbout,
	logPrefix:          ErasesAbout,
	pastContactPrefix:  ErasesNamed,
	pastTemplatePrefix: KeepsImpersonal,
	enforcedPrefix:     KeepsImpersonal,
	formPrefix:         KeepsImpersonal,
	limitPrefix:        KeepsImpersonal,
	templatePrefix:     KeepsImpersonal,
	listingPrefix:      KeepsImpersonal,
	pagesPrefix:        KeepsImpersonal,
	numberPrefix:       KeepsImpersonal,
	eventPrefix:        KeepsImpersonal,
	callerPrefix:       KeepsImpersonal,
	policyPrefix:       KeepsImpersonal,
	consentKeyPrefix:   KeepsImpersonal,
	SumsPrefix:         KeepsImpersonal,
	meterPrefix:        KeepsImpersonal,
	figuresPrefix:      KeepsImpersonal,
	arrivalPrefix:      KeepsTold,
	subscriberPrefix:   ErasesAbout,
	erasurePrefix:      KeepsTombstone,
}

// Erasing is what the erasure of a person does with records whose keys begin with a
// byte.
func ErasingOf(prefix byte) (Erasing, bool) {
	e, ok := erasing[prefix]
	return e, ok
}
