package badger

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/archive"
)

// A backup from before an erasure still has the person in it. It is written anew without
// them by what erases them in a store, so that no kind of record is left out: it is
// restored, erased in, and copied. It stays a backup of its time, since what is judged by
// that, such as windows, must not look younger than it is.

// ForgetWithin is how long after a tombstone was laid a backup may still have something of
// the person, as an erasure takes its time.
const ForgetWithin = store.PurgeWithin

// Tombs are the tombstones that backups are written anew by.
type Tombs struct {
	text []byte
	// Newest is when the last of those people was erased; zero for no tombstone.
	Newest time.Time
}

// ReadTombs reads those of an installation, of whichever it is where that is "".
func ReadTombs(list io.Reader, installation string) (*Tombs, error) {
	text, err := io.ReadAll(list)
	if err != nil {
		return nil, err
	}
	all, err := parseTombstones(text, installation)
	if err != nil {
		return nil, err
	}
	t := &Tombs{text: text}
	for _, tomb := range all {
		if at := tomb.At.Time().UTC(); at.After(t.Newest) {
			t.Newest = at
		}
	}
	return t, nil
}

// Forgotten reports that a backup, or a chain that begins with it, has nothing more of
// those people.
func (t *Tombs) Forgotten(h archive.Header) bool {
	return t.Newest.IsZero() || h.At.After(t.Newest.Add(ForgetWithin)) || h.Forgot != nil && !h.Forgot.Before(t.Newest)
}

// ErrOthersTombs: there is no tombstone of a backup's installation.
var ErrOthersTombs = errors.New("the tombstones are of another installation than the backup")

// Forget writes a backup of the chain's newest moment that holds everything but the people
// of whom there are tombstones. It works in a directory that must be empty, and leaves
// nothing there that can be read. The options say how identities are read.
func Forget(ctx context.Context, dir string, files []Source, tombs *Tombs, w io.Writer, o Options) (restored *Restored, err error) {
	o.EncryptionKey = make([]byte, KeySize)
	rand.Read(o.EncryptionKey) // which never fails
	dir = filepath.Join(dir, "store")
	if restored, err = RestoreChain(dir, files, o.EncryptionKey); err != nil {
		return nil, err
	}
	at := restored.At
	o.Now = func() time.Time { return at } // nothing in it may come to its end meanwhile
	if restored.Manifest != nil {
		// It is the origin of the log.
		o.AuditOrigin, _, _ = strings.Cut(restored.Checkpoint, "\n")
		own, err := ReadTombs(bytes.NewReader(tombs.text), restored.Store)
		if err != nil {
			return nil, err
		}
		if own.Newest.IsZero() && !tombs.Newest.IsZero() {
			return nil, ErrOthersTombs
		}
	}
	if _, err := AddTombstones(dir, bytes.NewReader(tombs.text)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(dir+erasedSuffix)) }()
	o.forgot = tombs.Newest
	s, err := Open(dir, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.AwaitErasures(ctx); err != nil {
		return nil, fmt.Errorf("erasing people in the backup: %w", err)
	}
	return restored, s.Backup(ctx, w, nil)
}
