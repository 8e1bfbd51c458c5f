package caddymodule

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/version"
	"github.com/waguard/waguard/notify"
)

// Notify has an endpoint told what happens, by webhooks: CloudEvents that are signed as
// Standard Webhooks has it.
type Notify struct {
	// The name, such as `crm`: letters, digits, `-` and `_`. How far the endpoint was told is
	// kept under it. Required.
	Name string `json:"name"`

	// Where it is: `https://`, and where Network is `private` also `http://`. Placeholders are
	// replaced when the configuration loads. Required.
	URL string `json:"url"`

	// The secrets that messages are signed with, one or two, as Standard Webhooks writes them
	// (`whsec_` and base64). Placeholders are replaced whenever one is used. While there are
	// two, each message has both signatures, so that a receiver can go from one to the other.
	// Required.
	Secrets []string `json:"secrets"`

	// The types of events, or groups of them such as `consent`. Required.
	Types []string `json:"types"`

	// Whether events name people: by `pseudonym`, or `none`.
	// Default: `pseudonym`.
	Contacts string `json:"contacts,omitempty"`

	// How long before its end a customer service window is told of in which somebody waits
	// for an answer, from 1 minute to 23 hours.
	// Default: 2h.
	WindowEnding caddy.Duration `json:"window_ending,omitempty"`

	// Where the endpoint may be: `public`, or `private` for one's own network and machine.
	// Default: `public`.
	Network string `json:"network,omitempty"`

	// How long events are kept that it didn't take, however often they were tried.
	// Default: 30d.
	KeepDead caddy.Duration `json:"keep_dead,omitempty"`

	CaddyfileLine string `json:"caddyfile_line,omitempty"`

	endpoint *notify.Endpoint
	teller   *gateway.Teller
	leave    sync.Once
	repeated
}

const (
	mostEndpoints       = 20
	mostSecrets         = 2
	defaultWindowEnding = 2 * time.Hour
	longestWindowEnding = 23 * time.Hour
	defaultKeepDead     = 30 * 24 * time.Hour
	longestKeepDead     = 400 * 24 * time.Hour
	networkPrivate      = "private"
	contactsNone        = "none"
)

var (
	endpointName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	chooseNetwork  = choice{"network", []string{"public", networkPrivate}, "public"}
	chooseContacts = choice{"contacts", []string{"pseudonym", contactsNone}, "pseudonym"}
)

// eventWords are the types of events and their groups.
func eventWords() (words []string) {
	for _, t := range gateway.EventTypes {
		words = append(words, string(t))
	}
	for _, group := range gateway.EventGroups() {
		if !slices.Contains(words, group) {
			words = append(words, group)
		}
	}
	slices.Sort(words)
	return words
}

func (n *Notify) network() notify.Network {
	if n.Network == networkPrivate {
		return notify.Private
	}
	return notify.Public
}

// check finds what makes no sense.
func (n *Notify) check() error {
	if !endpointName.MatchString(n.Name) {
		return fmt.Errorf("%q is no name of an endpoint: it has 1 to 64 letters, digits, hyphens and underscores, such as crm", n.Name)
	}
	if err := errors.Join(chooseNetwork.check(n.Network), chooseContacts.check(n.Contacts)); err != nil {
		return err
	}
	if !strings.Contains(n.URL, "{") { // else it is checked once the placeholders have values
		if err := notify.CheckURL(n.URL, n.network()); err != nil {
			return err
		}
	}
	switch {
	case len(n.Secrets) == 0:
		return errors.New("it has no secret: write one such as secret {file./run/secrets/waguard-crm}, which holds what `printf whsec_; openssl rand -base64 32` prints")
	case len(n.Secrets) > mostSecrets:
		return wrongIn("secret", "it has more than two secrets: the old one and the new one are enough to change from one to the other")
	case len(n.Types) == 0:
		return errors.New("it has no types: write which events it is told of, such as types violation consent budget")
	}
	for _, s := range n.Secrets {
		if !strings.Contains(s, "{") {
			if _, err := notify.ParseSecret(s); err != nil {
				return &wrongOption{"secret", err}
			}
		}
	}
	for i, word := range n.Types {
		if !slices.Contains(eventWords(), word) {
			return wrongIn("types", "types has %q, which is no type of event; there are %s", word, strings.Join(eventWords(), ", "))
		}
		if slices.Contains(n.Types[:i], word) {
			return wrongIn("types", "types has %q twice", word)
		}
	}
	if n.Contacts == contactsNone && gateway.Wants(n.Types, gateway.EventPersonErased) {
		return wrongIn("contacts", "it is told of person.erased and of no contacts: that event says whom to erase, so that one of the two has to go")
	}
	if d := time.Duration(n.WindowEnding); d != 0 && (d < time.Minute || d > longestWindowEnding) {
		return wrongIn("window_ending", "window_ending is %s; it must be from 1 minute to 23 hours, such as 2h", d)
	}
	if d := time.Duration(n.KeepDead); d != 0 && (d < time.Hour || d > longestKeepDead) {
		return wrongIn("keep_dead", "keep_dead is %s; it must be from 1 hour to 400 days, such as 30d", d)
	}
	return nil
}

// wrongOption is an error in one option of an endpoint.
type wrongOption struct {
	option string
	err    error
}

func (e *wrongOption) Error() string { return e.err.Error() }
func (e *wrongOption) Unwrap() error { return e.err }

func wrongIn(option, format string, values ...any) error {
	return &wrongOption{option, fmt.Errorf(format, values...)}
}

// provisionNotify checks the endpoints, and prepares what tells them.
func (a *App) provisionNotify() error {
	if len(a.Notify) > mostEndpoints {
		return fmt.Errorf("there are more than %d endpoints for events", mostEndpoints)
	}
	for i, n := range a.Notify {
		if err := n.check(); err != nil {
			return located(fmt.Errorf("notify %s: %w", n.Name, err), n.CaddyfileLine)
		}
		if slices.ContainsFunc(a.Notify[:i], func(other *Notify) bool { return other.Name == n.Name }) {
			return located(fmt.Errorf("notify %s is given twice", n.Name), n.CaddyfileLine)
		}
		url, err := atStart(n.URL, "the address")
		if err == nil {
			err = notify.CheckURL(url, n.network())
		}
		if err != nil {
			return located(fmt.Errorf("notify %s: %w", n.Name, err), n.CaddyfileLine)
		}
		n.endpoint = notify.New(notify.Options{
			URL: url, Network: n.network(), Secrets: n.secrets, Now: a.clock.Now, UserAgent: "waguard/" + version.Of().Version,
		})
		ending, keep := time.Duration(n.WindowEnding), time.Duration(n.KeepDead)
		if ending == 0 {
			ending = defaultWindowEnding
		}
		if keep == 0 {
			keep = defaultKeepDead
		}
		var holder [16]byte
		rand.Read(holder[:]) // which never fails
		n.teller = &gateway.Teller{
			Gateway: a.gateway, Log: a.logger.Named("notify"), Name: n.Name, Types: n.Types, Pseudonyms: n.Contacts != contactsNone, Ending: ending, KeepDead: keep,
			Holder: hex.EncodeToString(holder[:]), Send: n.endpoint.Send, Counts: func(result string) { notifications.WithLabelValues(n.Name, result).Inc() },
		}
		a.gateway.Endpoints = append(a.gateway.Endpoints, n.teller)
	}
	return nil
}

// secrets are those that messages are signed with now.
func (n *Notify) secrets() ([]notify.Secret, error) {
	list := make([]notify.Secret, len(n.Secrets))
	for i, raw := range n.Secrets {
		text, err := resolveSecret("notify "+n.Name+": secret", raw)
		if err != nil {
			return nil, err
		}
		if list[i], err = notify.ParseSecret(text); err != nil {
			return nil, fmt.Errorf("notify %s: %w", n.Name, err)
		}
	}
	return list, nil
}

// startNotify begins to tell.
func (a *App) startNotify() {
	for _, n := range a.Notify {
		if _, err := n.secrets(); err != nil {
			a.logger.Error("an endpoint can't be told what happens until its secret is there", zap.String("endpoint", n.Name), zap.Error(err))
		}
		n.repeat(a.ctx, n.teller.Due)
	}
}

// stopNotifyFor is how long a configuration that goes waits for its endpoints: mostly for the
// store, to which it is written how far they are.
const stopNotifyFor = 5 * time.Second

// stopNotify ends that, and lets other gateways take over.
func (a *App) stopNotify() {
	for _, n := range a.Notify {
		if n.cancel != nil {
			n.cancel()
		}
	}
	var left sync.WaitGroup
	for _, n := range a.Notify {
		if n.cancel != nil {
			left.Go(func() { n.leave.Do(func() { n.end(a.ctx) }) })
		}
	}
	all := make(chan struct{})
	go func() {
		left.Wait()
		close(all)
	}()
	patience := time.NewTimer(stopNotifyFor)
	defer patience.Stop()
	select {
	case <-all:
	case <-patience.C:
		a.logger.Warn("how far endpoints are could not be recorded in time; they may be told again what they were told last", zap.Duration("after", stopNotifyFor))
	}
}

// end waits until an endpoint is told nothing more, and lets other gateways take over.
func (n *Notify) end(ctx context.Context) {
	n.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	n.teller.Leave(ctx)
	n.endpoint.Close()
}

// notifyFindings are what doctor finds.
func notifyFindings(states []gateway.EndpointState) (findings []adminapi.Finding) {
	const check = "notify"
	for i := range states {
		switch s := &states[i]; s.State {
		case gateway.EndpointIsOff:
			findings = append(findings, adminapi.Trouble(check, "mend that, then run waguard notify on --endpoint "+s.Name+"; what happened meanwhile is told then", "the endpoint %s was switched off at %s: %s", s.Name, s.Off, s.Why))
		case gateway.EndpointAway:
			findings = append(findings, adminapi.Trouble(check, "look at the endpoint; waguard notify test --endpoint "+s.Name+" tries it at once", "the endpoint %s has taken no event since %s: %s", s.Name, s.Failing, s.Error))
		case gateway.EndpointOn:
			if s.Error != "" && s.Failing == 0 && s.Oldest != 0 { // it is not the endpoint that keeps it waiting
				findings = append(findings, adminapi.Trouble(check, "mend that; what happened meanwhile is told then", "the endpoint %s can't be told what happens, by a fault of this gateway's: %s", s.Name, s.Error))
				continue
			}
			findings = append(findings, adminapi.OK(check, "the endpoint %s is told what happens", s.Name))
		}
	}
	return findings
}

// parseNotify reads an endpoint.
func (a *App) parseNotify(d *caddyfile.Dispenser) error {
	at := *d
	n := &Notify{CaddyfileLine: fmt.Sprintf("%s:%d", d.File(), d.Line())}
	if !d.AllArgs(&n.Name, &n.URL) {
		return d.ArgErr()
	}
	var ending, keep *caddy.Duration
	lines := make(map[string]caddyfile.Dispenser)
	known := map[string]parser{
		"secret": listInto(&n.Secrets), "types": listInto(&n.Types), "contacts": chooseContacts.into(&n.Contacts), "network": chooseNetwork.into(&n.Network),
		"window_ending": positiveInto(&ending), "keep_dead": positiveInto(&keep),
	}
	for name, parse := range known {
		known[name] = func(d *caddyfile.Dispenser) error {
			lines[name] = *d
			return parse(d)
		}
	}
	err := parseBlock(d, known)
	if err != nil {
		return err
	}
	if ending != nil {
		n.WindowEnding = *ending
	}
	if keep != nil {
		n.KeepDead = *keep
	}
	if err := n.check(); err != nil {
		if wrong, ok := errors.AsType[*wrongOption](err); ok {
			if line, there := lines[wrong.option]; there {
				at = line
			}
		}
		return at.Errf("notify %s: %v", n.Name, err)
	}
	if ending != nil && !gateway.Wants(n.Types, gateway.EventWindowEnding) {
		line := lines["window_ending"]
		return line.Errf("notify %s: window_ending says when window.ending is told, and types doesn't have it: write types … window, or leave window_ending out", n.Name)
	}
	if slices.ContainsFunc(a.Notify, func(other *Notify) bool { return other.Name == n.Name }) {
		return at.Errf("notify %s is given twice", n.Name)
	}
	a.Notify = append(a.Notify, n)
	return nil
}

// notifications counts attempts. The names of endpoints come from the configuration.
var notifications = counters("notifications_total",
	"Attempts to tell an endpoint of an event, by endpoint and result: delivered and failed are attempts, dead are events that were given up, expired such as nobody can tell any more.", "endpoint", "result")

// startNotifications has the series of an endpoint begin at 0.
func startNotifications(name string) {
	for _, result := range []string{gateway.ToldDelivered, gateway.ToldFailed, gateway.ToldDead, gateway.ToldExpired} {
		notifications.WithLabelValues(name, result)
	}
}

// endpointStates are how it stands with the endpoints that this gateway tells.
type endpointStates struct{}

var (
	notifyOldest = prometheus.NewDesc("caddy_whatsapp_notify_oldest_seconds",
		"How long ago the oldest event happened that an endpoint has not taken; 0 where it has taken all. Not there for an endpoint that another gateway tells.", []string{"endpoint"}, nil)
	notifyWaiting = prometheus.NewDesc("caddy_whatsapp_notify_waiting",
		"Events that an endpoint didn't take and that are tried again.", []string{"endpoint"}, nil)
	notifyDead = prometheus.NewDesc("caddy_whatsapp_notify_dead",
		"Events that were given up and are still kept.", []string{"endpoint"}, nil)
	notifyOff = prometheus.NewDesc("caddy_whatsapp_notify_off",
		"1 where an endpoint was switched off, since it took nothing for days or wants no more.", []string{"endpoint"}, nil)
)

// Describe says which metrics there are.
func (endpointStates) Describe(to chan<- *prometheus.Desc) {
	to <- notifyOldest
	to <- notifyWaiting
	to <- notifyDead
	to <- notifyOff
}

// Collect asks what tells them.
func (endpointStates) Collect(to chan<- prometheus.Metric) {
	app := serving.Load()
	if app == nil {
		return
	}
	for _, t := range app.gateway.Endpoints {
		s := t.State()
		if !s.Held {
			continue
		}
		age, off := 0.0, 0.0
		if s.Oldest != 0 {
			age = max(0, app.clock.Now().Sub(s.Oldest.Time()).Seconds())
		}
		if s.Off {
			off = 1
		}
		to <- prometheus.MustNewConstMetric(notifyOldest, prometheus.GaugeValue, age, t.Name)
		to <- prometheus.MustNewConstMetric(notifyWaiting, prometheus.GaugeValue, float64(s.Parked), t.Name)
		to <- prometheus.MustNewConstMetric(notifyDead, prometheus.GaugeValue, float64(s.Dead), t.Name)
		to <- prometheus.MustNewConstMetric(notifyOff, prometheus.GaugeValue, off, t.Name)
	}
}
