package postgres

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestPresence: that a database is away is told once, and so is that it is back.
func TestPresence(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	log, now := zap.New(core), time.UnixMilli(1_790_000_000_000)
	var p presence
	for _, err := range []error{nil, ErrAway, fmt.Errorf("%w: again", ErrAway), errors.New("something else"), nil, nil, ErrAway} {
		p.note(err, now, log)
		now = now.Add(time.Second)
	}
	var said []string
	for _, l := range logs.All() {
		said = append(said, fmt.Sprint(l.Level, " ", l.Message, " ", l.ContextMap()["after"]))
	}
	const away, back = "error the database is away: what needs it is refused until it is back <nil>", "info the database is back 3s"
	if len(said) != 3 || said[0] != away || said[1] != back || said[2] != away {
		t.Errorf("the log says %q", said)
	}
}
