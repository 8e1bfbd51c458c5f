package postgres

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// presence tells once that a database is away, and that it is back.
type presence struct {
	mu    sync.Mutex
	since time.Time // zero while it is there
}

// note takes what came of a read or a write.
func (p *presence) note(err error, now time.Time, log *zap.Logger) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch away := errors.Is(err, ErrAway); {
	case away && p.since.IsZero():
		p.since = now
		log.Error("the database is away: what needs it is refused until it is back", zap.Error(err))
	case err == nil && !p.since.IsZero():
		log.Info("the database is back", zap.Duration("after", now.Sub(p.since)))
		p.since = time.Time{}
	}
}
