// Package manualclock is a clock that is moved by hand, and the Caddy module
// `whatsapp.clocks.manual` that gives it to a gateway in the same process. The
// demonstration and the tests use it.
package manualclock

import (
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(Module{}) }

// Clock stands still until it is moved or let run. It may be used concurrently.
type Clock struct {
	mu  sync.Mutex
	now time.Time
	// since is the system's time at which the clock showed now and ran on with
	// it; zero while it stands still.
	since time.Time
}

// clocks are the clocks of the process by name.
var clocks sync.Map

// New is a clock that shows now, for the configurations that name it.
func New(name string, now time.Time) *Clock {
	c := &Clock{now: now}
	clocks.Store(name, c)
	return c
}

// Now is the time the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return c.now
	}
	return c.now.Add(time.Since(c.since))
}

// Run lets the clock go on with the system's, from what it shows. It can still
// be moved.
func (c *Clock) Run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		c.since = time.Now()
	}
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set makes the clock show now.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
	if !c.since.IsZero() {
		c.since = time.Now()
	}
}

// Module is the clock of a configuration: one made by New in this process.
type Module struct {
	// The name the clock was made with. Required.
	Name string `json:"name"`

	*Clock
}

// CaddyModule returns the Caddy module information.
func (Module) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp.clocks.manual", New: func() caddy.Module { return new(Module) }}
}

// Provision finds the clock.
func (m *Module) Provision(caddy.Context) error {
	c, ok := clocks.Load(m.Name)
	if !ok {
		return fmt.Errorf("no clock named %q was made in this process", m.Name)
	}
	m.Clock = c.(*Clock)
	return nil
}

// Interface guard
var _ caddy.Provisioner = (*Module)(nil)
