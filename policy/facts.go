package policy

// Facts are what is known about a send's recipient and template at the moment
// of the decision. They are stored with the decision, so that it can be
// computed again.
type Facts struct {
	// Persons has one element for each identity the send names, in the order of
	// [Send.Identities].
	Persons []PersonFacts `json:"persons,omitempty" cbor:"1,keyasint,omitempty"`
	// OnePerson reports that a phone number and a user id named together are
	// known to belong to one person.
	OnePerson bool          `json:"one_person,omitempty" cbor:"2,keyasint,omitempty"`
	Template  TemplateFacts `json:"template,omitzero" cbor:"3,keyasint,omitempty"`
	// Shown is whom Meta's answer to an earlier send with the same digits and no
	// plus sign showed them to mean.
	Shown Shown `json:"shown,omitempty" cbor:"4,keyasint,omitempty"`
	// NoBusiness reports that no business is configured for the phone number the
	// send would leave from. Nothing else was looked up then.
	NoBusiness bool `json:"no_business,omitempty" cbor:"5,keyasint,omitempty"`
	// Rival is who else is taking what the send would use up.
	Rival Rival `json:"rival,omitempty" cbor:"6,keyasint,omitempty"`
	// SiblingRefused reports that a send which would leave together with this one is
	// refused.
	SiblingRefused bool `json:"sibling_refused,omitempty" cbor:"7,keyasint,omitempty"`
	// Sender is the program that sends, as the operator tells them apart, where rules of
	// the operator's own may ask for it.
	Sender string `json:"sender,omitempty" cbor:"8,keyasint,omitempty"`
	// Restored is when the store was as the backup had it that it was restored from:
	// who has written since then is not known of anybody who has not written after it.
	// It is there only where somebody's newest word is no newer.
	Restored Moment `json:"restored,omitempty" cbor:"9,keyasint,omitempty"`
	// Limits are the words of Meta's about the business phone number that are waited for.
	Limits []Limited `json:"limits,omitempty" cbor:"10,keyasint,omitempty"`
	// Campaign says whether marketing of the number is switched off, where the send is that.
	Campaign Campaign `json:"campaign,omitzero" cbor:"11,keyasint,omitempty"`
	// Portfolio is the one the send leaves from, where it counts under its messaging limit.
	Portfolio PortfolioFacts `json:"portfolio,omitzero" cbor:"12,keyasint,omitempty"`
	// RivalOf is of which kind the claim is that Rival takes; zero where that isn't known.
	RivalOf ClaimKind `json:"rival_of,omitzero" cbor:"13,keyasint,omitempty"`
	// Budgets are those that the send counts under, by name.
	Budgets []BudgetFacts `json:"budgets,omitempty" cbor:"14,keyasint,omitempty"`
}

// MayBeConfirmed reports that somebody a send may go to opted out of replies, so that
// it makes a difference whether the send [Send.Confirms] that.
func (f *Facts) MayBeConfirmed() bool {
	for i := range f.Persons {
		if f.Persons[i].Consent[Transactional].State == OptedOut {
			return true
		}
	}
	return false
}

// Rival says who else is taking what a send would use up: what is on record
// doesn't show it yet.
type Rival uint8

const (
	// NoRival: nobody.
	NoRival Rival = iota
	// SiblingRival: an earlier send of the same batch.
	SiblingRival
	// RequestRival: sends of other requests.
	RequestRival
)

var rivalNames = [...]string{"none", "sibling", "request"}

// String is the name in reports.
func (r Rival) String() string { return nameOf(rivalNames[:], r) }

// MarshalText writes r as String does.
func (r Rival) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Rival) UnmarshalText(text []byte) error { return parseName(rivalNames[:], string(text), r) }

// Shown says whom digits without a plus sign were shown to mean: a positive
// value is the person of [Facts.Persons] at that place, counted from 1.
type Shown int

const (
	// NotShown: no answer differed from what was expected.
	NotShown Shown = 0
	// ShownNone: somebody who is none of the readings.
	ShownNone Shown = -1
)

// PersonFacts are what is known about one person in relation to one business
// phone number.
type PersonFacts struct {
	Contact ContactID `json:"contact" cbor:"1,keyasint"`
	// Opened is WhatsApp's time of the newest event that opened the customer
	// service window.
	Opened Moment `json:"opened,omitempty" cbor:"2,keyasint,omitempty"`
	// Consent is where the person stands, per scope.
	Consent [Scopes]Consent `json:"consent" cbor:"3,keyasint,omitempty"`
	// Confirmed is when the one confirmation message after an opt-out was last
	// sent.
	Confirmed Moment `json:"confirmed,omitempty" cbor:"4,keyasint,omitempty"`
	// CallUntil is the end of the person's permission to be called; Forever when
	// it has none.
	CallUntil Moment `json:"call_until,omitempty" cbor:"5,keyasint,omitempty"`
	// Known reports that this installation has heard of the very identity the send
	// names: from a webhook, an answer of Meta's or a record of consent.
	Known bool `json:"known,omitempty" cbor:"6,keyasint,omitempty"`
	// Spoke is WhatsApp's time of the newest event that opened the window and was
	// no opt-out, nor suspected to be one; 1 where all were. Facts from before
	// that was kept have none, and Opened stands for it.
	Spoke Moment `json:"spoke,omitempty" cbor:"7,keyasint,omitempty"`
	// Suspected is when the person wrote what may be an opt-out, as far as nobody has
	// decided about it and they have not opted in since; see [OptOutSuspected].
	Suspected Moment `json:"suspected,omitempty" cbor:"8,keyasint,omitempty"`
	// Sent are the messages the person got that count under the caps on what is to be
	// sent, oldest first.
	Sent []Sent `json:"sent,omitempty" cbor:"9,keyasint,omitempty"`
	// Clocks are those that quiet hours of the send go by, as they stand at its time.
	Clocks []Clock `json:"clocks,omitempty" cbor:"10,keyasint,omitempty"`
	// Country is the ISO code of the person's country, where it makes a difference to the
	// send and can be told.
	Country string `json:"country,omitempty" cbor:"11,keyasint,omitempty"`
	// Requested is when the person last asked for a one-time code, as far as no opt-out
	// came in since and it makes a difference to the send.
	Requested Moment `json:"requested,omitempty" cbor:"12,keyasint,omitempty"`
	// Welcomed is when the person got the first template after they agreed, as far as
	// opt-ins reach. In facts about a send there is Unwelcomed instead.
	Welcomed Moment `json:"welcomed,omitempty" cbor:"13,keyasint,omitempty"`
	// Unwelcomed: they agreed to what is to be sent, and it is the first template since.
	Unwelcomed bool `json:"unwelcomed,omitempty" cbor:"14,keyasint,omitempty"`
	// Limits are the words of Meta's about the person that are waited for.
	Limits []Limited `json:"limits,omitempty" cbor:"15,keyasint,omitempty"`
	// Entry is how the person came into the newest window; "" where nothing told: see
	// [PersonFacts.EntryAt].
	Entry string `json:"entry,omitempty" cbor:"16,keyasint,omitempty"`
	// Started is when the portfolio last wrote to the person outside of a window, where a
	// messaging limit makes a difference to the send.
	Started Moment `json:"started,omitempty" cbor:"17,keyasint,omitempty"`
	// FreeUntil is the end of the free entry point window, AdAt when the person wrote through
	// an ad as far as nobody has answered: see [PersonFacts.FreeEntryAt].
	FreeUntil Moment `json:"free_until,omitempty" cbor:"18,keyasint,omitempty"`
	AdAt      Moment `json:"ad_at,omitempty" cbor:"19,keyasint,omitempty"`
	// Lots tell to which parts of all people the person belongs, where something holds for a
	// part: see [PersonFacts.LotsOf].
	Lots []Lot `json:"lots,omitempty" cbor:"20,keyasint,omitempty"`
}

// Forever is a Moment no clock will reach: the end of a permanent permission.
const Forever Moment = 1<<62 - 1

// ConsentState is where a person stands on a scope.
type ConsentState uint8

const (
	// ConsentUnknown: the person never said anything. Not an opt-in.
	ConsentUnknown ConsentState = iota
	// ConsentPending: asked, not confirmed yet. Not an opt-in.
	ConsentPending
	// OptedIn: the person agreed.
	OptedIn
	// OptedOut: the person said no. It is a value of its own, never the absence
	// of a record.
	OptedOut
	// OptOutSuspected: the person said what may be an opt-out, and somebody must
	// decide. It is what a record says and never where a person stands.
	OptOutSuspected
	// OptOutDismissed: somebody decided that what had come in was no opt-out. It is
	// what a record says and never where a person stands.
	OptOutDismissed
	// CodeRequested: the person asked for a one-time code, such as to log in. It is no
	// consent to anything, what a record says and never where a person stands.
	CodeRequested
)

var consentStateNames = [...]string{"unknown", "pending", "opted_in", "opted_out", "suspected", "dismissed", "requested"}

// String is the state's name in logs and reports.
func (s ConsentState) String() string { return nameOf(consentStateNames[:], s) }

// MarshalText writes the state's name.
func (s ConsentState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *ConsentState) UnmarshalText(text []byte) error {
	return parseName(consentStateNames[:], string(text), s)
}

// Consent is where a person stands on one scope.
type Consent struct {
	State ConsentState `json:"state" cbor:"1,keyasint,omitempty"`
	// Since is when the person said so.
	Since Moment `json:"since,omitempty" cbor:"2,keyasint,omitempty"`
	// Source is how we know.
	Source Source `json:"source,omitempty" cbor:"3,keyasint,omitempty"`
	// LastOptIn is the newest opt-in ever given, also where an opt-out came
	// after it.
	LastOptIn Moment `json:"last_opt_in,omitempty" cbor:"4,keyasint,omitempty"`
}

// Source is how a change of consent reached us.
type Source string

// The sources the gateway itself can observe. Operators state their own.
const (
	SourceKeyword    Source = "chat_keyword"     // the person wrote START, STOP or the like
	SourceButton     Source = "button"           // the person tapped a quick reply
	SourcePreference Source = "user_preferences" // WhatsApp's own "stop marketing" control
	SourceMeta131050 Source = "meta_131050"      // Meta failed a send: the person stopped marketing
	SourceOperator   Source = "operator"         // the consent command or admin route
	SourceQuestion   Source = "question"         // a message that asks for consent was sent
	SourceReview     Source = "review"           // somebody read a message that may be an opt-out, and decided
	SourceRequest    Source = "user_request"     // the person asked for a one-time code
)
