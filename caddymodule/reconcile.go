package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// Reconcile has the gateway ask Meta by itself what it charges its accounts for, by the upstream
// of the guard, and compare that with what statuses told.
type Reconcile struct {
	// An access token that may read the accounts' analytics (whatsapp_business_management).
	// Placeholders are replaced whenever it is used: a file (`{file./run/secrets/meta-token}`)
	// may be written anew while the gateway runs. Required.
	Token string `json:"token"`

	// How often each account is asked for, from 1 hour to 24 hours.
	// Default: 24h.
	Every caddy.Duration `json:"every,omitempty"`

	// How much of a day's messages and money must match, such as `99.5%`. Where less does, it
	// is an account event and a metric. `off` tells of nothing.
	// Default: 99%.
	AlertBelow string `json:"alert_below,omitempty"`

	// Where the option stands in the Caddyfile it was read from, such as `Caddyfile:12`:
	// that no guard has an upstream can be seen only once the whole configuration is known.
	// It changes nothing.
	CaddyfileLine string `json:"caddyfile_line,omitempty"`

	by *Upstream
	repeated
}

const (
	defaultReconcileEvery  = 24 * time.Hour
	shortestReconcileEvery = time.Hour
	longestReconcileEvery  = 24 * time.Hour
	defaultAlertBelow      = "99%"
)

// check checks the settings, and fills in what is left out.
func (r *Reconcile) check() error {
	if r.Every == 0 {
		r.Every = caddy.Duration(defaultReconcileEvery)
	}
	if r.AlertBelow == "" {
		r.AlertBelow = defaultAlertBelow
	}
	every := time.Duration(r.Every)
	if r.Token == "" {
		return errors.New("reconcile needs a token, such as token {file./run/secrets/meta-token}")
	}
	if every < shortestReconcileEvery || every > longestReconcileEvery {
		return fmt.Errorf("reconcile asks every %s; it must be 1 hour to 24 hours, such as every 12h", every)
	}
	_, err := r.alertBelow()
	return err
}

// alertBelow is the share that must match; zero for none.
func (r *Reconcile) alertBelow() (billing.Share, error) {
	if r.AlertBelow == "off" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(r.AlertBelow, "%")
	share, err := billing.ParseShare(number)
	if !ok || err != nil || share == 0 {
		return 0, fmt.Errorf("alert_below is %q; it must be a percentage such as 99.5%%, or off", r.AlertBelow)
	}
	return share, nil
}

// startReconcile begins to ask, once all guards are provisioned.
func (a *App) startReconcile() error {
	r := a.Reconcile
	if r == nil {
		return nil
	}
	if r.by == nil {
		return located(errors.New("reconcile asks Meta by the upstream of a whatsapp_guard for the Cloud API, and none has one: write `upstream https://graph.facebook.com` into it"), r.CaddyfileLine)
	}
	below, err := r.alertBelow()
	if err != nil {
		return err
	}
	ask := &metaAsk{option: "reconcile", token: r.Token, by: r.by}
	figures := &gateway.Figures{Gateway: a.gateway, Log: a.logger.Named("reconcile"), Every: time.Duration(r.Every), AlertBelow: below, Get: ask.get}
	a.gateway.Figures.Store(figures)
	r.repeat(a.ctx, figures.Due)
	return nil
}

// stopReconcile ends it, and waits until it has ended.
func (a *App) stopReconcile() {
	if a.Reconcile != nil {
		a.Reconcile.stop()
	}
}

// parseReconcile reads the option.
func (a *App) parseReconcile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	at := *d
	r := &Reconcile{CaddyfileLine: fmt.Sprintf("%s:%d", d.File(), d.Line())}
	a.Reconcile = r
	var every *caddy.Duration
	if err := parseBlock(d, map[string]parser{"token": stringInto(&r.Token), "every": positiveInto(&every), "alert_below": stringInto(&r.AlertBelow)}); err != nil {
		return err
	}
	if every != nil {
		r.Every = *every
	}
	if err := r.check(); err != nil {
		return at.Err(err.Error())
	}
	return nil
}

// reconciled compares what messages cost here with Meta's figures.
func reconciled(ctx context.Context, g *gateway.Gateway, s *adminapi.ReconcileSelection) (*adminapi.Reconciliations, error) {
	asked := gateway.ReconcileSelection{From: s.From, To: s.To, Month: s.Month, WABA: s.WABA, Fetch: s.Fetch}
	if s.Analytics != "" {
		asked.Analytics = []byte(s.Analytics)
	}
	accounts, err := g.Reconcile(ctx, asked)
	if err != nil {
		return nil, err
	}
	return &adminapi.Reconciliations{Accounts: accounts}, nil
}

// figuresFindings are what doctor finds.
func figuresFindings(figures *gateway.Figures) (findings []adminapi.Finding) {
	const check = "reconcile"
	if figures == nil {
		return nil
	}
	for _, a := range figures.State() {
		switch last := "it never did"; {
		case a.Err != nil:
			if !a.Done.IsZero() {
				last = "it last did at " + policy.MomentOf(a.Done).String()
			}
			said := "what Meta charges account %s for can't be compared: %v; %s"
			if p, ok := errors.AsType[*gateway.Problem](a.Err); ok && p.Kind == gateway.Unreached {
				said = "Meta doesn't say what it charges account %s for: %v; %s"
			}
			findings = append(findings, adminapi.Trouble(check, "mend that; waguard reconcile --fetch tries it at once", said, a.WABA, a.Err, last))
		case a.Judged != nil && a.Judged.Below:
			findings = append(findings, adminapi.Trouble(check, "waguard reconcile says why", "statuses and what Meta charges account %s for on %s match less than they should", a.WABA, a.Judged.Day))
		case !a.Done.IsZero():
			findings = append(findings, adminapi.OK(check, "Meta said at %s what it charges account %s for", policy.MomentOf(a.Done), a.WABA))
		}
	}
	return findings
}

// matches are how far statuses and Meta's figures match, by account.
type matches struct{}

var (
	matchedRatio = prometheus.NewDesc("caddy_whatsapp_reconcile_matched_ratio",
		"Part of the messages, or of the money, of the newest day that was over for 24 hours in which statuses and what Meta charges match.", []string{"waba", "of"}, nil)
	matchBelow = prometheus.NewDesc("caddy_whatsapp_reconcile_below",
		"Whether less of that day matches than alert_below says: 1, else 0.", []string{"waba"}, nil)
	differingMessages = prometheus.NewDesc("caddy_whatsapp_reconcile_differing_messages",
		"Messages of that day of which statuses and what Meta charges differ, by cause.", []string{"waba", "cause"}, nil)
	figuresAge = prometheus.NewDesc("caddy_whatsapp_reconcile_seconds_since_fetch",
		"How long ago Meta last said what it charges an account for; +Inf where it never did.", []string{"waba"}, nil)
)

// Describe says which metrics there are.
func (matches) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{matchedRatio, matchBelow, differingMessages, figuresAge} {
		to <- desc
	}
}

// mostAccounts bounds how many accounts have metrics, in the order of their ids. The
// configuration names nearly all there are.
const mostAccounts = 100

// Collect tells how it stands.
func (matches) Collect(to chan<- prometheus.Metric) {
	app := serving.Load()
	if app == nil {
		return
	}
	figures := app.gateway.Figures.Load()
	if figures == nil {
		return
	}
	now := app.clock.Now()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	state := figures.State()
	for _, a := range state[:min(len(state), mostAccounts)] {
		age := math.Inf(1) // so that the alert on it knows also a token that never worked
		if !a.Done.IsZero() {
			age = max(0, now.Sub(a.Done).Seconds())
		}
		gauge(figuresAge, age, a.WABA)
		if a.Judged == nil {
			continue
		}
		below := 0.0
		if a.Judged.Below {
			below = 1
		}
		gauge(matchBelow, below, a.WABA)
		for of, share := range map[string]*billing.Share{"messages": a.Judged.Messages, "cost": a.Judged.Cost} {
			if share != nil {
				gauge(matchedRatio, float64(*share)/float64(billing.All), a.WABA, of)
			}
		}
		for _, cause := range billing.Causes {
			n := 0
			for _, c := range a.Judged.Causes {
				if c.Cause == cause {
					n = c.Messages
				}
			}
			gauge(differingMessages, float64(n), a.WABA, string(cause))
		}
	}
}
