// Package store remembers: what people said, what webhooks told, what was sent and
// what became of it. A [Book] does, over an [Engine] that keeps the bytes: the
// embedded one is store/badger. Package storetest holds the suite that a book
// passes over any engine, enginetest the one that every engine passes.
//
// What follows from several changes together is either computed from joined
// records, which no order can alter (contacts, statuses, templates), or when it is
// read (the outcome of a send).
//
// What a store keeps refers to people by keyed pseudonym ([policy.Alias]). It
// holds no phone number, user id, wamid or message text in clear.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store/archive"
)

// Errors callers branch on.
var (
	// ErrClosed: the store was closed, by a shutdown or by a configuration that
	// no longer uses it.
	ErrClosed = errors.New("the store is closed")
	// ErrClaimed: what the send would use up was used since the facts were read.
	// Read them again and decide again.
	ErrClaimed = errors.New("already claimed by another send")
	// ErrOutdated is an ErrClaimed of which nobody knows whether anything was used up:
	// what the send was judged by is another by now.
	ErrOutdated = fmt.Errorf("what the send was judged by has changed, and may be %w", ErrClaimed)
	// ErrRepeated: a request with the same idempotency key was reserved before.
	ErrRepeated = errors.New("already sent under this idempotency key")
	// ErrFailed: an earlier write failed in a way after which nothing the store
	// says can be trusted. It answers this until the process is restarted.
	ErrFailed = errors.New("the store stopped after a failed write; restart the gateway")
	// ErrLate: nobody waits any longer for a write, and nobody knows what becomes of it.
	ErrLate = errors.New("the store took too long")
	// ErrUnreadable: a record that was asked for is there and can't be read. Others
	// can.
	ErrUnreadable = errors.New("a record of the store can't be read")
	// ErrNotFound: no record by that name.
	ErrNotFound = errors.New("not found")
	// ErrForgotten: it is no longer kept what was known then, or it never was.
	ErrForgotten = errors.New("what was known then is not kept")
	// ErrErased: what was known then was erased since, with the data of a person.
	ErrErased = errors.New("what was known then was erased since")
	// ErrAmbiguous: several people have a pseudonym that begins so.
	ErrAmbiguous = errors.New("more than one person has a pseudonym that begins so; give more of its digits")
)

// AcceptedFor is how long it counts that Meta accepted an access token.
const AcceptedFor = 30 * 24 * time.Hour

// Store remembers, durably and for the whole process. All methods may be called
// concurrently. A store decides nothing.
//
// A change whose call (or whose Write.Wait) returned nil is on disk and survives
// kill -9 and power loss. It is visible to every read that starts after that.
type Store interface {
	// Facts reads what a decision about one send needs, in one read.
	Facts(ctx context.Context, q Query) (policy.Facts, error)

	// Apply makes events durable, all or none. Applying the same events again,
	// or in another order, leads to the same state.
	//
	// When the gateway heard of a consent record is part of the event. Where it
	// doesn't say so the store notes it, once: the same one told again is no news.
	// It is also then that an ordinary word is taken for an answer, if the person
	// was asked.
	Apply(ctx context.Context, events []policy.Event) error

	// Reserve enters a send into the ledger before it leaves, or a refusal. It
	// returns at once, if the engine can; the entry is durable when the write is.
	// A context that is cancelled gives it up where it isn't on its way yet. If the decision
	// Claims something that has been used since, the write fails with
	// ErrClaimed and nothing is entered, and so where a person was erased since; if its Attempt is known already, with
	// ErrRepeated.
	Reserve(ctx context.Context, e *Entry) *Write

	// Settle records what became of the reserved entry id. What is settled last
	// holds. Statuses that arrived before are joined in. An error that means an
	// opt-out ([policy.StopsMarketing]) is recorded as one, of the person the send
	// was for, together with the outcome.
	Settle(ctx context.Context, id ID, o Outcome) *Write

	// Number is what webhooks told about a business phone number; zero where
	// nothing is known.
	Number(ctx context.Context, phoneNumberID string) (Number, error)

	// TemplateByID is the template with that id at Meta, or ErrNotFound where no
	// event told of it.
	TemplateByID(ctx context.Context, id string) (Template, error)

	// TemplatesNamed are the known templates of that name, one for each language.
	TemplatesNamed(ctx context.Context, waba, name string) ([]policy.TemplateRef, error)

	// Pseudonym is the name under which the store knows an identity.
	Pseudonym(who policy.Identity) policy.Alias

	// Installation names the key of the pseudonyms: under another one they are others.
	Installation() string

	// OpaquePseudonym is the name under which the store knows the
	// biz_opaque_callback_data of a send; see [Entry.Opaque].
	OpaquePseudonym(phoneNumberID, opaque string) policy.Alias

	// Fingerprint tells access tokens apart without revealing them: ten
	// hexadecimal digits, keyed like pseudonyms; "" for none.
	Fingerprint(token string) string

	// AcceptedAt is when Meta was last seen to accept an access token for a
	// business phone number; zero where it never was, or long ago. It takes no read.
	AcceptedAt(phoneNumberID, token string) policy.Moment

	// Accepted remembers that Meta did so at a time, under a keyed digest of both,
	// for AcceptedFor at least. It is so at once, and on disk a little later. A
	// store remembers some thousand tokens, the newest.
	Accepted(phoneNumberID, token string, at policy.Moment)

	// Unaccepted forgets it: Meta takes the token no longer.
	Unaccepted(phoneNumberID, token string)

	// AttemptPseudonym is the name under which the store knows an idempotency
	// key, or a request; see [Attempt].
	AttemptPseudonym(parts ...string) policy.Alias

	// Attempt is what is remembered under the pseudonym of an idempotency key,
	// or ErrNotFound.
	Attempt(ctx context.Context, key policy.Alias) (*KnownAttempt, error)

	// Check reports whether the store can serve reads and writes.
	Check(ctx context.Context) error

	Reader
}

// Reader looks things up for people. It is never needed on a send's path.
type Reader interface {
	// Contact is all that ties the names of who has an identity together, and what happened
	// under each; nil for nobody who is known.
	Contact(ctx context.Context, who policy.Identity) (*policy.Contact, error)

	// Entry is the ledger entry with that id, or ErrNotFound.
	Entry(ctx context.Context, id ID) (*Entry, error)

	// Ledger yields the entries that match, newest first.
	Ledger(ctx context.Context, f Filter) iter.Seq2[*Entry, error]

	// Sums counts the ledger entries that match, by what reports count, in no order.
	// It costs a fraction of reading them.
	Sums(ctx context.Context, f Filter) iter.Seq2[*Sum, error]

	// SumsByDay counts them by the days of the decision and of the delivery, in the time
	// zone of the business phone number: far fewer sums than by quarters of an hour.
	SumsByDay(ctx context.Context, f Filter, zone func(phoneNumberID string) *time.Location) iter.Seq2[*Sum, error]

	// SumsIn counts them in less detail.
	SumsIn(ctx context.Context, f Filter, d Detail) iter.Seq2[*Sum, error]

	// Received yields the messages that were decided in a time, from a business phone
	// number or all (""), and have reached somebody since: newest first.
	Received(ctx context.Context, from, to policy.Moment, phoneNumberID string) iter.Seq2[*Received, error]

	// Violations yields the refused sends (and in monitor mode those that would
	// have been refused) that match, newest first. They may be kept longer than
	// the ledger.
	Violations(ctx context.Context, f Filter) iter.Seq2[*Entry, error]

	// Heads yields the heads of the entries of a journal that match, newest first,
	// for counts over many of them: it costs a fraction of reading the entries.
	Heads(ctx context.Context, j Journal, f Filter) iter.Seq2[*Head, error]

	// Scored yields what scoring needs of the ledger entries that match, newest first: it costs
	// a fraction of reading them. Each is good until the next one. It selects by time, number,
	// category, rule, sender, template and outcome.
	Scored(ctx context.Context, f Filter) iter.Seq2[*Scored, error]

	// Heard is what statuses have told of each of some messages.
	Heard(ctx context.Context, messages []MessageID) ([]Heard, error)

	// Campaign says whether marketing of a business phone number is switched off, by itself
	// or with its account, waba where that is configured.
	Campaign(ctx context.Context, phoneNumberID, waba string) (policy.Campaign, error)

	// Portfolio says how much the portfolio of the query has used of its messaging limit.
	Portfolio(ctx context.Context, q Query) (policy.PortfolioFacts, error)

	// RecountBudget sets what is spent of a budget in a month to what count says; where
	// onlyNew, only if nothing has counted under it before. If something was counted
	// meanwhile it is ErrClaimed, and nothing changes.
	RecountBudget(ctx context.Context, name, month string, onlyNew bool, count func() (BudgetMeter, error)) error

	// MonthMeters are the allowances and volumes of a month, or of all (""), and the volume
	// tiers that Meta told of, in no order.
	MonthMeters(ctx context.Context, month string) ([]MonthMeter, error)

	// Meters are how far the meters of a month are that the price of a send depends on.
	Meters(ctx context.Context, q *MeterQuery) (Meters, error)

	// PutFigures keeps what Meta says that it charges for on a day, in place of what it said
	// before, as long as the ledger.
	PutFigures(ctx context.Context, f *Figures) error

	// Figures are what Meta says that it charges an account for, of the days from one on and
	// before another that it was asked about, by day.
	Figures(ctx context.Context, waba, from, to string) ([]*Figures, error)

	// Numbers are the business phone numbers that webhooks told of, by id.
	Numbers(ctx context.Context) (map[string]Number, error)

	// Templates is what is known about the templates of a WABA, or of all (""), in
	// the order of their names, most of them at most.
	Templates(ctx context.Context, waba string, most int) (*Catalogue, error)

	// InTouch counts the people who were in touch with each business phone number
	// after a time that since gives for it. Of a store with many people it reads
	// some, and estimates.
	InTouch(ctx context.Context, since func(phoneNumberID string) policy.Moment) (*InTouch, error)

	// Person is what is known about the person behind an identity in relation to
	// a business phone number.
	Person(ctx context.Context, who policy.Identity, phoneNumberID string, terms *policy.Terms) (policy.PersonFacts, error)

	// Meant lists the identities that a name may mean which somebody wrote down: a
	// user id those of either kind that are known, itself if none is.
	Meant(ctx context.Context, who policy.Identity) ([]policy.Identity, error)

	// NewSince is when an identity was last given to a new person, as an operator
	// stated and nobody took back; 0 if never.
	NewSince(ctx context.Context, who policy.Identity) (policy.Moment, error)

	// Consents are the consent records under names of one shard, of Shards, that match.
	Consents(ctx context.Context, shard byte, f *ConsentFilter) ([]*ConsentRecord, error)

	// Standings are where the people stand whose names are in one shard, each under every
	// name, for these business phone numbers and, unless only those are asked for, for all
	// that have to do with them. Terms are those of a number.
	Standings(ctx context.Context, shard byte, numbers []string, only bool, terms func(phoneNumberID string) *policy.Terms) ([]Standing, error)

	// Ask records that the person was asked for consent, with a challenge that can be
	// answered until it expires. It gives the challenge its id.
	Ask(ctx context.Context, who policy.Identity, c *Challenge) error

	// Answer records how a challenge was answered: with [policy.OptedIn] or
	// [policy.OptedOut]. It is ErrNotFound or ErrExpired where there is nothing to
	// answer; a challenge that is confirmed stays so.
	Answer(ctx context.Context, id ChallengeID, state policy.ConsentState, actor string) (*Challenge, error)

	// PutForm keeps what a version of an opt-in form says, before it is shown.
	PutForm(ctx context.Context, f *FormText) error

	// Form is that version of a form, or ErrNotFound.
	Form(ctx context.Context, v FormVersion) (*FormText, error)

	// PutConsentKey makes an API key for consent, or changes one.
	PutConsentKey(ctx context.Context, k *ConsentKey) error

	// ConsentKey is the key of that id, or ErrNotFound.
	ConsentKey(ctx context.Context, id ConsentKeyID) (*ConsentKey, error)

	// ConsentKeys are all keys, by name.
	ConsentKeys(ctx context.Context) ([]*ConsentKey, error)

	// Remember keeps an answer for a time, under a name that AttemptPseudonym made.
	Remember(ctx context.Context, name policy.Alias, r *Remembered, keep time.Duration) error

	// Remembered is the answer under that name; nil for none.
	Remembered(ctx context.Context, name policy.Alias) (*Remembered, error)

	// Suspicions are all suspected opt-outs that wait for somebody to decide, the one
	// that came in first before the others. terms are those of a business phone number.
	Suspicions(ctx context.Context, terms func(phoneNumberID string) *policy.Terms) ([]Suspicion, error)

	// History yields every consent record by the person behind an identity,
	// under any of their names, newest first.
	History(ctx context.Context, who policy.Identity) iter.Seq2[*ConsentRecord, error]

	// AccountEvents yields the account events that match, newest first. They are
	// kept as long as the ledger.
	AccountEvents(ctx context.Context, f EventFilter) iter.Seq2[*AccountEvent, error]
}

// BackerUp is what a store can do in addition that can copy itself while it
// serves.
type BackerUp interface {
	// Backup writes what the store holds at one moment: what is new since base, as far
	// as it can be told; or everything, where base is nil. See package archive.
	Backup(ctx context.Context, w io.Writer, base *archive.Base) error
}

// Examined is what a store can do in addition that can verify itself while it
// serves.
type Examined interface {
	// Examine reads and verifies everything the store holds.
	Examine(ctx context.Context) (*CheckReport, error)
}

// Audited is what a store can do in addition that keeps a log which proves its consent
// records.
type Audited interface {
	// VerifyLog compares all of the log with the history, and with a checkpoint that
	// was kept elsewhere, nil for none.
	VerifyLog(ctx context.Context, kept []byte) (*audit.Report, error)
	// Checkpoint is the newest signed checkpoint.
	Checkpoint(ctx context.Context) (*audit.Signed, error)
	// ProveRecord is the proof that a record is in the log. It is an [ErrNotFound]
	// where there is no such record.
	ProveRecord(ctx context.Context, id RecordID) (*audit.Proof, error)
	// ProveRecords are the proofs of several at one moment, in their order: nil for one
	// that has no leaf yet. All are in trees of which the last is that of the checkpoint.
	ProveRecords(ctx context.Context, records []*ConsentRecord) ([]*audit.Proof, *audit.Signed, error)
	// SignSums signs the sums of files with the key of the log.
	SignSums(ctx context.Context, text []byte) (*audit.Sums, error)
}

// Past is what a store can do in addition that keeps what changes replace.
type Past interface {
	// FactsAt reads what a decision at a moment needed, as it was known then.
	FactsAt(ctx context.Context, q Query, at policy.Moment) (policy.Facts, error)
	// PastSince is the first moment of which that is kept.
	PastSince() policy.Moment
	// OpenedLater is the newest opening of a window that came before a moment and was
	// heard of after it, and when; zero for none.
	OpenedLater(ctx context.Context, who policy.Identity, phoneNumberID string, terms *policy.Terms, at policy.Moment) (opened, arrived policy.Moment, err error)
	// HistoryOf is every consent record of a person by the name they have in a
	// decision, newest first.
	HistoryOf(ctx context.Context, contact policy.ContactID) ([]*ConsentRecord, error)
	// Enforce records what holds for business phone numbers from now on.
	Enforce(ctx context.Context, list []Enforced) error
	// EnforcedAt is what held for one at a moment, or ErrNotFound.
	EnforcedAt(ctx context.Context, phoneNumberID string, at policy.Moment) (*Enforced, error)
}

// Erases is what a store can do in addition that can erase people.
type Erases interface {
	// Erase erases what is known of a person.
	Erase(ctx context.Context, r *ErasureRequest) (*ErasedData, error)
	// ErasedAt is when the data of who has an identity was erased.
	ErasedAt(ctx context.Context, who policy.Identity) (policy.Erasure, error)
	// Erasures are the notes about erasures, the newest first.
	Erasures(ctx context.Context) ([]*ErasureNote, error)
	// AllTombstones are what is left of everybody who was erased.
	AllTombstones(ctx context.Context) ([]Tombstone, error)
	// Purge takes what was erased out of the files now, PurgePending is since when
	// something is there to be taken out; zero for nothing.
	Purge(ctx context.Context) error
	PurgePending(ctx context.Context) (policy.Moment, error)
}

// Tells is what a store can do in addition by which others are told what happens: it says
// what has happened since somebody was told last, and remembers how far they are.
type Tells interface {
	// Hold takes over an endpoint for a while, or goes on holding it; Told keeps how far it
	// has got, Release lets others hold it.
	Hold(ctx context.Context, name, holder string, lasting time.Duration) (*Subscriber, error)
	Told(ctx context.Context, sub *Subscriber, dead []*DeadEvent, lasting, keepDead time.Duration) error
	Release(ctx context.Context, sub *Subscriber) error
	// Subscriber is how far an endpoint has got, of which nobody knows anything where it was
	// never told something; Subscribers are all that were.
	Subscriber(ctx context.Context, name string) (*Subscriber, error)
	Subscribers(ctx context.Context) ([]*Subscriber, error)
	// DeadEvents are those that an endpoint didn't take, Revive has some of them tried
	// again, SwitchOn an endpoint that was switched off.
	DeadEvents(ctx context.Context, name string, most int) (list []*DeadEvent, all int, err error)
	Revive(ctx context.Context, name string, want func(*DeadEvent) bool, most int) (revived, gone int, err error)
	SwitchOn(ctx context.Context, name string) error

	// ConsentsFrom, ViolationIDs and Arrivals read on in the lists of what happened;
	// ConsentAt, Violation and Arrival are one of these each.
	ConsentsFrom(ctx context.Context, from LeafPlace, most int) (list []*ConsentTold, next LeafPlace, err error)
	ConsentAt(ctx context.Context, at LeafPlace) (*ConsentTold, error)
	LogEnd(ctx context.Context) (LeafPlace, error)
	ViolationIDs(ctx context.Context, from, before ID, most int) (ids []ID, next ID, err error)
	Violation(ctx context.Context, id ID) (e *Entry, erased bool, err error)
	Arrivals(ctx context.Context, from, before ArrivalID, most int) (ids []ArrivalID, next ArrivalID, err error)
	Arrival(ctx context.Context, id ArrivalID) (*Arrival, error)
}

// Windowed is what a store can tell in addition about open customer service windows.
type Windowed interface {
	// WindowsOpened are those that were opened in a time, Answers finds out which of them were
	// answered, FollowAnswers reads on for that in what was sent earlier.
	WindowsOpened(ctx context.Context, when func(phoneNumberID string) (after, until policy.Moment)) ([]*OpenWindow, error)
	Answers(ctx context.Context, windows []*OpenWindow, most int, older *Answered) error
	FollowAnswers(ctx context.Context, a *Answered, oldest, until policy.Moment, most int) error
}

// Watched is what a store can tell in addition about its own condition.
type Watched interface {
	Condition() Condition
}

// Forgets is what a store can tell in addition that drops ledger entries by their age.
type Forgets interface {
	// KeptSince is the time of the oldest ledger entries that are still shown; zero where
	// none is dropped.
	KeptSince() policy.Moment
}

// Condition is what an operator must know about a store that serves.
type Condition struct {
	// Unreadable is how many reads met a record that can't be read.
	Unreadable uint64
	// Notices say in words what is not as it should be, and stays so.
	Notices []string
	// Restored is when the store was as the backup had it that it was restored from;
	// the zero time where it never was. OlderWindows is how many customer service
	// windows it knows of were opened before, and not again since.
	Restored     time.Time
	OlderWindows int64
}

// Query names what Facts looks up.
type Query struct {
	PhoneNumberID string
	// Terms say how people's words count; nil are the default ones.
	Terms *policy.Terms
	// Who are the identities the send names; see [policy.Send.Identities]. A user
	// id is looked up as one of either kind.
	Who []policy.Identity
	// Known are people by the names they have in a decision, in place of Who: whoever asks
	// about a decision of the ledger knows no others.
	Known []policy.ContactID
	// Digits are those of a phone number without plus sign, as the send writes
	// it; "" where it has one.
	Digits string
	// WABA owns the template. Empty: take the one webhooks named for
	// PhoneNumberID.
	WABA     string
	Template policy.TemplateRef
	// Portfolio asks how much of a messaging limit is used; nil where nothing counts.
	Portfolio *PortfolioQuery
	// Lots asks for those of the people; see [policy.PersonFacts.LotsOf].
	Lots bool
	// Basis gets what the facts were read of; nil where nothing is entered by them.
	Basis *Basis
}

// PortfolioQuery is what to look up about a business portfolio.
type PortfolioQuery struct {
	// Name is the configured one; "" for the account alone, or the number where that isn't
	// known.
	Name string
	// Accounts are those that may have told its limit.
	Accounts []string
}

// Number is what webhooks told about a business phone number.
type Number struct {
	WABA    string `json:"waba,omitempty" cbor:"1,keyasint,omitempty"`
	Display string `json:"display,omitempty" cbor:"2,keyasint,omitempty"` // digits
	// At is when the newest webhook told so.
	At policy.Moment `json:"at,omitempty" cbor:"3,keyasint,omitempty"`
}

// Template names a template of a WABA.
type Template struct {
	WABA string
	Ref  policy.TemplateRef
}

// Together is a store that may enter the sends of one request together; see
// [Book.ReserveTogether].
type Together interface {
	ReserveTogether(ctx context.Context, entries []*Entry) (w *Write, ok bool)
}

// Write is a change on its way to disk.
type Write struct {
	done           chan error
	hurry, abandon func()
}

// NewWrite is a write and the function that ends it. The function must be called
// exactly once.
func NewWrite() (*Write, func(error)) {
	w := &Write{done: make(chan error, 1)}
	return w, func(err error) { w.done <- err }
}

// Hurry makes Wait call hurry first. It is for a change that has time until
// somebody waits for it.
func (w *Write) Hurry(hurry func()) { w.hurry = hurry }

// Abandon makes WaitFor call abandon where nobody waits any longer. It is for a change that
// need not be made then.
func (w *Write) Abandon(abandon func()) { w.abandon = abandon }

// Failed says, without waiting, why the change is known already to fail; nil
// where it isn't. Wait says it again.
func (w *Write) Failed() error {
	select {
	case err := <-w.done:
		w.done <- err
		return err
	default:
		return nil
	}
}

// Wait returns once the change is on disk, or says why it is not. It must be
// called at most once.
func (w *Write) Wait() error { return w.WaitFor(context.Background()) }

// WaitFor is Wait for as long as ctx lasts, with ErrLate then. The change may
// go on, and be on disk later.
func (w *Write) WaitFor(ctx context.Context) error {
	select {
	case err := <-w.done:
		return err
	default:
	}
	if w.hurry != nil {
		w.hurry()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if w.abandon != nil {
			w.abandon()
		}
		return ErrLate
	}
}
