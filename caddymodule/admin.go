package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/cloudapi"
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
	routes := map[string]func(*App, store.Store, http.ResponseWriter, *http.Request) error{
		"GET  /whatsapp/health":             adminHealth,
		"GET  /whatsapp/violations":         adminViolations,
		"POST /whatsapp/violations":         adminViolations,
		"GET  /whatsapp/ledger":             adminLedger,
		"POST /whatsapp/ledger":             adminLedger,
		"GET  /whatsapp/report":             adminReport,
		"POST /whatsapp/backup":             adminBackup,
		"POST /whatsapp/consent/get":        adminConsentGet,
		"POST /whatsapp/consent/opt-in":     adminConsentSet(policy.OptedIn),
		"POST /whatsapp/consent/opt-out":    adminConsentSet(policy.OptedOut),
		"POST /whatsapp/consent/history":    adminConsentHistory,
		"POST /whatsapp/consent/new-person": adminNewPerson,
	}
	// Caddy's admin router doesn't tell methods apart.
	byPath := make(map[string]map[string]func(*App, store.Store, http.ResponseWriter, *http.Request) error)
	for key, handle := range routes {
		method, path, _ := strings.Cut(key, " ")
		path = strings.TrimSpace(path)
		if byPath[path] == nil {
			byPath[path] = make(map[string]func(*App, store.Store, http.ResponseWriter, *http.Request) error)
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
	Status                 string         `json:"status"`
	NumbersWithoutWebhooks []silentNumber `json:"numbers_without_webhooks,omitempty"`
}

func adminHealth(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	if err := st.Check(r.Context()); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	return jsonAnswer(w, health{"ok", a.silentNumbers()})
}

// jsonAnswer writes v as the answer of an admin route.
func jsonAnswer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// jsonRequest reads the body of an admin request, strictly.
func jsonRequest(r *http.Request, v any) error {
	dec := json.NewDecoder(io.LimitReader(r.Body, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return adminError(http.StatusBadRequest, fmt.Errorf("reading the request: %w", err))
	}
	return nil
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
	Before        string `json:"before,omitempty"`  // the `next` of the page before
	Limit         int    `json:"limit,omitempty"`
}

const (
	defaultPage = 100
	largestPage = 1000
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
	fields := map[string]*string{
		"from": &s.From, "to": &s.To, "phone_number_id": &s.PhoneNumberID, "rule": &s.Rule, "category": &s.Category, "before": &s.Before,
	}
	for name, values := range query {
		if name == "limit" {
			var err error
			if s.Limit, err = strconv.Atoi(values[0]); err != nil {
				return adminError(http.StatusBadRequest, errors.New("limit is not a number"))
			}
			continue
		}
		field, ok := fields[name]
		if !ok {
			return adminError(http.StatusBadRequest, fmt.Errorf("unknown parameter %q; to look for a contact use POST", name))
		}
		*field = values[0]
	}
	return nil
}

// filter is s as the store takes it.
func (s *selection) filter(now time.Time) (f store.Filter, err error) {
	if f.From, err = moment(s.From, now); err != nil {
		return f, err
	}
	if f.To, err = moment(s.To, now); err != nil {
		return f, err
	}
	f.PhoneNumberID, f.Rule, f.Category = s.PhoneNumberID, policy.Rule(strings.ToUpper(s.Rule)), policy.Category(strings.ToLower(s.Category))
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
	if f.Limit = s.Limit; f.Limit == 0 {
		f.Limit = defaultPage
	}
	if f.Limit < 1 || f.Limit > largestPage {
		return f, fmt.Errorf("limit must be between 1 and %d", largestPage)
	}
	return f, nil
}

// moment reads a point in time: RFC 3339, a date (its midnight in UTC), or how
// long ago, such as 90m, 24h or 7d.
func moment(s string, now time.Time) (policy.Moment, error) {
	if s == "" {
		return 0, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return policy.MomentOf(t), nil
		}
	}
	if age, err := caddy.ParseDuration(s); err == nil {
		return policy.MomentOf(now.Add(-age)), nil
	}
	return 0, fmt.Errorf("%q is no time; write 2026-11-22T10:00:00Z, 2026-11-22, or an age such as 24h or 7d", s)
}

// readContact reads a person's phone number or user id as an operator writes it.
func readContact(s string) (policy.Identity, error) {
	if len(s) > 2 && s[2] == '.' {
		return cloudapi.ReadUserID(s)
	}
	if !strings.HasPrefix(s, "+") {
		return policy.Identity{}, errors.New("write the phone number with plus and country code, or the user id such as US.13491208655302741918")
	}
	readings, err := cloudapi.ReadPhone(s, "")
	if err != nil {
		return policy.Identity{}, err
	}
	return readings[0], nil
}

// page is the answer of the routes over ledger and violations.
type page struct {
	Entries []*line `json:"entries"`
	// Next is the `before` of the next page; absent on the last.
	Next string `json:"next,omitempty"`
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
	Type          string            `json:"type,omitempty"`
	Template      string            `json:"template,omitempty"`
	Language      string            `json:"language,omitempty"`
	Category      policy.Category   `json:"category"`
	Initiation    policy.Initiation `json:"initiation,omitempty"`
	Market        string            `json:"market,omitempty"`
	Outcome       store.Outcome     `json:"outcome"`
	Delivery      *store.Delivery   `json:"delivery,omitempty"`
}

func lineOf(e *store.Entry) *line {
	l := &line{
		ID: e.ID, Time: e.At.Time(), Decision: decisionOf(e), Rule: e.Decision.Rule, Reason: e.Decision.Reason, Remedy: e.Decision.Remedy,
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business,
		Type: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		Category: e.Decision.Category, Initiation: e.Decision.Initiation, Market: e.Market, Outcome: e.Outcome,
	}
	if contact := e.Contact(); !contact.IsZero() {
		l.Contact = contact.String()
	}
	if e.Delivery.Status != "" {
		l.Delivery = &e.Delivery
	}
	return l
}

func adminViolations(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, w, r, func(f store.Filter) ([]*store.Entry, error) { return collect(st.Violations(r.Context(), f)) })
}

func adminLedger(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	return adminPage(a, w, r, func(f store.Filter) ([]*store.Entry, error) { return collect(st.Ledger(r.Context(), f)) })
}

func adminPage(a *App, w http.ResponseWriter, r *http.Request, list func(store.Filter) ([]*store.Entry, error)) error {
	var s selection
	if err := s.read(r); err != nil {
		return err
	}
	f, err := s.filter(a.clock.Now())
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	// One more than asked for tells whether there is a next page.
	asked := f.Limit
	f.Limit++
	entries, err := list(f)
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	p := page{Entries: []*line{}}
	if len(entries) > asked {
		entries = entries[:asked]
		p.Next = entries[asked-1].ID.String()
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, lineOf(e))
	}
	return jsonAnswer(w, p)
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

// queryOf is s as query parameters, for the commands.
func (s *selection) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"from": s.From, "to": s.To, "phone_number_id": s.PhoneNumberID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Interface guard
var _ caddy.AdminRouter = (*adminAPI)(nil)
