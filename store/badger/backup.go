package badger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// A backup is a line that names the format, Badger's stream, and the SHA-256 of
// both: a copy that was cut short is noticed before it replaces anything.
const (
	backupHeader = "waguard backup 1\n"
	backupSum    = sha256.Size // bytes at its end
)

// Backup writes everything the store holds at one moment, while it goes on
// serving. Close breaks it off.
func (e *Engine) Backup(ctx context.Context, w io.Writer) error {
	// Not under mu, as the receiver may be slow; Close waits for backups.
	if err := e.beginBackup(); err != nil {
		return err
	}
	defer e.backups.Done()
	if err := e.flush(); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	// Badger would leave out what it can't read.
	if err := e.verifyTables(ctx, 0); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	sum := sha256.New()
	out := writerFunc(func(p []byte) (int, error) {
		if err := e.Serving(ctx); err != nil {
			return 0, err
		}
		sum.Write(p)
		return w.Write(p)
	})
	if _, err := io.WriteString(out, backupHeader); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	stream := e.db.NewStream()
	// Each goroutine collects 32 MiB, and what they have collected waits for the others.
	stream.NumGo, stream.MaxSize = 1, 16<<20
	if _, err := stream.Backup(out, 0); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	if _, err := w.Write(sum.Sum(nil)); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	return nil
}

func (e *Engine) beginBackup() error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		return err
	}
	e.backups.Add(1)
	return nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// VerifyBackup checks that a backup is whole, and leaves the file at its start.
func VerifyBackup(file io.ReadSeeker) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if size < int64(len(backupHeader)+backupSum) {
		return errors.New("the file is too short to be a backup")
	}
	header := make([]byte, len(backupHeader))
	if _, err := io.ReadFull(file, header); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if string(header) != backupHeader {
		return errors.New("the file is no backup of waguard, or one of a version this waguard doesn't know")
	}
	sum := sha256.New()
	sum.Write(header)
	if _, err := io.CopyN(sum, file, size-int64(len(header)+backupSum)); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	want := make([]byte, backupSum)
	if _, err := io.ReadFull(file, want); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("the backup is damaged or was cut short: its checksum does not match")
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}
