package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { caddy.RegisterModule(adminAPI{}) }

// adminAPI serves the whatsapp routes of Caddy's admin endpoint. What names a
// person comes in the body of a POST, since Caddy logs the path and query of
// every admin request.
//
// It holds no app: Caddy makes the router of a configuration before its apps,
// and keeps it when the configuration fails. Each request asks for the app that
// runs.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.whatsapp", New: func() caddy.Module { return new(adminAPI) }}
}

// adminHandles handle the routes.
var adminHandles = map[adminapi.Route]adminHandle{
	adminapi.RouteHealth:           adminHealth,
	adminapi.RouteViolations:       adminViolations,
	adminapi.RouteLedger:           adminLedger,
	adminapi.RouteViolationsGroups: adminGroups(store.Reader.Violations),
	adminapi.RouteLedgerGroups:     adminGroups(store.Reader.Ledger),
	adminapi.RouteEvents:           adminEvents,
	adminapi.RouteReport:           adminReport,
	adminapi.RouteBackup:           adminBackup,
	adminapi.RouteStoreCheck:       adminStoreCheck,
	adminapi.RouteConsentGet:       adminConsentGet,
	adminapi.RouteOptIn:            withPeer(adminConsentSet(policy.OptedIn)),
	adminapi.RouteOptOut:           withPeer(adminConsentSet(policy.OptedOut)),
	adminapi.RouteAsk:              withPeer(adminConsentSet(policy.ConsentPending)),
	adminapi.RouteHistory:          adminConsentHistory,
	adminapi.RouteNewPerson:        withPeer(adminNewPerson),
}

// Routes are the admin routes of the gateway.
func (adminAPI) Routes() []caddy.AdminRoute {
	var list []caddy.AdminRoute
	for route, handle := range adminHandles {
		list = append(list, caddy.AdminRoute{Pattern: route.Path, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			// Caddy's admin router doesn't tell methods apart.
			if !route.Takes(r.Method) {
				return adminError(http.StatusMethodNotAllowed, fmt.Errorf("%s is not possible here", r.Method))
			}
			mod, err := caddy.ActiveContext().AppIfConfigured("whatsapp")
			if err != nil {
				return adminError(http.StatusNotFound, errors.New("the running configuration has no `whatsapp` block"))
			}
			app := mod.(*App)
			st, err := app.acquire()
			if err != nil {
				return adminError(http.StatusServiceUnavailable, err)
			}
			return handle(app, st, w, r)
		})})
	}
	return list
}

func adminError(status int, err error) error { return caddy.APIError{HTTPStatus: status, Err: err} }

func adminHealth(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	if err := st.Check(r.Context()); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	h := adminapi.Health{Status: "ok"}
	for _, n := range a.gateway.SilentNumbers() {
		h.NumbersWithoutWebhooks = append(h.NumbersWithoutWebhooks, adminapi.SilentNumber(n))
	}
	if watched, ok := st.(store.Watched); ok {
		c := watched.Condition()
		h.Store = c.Notices
		if c.Unreadable > 0 {
			h.Store = append(slices.Clone(h.Store), fmt.Sprintf("%d reads met a record that can't be read; run waguard store check", c.Unreadable))
		}
	}
	if refused := refusedStore.Load(); refused != nil {
		h.Store = append(slices.Clone(h.Store), "a configuration was refused: "+refused.Error())
	}
	return jsonAnswer(w, h)
}

// jsonAnswer writes v as the answer of an admin route.
func jsonAnswer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

const (
	// How far `after` looks back. A send decided before another one may be entered
	// into the ledger after it. It may even become a violation when Meta's answer
	// shows whom it reached, which takes as long as send_timeout lets it.
	ledgerOverlap    = 10 * time.Second
	violationOverlap = 90 * time.Second
)

// readAdmin fills a request from one to the admin endpoint.
func readAdmin(r *http.Request, request any) error {
	err := adminapi.ReadRequest(r, request)
	if e, ok := errors.AsType[*adminapi.Error](err); ok {
		return adminError(e.Status, e)
	}
	return err
}

// filter is a selection as the store takes it. Dates begin in the time zone of the
// business it selects, or of all if they have one; else in UTC. What comes after
// an id begins a little before it.
func (a *App) filter(s *adminapi.Selection, overlap time.Duration) (store.Filter, error) {
	zone := time.UTC
	if zones := a.gateway.Businesses.Zones(s.PhoneNumberID); len(zones) == 1 {
		zone = zones[0]
	}
	return filterIn(s, zone, a.clock.Now(), overlap)
}

// filterIn is a selection as the store takes it, with dates that begin in a time
// zone.
func filterIn(s *adminapi.Selection, zone *time.Location, now time.Time, overlap time.Duration) (f store.Filter, err error) {
	if f.From, err = moment(s.From, zone, now); err != nil {
		return f, err
	}
	if f.To, err = moment(s.To, zone, now); err != nil {
		return f, err
	}
	f.PhoneNumberID, f.Rule, f.Category = s.PhoneNumberID, policy.Rule(strings.ToUpper(s.Rule)), policy.BilledCategory(s.Category)
	f.Sender, f.Template, f.Outcome = s.Sender, s.Template, store.OutcomeState(strings.ToLower(s.Outcome))
	if f.Outcome != "" && !slices.Contains(store.OutcomeStates, f.Outcome) {
		return f, fmt.Errorf("outcome must be one of %v", store.OutcomeStates)
	}
	if s.Contact != "" {
		if f.Contact, err = readContact(s.Contact); err != nil {
			return f, err
		}
	}
	if s.Before != "" {
		if f.Before, err = store.ParseID(s.Before); err != nil {
			return f, err
		}
	}
	if s.After != "" {
		after, err := store.ParseID(s.After)
		if err != nil {
			return f, err
		}
		// The clock may have been set back since.
		f.From = max(f.From, min(after.Moment(), policy.MomentOf(now)).Add(-overlap))
	}
	if f.Limit = s.Limit; f.Limit == 0 {
		f.Limit = adminapi.DefaultPage
	}
	if f.Limit < 1 || f.Limit > adminapi.LargestPage {
		return f, fmt.Errorf("limit must be between 1 and %d", adminapi.LargestPage)
	}
	return f, nil
}

// moment reads a point in time: RFC 3339, a date (its midnight in a time zone), or
// how long ago, such as 90m, 24h or 7d.
func moment(s string, zone *time.Location, now time.Time) (policy.Moment, error) {
	if s == "" {
		return 0, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return policy.MomentOf(t), nil
	}
	if t, err := billing.Midnight(s, zone); err == nil {
		return policy.MomentOf(t), nil
	}
	if age, err := caddy.ParseDuration(s); err == nil {
		return policy.MomentOf(now.Add(-age)), nil
	}
	return 0, fmt.Errorf("%q is no time; write 2026-11-22T10:00:00Z, 2026-11-22, or an age such as 24h or 7d", s)
}

// readContact reads a person's phone number or user id as an operator writes it.
func readContact(s string) (policy.Identity, error) {
	if len(s) > 2 && s[2] == '.' {
		return identity.UserID(s)
	}
	if !strings.HasPrefix(s, "+") {
		return policy.Identity{}, errors.New("write the phone number with plus and country code, or the user id such as US.13491208655302741918")
	}
	n, err := phone.Parse(s, "")
	if err != nil {
		return policy.Identity{}, err
	}
	return identity.Phone(n.Number), nil
}

func adminViolations(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, st, w, r, st.Violations, adminapi.ViolationOf, violationOverlap)
}

func adminLedger(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, st, w, r, st.Ledger, adminapi.LineOf, ledgerOverlap)
}

// lister is the ledger, or the violations.
type lister func(context.Context, store.Filter) iter.Seq2[*store.Entry, error]

func adminPage(a *App, st store.Store, w http.ResponseWriter, r *http.Request, list lister, show func(*store.Entry) *adminapi.Line, overlap time.Duration) error {
	var s adminapi.Selection
	if err := readAdmin(r, &s); err != nil {
		return err
	}
	f, err := a.filter(&s, overlap)
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	// One more than asked for tells whether there is a next page.
	asked := f.Limit
	f.Limit++
	entries, err := collect(list(r.Context(), f))
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	p := adminapi.Page{Entries: []*adminapi.Line{}, Newest: newestOf(entries, &s, a.clock.Now())}
	if len(entries) > asked {
		entries = entries[:asked]
		p.Next = entries[asked-1].ID.String()
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, show(e))
	}
	if overlap == violationOverlap && s.Before == "" && s.After == "" {
		if p.AccountEvents, err = a.eventsBeside(r.Context(), st, f, entries); err != nil {
			return adminError(http.StatusInternalServerError, err)
		}
	}
	return jsonAnswer(w, p)
}

// newestOf is the `newest` of a page: of entries and what was asked for after the
// latest, else now.
func newestOf(entries []*store.Entry, s *adminapi.Selection, now time.Time) string {
	newest := s.After
	if len(entries) > 0 {
		newest = max(newest, entries[0].ID.String())
	}
	if newest == "" {
		return store.FirstID(policy.MomentOf(now)).String()
	}
	return newest
}

// collect gathers what a store yields, up to its first error.
func collect[T any](seq func(yield func(T, error) bool)) (list []T, err error) {
	for v, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Interface guard
var _ caddy.AdminRouter = (*adminAPI)(nil)
