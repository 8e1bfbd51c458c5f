package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/audit"
)

// signing signs checkpoints while records come in.
type signing struct {
	woken chan struct{}
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
}

func newSigning() *signing {
	return &signing{woken: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
}

// wake has what is there signed soon.
func (g *signing) wake() {
	select {
	case g.woken <- struct{}{}:
	default:
	}
}

// run signs, until it is ended: the last checkpoint is of what is there then.
func (g *signing) run(s *Book) {
	defer close(g.done)
	for open := true; open; {
		select {
		case <-g.quit:
			select {
			case <-g.woken:
			default:
				return
			}
			open = false
		case <-g.woken:
			select {
			case <-g.quit:
				open = false
			case <-time.After(checkpointEvery):
			}
		}
		if _, err := s.Checkpoint(context.Background()); err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrFailed) {
			s.log.Error("the log of consent records can't be signed; run waguard audit verify", zap.Error(err))
		}
	}
}

func (g *signing) end() {
	g.once.Do(func() { close(g.quit) })
	<-g.done
}

// Checkpoint signs the log as it is, unless it is signed already. What was signed
// stays true: a tree that doesn't continue the one that was signed last is refused.
func (s *Book) Checkpoint(ctx context.Context) (*audit.Signed, error) {
	var signed *audit.Signed
	err := s.update(ctx, func(t *tx) (err error) {
		signed, err = t.checkpoint()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("signing the log of consent records: %w", err)
	}
	return signed, nil
}

func (t *tx) checkpoint() (*audit.Signed, error) {
	l, err := t.log()
	if err != nil {
		return nil, err
	}
	key, err := t.signingKey()
	if err != nil {
		return nil, err
	}
	verifier, err := key.Verifier(l.Origin)
	if err != nil {
		return nil, err
	}
	var text []byte
	root := l.edge.Root()
	if l.Signed > 0 {
		if text, err = readRecord[[]byte](t, checkpointKey(l.Epoch, l.Signed)); err != nil {
			return nil, err
		}
		last, err := audit.Open(text, verifier)
		if err != nil {
			return nil, fmt.Errorf("the last signed checkpoint, of %d leaves: %w", l.Signed, err)
		}
		if err := audit.CheckConsistent(last, l.Size, root, tilesOf(t.Get, l.Epoch)); err != nil {
			return nil, fmt.Errorf("it doesn't continue what was signed at %d leaves, and stays unsigned: %w", last.Size, err)
		}
		if last.Size == l.Size {
			return &audit.Signed{Checkpoint: string(text), Verifier: verifier}, nil
		}
	}
	if text, err = key.Sign(audit.Checkpoint{Origin: l.Origin, Size: l.Size, Root: root}); err != nil {
		return nil, err
	}
	if err := t.put(checkpointKey(l.Epoch, l.Size), text, 0); err != nil {
		return nil, err
	}
	// One is kept of each tile of leaves, and the newest.
	if l.Signed > 0 && l.Signed/audit.TileWidth == l.Size/audit.TileWidth {
		if err := t.Delete(checkpointKey(l.Epoch, l.Signed)); err != nil {
			return nil, err
		}
	}
	l.Signed, l.changed = l.Size, true
	return &audit.Signed{Checkpoint: string(text), Verifier: verifier}, nil
}

// signingKey is the key of the log, which is made with it.
func (t *tx) signingKey() (*audit.Key, error) {
	seed, err := readRecord[[]byte](t, logSeedKey)
	if err != nil {
		return nil, err
	}
	if seed == nil {
		seed = make([]byte, audit.SeedSize)
		rand.Read(seed)
		if err := t.put(logSeedKey, seed, 0); err != nil {
			return nil, err
		}
	}
	return audit.NewKey(seed)
}
