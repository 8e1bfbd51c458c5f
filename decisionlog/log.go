package decisionlog

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"
)

const (
	// queued is how many lines may wait for the writer, some 1.5 KB each.
	queued = 4096
	// farewell is how long Close waits for the lines that wait.
	farewell = 5 * time.Second
)

// Log writes lines through a writer that may be slow, or fail.
type Log struct {
	lines chan []byte
	// mu guards closed, and that nothing is put into lines once they are closed.
	mu     sync.RWMutex
	closed bool
	// done is closed by the goroutine that writes, as the last thing it does. It
	// ends when lines are closed.
	done    chan struct{}
	to      io.WriteCloser
	observe Observer
	// torn: the last write failed, and may have left half a line behind.
	torn bool
}

// Observer is told how lines fare.
type Observer interface {
	// Written: a line was written.
	Written()
	// Lost: a line was not, for there was no room left in the queue (nil), or the
	// writer failed. It is called for each line, and must be quick.
	Lost(cause error)
}

// New writes lines to a writer until it is closed, and closes that too.
func New(to io.WriteCloser, observe Observer) *Log {
	l := &Log{lines: make(chan []byte, queued), done: make(chan struct{}), to: to, observe: observe}
	go l.write()
	return l
}

// Put puts a line on its way. It never waits.
func (l *Log) Put(line any) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line); err != nil {
		l.observe.Lost(err)
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		l.observe.Lost(io.ErrClosedPipe)
		return
	}
	select {
	case l.lines <- text.Bytes():
	default:
		l.observe.Lost(nil)
	}
}

func (l *Log) write() {
	defer close(l.done)
	for line := range l.lines {
		if l.torn { // whoever reads lines loses that one alone
			line = append([]byte{'\n'}, line...)
		}
		_, err := l.to.Write(line)
		if l.torn = err != nil; l.torn {
			l.observe.Lost(err)
		} else {
			l.observe.Written()
		}
	}
}

// Close writes what waits, if that doesn't take long, and closes the writer.
func (l *Log) Close() error {
	l.mu.Lock()
	already := l.closed
	l.closed = true
	l.mu.Unlock()
	if already {
		return nil
	}
	close(l.lines)
	timeout := time.NewTimer(farewell)
	defer timeout.Stop()
	select {
	case <-l.done:
	case <-timeout.C: // the writer hangs; to close it may end that
	}
	return l.to.Close()
}
