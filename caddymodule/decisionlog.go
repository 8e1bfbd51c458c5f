package caddymodule

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/decisionlog"
)

var decisionLogLines = counters("decision_log_lines_total",
	"Lines of the decision log, by result: written, or lost since its writer failed or was too slow.", "result")

// decisionLogs holds the open decision logs of the process, by the key of their
// writer. They outlive the configurations that use them.
var decisionLogs = caddy.NewUsagePool()

// pooledLog is a decision log that the pool can close.
type pooledLog struct{ *decisionlog.Log }

// Destruct writes what waits and closes the writer.
func (p pooledLog) Destruct() error { return p.Close() }

// provisionDecisionLog finds the writer, if there is one. It opens nothing.
func (a *App) provisionDecisionLog(ctx caddy.Context) error {
	if len(a.DecisionLogRaw) == 0 {
		return nil
	}
	mod, err := ctx.LoadModule(a, "DecisionLogRaw")
	if err != nil {
		return fmt.Errorf("decision_log: %w", err)
	}
	writer, ok := mod.(caddy.WriterOpener)
	if !ok {
		return fmt.Errorf("decision_log: %T is no writer of logs", mod)
	}
	a.decisionLog = writer
	return nil
}

// openDecisionLog opens the writer, or shares it with the configuration that has it
// open.
func (a *App) openDecisionLog() (*decisionlog.Log, error) {
	a.lease.mu.Lock()
	defer a.lease.mu.Unlock()
	if a.lease.over {
		return nil, errors.New("the configuration is gone")
	}
	value, _, err := decisionLogs.LoadOrNew(a.decisionLog.WriterKey(), func() (caddy.Destructor, error) {
		w, err := a.decisionLog.OpenWriter()
		if err != nil {
			return nil, err
		}
		return pooledLog{decisionlog.New(w, new(lostLines))}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("decision_log: opening %s: %w", a.decisionLog, err)
	}
	a.lease.logging = true
	return value.(pooledLog).Log, nil
}

// closeDecisionLog gives it up, if this configuration has it. The caller holds the
// lease's mu.
func (a *App) closeDecisionLog() error {
	if !a.lease.logging {
		return nil
	}
	a.lease.logging = false
	_, err := decisionLogs.Delete(a.decisionLog.WriterKey())
	return err
}

// lostLines counts lines, and says from time to time that some are lost.
type lostLines struct {
	lost atomic.Int64
	// said is when that was last said, in nanoseconds since 1970.
	said atomic.Int64
}

// lostEvery is how often it is said at most that lines are lost.
const lostEvery = time.Minute

// Written counts it.
func (l *lostLines) Written() { decisionLogLines.WithLabelValues("written").Inc() }

// Lost counts it, and says so if nobody has lately.
func (l *lostLines) Lost(cause error) {
	decisionLogLines.WithLabelValues("lost").Inc()
	l.lost.Add(1)
	now, said := time.Now().UnixNano(), l.said.Load()
	if now-said < int64(lostEvery) || !l.said.CompareAndSwap(said, now) {
		return
	}
	why := zap.String("error", "the writer is slower than decisions are made")
	if cause != nil {
		why = zap.Error(cause)
	}
	log := caddy.Log()
	if app := serving.Load(); app != nil { // the configuration that opened it may be gone
		log = app.logger
	}
	log.Error("lines of the decision log are lost; sends go on, and the ledger has their decisions", why, zap.Int64("lost", l.lost.Swap(0)))
}

// parseDecisionLog reads the option. Its writer is written as `output` in Caddy's
// `log`.
func (a *App) parseDecisionLog(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("write decision_log <writer>, such as decision_log file /var/log/waguard/decisions.log")
	}
	name := d.Val()
	var writer any
	switch name {
	case "stdout":
		writer = caddy.StdoutWriter{}
	case "stderr":
		writer = caddy.StderrWriter{}
	case "discard":
		writer = caddy.DiscardWriter{}
	}
	if writer != nil {
		if d.NextArg() {
			return d.ArgErr()
		}
	} else {
		if _, err := caddy.GetModule("caddy.logging.writers." + name); err != nil {
			return d.Errf("decision_log is %q; it must be one of: %s", name, strings.Join(logWriters(), ", "))
		}
		unmarshaled, err := caddyfile.UnmarshalModule(d, "caddy.logging.writers."+name)
		if err != nil {
			return err
		}
		if _, ok := unmarshaled.(caddy.WriterOpener); !ok {
			return d.Errf("decision_log is %q, which is no writer of logs", name)
		}
		writer = unmarshaled
	}
	a.DecisionLogRaw = caddyconfig.JSONModuleObject(writer, "output", name, nil)
	return nil
}

// logWriters are the names of the writers there are.
func logWriters() (names []string) {
	for _, m := range caddy.GetModules("caddy.logging.writers") {
		names = append(names, m.ID.Name())
	}
	return names
}

// Interface guard
var _ decisionlog.Observer = (*lostLines)(nil)
