package caddymodule

import (
	"runtime"
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestGCPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 12 << 20: 400, 16 << 20: 300, 24 << 20: 200, 40 << 20: 120, 48 << 20: 100, 49 << 20: 100, 1 << 30: 100,
	} {
		if got := gcPercentFor(live); got != want {
			t.Errorf("of %d bytes in use it is %d, want %d", live, got, want)
		}
	}
}

// heap is a collector without one.
type heap struct {
	now   int
	inUse uint64
	next  []func()
}

func (h *heap) percent() int { return h.now }

func (h *heap) set(percent int) (before int) {
	before, h.now = h.now, percent
	return before
}

func (h *heap) live() uint64       { return h.inUse }
func (h *heap) afterNext(f func()) { h.next = append(h.next, f) }

// collect runs it.
func (h *heap) collect(inUse uint64) {
	h.inUse = inUse
	next := h.next
	h.next = nil
	for _, f := range next {
		f()
	}
}

func TestGCPercent(t *testing.T) {
	h := &heap{now: 100, inUse: 24 << 20}
	s := gcSetting{gc: h}
	first, second, third, fourth := new(App), &App{GCPercent: 400}, &App{GCPercent: 50}, new(App)
	for _, step := range []struct {
		what string
		do   func()
		want int
	}{
		{"who holds nothing gives nothing back", func() { s.release(first) }, 100},
		{"a gateway starts", func() { s.hold(first, "") }, 200},
		{"the heap grows a little", func() { h.collect(25 << 20) }, 200},
		{"the heap grows", func() { h.collect(40 << 20) }, 120},
		{"the heap is large", func() { h.collect(1 << 30) }, 100},
		{"and small again", func() { h.collect(1 << 20) }, 400},
		{"and as it was", func() { h.collect(24 << 20) }, 200},
		{"a reload with the option", func() { s.hold(second, "") }, 400},
		{"the configuration before ends", func() { s.release(first) }, 400},
		{"the option goes by no heap", func() { h.collect(40 << 20) }, 400},
		{"a reload that fails later on", func() { s.hold(third, ""); s.release(third) }, 400},
		{"what has ended ends again", func() { s.release(third) }, 400},
		{"a reload without the option", func() { s.hold(fourth, "") }, 120},
		{"the one with it ends", func() { s.release(second) }, 120},
		{"the heap shrinks", func() { h.collect(16 << 20) }, 300},
		{"the last one ends", func() { s.release(fourth) }, 100},
		{"nobody is there any more", func() { h.collect(1 << 20) }, 100},
		{"GOGC is set", func() { s.hold(first, "100") }, 100},
		{"and ends", func() { s.release(first) }, 100},
		{"the option is nearer than GOGC", func() { s.hold(second, "100") }, 400},
		{"a reload without it", func() { s.hold(first, "100"); s.release(second) }, 100},
		{"another module says something", func() { h.now = 70; s.hold(first, "") }, 70},
		{"and goes on saying so", func() { s.hold(second, ""); s.hold(first, ""); s.release(second) }, 70},
		{"it is off", func() { h.now = -1; s.hold(first, "off") }, -1},
	} {
		if step.do(); h.now != step.want {
			t.Errorf("%s: it is %d, want %d", step.what, h.now, step.want)
		}
	}
}

// A gateway runs with its own setting, is told when the collector has run, and leaves
// behind what it found.
func TestGCPercentOfTheProcess(t *testing.T) {
	before := goGC{}.percent()
	a := &App{GCPercent: 150, logger: zap.NewNop()}
	a.holdGCPercent()
	if now := (goGC{}).percent(); now != 150 {
		t.Errorf("it is %d", now)
	}
	gcPercent.release(a)
	if now := (goGC{}).percent(); now != before {
		t.Errorf("%d was left behind, of %d", now, before)
	}
	ran := make(chan struct{})
	goGC{}.afterNext(func() { close(ran) })
	runtime.GC()
	select {
	case <-ran:
	case <-time.After(10 * time.Second):
		t.Error("nobody was told that the collector has run")
	}
	if live := (goGC{}).live(); live == 0 {
		t.Error("nothing is in use")
	}
}
