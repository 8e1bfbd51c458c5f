package store

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

// ID names a decision and its ledger entry. It is a UUID of version 7: ids sort
// by time.
type ID [16]byte

// lastID is the millisecond of the newest id in its upper 52 bits, and how many
// were made in it before in its lower 12.
var lastID atomic.Uint64

// NewID is a new id for a decision made at the given time. The ids of one
// millisecond sort in the order they were made, up to 4,096 of them.
func NewID(at policy.Moment) ID {
	ms := uint64(max(at, 0))
	var next uint64
	for {
		last := lastID.Load()
		if next = ms << 12; last>>12 == ms {
			next = ms<<12 | (last+1)&0xfff
		}
		if lastID.CompareAndSwap(last, next) {
			break
		}
	}
	var id ID
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], ms)
	copy(id[:6], b[2:])
	binary.BigEndian.PutUint16(id[6:], 0x7000|uint16(next&0xfff))
	rand.Read(id[8:])
	id[8] = id[8]&0x3f | 0x80
	return id
}

// FirstID is smaller than every id made at the time, and larger than those made
// before.
func FirstID(at policy.Moment) (id ID) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(at, 0)))
	copy(id[:], ms[2:])
	return id
}

// Moment is when the decision was made.
func (id ID) Moment() policy.Moment {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return policy.Moment(binary.BigEndian.Uint64(ms[:]))
}

// IsZero reports that id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String is the id in the usual form of a UUID.
func (id ID) String() string {
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	var id ID
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 2*len(id) {
		return ID{}, fmt.Errorf("%q is not a decision id", s)
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("%q is not a decision id", s)
	}
	return id, nil
}

// MarshalText writes the id as String does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// Entry is one line of the ledger: a send that was seen, what was decided on
// which facts, and what became of it. From Send, Facts, Policy and At the
// decision can be computed again.
type Entry struct {
	ID ID            `json:"id" cbor:"1,keyasint"`
	At policy.Moment `json:"at" cbor:"2,keyasint"`
	// Business is the configured name of the business phone number.
	Business string          `json:"business,omitempty" cbor:"3,keyasint,omitempty"`
	Send     policy.Send     `json:"send" cbor:"4,keyasint"`
	Facts    policy.Facts    `json:"facts,omitzero" cbor:"5,keyasint"`
	Policy   policy.Policy   `json:"policy,omitzero" cbor:"6,keyasint,omitempty"`
	Decision policy.Decision `json:"decision" cbor:"7,keyasint"`
	// Monitored: the business is in monitor mode, a refusal was not enforced.
	Monitored bool `json:"monitored,omitempty" cbor:"8,keyasint,omitempty"`
	// Unread: the request could not be read, so no rule of policy saw it; the
	// decision is the reader's. In older entries also one that was refused because
	// of another send of its batch.
	Unread bool `json:"unread,omitempty" cbor:"9,keyasint,omitempty"`
	// Market is the market of Meta's rate card the recipient belongs to.
	Market string `json:"market,omitempty" cbor:"10,keyasint,omitempty"`
	// MarketEstimated: the market was taken from the country of a user id, not
	// from a calling code.
	MarketEstimated bool     `json:"market_estimated,omitempty" cbor:"11,keyasint,omitempty"`
	Outcome         Outcome  `json:"outcome" cbor:"12,keyasint"`
	Delivery        Delivery `json:"delivery,omitzero" cbor:"13,keyasint,omitempty"`
	// Copies are those of a message to a group of which statuses have told. Delivery is then
	// what became of any.
	Copies []Copy `json:"copies,omitempty" cbor:"-"`
	// Opaque is the pseudonym of the sender's biz_opaque_callback_data. A status
	// that repeats it settles an entry whose outcome is unknown.
	Opaque policy.Alias `json:"-" cbor:"14,keyasint,omitempty"`
	// Sender is the program that sent it, as the operator tells them apart: a
	// user, an address, a name. Token is the keyed fingerprint of its access
	// token. Either is empty where nobody knows.
	Sender string `json:"sender,omitempty" cbor:"15,keyasint,omitempty"`
	Token  string `json:"sender_token,omitempty" cbor:"16,keyasint,omitempty"`
	// PolicyDigest is where the store keeps Policy, and Unworded that it leaves out the
	// words of Decision, since policy.Decide gives them again. Nobody else sees them
	// set.
	PolicyDigest *PolicyDigest `json:"-" cbor:"17,keyasint,omitempty"`
	Unworded     bool          `json:"-" cbor:"18,keyasint,omitempty"`
	// Fallback is what was asked for, where a template was sent in its place: Send and
	// all else are the template's.
	Fallback *Fallback `json:"fallback,omitempty" cbor:"19,keyasint,omitempty"`
	// Price is what the send was expected to cost when it was decided.
	Price billing.Quote `json:"price,omitzero" cbor:"20,keyasint,omitempty"`
	// Tags are what the sender said of it, for reports.
	Tags billing.Tags `json:"tags,omitempty" cbor:"21,keyasint,omitempty"`
	// Metering is what it counts as towards allowance, volume tiers and budgets.
	Metering Metering `json:"metering,omitzero" cbor:"22,keyasint,omitempty"`
	// Shadow is what another policy says of the send, which is on trial; nil where none is.
	// Where it is the one that decided, Policy is its.
	Shadow *Shadow `json:"shadow,omitempty" cbor:"23,keyasint,omitempty"`
	// Decided: Decision is what policy.Decide makes of Send, Facts and Policy at At, as
	// it came, so that its words need not be compared. It is not kept.
	Decided bool `json:"-" cbor:"-"`
	// Terms are those of the Query the facts came from. Reserve needs them where
	// the decision Claims something; they are not kept.
	Terms *policy.Terms `json:"-" cbor:"-"`
	// WABA owns the template of the send, as in the Query the facts came from.
	// Reserve needs it to learn from the price of the message; it is not kept.
	WABA string `json:"-" cbor:"-"`
	// Basis is what the facts were read of, as in the Query. What it says must still hold
	// when Reserve enters the send; it is not kept.
	Basis *Basis `json:"-" cbor:"-"`
	// Attempt is set on the first entry of a request that came with an
	// idempotency key. It is kept in a record of its own.
	Attempt *Attempt `json:"-" cbor:"-"`
}

// Fallback is a send that was refused, and a template sent in its place.
type Fallback struct {
	Kind policy.Kind `json:"kind" cbor:"1,keyasint,omitempty"`
	// Type is the message type as sent.
	Type string `json:"type" cbor:"2,keyasint,omitempty"`
	// Rule is the one that refused it.
	Rule policy.Rule `json:"rule" cbor:"3,keyasint,omitempty"`
}

// Shadow is a policy on trial, beside the one that is enforced.
type Shadow struct {
	Name string `json:"name" cbor:"1,keyasint,omitempty"`
	// Enforced: it decided about the send, since it is enforced for the person. What follows is
	// then what the other one says.
	Enforced bool `json:"enforced,omitempty" cbor:"2,keyasint,omitempty"`
	// Verdict, Rule and RuleID are those of the policy that did not decide; "" where they are
	// the same.
	Verdict policy.Verdict `json:"verdict,omitempty" cbor:"3,keyasint,omitempty"`
	Rule    policy.Rule    `json:"rule,omitempty" cbor:"4,keyasint,omitempty"`
	RuleID  string         `json:"rule_id,omitempty" cbor:"5,keyasint,omitempty"`
	// Failed: nobody knows what the policy that did not decide says.
	Failed bool `json:"failed,omitempty" cbor:"6,keyasint,omitempty"`
	// Missing is what it would have to know, and nobody counts for it; "" for nothing.
	Missing policy.Missing `json:"missing,omitempty" cbor:"7,keyasint,omitempty"`
	// Facts and Policy are those of the policy that did not decide, to decide by again while
	// the send is under way. They are not kept.
	Facts  *policy.Facts  `json:"-" cbor:"-"`
	Policy *policy.Policy `json:"-" cbor:"-"`
}

// Differs reports that the two policies answer otherwise.
func (s *Shadow) Differs() bool { return s.Verdict != "" }

// Says notes what the policy that did not decide says, beside what was decided.
func (s *Shadow) Says(other, decided *policy.Decision) {
	s.Verdict, s.Rule, s.RuleID = "", "", ""
	if s.Missing == "" && !other.Same(decided) {
		s.Verdict, s.Rule, s.RuleID = other.Verdict, other.Rule, other.RuleID
	}
}

// Contact is the pseudonym of the recipient; zero where the send names none.
func (e *Entry) Contact() policy.ContactID {
	if e.Decision.Person >= len(e.Facts.Persons) {
		return policy.ContactID{}
	}
	return e.Facts.Persons[e.Decision.Person].Contact
}

// Lots are those by which the recipient belongs to parts of all people.
func (e *Entry) Lots() []policy.Lot {
	if e.Decision.Person >= len(e.Facts.Persons) {
		return nil
	}
	return e.Facts.Persons[e.Decision.Person].LotsOf()
}

// EntrySource is how the recipient came into the customer service window that was open;
// "" where none was.
func (e *Entry) EntrySource() string {
	if e.Decision.Person >= len(e.Facts.Persons) {
		return ""
	}
	return e.Facts.Persons[e.Decision.Person].EntryAt(e.At)
}

// Category is what the send is billed as: Meta's word where it is known, else the
// estimate.
func (e *Entry) Category() policy.Category {
	if p := e.Delivery.Pricing; p != nil {
		if told := policy.BilledCategory(p.Category); told != "" {
			return told
		}
	}
	return e.Estimated()
}

// Estimated is the category that the send was expected to be billed as: that of the decision,
// but where its price is another one's, such as authentication to another country.
func (e *Entry) Estimated() policy.Category {
	if c := e.Price.Category; c != "" {
		return policy.Category(c)
	}
	return e.Decision.Category
}

// Violation reports that the send was refused, or would have been.
func (e *Entry) Violation() bool { return e.Decision.Verdict == policy.Refuse }

// Tag is the decision as lists, headers, logs and metrics name it: allow, refuse,
// or monitor where a refusal was not enforced.
func (e *Entry) Tag() string {
	return tagOf(e.Decision.Verdict, e.Monitored)
}

func tagOf(v policy.Verdict, monitored bool) string {
	if monitored {
		return "monitor"
	}
	return string(v)
}

// SentToAnother reports that the send was allowed, and Meta's answer named
// somebody else than it was judged by.
func (e *Entry) SentToAnother() bool { return !e.Violation() && e.Outcome.ReachedOther != nil }

// ViolatedRule is the rule that the entry counts under: of an allowed send that went
// to somebody else that of such violations, else the one that spoke.
func (e *Entry) ViolatedRule() policy.Rule {
	if e.SentToAnother() {
		return policy.RuleSentToAnother
	}
	return e.Decision.Rule
}

// SenderAndToken is a sender with the fingerprint of its access token, as lists show
// it.
func SenderAndToken(sender, token string) string {
	if token == "" {
		return sender
	}
	return strings.TrimSpace(sender + " (" + token + ")")
}

// TypeOrTemplate is what was sent, as lists show it: the type, or the template by
// its name.
func TypeOrTemplate(kind, template string) string {
	if template != "" {
		return "template " + template
	}
	return kind
}

// OutcomeState is how far a send got.
type OutcomeState string

const (
	// Refused: it never left.
	Refused OutcomeState = "refused"
	// Reserved: it was about to leave. An entry that stays in this state for longer
	// than any send can take is Unknown.
	Reserved OutcomeState = "reserved"
	// Accepted: Meta took it, with a wamid.
	Accepted OutcomeState = "accepted"
	// Rejected: Meta answered with an error.
	Rejected OutcomeState = "rejected"
	// NotSent: it certainly never reached Meta.
	NotSent OutcomeState = "not_sent"
	// Unknown: it may have been sent. What it uses up stays used until a status
	// settles it.
	Unknown OutcomeState = "unknown"
)

// OutcomeStates are all of them.
var OutcomeStates = []OutcomeState{Refused, Reserved, Accepted, Rejected, NotSent, Unknown}

// Outcome is what the upstream made of a send.
type Outcome struct {
	State OutcomeState  `json:"state" cbor:"1,keyasint"`
	At    policy.Moment `json:"at,omitempty" cbor:"2,keyasint,omitempty"`
	// HTTPStatus is the upstream's answer; zero where there was none.
	HTTPStatus int `json:"http_status,omitempty" cbor:"3,keyasint,omitempty"`
	// ErrorCode is Meta's error code where it rejected the send.
	ErrorCode int `json:"error_code,omitempty" cbor:"4,keyasint,omitempty"`
	// Wamid is Meta's id of the message. The store keeps its pseudonym alone: a
	// wamid contains the phone number.
	Wamid string `json:"-" cbor:"-"`
	// Asked are the scopes the message asked the person's consent for.
	Asked []policy.Scope `json:"-" cbor:"-"`
	// Learned are the identities Meta's answer showed to be the recipient's.
	Learned []policy.Identity `json:"-" cbor:"-"`
	// Elsewhere: they are not those the send was judged by, spelled otherwise.
	// Unless they are known to be names of one person, the message went to
	// somebody else.
	Elsewhere bool `json:"-" cbor:"-"`
	// Digits are those of a phone number without plus sign, as the send wrote it;
	// "" where it has one. With Learned they show what they mean.
	Digits string `json:"-" cbor:"-"`
	// ReachedOther is who the message went to, where that is somebody else than
	// the send was judged by. The store fills it in.
	ReachedOther *policy.ContactID `json:"reached_other,omitempty" cbor:"5,keyasint,omitempty"`
	// Ends are the codes of Meta's whose wait is over, since the message was taken.
	Ends []int `json:"-" cbor:"-"`
	// Answer is what a repetition of the entry's [Attempt] is answered, with
	// HTTPStatus; nil where nobody knows an answer.
	Answer []byte `json:"-" cbor:"-"`
	// Repeatable: the same request may be sent again, since this one had no
	// effect. It always may where the state is NotSent.
	Repeatable bool `json:"-" cbor:"-"`
}

// Delivery is what status webhooks told about an accepted message.
type Delivery struct {
	Status    policy.DeliveryStatus `json:"status,omitempty" cbor:"1,keyasint,omitempty"`
	At        policy.Moment         `json:"at,omitempty" cbor:"2,keyasint,omitempty"`
	ErrorCode int                   `json:"error_code,omitempty" cbor:"3,keyasint,omitempty"`
	// Pricing is Meta's word on category and price type. It beats the category
	// of the decision.
	Pricing *policy.Pricing `json:"pricing,omitempty" cbor:"4,keyasint,omitempty"`
	// Delivered is when it reached the person, by the earliest status that tells: a read
	// message has been delivered too. It is charged for then.
	Delivered policy.Moment `json:"delivered_at,omitempty" cbor:"5,keyasint,omitempty"`
}

// ConsentRecord is one change of consent as it was learned.
type ConsentRecord struct {
	At            policy.Moment       `json:"at" cbor:"1,keyasint"`
	PhoneNumberID string              `json:"phone_number_id" cbor:"2,keyasint"`
	State         policy.ConsentState `json:"state" cbor:"3,keyasint"`
	Scopes        []policy.Scope      `json:"scopes" cbor:"4,keyasint"`
	Source        policy.Source       `json:"source" cbor:"5,keyasint"`
	// Ref is the evidence the operator named. Wamids are kept as pseudonyms.
	Ref string `json:"ref,omitempty" cbor:"6,keyasint,omitempty"`
	// Alias is the name of the person under which it was learned.
	Alias policy.Alias `json:"alias" cbor:"7,keyasint"`
	// Recorded is when the gateway heard of it; zero where nobody kept that.
	Recorded policy.Moment `json:"recorded,omitempty" cbor:"8,keyasint,omitempty"`
	// General marks a record for everything, such as STOP or START.
	General bool `json:"general,omitempty" cbor:"9,keyasint,omitempty"`
	// Tap marks an opt-in by the title of a button alone: it lifts no opt-out.
	Tap bool `json:"tap,omitempty" cbor:"10,keyasint,omitempty"`
	// Actor is who recorded it, where an operator did.
	Actor string `json:"actor,omitempty" cbor:"11,keyasint,omitempty"`
	// Handover marks a record that says nothing of consent, but whose the name is.
	Handover Handover `json:"handover,omitempty" cbor:"12,keyasint,omitempty"`
	// Reviewed says of a dismissal which suspected opt-outs it is about: those recorded
	// by then.
	Reviewed policy.Moment `json:"reviewed,omitempty" cbor:"13,keyasint,omitempty"`
	// Evidence is what was given beside Ref, Lacks are the fields that an opt-in would
	// have needed to be valid by the configuration of its time.
	Evidence *consent.Evidence `json:"evidence,omitempty" cbor:"14,keyasint,omitempty"`
	Lacks    []consent.Field   `json:"lacks,omitempty" cbor:"15,keyasint,omitempty"`
	// ID names the record: it is computed from all it says and of whom.
	ID RecordID `json:"id" cbor:"-"`
	// Former marks a record of whom the name belonged to before; it is not kept.
	Former bool `json:"former,omitempty" cbor:"-"`
}

// RecordID names a consent record.
type RecordID [8]byte

// String is the id in hexadecimal digits.
func (id RecordID) String() string { return hex.EncodeToString(id[:]) }

// ParseRecordID reads an id that String has written.
func ParseRecordID(s string) (id RecordID, err error) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("%q is no id of a consent record: those have sixteen hexadecimal digits, as waguard consent history shows them", s)
	}
	return RecordID(raw), nil
}

// MarshalText writes the id as String does.
func (id RecordID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Handover is what a record says of whose a name is.
type Handover string

// An operator stated that a name belongs to somebody new, or took that back.
const (
	HandedOver     Handover = "new_person"
	HandoverUndone Handover = "new_person_undone"
)

// Filter selects ledger entries and violations. Zero fields select everything.
type Filter struct {
	// From and To bound the time of the decision: From inclusive, To exclusive.
	From, To policy.Moment
	// Before yields only entries older than this one: the last of the page
	// before.
	Before        ID
	PhoneNumberID string
	Rule          policy.Rule
	// Category is Meta's where it is known, else the estimate.
	Category policy.Category
	// Sender is a sender, or the fingerprint of one's token; Token is that beside the sender.
	Sender   string
	Token    string
	Template string // its name
	Outcome  OutcomeState
	// Contact is any name of the recipient.
	Contact policy.Identity
	// Pseudonym is one of the recipient's, in hexadecimal digits as lists show it, or
	// its first eight or more. Where several people have it, looking for it fails
	// with ErrAmbiguous.
	Pseudonym string
	// Wamid is Meta's id of the message.
	Wamid string
	// Limit is the most entries to yield; zero is no limit.
	Limit int
}
