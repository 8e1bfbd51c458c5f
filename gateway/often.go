package gateway

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// What fails for one request mostly fails for all, and the log would have a line for
// each: 20,000 of them tell less than three and a count.

const (
	// oftenFirst is how many lines of a kind are written in a row.
	oftenFirst = 3
	// oftenEvery is how often one is written after that.
	oftenEvery = time.Minute
	// mostOften bounds the kinds that are followed. The gateway has some dozen.
	mostOften = 1000
)

// Often keeps log lines that may come with every request from filling the log: of a
// kind the first few are written, then one a minute, which says how many were left
// out since. A kind is a message; what differs stands in fields. The zero value is
// ready, and may be used by several at a time.
type Often struct {
	// mu guards kinds.
	mu    sync.Mutex
	kinds map[string]*often
}

type often struct {
	began         time.Time // of the minute
	written, left int
}

// Log writes a line of a kind, or counts it.
func (o *Often) Log(now time.Time, log *zap.Logger, level zapcore.Level, message string, fields ...zap.Field) {
	left, write := o.come(now, message)
	if !write {
		return
	}
	if left > 0 {
		fields = append(fields, zap.Int("more", left))
	}
	log.Log(level, message, fields...)
}

// come counts a line of a kind. It reports whether to write it, and how many were
// left out before.
func (o *Often) come(now time.Time, kind string) (left int, write bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.kinds[kind]
	if k == nil {
		if o.kinds == nil || len(o.kinds) >= mostOften {
			o.kinds = make(map[string]*often)
		}
		k = &often{began: now}
		o.kinds[kind] = k
	}
	if age := now.Sub(k.began); age >= oftenEvery || age < 0 { // a clock that stepped back
		// Where it went on all the time one line is enough; else it is something new.
		k.began, k.written = now, 0
		if k.left > 0 {
			k.written = oftenFirst - 1
		}
	}
	if k.written >= oftenFirst {
		k.left++
		return 0, false
	}
	k.written++
	left, k.left = k.left, 0
	return left, true
}

// often writes a line that may come with every request.
func (d *Sends) often(level zapcore.Level, message string, fields ...zap.Field) {
	d.Often.Log(d.Now(), d.Log, level, message, fields...)
}
