package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/gateway"
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

// Routes are the admin routes of the gateway.
func (adminAPI) Routes() []caddy.AdminRoute {
	routes := map[string]adminHandle{
		"GET  /whatsapp/health":             adminHealth,
		"GET  /whatsapp/violations":         adminViolations,
		"POST /whatsapp/violations":         adminViolations,
		"GET  /whatsapp/ledger":             adminLedger,
		"POST /whatsapp/ledger":             adminLedger,
		"GET  /whatsapp/violations/groups":  adminGroups(store.Reader.Violations),
		"POST /whatsapp/violations/groups":  adminGroups(store.Reader.Violations),
		"GET  /whatsapp/ledger/groups":      adminGroups(store.Reader.Ledger),
		"POST /whatsapp/ledger/groups":      adminGroups(store.Reader.Ledger),
		"GET  /whatsapp/events":             adminEvents,
		"POST /whatsapp/events":             adminEvents,
		"GET  /whatsapp/report":             adminReport,
		"POST /whatsapp/backup":             adminBackup,
		"POST /whatsapp/store/check":        adminStoreCheck,
		"POST /whatsapp/consent/get":        adminConsentGet,
		"POST /whatsapp/consent/opt-in":     withPeer(adminConsentSet(policy.OptedIn)),
		"POST /whatsapp/consent/opt-out":    withPeer(adminConsentSet(policy.OptedOut)),
		"POST /whatsapp/consent/ask":        withPeer(adminConsentSet(policy.ConsentPending)),
		"POST /whatsapp/consent/history":    adminConsentHistory,
		"POST /whatsapp/consent/new-person": withPeer(adminNewPerson),
	}
	// Caddy's admin router doesn't tell methods apart.
	byPath := make(map[string]map[string]adminHandle)
	for key, handle := range routes {
		method, path, _ := strings.Cut(key, " ")
		path = strings.TrimSpace(path)
		if byPath[path] == nil {
			byPath[path] = make(map[string]adminHandle)
		}
		byPath[path][method] = handle
	}
	var list []caddy.AdminRoute
	for path, methods := range byPath {
		list = append(list, caddy.AdminRoute{Pattern: path, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			handle, ok := methods[r.Method]
			if !ok {
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

// health is what the health route answers. A number that gets no webhooks is no
// failure of the gateway, and no reason to restart it.
type health struct {
	Status                 string                 `json:"status"`
	NumbersWithoutWebhooks []gateway.SilentNumber `json:"numbers_without_webhooks,omitempty"`
	// Store says what is not as it should be with the store.
	Store []string `json:"store,omitempty"`
}

func adminHealth(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	if err := st.Check(r.Context()); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	h := health{Status: "ok", NumbersWithoutWebhooks: a.gateway.SilentNumbers()}
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

// selection is what the routes over ledger and violations take: as query
// parameters of a GET, or as the JSON body of a POST, which alone may name a
// contact.
type selection struct {
	From          string `json:"from,omitempty"` // RFC 3339, a date, or an age such as 24h
	To            string `json:"to,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Rule          string `json:"rule,omitempty"`
	Category      string `json:"category,omitempty"`
	Contact       string `json:"contact,omitempty"` // phone number or user id
	// Sender is one as it is listed, or the fingerprint of its access token.
	Sender   string `json:"sender,omitempty"`
	Template string `json:"template,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Before   string `json:"before,omitempty"` // the `next` of the page before
	// After is the `newest` of an earlier page: what may have come since, and a
	// little of what came before.
	After string `json:"after,omitempty"`

	overlap time.Duration // how little that is
	Limit   int           `json:"limit,omitempty"`
}

const (
	defaultPage = 100
	largestPage = 1000

	// How far `after` looks back. A send decided before another one may be entered
	// into the ledger after it. It may even become a violation when Meta's answer
	// shows whom it reached, which takes as long as send_timeout lets it.
	ledgerOverlap    = 10 * time.Second
	violationOverlap = 90 * time.Second
)

// read fills s from a request.
func (s *selection) read(r *http.Request) error {
	if r.Method == http.MethodPost {
		return jsonRequest(r, s)
	}
	return s.readQuery(r.URL.Query())
}

// readQuery fills s from the query parameters of a GET.
func (s *selection) readQuery(query url.Values) error {
	return readParameters(query, &s.Limit, map[string]*string{
		"from": &s.From, "to": &s.To, "phone_number_id": &s.PhoneNumberID, "rule": &s.Rule, "category": &s.Category, "before": &s.Before, "after": &s.After,
		"sender": &s.Sender, "template": &s.Template, "outcome": &s.Outcome,
	})
}

// readParameters fills fields from query parameters by their names.
func readParameters(query url.Values, limit *int, fields map[string]*string) error {
	for name, values := range query {
		if len(values) > 1 {
			return adminError(http.StatusBadRequest, fmt.Errorf("parameter %s is given more than once", nameable(name)))
		}
		if name == "limit" {
			var err error
			if *limit, err = strconv.Atoi(values[0]); err != nil {
				return adminError(http.StatusBadRequest, errors.New("limit is not a number"))
			}
			continue
		}
		field, ok := fields[name]
		if !ok {
			return adminError(http.StatusBadRequest, fmt.Errorf("unknown parameter %s; to look for a contact use POST", nameable(name)))
		}
		*field = values[0]
	}
	return nil
}

// parameters are query parameters that readParameters reads, without empty ones.
func parameters(limit int, fields map[string]string) url.Values {
	q := url.Values{}
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	for name, value := range fields {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// filter is s as the store takes it. Dates begin in the time zone of the business
// it selects, or of all if they have one; else in UTC.
func (s *selection) filter(a *App) (store.Filter, error) {
	zone := time.UTC
	if zones := a.gateway.Businesses.Zones(s.PhoneNumberID); len(zones) == 1 {
		zone = zones[0]
	}
	return s.filterIn(zone, a.clock.Now())
}

// filterIn is s as the store takes it, with dates that begin in a time zone.
func (s *selection) filterIn(zone *time.Location, now time.Time) (f store.Filter, err error) {
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
		f.From = max(f.From, min(after.Moment(), policy.MomentOf(now)).Add(-s.overlap))
	}
	if f.Limit = s.Limit; f.Limit == 0 {
		f.Limit = defaultPage
	}
	if f.Limit < 1 || f.Limit > largestPage {
		return f, fmt.Errorf("limit must be between 1 and %d", largestPage)
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

// page is the answer of the routes over ledger and violations.
type page struct {
	Entries []*line `json:"entries"`
	// Next is the `before` of the next page; absent on the last.
	Next string `json:"next,omitempty"`
	// Newest is the `after` with which to ask for what comes later.
	Newest string `json:"newest"`
	// AccountEvents are what should be seen beside the entries.
	AccountEvents *besides `json:"account_events,omitempty"`
}

// line is a ledger entry as people read it.
type line struct {
	ID            store.ID          `json:"id"`
	Time          time.Time         `json:"time"`
	Decision      string            `json:"decision"`
	Rule          policy.Rule       `json:"rule"`
	Reason        string            `json:"reason"`
	Remedy        string            `json:"remedy,omitempty"`
	PhoneNumberID string            `json:"phone_number_id,omitempty"`
	Business      string            `json:"business,omitempty"`
	Contact       string            `json:"contact,omitempty"`
	Sender        string            `json:"sender,omitempty"`
	SenderToken   string            `json:"sender_token,omitempty"`
	Type          string            `json:"type,omitempty"`
	Template      string            `json:"template,omitempty"`
	Language      string            `json:"language,omitempty"`
	Category      policy.Category   `json:"category"`
	Initiation    policy.Initiation `json:"initiation,omitempty"`
	Market        string            `json:"market,omitempty"`
	// Billed is the category Meta told.
	Billed   policy.Category `json:"billed_category,omitempty"`
	Outcome  store.Outcome   `json:"outcome"`
	Delivery *store.Delivery `json:"delivery,omitempty"`
}

func lineOf(e *store.Entry) *line {
	l := &line{
		ID: e.ID, Time: e.At.Time(), Decision: decisionOf(e), Rule: e.Decision.Rule, Reason: e.Decision.Reason, Remedy: e.Decision.Remedy,
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Sender: e.Sender, SenderToken: e.Token,
		Type: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		Category: e.Decision.Category, Initiation: e.Decision.Initiation, Market: e.Market, Outcome: e.Outcome,
	}
	if contact := e.Contact(); !contact.IsZero() {
		l.Contact = contact.String()
	}
	if e.Delivery.Status != "" {
		l.Delivery = &e.Delivery
	}
	if p := e.Delivery.Pricing; p != nil {
		l.Billed = policy.BilledCategory(p.Category)
	}
	return l
}

// violationLine is a violation as people read it. A send that was allowed is one
// for what became of it.
func violationLine(e *store.Entry) *line {
	l := lineOf(e)
	if e.SentToAnother() {
		l.Rule = policy.RuleSentToAnother
		l.Reason, l.Remedy = policy.SentToAnother(&e.Send)
	}
	return l
}

func adminViolations(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, st, w, r, st.Violations, violationLine, true)
}

func adminLedger(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, st, w, r, st.Ledger, lineOf, false)
}

// lister is the ledger, or the violations.
type lister func(context.Context, store.Filter) iter.Seq2[*store.Entry, error]

func adminPage(a *App, st store.Store, w http.ResponseWriter, r *http.Request, list lister, show func(*store.Entry) *line, violations bool) error {
	var s selection
	if err := s.read(r); err != nil {
		return err
	}
	if s.overlap = ledgerOverlap; violations {
		s.overlap = violationOverlap
	}
	f, err := s.filter(a)
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
	p := page{Entries: []*line{}, Newest: newestOf(entries, &s, a.clock.Now())}
	if len(entries) > asked {
		entries = entries[:asked]
		p.Next = entries[asked-1].ID.String()
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, show(e))
	}
	if violations && s.Before == "" && s.After == "" {
		if p.AccountEvents, err = a.eventsBeside(r.Context(), st, f, entries); err != nil {
			return adminError(http.StatusInternalServerError, err)
		}
	}
	return jsonAnswer(w, p)
}

// newestOf is the `newest` of a page: of entries and what was asked for after the
// latest, else now.
func newestOf(entries []*store.Entry, s *selection, now time.Time) string {
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
