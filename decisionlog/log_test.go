package decisionlog

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// counted is an Observer that counts.
type counted struct{ written, lost atomic.Int64 }

func (c *counted) Written()   { c.written.Add(1) }
func (c *counted) Lost(error) { c.lost.Add(1) }

// disk is a writer that can be held back, and fail half way.
type disk struct {
	mu     sync.Mutex
	full   atomic.Bool
	text   strings.Builder
	closed bool
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full.Load() {
		d.text.Write(p[:len(p)/2])
		return len(p) / 2, errors.New("no space left on device")
	}
	return d.text.Write(p)
}

func (d *disk) Close() error { d.closed = true; return nil }

// What waits is written before the writer is closed.
func TestCloseWritesWhatWaits(t *testing.T) {
	d, c := new(disk), new(counted)
	l := New(d, c)
	for i := range 100 {
		l.Put(i)
	}
	if err := l.Close(); err != nil || !d.closed {
		t.Fatal(err, d.closed)
	}
	if n := strings.Count(d.text.String(), "\n"); n != 100 || c.written.Load() != 100 || c.lost.Load() != 0 {
		t.Errorf("%d lines of 100, %d counted, %d lost", n, c.written.Load(), c.lost.Load())
	}
	l.Put(1) // a send that outlives its configuration
	if err := l.Close(); err != nil || c.lost.Load() != 1 {
		t.Errorf("after the end: %v, %d lost", err, c.lost.Load())
	}
}

// A writer that hangs costs lines, and nobody's time.
func TestSlowWriter(t *testing.T) {
	d, c := new(disk), new(counted)
	l := New(d, c)
	d.mu.Lock()
	for i := range queued + 100 {
		l.Put(i)
	}
	if lost := c.lost.Load(); lost < 99 || lost > 100 {
		t.Errorf("%d lines were lost, want 100 or the one that is being written fewer", lost)
	}
	d.mu.Unlock()
	if err := l.Close(); err != nil || c.written.Load()+c.lost.Load() != queued+100 {
		t.Errorf("%v, %d written, %d lost", err, c.written.Load(), c.lost.Load())
	}
}

// Half a line on a full disk costs itself alone.
func TestTornLine(t *testing.T) {
	d, c := new(disk), new(counted)
	l := New(d, c)
	d.full.Store(true)
	l.Put("first line")
	for c.lost.Load() == 0 {
		runtime.Gosched() // let it write
	}
	d.full.Store(false)
	l.Put("second line")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := d.text.String(); !strings.HasSuffix(got, "\n\"second line\"\n") || c.lost.Load() != 1 || c.written.Load() != 1 {
		t.Errorf("the file is %q", got)
	}
}
