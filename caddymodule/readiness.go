package caddymodule

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/sync/singleflight"

	"github.com/waguard/waguard/store"
)

// readiness is whether the gateway can do its work now, in words of a closed set:
// whoever asks needn't be somebody who may know more.
type readiness struct {
	// Status is ready, degraded or not_ready.
	Status string `json:"status"`
	// Process is running, or stopping.
	Process string `json:"process"`
	// Configuration is loaded, or not_loaded.
	Configuration string `json:"configuration"`
	// Store is ok, slow, failed or unavailable.
	Store string `json:"store"`
	// Disk is ok, full, or unknown where the system doesn't say.
	Disk string `json:"disk"`
}

// The words of readiness.
const (
	ready       = "ready"
	degraded    = "degraded"
	notReady    = "not_ready"
	stateOK     = "ok"
	unavailable = "unavailable"
)

// readinessPatience is how long a store may take to answer before it is called
// slow: as long as most who ask would wait.
const readinessPatience = 900 * time.Millisecond

// looks lets everybody who asks at one time share one look: it waits for the store's
// writer, and whoever reaches the route can ask as often as they like.
var looks singleflight.Group

// look tells whether the gateway can do its work now: it has a configuration, its
// store reads and writes, and the disk has room for sends. It writes nothing.
//
// Where every business is in monitor mode sends pass without a store, and a gateway
// that is taken out of service for its store would stop what it promised to let
// through: it is degraded then, which is not as bad as not ready.
func look() readiness {
	told, _, _ := looks.Do("", func() (any, error) { return lookAt(serving.Load()), nil })
	return told.(readiness)
}

func lookAt(app *App) readiness {
	r := readiness{Status: ready, Process: "running", Configuration: "loaded", Store: stateOK, Disk: stateOK}
	if caddy.Exiting() {
		r.Status, r.Process = notReady, "stopping"
	}
	if app == nil {
		return readiness{notReady, r.Process, "not_loaded", unavailable, "unknown"}
	}
	r.Store, r.Disk = lookAtStore(app)
	if (r.Store != stateOK || r.Disk == "full") && r.Status == ready {
		if r.Status = notReady; app.gateway.Businesses.AllMonitored() {
			r.Status = degraded
		}
	}
	return r
}

// lookAtStore reads from the store, and has it make a change that writes nothing.
func lookAtStore(app *App) (state, disk string) {
	ctx, cancel := context.WithTimeout(context.Background(), readinessPatience)
	defer cancel()
	st, err := app.acquire()
	disk = "unknown"
	if err != nil {
		return unavailable, disk
	}
	if measured, ok := st.(store.Measured); ok {
		switch m := measured.Measure(); {
		case m.Full():
			disk = "full"
		case m.Needed > 0:
			disk = stateOK
		}
	}
	switch err := st.Check(ctx); {
	case err == nil:
		return stateOK, disk
	case errors.Is(err, context.DeadlineExceeded):
		return "slow", disk
	case errors.Is(err, store.ErrFailed):
		return "failed", disk
	}
	return unavailable, disk
}
