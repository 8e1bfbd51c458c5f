package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/store"
)

func init() { caddy.RegisterModule(ConsentAPI{}) }

// ConsentAPI is the handler by which programs record consent and ask about it: a shop
// that collects opt-ins, an SMS system that gets the answers, a service desk that is told
// of an opt-out. Each has a key (`waguard consent key add`), with rights and business
// phone numbers; whatever else Caddy offers for authentication can stand in front.
//
// What it takes and answers is described by the OpenAPI document at `/openapi.json`
// behind where it is mounted. Nothing that names a person is in a path or a query.
//
//	handle_path /consent/* {
//		whatsapp_consent
//	}
type ConsentAPI struct {
	// From which web origins pages may ask, such as `https://www.example.com`.
	// Default: none.
	Origins []string `json:"origins,omitempty"`

	// How many requests a second one key may make, on average.
	// Default: 50.
	Rate int `json:"rate,omitempty"`

	// Opt-in forms that anybody may fill in: at `/form/<id>`, and by `/widget.js` in pages
	// of the origins.
	// Default: none.
	Forms []*ConsentForm `json:"forms,omitempty"`

	// How many forms a minute one address may send.
	// Default: 20.
	FormRate int `json:"form_rate,omitempty"`

	app    *App
	logger *zap.Logger
	limits *keyLimits
	forms  map[string]*ConsentForm
	// kept are the versions of forms that are known to be in the store.
	kept *sync.Map
}

const (
	defaultConsentRate = 50
	mostConsentRate    = 10_000
)

// CaddyModule returns the Caddy module information.
func (ConsentAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.whatsapp_consent", New: func() caddy.Module { return new(ConsentAPI) }}
}

// Provision checks the settings.
func (h *ConsentAPI) Provision(ctx caddy.Context) (err error) {
	h.logger = ctx.Logger()
	if h.app, err = appOf(ctx); err != nil {
		return err
	}
	if h.Rate == 0 {
		h.Rate = defaultConsentRate
	}
	if h.Rate < 1 || h.Rate > mostConsentRate {
		return fmt.Errorf("rate is %d; it must be 1 to %d requests a second", h.Rate, mostConsentRate)
	}
	if h.FormRate == 0 {
		h.FormRate = defaultFormRate
	}
	if h.FormRate < 1 || h.FormRate > mostFormRate {
		return fmt.Errorf("form_rate is %d; it must be 1 to %d forms a minute", h.FormRate, mostFormRate)
	}
	h.limits = &keyLimits{perSecond: h.Rate, of: make(map[store.ConsentKeyID]*rate.Limiter), formLimits: newFormLimits(h.FormRate)}
	h.forms, h.kept = make(map[string]*ConsentForm), new(sync.Map)
	for _, f := range h.Forms {
		if err := f.provision(h.app); err != nil {
			return fmt.Errorf("form %s: %w", f.ID, err)
		}
		if h.forms[f.ID] != nil {
			return fmt.Errorf("form %s is given twice", f.ID)
		}
		h.forms[f.ID] = f
	}
	return h.checkOrigins()
}

func (h *ConsentAPI) checkOrigins() error {
	for _, origin := range h.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return fmt.Errorf("origins has %q; an origin is scheme and host alone, such as https://www.example.com", origin)
		}
	}
	return nil
}

// keyLimits bound how often each key is used. There are no more than keys.
type keyLimits struct {
	perSecond int
	mu        sync.Mutex
	of        map[store.ConsentKeyID]*rate.Limiter
	*formLimits
}

func (l *keyLimits) allows(id store.ConsentKeyID, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, ok := l.of[id]
	if !ok {
		limit = rate.NewLimiter(rate.Limit(l.perSecond), 2*l.perSecond)
		l.of[id] = limit
	}
	return limit.AllowN(now, 1)
}

// apiCall is a request to the API.
type apiCall struct {
	app   *App
	key   gateway.ConsentKey
	actor string
	r     *http.Request
	body  []byte
	// file is the answer of an operation that gives out a file.
	file *givenFile
}

// apiOperation is what can be asked at a path, by POST.
type apiOperation struct {
	// right is what a key needs, "" where the operation looks itself.
	right string
	do    func(context.Context, *apiCall) (status int, answer any, err error)
	// once: an Idempotency-Key makes it happen once.
	once bool
}

// apiOperations are all of them.
var apiOperations = map[string]apiOperation{
	"/records":           {do: apiRecords, once: true},
	"/challenges":        {right: gateway.RightRecord, do: apiAsk, once: true},
	"/challenges/answer": {right: gateway.RightRecord, do: apiAnswer},
	"/person":            {right: gateway.RightRead, do: apiPerson},
	"/history":           {right: gateway.RightRead, do: apiHistory},
	"/receipt":           {right: gateway.RightRead, do: apiReceipt},
	"/export":            {right: gateway.RightRead, do: apiExport},
	"/erase":             {right: gateway.RightErase, do: apiErase},
	"/check":             {right: gateway.RightRead, do: apiCheck},
	"/why":               {right: gateway.RightRead, do: apiWhy},
	"/link":              {right: gateway.RightRead, do: apiLink},
	"/list":              {right: gateway.RightRead, do: apiList},
	"/reviews":           {right: gateway.RightRead, do: apiReviews},
	"/reviews/decide":    {do: apiDecide},
}

// openAPIPath is where the description is, for everybody.
const openAPIPath = "/openapi.json"

// ServeHTTP answers a request.
func (h *ConsentAPI) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if h.preflight(w, r) {
		return nil
	}
	if r.URL.Path == openAPIPath {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return problem(w, &apiProblem{Status: http.StatusMethodNotAllowed, Detail: "the description is asked for with GET"})
		}
		w.Header().Set("Content-Type", "application/openapi+json;version=3.1")
		_, err := w.Write(openAPI)
		return err
	}
	if done, err := h.serveForm(w, r); done {
		return err
	}
	op, known := apiOperations[r.URL.Path]
	if !known {
		return problem(w, &apiProblem{Status: http.StatusNotFound, Detail: "there is nothing at this path; see " + openAPIPath + " for what there is, and mount the handler with handle_path, which takes the path before it off"})
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return problem(w, &apiProblem{Status: http.StatusMethodNotAllowed, Detail: "it is asked for with POST, since what names a person belongs into no path or query"})
	}
	call, refused := h.admit(r)
	if refused != nil {
		if refused.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="waguard consent"`)
		}
		if refused.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		return problem(w, refused)
	}
	if op.right != "" && !call.key.May(op.right) {
		return problem(w, noRight(op.right))
	}
	var err error
	if call.body, err = readAPIBody(r); err != nil {
		return problem(w, problemOf(err))
	}
	status, answer := call.answer(&op, r.Header.Get("Idempotency-Key"))
	if call.file != nil {
		return call.file.serve(w)
	}
	return writeAPI(w, status, answer)
}

// admit finds out whose request it is.
func (h *ConsentAPI) admit(r *http.Request) (*apiCall, *apiProblem) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	key, good, err := h.app.gateway.ConsentKeyOf(r.Context(), strings.TrimSpace(token))
	switch {
	case err != nil:
		h.logger.Error("a key could not be looked up", zap.Error(err))
		return nil, &apiProblem{Status: http.StatusServiceUnavailable, Detail: "the store can't answer at the moment; try again later"}
	case !good:
		return nil, &apiProblem{Status: http.StatusUnauthorized, Detail: "the request shows no key that is good: send it as `Authorization: Bearer wgc_…`; waguard consent key add makes one"}
	case !h.limits.allows(key.ID, h.app.clock.Now()):
		return nil, &apiProblem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("this key is used more than %d times a second (rate)", h.Rate)}
	}
	return &apiCall{app: h.app, key: key, actor: key.Name + " (key " + key.ID.String() + ")", r: r}, nil
}

// preflight answers what a browser asks before a request of a page, and lets pages of
// the configured origins read the answers.
func (h *ConsentAPI) preflight(w http.ResponseWriter, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	if len(h.Origins) > 0 {
		w.Header().Add("Vary", "Origin")
	}
	allowed := origin != "" && slices.Contains(h.Origins, origin)
	if allowed {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	if r.Method != http.MethodOptions {
		return false
	}
	if allowed {
		w.Header().Set("Access-Control-Allow-Methods", "POST, GET")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
		w.Header().Set("Access-Control-Max-Age", strconv.Itoa(int(time.Hour/time.Second)))
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

func parseConsentAPI(d httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h := new(ConsentAPI)
	return h, h.UnmarshalCaddyfile(d.Dispenser)
}

// UnmarshalCaddyfile reads the directive. Syntax:
//
//	whatsapp_consent [<matcher>] {
//		origins <origin>...
//		rate    <number>
//		form_rate <number>
//		form <id> {
//			phone_number_id <id>
//			scope           <scope>
//			legal_basis     <ground>
//			jurisdiction    <country>
//			confirm         whatsapp|off
//			country_code    <code>
//			text <language> {
//				privacy    <url>
//				categories <category>...
//				frequency  <text>
//				word       <name> <text>
//			}
//		}
//	}
func (h *ConsentAPI) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, map[string]parser{
		"origins": func(d *caddyfile.Dispenser) error {
			if err := listInto(&h.Origins)(d); err != nil {
				return err
			}
			if err := h.checkOrigins(); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"rate":      numberInto(&h.Rate, 1, mostConsentRate, " requests a second, such as 50"),
		"form_rate": numberInto(&h.FormRate, 1, mostFormRate, " forms a minute, such as 20"),
		"form":      h.parseForm,
	}, "origins", "form")
}

// writeAPI writes an answer.
func writeAPI(w http.ResponseWriter, status int, answer []byte) error {
	kind := "application/json"
	if status >= http.StatusBadRequest {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, err := w.Write(answer) // #nosec G705 -- it is JSON, and is called so
	return err
}

// apiProblem is an error as RFC 9457 has it.
type apiProblem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Errors []apiDetail `json:"errors,omitempty"`
}

// apiDetail is what is wrong with one field, of one record where there are several.
type apiDetail struct {
	// Record is its place, counted from 0.
	Record *int   `json:"record,omitempty"`
	Field  string `json:"field,omitempty"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *apiProblem) Error() string { return p.Detail }

func noRight(right string) *apiProblem {
	return &apiProblem{Status: http.StatusForbidden, Detail: "this key has no right to " + right}
}

func (p *apiProblem) encode() (int, []byte) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		return http.StatusInternalServerError, []byte("{}")
	}
	return p.Status, body
}

func problem(w http.ResponseWriter, p *apiProblem) error {
	status, body := p.encode()
	return writeAPI(w, status, body)
}

// problemOf is an error as the API says it.
func problemOf(err error) *apiProblem {
	if p, ok := errors.AsType[*apiProblem](err); ok {
		return p
	}
	if p, ok := errors.AsType[*gateway.Problem](err); ok {
		told := &apiProblem{Status: problemStatus[p.Kind], Detail: p.Error()}
		for _, l := range p.Lacks {
			told.Errors = append(told.Errors, apiDetail{Field: string(l.Field), Code: l.Code, Detail: l.Detail})
		}
		return told
	}
	return &apiProblem{Status: http.StatusServiceUnavailable, Detail: "the gateway could not do it; try again later"}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*ConsentAPI)(nil)
	_ caddyhttp.MiddlewareHandler = (*ConsentAPI)(nil)
	_ caddyfile.Unmarshaler       = (*ConsentAPI)(nil)
)
