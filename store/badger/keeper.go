package badger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
)

// keeper keeps the witnesses of an open store.
//
// The writer tells it of each transaction, when that is on disk and before it is
// acknowledged. What the keeper then writes into the witness in the directory is
// not synced at once: it survives the end of the process, as everything the
// kernel has been given does, and costs no fsync; after a power cut it may be a
// second old. Only when a log was begun is the witness synced before anything in
// that log is acknowledged, so that it can't be missed. Witnesses are never
// ahead of the store.
type keeper struct {
	home *home
	log  *zap.Logger
	// outside is the path of the witness outside of the directory, "" for none.
	outside string

	// listing is locked by whoever replaces the witness, longer than mu.
	listing sync.Mutex
	// mu guards what follows.
	mu      sync.Mutex
	witness *witness // not changed in place
	head    head
	file    *os.File // the witness in the directory
	dirty   bool     // head isn't synced
	// newest is the log that is written to, next the one that will come after it.
	newest, next string
	newestID     fileID

	// outsideFile belongs to run, then to close.
	outsideFile *os.File
	stop, done  chan struct{}
}

// beat is how old the head in the witnesses may be after a power cut.
const beat = time.Second

// newKeeper makes the witness in the directory know the files there are. w says
// the rest.
func newKeeper(h *home, log *zap.Logger, outside string, w witness, at head) (*keeper, error) {
	w.Logs, w.Tables = nil, nil
	k := &keeper{home: h, log: log, outside: outside, witness: &w, head: at}
	if err := k.list(true); err != nil {
		return nil, err
	}
	return k, nil
}

// start goes on by itself. The witness outside is written first, or it is said
// why it can't be.
func (k *keeper) start() (outside error) {
	if k.outside != "" {
		outside = k.putOutside()
	}
	k.stop, k.done = make(chan struct{}), make(chan struct{})
	go k.run()
	return outside
}

// putOutside writes the witness outside of the directory anew.
func (k *keeper) putOutside() error {
	k.mu.Lock()
	w, h := *k.witness, k.head
	k.mu.Unlock()
	w.Logs, w.Tables = nil, nil
	if err := writeWitness(k.outside, &w, h); err != nil {
		return err
	}
	file, err := os.OpenFile(k.outside, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	k.outsideFile = file
	return nil
}

func (k *keeper) run() {
	defer close(k.done)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := k.beat(); err != nil {
				k.log.Error("the witness of the store can't be written; what the store might lose from now on could be missed",
					zap.String("path", k.home.dir), zap.Error(err))
			}
		case <-k.stop:
			return
		}
	}
}

// beat makes the heads durable, and the witness know the tables there are.
func (k *keeper) beat() error {
	k.mu.Lock()
	dirty := k.dirty
	k.dirty = false
	h := k.head
	k.mu.Unlock()
	if !dirty {
		return nil
	}
	if err := k.list(false); err != nil {
		return err
	}
	k.listing.Lock() // so that the file isn't replaced
	err := k.file.Sync()
	k.listing.Unlock()
	if k.outsideFile != nil {
		err = errors.Join(err, putSlot(k.outsideFile, h), k.outsideFile.Sync())
	}
	return err
}

// putSlot writes a head into one of the slots, which are taken in turn: of one that is
// torn the other one is whole.
func putSlot(file *os.File, h head) error {
	_, err := file.WriteAt(h.slot(), int64((h.Seq+h.Frame)%2)*slotSize)
	return err
}

// committed notes that changes are on disk up to a head. An error means that they must
// not be acknowledged.
func (k *keeper) committed(h head) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.head, k.dirty = k.head.join(h), true
	if err := putSlot(k.file, k.head); err != nil {
		return fmt.Errorf("writing to the witness of the store: %w", err)
	}
	return nil
}

// applied notes a transaction of Badger's that is on disk. An error means that what it
// holds must be nowhere else removed.
func (k *keeper) applied(h head) error {
	if err := k.committed(h); err != nil {
		return err
	}
	k.mu.Lock()
	newest, next, id := k.newest, k.next, k.newestID
	k.mu.Unlock()
	if _, err := k.home.stat(next); err == nil {
		return k.list(true) // a log was begun
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if now, err := k.home.stat(newest); err != nil || now != id {
		return fmt.Errorf("the file %s was removed or replaced under the running gateway", filepath.Join(k.home.dir, newest))
	}
	return nil
}

// list makes the witness know the files there are. Of logs it makes sure that
// they are durable, with their names.
func (k *keeper) list(logs bool) error {
	k.listing.Lock()
	defer k.listing.Unlock()
	l, err := list(k.home.at)
	if err != nil {
		return err
	}
	w := *k.witness
	w.Tables = make(map[string]string, len(l.tables))
	for _, name := range l.tables {
		if id, ok := k.witness.Tables[name]; ok {
			w.Tables[name] = id
		} else if id, err := k.table(name); err == nil {
			w.Tables[name] = id // else it is being written, or is gone again
		}
	}
	if logs {
		w.Logs = make(map[string]string, len(l.logs))
		for _, name := range l.logs {
			id, err := k.logID(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it is in a table now
			}
			if err != nil {
				return err
			}
			w.Logs[name] = id
		}
	} else if maps.Equal(w.Tables, k.witness.Tables) {
		return nil
	}
	return k.replace(&w, l, logs)
}

func (k *keeper) table(name string) (string, error) {
	if err := k.home.shutFile(name); err != nil {
		return "", err
	}
	return tableID(filepath.Join(k.home.at, name))
}

// logID is what makes a log unique, once that is on disk.
func (k *keeper) logID(name string) (id string, err error) {
	if id, ok := k.witness.Logs[name]; ok {
		return id, nil
	}
	file, err := os.Open(filepath.Join(k.home.at, name))
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := k.home.shutFile(name); err != nil {
		return "", err
	}
	begin := make([]byte, logHeader)
	if n, err := file.ReadAt(begin, 0); err != nil && n < len(begin) {
		return "", fs.ErrNotExist // it is being removed
	}
	return hex.EncodeToString(begin), file.Sync()
}

// replace puts a new witness in the place of the one in the directory. The
// caller holds listing.
func (k *keeper) replace(w *witness, l listing, logs bool) error {
	path := filepath.Join(k.home.at, witnessName)
	k.mu.Lock()
	h := k.head
	k.mu.Unlock()
	part, err := prepareWitness(path, w, h)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := errors.Join(putSlot(part, k.head), os.Rename(part.Name(), path)); err != nil {
		return errors.Join(err, part.Close())
	}
	if k.file != nil {
		if err := k.file.Close(); err != nil {
			return err
		}
	}
	k.file, k.witness = part, w
	if err := k.home.handle.Sync(); err != nil || !logs {
		return err
	}
	return k.follow(l)
}

// follow finds the log that is written to. The caller holds mu.
func (k *keeper) follow(l listing) (err error) {
	if len(l.logs) == 0 {
		k.newest, k.next = "", ""
		return nil
	}
	k.newest = l.logs[len(l.logs)-1]
	k.next = fmt.Sprintf("%05d.mem", numberOf(k.newest)+1)
	k.newestID, err = k.home.stat(k.newest)
	return err
}

// close writes what there is to know of a store that was closed.
func (k *keeper) close() error {
	if k.stop != nil {
		close(k.stop)
		<-k.done
	}
	err := k.list(true)
	if k.outsideFile != nil {
		err = errors.Join(err, putSlot(k.outsideFile, k.head), k.outsideFile.Sync(), k.outsideFile.Close())
	}
	return errors.Join(err, k.file.Sync(), k.file.Close())
}
