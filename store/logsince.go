package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/store/archive"
)

// ErrDiscontinued: the log of consent records doesn't continue a checkpoint.
var ErrDiscontinued = errors.New("the log of consent records doesn't continue the checkpoint of the backup before")

// LogSince is the log of consent records for a backup: its newest checkpoint, with the
// proof that it continues that of the backup before, if there is one.
func (s *Book) LogSince(ctx context.Context, before string) (log archive.Log, err error) {
	begun := false // it begins with the first record
	err = s.view(ctx, func(r *reading) error {
		head, err := readRecord[logHead](r, logHeadKey)
		begun = head.Epoch != 0
		return err
	})
	if err != nil || !begun {
		return log, err
	}
	signed, err := s.Checkpoint(ctx)
	if err != nil {
		return log, err
	}
	log = archive.Log{Checkpoint: signed.Checkpoint, Verifier: signed.Verifier}
	if before == "" {
		return log, nil
	}
	older, err := audit.Open([]byte(before), signed.Verifier)
	if err != nil {
		return log, fmt.Errorf("%w: %w", ErrDiscontinued, err)
	}
	newer, err := audit.Open([]byte(signed.Checkpoint), signed.Verifier)
	if err != nil {
		return log, err
	}
	err = s.view(ctx, func(r *reading) error {
		head, err := readRecord[logHead](r, logHeadKey)
		if err != nil {
			return err
		}
		proof, err := audit.ProveContinues(older.Size, newer.Size, tilesOf(r.Records.Get, head.Epoch))
		if err == nil {
			err = audit.CheckContinues(older, newer, proof)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDiscontinued, err)
		}
		log.Continues = archive.Proof(proof)
		return nil
	})
	return log, err
}
