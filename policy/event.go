package policy

import "github.com/waguard/waguard/consent"

// Event is something learned about a person, a message or a template. Events
// may arrive in any order and any number of times; what is remembered is the
// same.
type Event interface{ event() }

// ServiceWindowOpened: the person did something that opens the customer service
// window of a business phone number: wrote, called, or accepted a call.
type ServiceWindowOpened struct {
	PhoneNumberID string
	Who           []Identity // all names of one person
	At            Moment     // WhatsApp's timestamp
	// Entry is how the person came to the chat, where the message tells.
	Entry string
	// Ad reports that they came through an ad whose chats Meta may charge nothing for.
	Ad bool
	// OptOut reports that the message is itself an opt-out, or suspected to be
	// one: it opens the window, but is no wish to hear more.
	OptOut bool
}

// ConsentChanged: the person stated a consent, or its withdrawal, for some scopes.
type ConsentChanged struct {
	PhoneNumberID string
	Who           []Identity
	// At is when the person said so. Zero, in a record of an operator: as it is
	// recorded.
	At     Moment
	State  ConsentState
	Scopes []Scope
	Source Source
	// General marks a record for everything, such as STOP or START. A general
	// opt-in gives back what general opt-outs took, and no more.
	General bool
	// Answer marks an ordinary word, such as "yes": it is an opt-in only where
	// the person was asked.
	Answer bool
	// Tap marks a tap on a button or row whose title alone says that it is an
	// opt-in: it never lifts an opt-out.
	Tap bool
	// Recorded is when the gateway learned of it, by its own clock. Zero: the
	// store that applies it notes when it did, never going backwards within what
	// it knows of one person.
	Recorded Moment
	// Ref is the evidence: the wamid of the message, or where an operator says that it
	// lies.
	Ref string
	// Evidence is what an operator gave beside it, nil for nothing; Lacks are the fields
	// that an opt-in would need to be valid and hasn't.
	Evidence *consent.Evidence
	Lacks    []consent.Field
	// Actor is who recorded it, where an operator did.
	Actor string
	// Known are names of the person of which nobody has more than the pseudonym.
	Known []Alias
	// Reviewed says of a dismissal which suspected opt-outs it is about: those that
	// had come in by then, as Recorded has it.
	Reviewed Moment
}

// ChallengeAnswered: the person wrote a message with a confirmation code. It confirms
// what was ticked elsewhere, if the code is of a challenge to the very same person and
// the message is the one the challenge came with.
type ChallengeAnswered struct {
	PhoneNumberID string
	Who           []Identity
	At            Moment // WhatsApp's timestamp
	Code          string
	// Text is the rest of the message, as [FoldText] has it.
	Text string
	// Ref is the wamid.
	Ref string
}

// IdentityLinked: the identities are names of one person.
type IdentityLinked struct {
	Who []Identity
	At  Moment
}

// IdentityChanged: the person known by Old is now known by New. Consent follows
// the person; customer service windows don't.
type IdentityChanged struct {
	Old, New []Identity
	At       Moment
}

// NewPerson: an operator states that an identity (a recycled number) belongs to
// somebody new from At on. What was known before no longer counts for it.
type NewPerson struct {
	Who Identity
	At  Moment
	// Recorded is as in [ConsentChanged].
	Recorded Moment
	// Actor is who stated it.
	Actor string
}

// NewPersonUndone: an operator takes back a [NewPerson]. What it made void counts
// again, also if this is learned before what it takes back.
type NewPersonUndone struct {
	Who Identity
	// Since is the At of the statement that is taken back.
	Since Moment
	// At is when it was taken back, Recorded as in [ConsentChanged].
	At, Recorded Moment
	// Actor is who took it back.
	Actor string
}

// CallPermission: the person permitted calls from the business phone number
// until Until, or withdrew the permission (Until is never).
type CallPermission struct {
	PhoneNumberID string
	Who           []Identity
	At            Moment
	Until         Moment
}

// StatusChanged: WhatsApp reports what became of a message.
type StatusChanged struct {
	PhoneNumberID string
	Wamid         string
	Who           []Identity // may be empty
	At            Moment
	// Told is the time as it was told, where that is after the delivery; At never
	// is. An opt-out counts from when it is told to be.
	Told      Moment
	Status    DeliveryStatus
	ErrorCode int      // Meta's code where Status is failed
	Pricing   *Pricing // with sent and with delivered or read
	// Opaque is the sender's biz_opaque_callback_data, echoed.
	Opaque string
	// FreeUntil is the end of the free entry point window that the message is in, where the
	// status tells.
	FreeUntil Moment
	// Group is the group that the message went to, if it went to one and the status names it.
	// Copy: the status is about the copy of one member, who is Who; else about the group.
	Group Identity
	Copy  bool
	// Market is that of the member, and Estimated that it is taken from the country of a user
	// id: who knows the rate cards says so of copies.
	Market    string
	Estimated bool
	// Price is what the copy costs by Pricing; Priced where somebody knows that.
	Price  Money
	Priced bool
}

// DeliveryStatus is how far a message got.
type DeliveryStatus string

// Delivery statuses, in the order a message goes through them. Failed ends it,
// unless another of the person's devices got it.
const (
	StatusSent      DeliveryStatus = "sent"
	StatusDelivered DeliveryStatus = "delivered"
	StatusRead      DeliveryStatus = "read"
	StatusPlayed    DeliveryStatus = "played"
	StatusFailed    DeliveryStatus = "failed"
)

// Rank orders delivery statuses: of two reports about one message the higher
// one holds, in whatever order they arrive. A delivery beats a failure, since a
// message can fail on one device and arrive on another.
func (s DeliveryStatus) Rank() int {
	switch s {
	case StatusSent:
		return 1
	case StatusFailed:
		return 2
	case StatusDelivered:
		return 3
	case StatusRead:
		return 4
	case StatusPlayed:
		return 5
	}
	return 0
}

// Delivered reports that the message reached the person.
func (s DeliveryStatus) Delivered() bool { return s.Rank() >= StatusDelivered.Rank() }

// Pricing is what Meta says it charges for a message.
type Pricing struct {
	Category string `json:"category" cbor:"1,keyasint"`       // as Meta writes it
	Type     string `json:"type" cbor:"2,keyasint,omitempty"` // regular, free_customer_service, free_entry_point
	Model    string `json:"pricing_model,omitempty" cbor:"3,keyasint,omitempty"`
	Billable bool   `json:"billable" cbor:"4,keyasint,omitempty"`
}

// TemplateChanged: Meta told a template's status or category. Empty fields were
// not told.
type TemplateChanged struct {
	WABA     string
	Template TemplateRef
	// ID is the template's id at Meta, by which calls of the API name it.
	ID       string
	At       Moment
	Status   TemplateStatus
	Category Category
	// Previous is the category that a webhook says was there before.
	Previous Category
	// Read reports that it was read in an answer of Meta's API, at At by the
	// gateway's clock. Otherwise a webhook told it, at At by Meta's clock and in
	// whole seconds.
	Read bool
	// Parts are those of the template, as an answer of the API showed them.
	Parts TemplateParts
	// Next is the category announced to apply from NextFrom on.
	Next     Category
	NextFrom Moment
}

// TemplatesListed: a complete list of the WABA's templates was seen. At is when
// it was asked for.
type TemplatesListed struct {
	WABA string
	At   Moment
}

// TemplatesPaged: a page of a list of the WABA's templates was seen. Who has read them all
// one after the other has seen a complete list.
type TemplatesPaged struct {
	WABA string
	// By is who lists: whoever shows another access token may be shown other templates.
	By Digest
	// After is where the page begins and Next where the next one does: the digest of what
	// Meta calls that; zero at the beginning and at the end.
	After, Next Digest
	// At is when the page was asked for.
	At Moment
}

// Digest stands for something long, or secret.
type Digest [16]byte

// TemplatesUnsure: a template may have been made that the gateway doesn't know
// the name of. An older list no longer counts as complete.
type TemplatesUnsure struct {
	WABA string
	At   Moment
}

// NumberSeen: a webhook tied a business phone number to its WABA.
type NumberSeen struct {
	PhoneNumberID string
	WABA          string
	// Display is the business's own number in digits.
	Display string
	At      Moment
}

func (ServiceWindowOpened) event() {}
func (ConsentChanged) event()      {}
func (ChallengeAnswered) event()   {}
func (IdentityLinked) event()      {}
func (IdentityChanged) event()     {}
func (NewPerson) event()           {}
func (NewPersonUndone) event()     {}
func (CallPermission) event()      {}
func (StatusChanged) event()       {}
func (TemplateChanged) event()     {}
func (TemplatesListed) event()     {}
func (TemplatesPaged) event()      {}
func (TemplatesUnsure) event()     {}
func (NumberSeen) event()          {}
