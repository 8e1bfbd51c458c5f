package store

import (
	"context"
	"errors"
	"time"

	"github.com/waguard/waguard/billing"
)

// Engine keeps bytes for a [Book], and knows nothing of what they mean: records
// under keys, and two journals of ledger entries. All methods may be called
// concurrently, also by several processes that share what is kept.
//
// What an engine can do beyond this, it says by further methods: [Sole],
// [Deferring], [Bulky], [Described], [Noticing] and [BackerUp]. A Book makes use
// of those it finds and does without the others. docs/explanation/engine.md sketches an
// engine over SQL; package enginetest holds the suite that every engine passes.
type Engine interface {
	// View runs read on what is committed: at least everything whose Update has
	// returned before. What one call of Records returns is of one moment, and not
	// older than what the call before returned. Reading ends with ctx.
	View(ctx context.Context, read func(Records) error) error

	// Update runs change and commits what it leaves behind: on disk, all of it, or
	// nothing where change or the commit fails. It sees what it has left itself.
	//
	// Whatever change has read still holds when it is committed. Where another
	// transaction has come between, change is run again: it must do nothing that
	// can't be repeated. Where ctx ends, what becomes of it is unknown.
	Update(ctx context.Context, change func(Tx) error) error

	// Close lets go of what is kept, after what was accepted. Everything else
	// answers [ErrClosed] from then on.
	Close() error
}

// ErrTooBig: a change needs more room than a transaction has. Nothing of it was
// written; it may fit in parts.
var ErrTooBig = errors.New("the change is too large for one transaction")

// Records are what an engine keeps, at a moment. They are good for the call they
// were handed to.
//
// The first byte of a key says of which kind a record is. Values, lines and
// settlements are single CBOR data items (RFC 8949), which an engine may put into
// its own. They must not be changed by whoever gets them.
type Records interface {
	// Get is the values of keys, in one round trip; nil where there is none.
	Get(keys ...[]byte) ([][]byte, error)

	// Scan visits the records whose keys begin with prefix, in the order of their
	// keys, until visit says that it is enough. Key and value are only good during
	// the visit.
	Scan(prefix []byte, visit func(key, value []byte) (enough bool, err error)) error

	// ScanBack visits them from the largest key that is not larger than from.
	ScanBack(prefix, from []byte, visit func(key, value []byte) (enough bool, err error)) error

	// Find is the line with that id, nil where there is none.
	Find(j Journal, id ID) (*Line, error)

	// Walk visits lines, newest first, until visit says that it is enough. Data and
	// settlement may be kept.
	Walk(w Walk, visit func(*Line) (enough bool, err error)) error
}

// Tx is a transaction. It is good for the call it was handed to.
type Tx interface {
	// Get and Find are those of [Records], with what the transaction has left.
	Get(keys ...[]byte) ([][]byte, error)
	Find(j Journal, id ID) (*Line, error)

	// Put writes a record. It is kept at least for a time from now; zero is for
	// ever. Only kinds that [ExpiringKinds] names may be kept for a time.
	Put(key, value []byte, keep time.Duration) error

	// Delete deletes a record, if there is one.
	Delete(key []byte) error

	// Append enters a line, settled or not. Nobody enters one with an id that is
	// there already.
	Append(j Journal, line *Line) error

	// Settle says what became of a line, instead of what was said before; outcome says it
	// in a word, for engines that keep columns.
	Settle(j Journal, id ID, settled []byte, outcome string) error

	// Committed has f called when the transaction is committed, before anybody
	// hears of that; never, if it isn't.
	Committed(f func())
}

// Basis is what a decision was made on: records as they were read. Whoever is handed a
// nil one notes nothing.
type Basis struct {
	// Read is what an engine noted, under the keys of records.
	Read map[string]Reading
}

// Reading is a record as an engine read it.
type Reading struct {
	// Version is another one whenever the record is; zero where there was none.
	Version int64
	Value   []byte
}

func (b *Basis) note(keys [][]byte, read []Reading) {
	if b.Read == nil {
		b.Read = make(map[string]Reading, len(keys))
	}
	for i, key := range keys {
		if _, again := b.Read[string(key)]; !again { // the first is what was decided on
			b.Read[string(key)] = read[i]
		}
	}
}

// Versioned are records whose versions are told.
type Versioned interface {
	// Read is like Get.
	Read(keys ...[]byte) ([]Reading, error)
}

// Resting is a transaction of an engine that others change too. What a send was decided
// on holds when it is entered, so that nobody who hears afterwards of an opt-out can
// find a send entered that didn't know of it.
type Resting interface {
	// Rest has the transaction commit only if what the basis says still holds. It is an
	// error that wraps [ErrOutdated] where that isn't so already.
	Rest(*Basis) error

	// Peek is like Get for what need not hold against changes that are committed at the
	// same time: only against those that were committed before.
	Peek(keys ...[]byte) ([][]byte, error)

	// Presume says that there is hardly ever anything under keys: Get may take that for
	// granted until the transaction is committed. It spares a round trip.
	Presume(keys ...[]byte)
}

// Journal names one of the lists of ledger entries. How long each is kept, an
// engine is told when it is opened.
type Journal byte

const (
	// Ledger holds all entries.
	Ledger Journal = iota + 1
	// Violations holds copies of those that are violations.
	Violations
)

// Line is a line of a journal: a ledger entry and what became of it. Lines sort by
// id, and thereby by time.
type Line struct {
	ID ID
	// Data is what was entered. It never changes.
	Data []byte
	// Settled is what became of it; nil while nobody has said.
	Settled []byte
	// Left: the process that entered it has certainly ended. Where an engine can't
	// know, it isn't.
	Left bool
	// Columns are for Append. An engine that keeps them may pass over lines by
	// them; whoever walks looks at each line again. They needn't be there when the
	// line is read.
	Columns *Columns
}

// Columns are what people look for entries by.
type Columns struct {
	PhoneNumberID, Rule, Template string
	// Sender and Token are both names of a sender.
	Sender, Token string

	// What follows is for people who read an engine's tables by themselves: nobody walks by
	// it. Fields are empty where nobody knows, or there is none.
	Business, WABA, Verdict, Outcome string
	// Category and Market are what the message was expected to be of, and Price what it was
	// expected to cost.
	Category, Market string
	Price            billing.Quote
	Tags             billing.Tags
}

// Match reports whether a line with these columns may be looked for. Fields of
// wanted that are empty match everything; Sender matches either name.
func (c *Columns) Match(wanted *Columns) bool {
	return (wanted.PhoneNumberID == "" || wanted.PhoneNumberID == c.PhoneNumberID) &&
		(wanted.Rule == "" || wanted.Rule == c.Rule) &&
		(wanted.Template == "" || wanted.Template == c.Template) &&
		(wanted.Sender == "" || wanted.Sender == c.Sender || wanted.Sender == c.Token)
}

// Walk says which lines are visited.
type Walk struct {
	Journal Journal
	// From is the smallest id, Before is larger than all of them.
	From, Before ID
	// Wanted is what the lines are looked for by, for engines that keep columns.
	Wanted Columns
}

// Sole is an engine whose records nobody else changes, so that what was read may
// be kept in memory. It commits one transaction after the other, and calls what
// they hand to Committed in that order, each before its Update returns. Its
// transactions are [SoleTx].
type Sole interface {
	// Serving says why the engine can't serve, if so. It costs next to nothing.
	Serving(ctx context.Context) error
}

// SoleTx is a transaction of a [Sole] engine.
type SoleTx interface {
	Tx
	// Pending is what this transaction, or one that isn't committed yet and comes
	// before it, has left under key; false where they have left it alone.
	Pending(key []byte) (value []byte, pending bool)
}

// Deferring is an engine that puts the changes of many callers on disk together,
// and can answer before.
type Deferring interface {
	// Enter is like Update and returns at once. The change, which enters the line
	// id, has time until somebody waits for it.
	Enter(id ID, change func(Tx) error) *Write

	// Follow is like Update and returns at once. The change comes behind the one
	// that entered the line id; it may overtake all others.
	Follow(id ID, change func(Tx) error) *Write
}

// Joint is a deferring engine that enters several lines by one change.
type Joint interface {
	// EnterAll is like Enter for a change that enters the lines ids, of which there is at
	// least one.
	EnterAll(ids []ID, change func(Tx) error) *Write
}

// Bulky is an engine that lets others get between changes that take long.
type Bulky interface {
	// UpdateBulk is like Update for a change that takes as long as size small ones.
	UpdateBulk(ctx context.Context, size int, change func(Tx) error) error

	// BulkSize is the largest size that others don't notice now.
	BulkSize() int
}

// Described is an engine that keeps beside the records what a Book must know
// about itself.
type Described interface {
	Description() Description
}

// Description is what a Book must know about itself.
type Description struct {
	// Key is that of the pseudonyms: 32 random bytes, the same for ever.
	Key []byte
	// Start counts the times a [Sole] engine was opened; zero for any other.
	Start uint64
	// Lossy: when it was opened, an operator accepted that it knows less than it did.
	Lossy bool
	// Lineage names the history of what is kept. It is another one after a backup was
	// restored; empty where an engine can't know.
	Lineage string
	// Restored is when what is kept was as the backup had it that it was restored from;
	// the zero time where it never was.
	Restored time.Time
	// IdentitiesChanged is when the keys of identities last changed; the zero time
	// where they never have. See [Options.Former].
	IdentitiesChanged time.Time
}

// Noticing is an engine that can say what an operator must know about it.
type Noticing interface {
	// Notices say in words what is not as it should be, and stays so.
	Notices() []string
}
