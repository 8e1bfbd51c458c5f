package postgres

import (
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// Options say how a database is used.
type Options struct {
	// Logger gets what an operator should know. Default: none.
	Logger *zap.Logger
	// Now is the clock for what is kept for a time. Default: time.Now.
	Now func() time.Time
	// DatabaseNow is the clock by which what has expired is deleted, so that a gateway
	// whose clock is ahead deletes nothing too early. Default: the database's.
	DatabaseNow func() time.Time
	// Key is that of the pseudonyms: 32 bytes that don't lie in the database. All
	// gateways of one database have the same.
	Key []byte
	// LedgerRetention and ViolationRetention are how long journals are kept. Whole months
	// are dropped once all of one is older. Zero is for ever.
	LedgerRetention, ViolationRetention time.Duration
	// Timeout is how long the database has to answer. Default: two seconds.
	Timeout time.Duration
	// PoolSize is how many connections there are at most. Default: 8.
	PoolSize int
	// Mode is how statements are sent. Default: prepared; see [Mode].
	Mode Mode
	// Migrate has Open bring the tables up to date.
	Migrate bool
	// Book are the options of the book that Open keeps in the database, but for those that
	// stand above.
	Book store.Options
}

// DefaultTimeout is how long a database has to answer where nobody says otherwise.
const DefaultTimeout = 2 * time.Second

// Mode is how statements are sent.
type Mode string

// Modes.
const (
	// Prepared keeps prepared statements on each connection.
	Prepared Mode = "prepared"
	// Unprepared keeps none, for PgBouncer in transaction mode.
	Unprepared Mode = "unprepared"
)

const (
	// notStreams is how many connections are left for what is short: reads, commits and
	// the sweep.
	notStreams  = 6
	defaultPool = 8
	// room is how many reads and how many changes wait before others are told that too
	// much is asked.
	room = 8192
)

func (o *Options) complete() {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.PoolSize <= 0 {
		o.PoolSize = defaultPool
	}
	if o.Mode == "" {
		o.Mode = Prepared
	}
}

// keySize is that of the pseudonyms' key.
const keySize = 32
