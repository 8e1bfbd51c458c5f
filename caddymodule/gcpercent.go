package caddymodule

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	goMetrics "runtime/metrics"
	"slices"
	"sync"

	"github.com/dustin/go-humanize"
	"go.uber.org/zap"
)

// Go's garbage collector runs when the heap has grown by a percentage of what was in
// use: 100, if nobody says otherwise. Each request leaves some kilobytes behind, so
// with the small heap of a gateway it runs many times a second. A larger percentage
// helps that, and hurts where a heap is large: of one that has 100 MiB in use, 200 %
// makes 300. So it is chosen by the heap: there is room for some megabytes more before
// the collector runs, or for as much as is in use, where that is more.
const (
	gcRoom         = 48 << 20
	mostGCPercent  = 400
	goGCPercent    = 100
	leastGCPercent = 10   // of the option
	highGCPercent  = 1000 // of the option
)

// gcPercentFor leaves room where so many bytes are in use.
func gcPercentFor(live uint64) int {
	return int(min(mostGCPercent, max(goGCPercent, gcRoom*100/max(live, 1))))
}

// gcPercent is that of the process. Configurations overlap during a reload: the one
// that started last counts, and with the last of them goes what they set.
var gcPercent = gcSetting{gc: goGC{}}

// collector is Go's garbage collector.
type collector interface {
	percent() int
	set(percent int) (before int)
	// live is what it found in use when it last ran.
	live() uint64
	// afterNext has f called when it has run again.
	afterNext(f func())
}

type gcSetting struct {
	gc collector

	// mu guards what is below.
	mu sync.Mutex
	// holders are the configurations that hold it, in the order they started.
	holders []gcHolder
	// before is what it was before the first of them, now what it is.
	before, now int
	// watching: adjust is called when the collector has run.
	watching bool
}

type gcHolder struct {
	app *App
	// percent is what it wants; 0 for what suits the heap.
	percent int
}

// hold sets what a configuration wants for as long as it is there, and tells whether
// that is anything: GOGC, or somebody else in the process, may have said something.
func (s *gcSetting) hold(a *App, goGC string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	others := s.before
	if len(s.holders) == 0 {
		others = s.gc.percent()
	}
	if a.GCPercent == 0 && (goGC != "" || others != goGCPercent) {
		return false
	}
	if len(s.holders) == 0 {
		s.before, s.now = others, others
	}
	s.holders = append(s.holders, gcHolder{a, a.GCPercent})
	s.apply()
	return true
}

// release gives up what the app holds, if it does.
func (s *gcSetting) release(a *App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.holders, func(h gcHolder) bool { return h.app == a })
	if at >= 0 {
		s.holders = slices.Delete(s.holders, at, at+1)
		s.apply()
	}
}

// apply sets what the last holder wants. The caller holds the lock.
func (s *gcSetting) apply() {
	percent := s.before
	if last := len(s.holders) - 1; last >= 0 {
		if percent = s.holders[last].percent; percent == 0 {
			percent = gcPercentFor(s.gc.live())
			if !s.watching {
				s.watching = true
				s.gc.afterNext(s.adjust)
			}
		}
	}
	// To set it stops the process for a moment, so small changes are let be.
	if percent == s.before || 8*max(percent-s.now, s.now-percent) >= s.now {
		s.gc.set(percent)
		s.now = percent
	}
}

// adjust is called when the collector has run.
func (s *gcSetting) adjust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = false
	if last := len(s.holders) - 1; last >= 0 && s.holders[last].percent == 0 {
		s.apply()
	}
}

// goGC is the collector of this process.
type goGC struct{}

func (goGC) percent() int {
	return int(readMetric("/gc/gogc:percent")) // -1 where it is off
}

func (goGC) set(percent int) (before int) { return debug.SetGCPercent(percent) }
func (goGC) live() uint64                 { return readMetric("/gc/heap/live:bytes") }

func (goGC) afterNext(f func()) {
	gone := new([16]byte) // of a size that shares its memory with nothing
	runtime.AddCleanup(gone, func(f func()) { f() }, f)
}

func readMetric(name string) uint64 {
	sample := []goMetrics.Sample{{Name: name}}
	goMetrics.Read(sample)
	return sample[0].Value.Uint64()
}

// holdGCPercent sets how often the garbage collector runs, and says so when the
// process starts: every other site in it feels it.
func (a *App) holdGCPercent() {
	if !gcPercent.hold(a, os.Getenv("GOGC")) || everStarted.Load() {
		return
	}
	if a.GCPercent > 0 {
		a.logger.Info("the garbage collector runs by gc_percent, in the whole process", zap.Int("gc_percent", a.GCPercent))
		return
	}
	a.logger.Info("the garbage collector runs when the heap has grown by " + humanize.IBytes(gcRoom) + ", or has doubled, in the whole process; gc_percent or GOGC changes that")
}

func (a *App) checkGCPercent() error {
	if p := a.GCPercent; p != 0 && (p < leastGCPercent || p > highGCPercent) {
		return fmt.Errorf("gc_percent is %d; it must be a number from %d to %d, such as %d", p, leastGCPercent, highGCPercent, goGCPercent)
	}
	return nil
}
