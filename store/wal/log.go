package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/waguard/waguard/internal/durable"
)

const (
	// maxFile is the size of a file that is full.
	maxFile = 16 << 20
	// firstStep and largestStep are by how much a file grows.
	firstStep   = 128 << 10
	largestStep = 4 << 20
)

// Log is a log that is written to. It belongs to one goroutine.
type Log struct {
	dir   string
	stamp Stamp
	last  uint64
	files [2]file
	// now is the one that is written to.
	now    int
	buffer []byte
	failed error
}

// file is one of a log's.
type file struct {
	path string
	os   *os.File
	info os.FileInfo
	size int64 // that is filled with zeros or more, and synced
	end  int64 // of what is written
	last uint64
}

// Open makes or takes over the log in dir, whose newest frame is last. Everything in
// it has been applied: it is written from the beginning.
func Open(dir string, stamp Stamp, last uint64) (l *Log, err error) {
	l = &Log{dir: dir, stamp: stamp, last: last}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	for i := range l.files {
		if err := l.files[i].open(filepath.Join(dir, Names[i])); err != nil {
			return nil, err
		}
	}
	if err := l.begin(0); err != nil {
		return nil, err
	}
	return l, durable.Names(dir)
}

func (f *file) open(path string) (err error) {
	f.path = path
	if f.os, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if f.info, err = f.os.Stat(); err != nil {
		return err
	}
	f.size = f.info.Size()
	return nil
}

// begin writes a file from its beginning.
func (l *Log) begin(i int) error {
	f := &l.files[i]
	if f.size < headerSize {
		if err := f.grow(headerSize); err != nil {
			return err
		}
	}
	if _, err := f.os.WriteAt(appendHeader(nil, l.stamp), 0); err != nil {
		return err
	}
	f.end, l.now = headerSize, i
	return nil
}

// grow fills the file with zeros, for at least some bytes more.
func (f *file) grow(needs int64) error {
	step := max(needs, min(max(f.size, firstStep), largestStep))
	step = min(step, max(maxFile-f.size, needs))
	if _, err := f.os.WriteAt(make([]byte, step), f.size); err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	if err := f.os.Sync(); err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	f.size += step
	return nil
}

// Room reports whether so many bytes of changes fit into the file that is written to.
func (l *Log) Room(changes int) bool { return l.files[l.now].end+frameSize(changes) <= maxFile }

// Append writes changes, for which there must be room. They are on disk when it returns,
// as the frame with that number. After an error nothing more can be written: nobody
// knows what is on disk.
func (l *Log) Append(changes []byte) (number uint64, err error) {
	if l.failed != nil {
		return 0, l.failed
	}
	needs := frameSize(len(changes))
	if len(changes) > MaxChanges {
		return 0, fmt.Errorf("%d bytes of changes are too many for a frame", len(changes))
	}
	f := &l.files[l.now]
	if !l.Room(len(changes)) {
		return 0, errors.New("the file is full")
	}
	if err := l.write(f, needs, changes); err != nil {
		l.failed = fmt.Errorf("writing to %s: %w", filepath.Base(f.path), err)
		return 0, l.failed
	}
	l.last++
	f.last, f.end = l.last, f.end+needs
	return l.last, nil
}

func (l *Log) write(f *file, needs int64, changes []byte) error {
	if f.end+needs > f.size {
		if err := f.grow(f.end + needs - f.size); err != nil {
			return err
		}
	}
	l.buffer = appendFrame(l.buffer[:0], l.last+1, changes)
	if _, err := f.os.WriteAt(l.buffer, f.end); err != nil {
		return err
	}
	if cap(l.buffer) > 1<<20 {
		l.buffer = nil
	}
	return datasync(f.os)
}

// Turn goes on in the other file, if everything in that has been applied up to a
// number. It reports whether it has.
func (l *Log) Turn(applied uint64) (turned bool, err error) {
	other := 1 - l.now
	if l.files[other].last > applied {
		return false, nil
	}
	if err := l.begin(other); err != nil {
		l.failed = fmt.Errorf("writing to %s: %w", filepath.Base(l.files[other].path), err)
		return false, l.failed
	}
	return true, nil
}

// Blank takes everything out of both files, all of which must have been applied, and goes
// on at the beginning of the first.
func (l *Log) Blank() error {
	for i := range l.files {
		if err := l.blank(i); err != nil {
			l.failed = fmt.Errorf("writing to %s: %w", filepath.Base(l.files[i].path), err)
			return l.failed
		}
	}
	l.buffer = nil
	return nil
}

func (l *Log) blank(i int) error {
	f := &l.files[i]
	zeros := make([]byte, largestStep)
	for at := int64(headerSize); at < f.size; {
		n, err := f.os.WriteAt(zeros[:min(f.size-at, largestStep)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	now := l.now
	if i == 0 {
		now = 0
	}
	if err := l.begin(i); err != nil {
		return err
	}
	l.now = now
	return f.os.Sync()
}

// Remove removes the files of a log that isn't open.
func Remove(dir string) (err error) {
	for _, name := range Names {
		if e := os.Remove(filepath.Join(dir, name)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, durable.Names(dir))
}

// Last is the number of the newest frame.
func (l *Log) Last() uint64 { return l.last }

// Check reports a file that was removed or replaced under the open log: what is
// written to it would be lost.
func (l *Log) Check() error {
	f := &l.files[l.now]
	info, err := os.Stat(f.path)
	if err == nil && os.SameFile(info, f.info) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("the file %s was removed or replaced", filepath.Base(f.path))
}

// Close closes the files.
func (l *Log) Close() (err error) {
	for i := range l.files {
		if l.files[i].os != nil {
			err = errors.Join(err, l.files[i].os.Close())
		}
	}
	return err
}
