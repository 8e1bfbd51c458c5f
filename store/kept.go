package store

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// sendLife is how long a send can take at most. A reservation that is older and
// isn't settled has an unknown outcome: whoever made it has ended.
const sendLife = 10 * time.Minute

// outlived reports that a reservation is older than any send can take. Where an
// engine is [Sole], its lines and starts say more exactly who has ended.
func (s *Book) outlived(id ID) bool {
	return s.sole == nil && id.Moment() < policy.MomentOf(s.options.Now()).Add(-sendLife)
}

// keptLonger is how much longer than it is shown a record is kept at least.
const keptLonger = time.Hour

// expired reports that the entry id is older than it is to be kept.
func (s *Book) expired(id ID, retention time.Duration) bool {
	return retention > 0 && id.Moment() < s.oldest(retention)
}

// oldest is the time of the oldest entry that is kept.
func (s *Book) oldest(retention time.Duration) policy.Moment {
	if retention <= 0 {
		return 0
	}
	return policy.MomentOf(s.options.Now()).Add(-retention)
}

// KeptSince is described at [Forgets].
func (s *Book) KeptSince() policy.Moment { return s.oldest(s.options.LedgerRetention) }
