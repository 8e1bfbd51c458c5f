package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/text/language"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/qr"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Opt-in forms are filled in by anybody, and so they have no key. What comes in by one is
// a question to whoever has the number, until a message from that very number answers it.

const (
	formPath       = "/form/"
	formTextSuffix = "/text"

	// Nobody reads a form and fills it in within quickest; after oldest it is to be sent
	// again.
	quickest = 2 * time.Second
	oldest   = 24 * time.Hour

	largestForm = 16 << 10
)

// What a form says to the widget, and what comes back from it.
type (
	apiForm struct {
		Form     string            `json:"form"`
		Version  string            `json:"version"`
		Language string            `json:"language"`
		Token    string            `json:"token"`
		Words    map[string]string `json:"words"`
		Privacy  string            `json:"privacy"`
		// CountryCode is what the number field begins with.
		CountryCode string `json:"country_code,omitempty"`
	}
	apiTicked struct {
		Version string `json:"version"`
		Token   string `json:"token"`
		Number  string `json:"number"`
		Agreed  bool   `json:"agreed"`
		PageURL string `json:"page_url,omitempty"`
		// Website is a field that people don't see.
		Website string `json:"website,omitempty"`
	}
	apiTickRecorded struct {
		// State is pending, or recorded where no confirmation is asked for.
		State   string      `json:"state"`
		Message string      `json:"message"`
		Confirm *apiConfirm `json:"confirm,omitempty"`
	}
	// apiConfirm is how the person confirms.
	apiConfirm struct {
		Link string   `json:"link"`
		Text string   `json:"text"`
		Open string   `json:"open"`
		Scan string   `json:"scan"`
		QR   *qr.Code `json:"qr"`
	}
)

// serveForm answers what is asked about forms; false where that is something else.
func (h *ConsentAPI) serveForm(w http.ResponseWriter, r *http.Request) (bool, error) {
	if asset, ok := formAssets[r.URL.Path]; ok && len(h.forms) > 0 {
		return true, asset.serve(w, r)
	}
	id, ok := strings.CutPrefix(r.URL.Path, formPath)
	if !ok {
		return false, nil
	}
	id, wantsText := strings.CutSuffix(id, formTextSuffix)
	f := h.forms[id]
	switch {
	case f == nil:
		return true, problem(w, &apiProblem{Status: http.StatusNotFound, Detail: "there is no such form"})
	case r.Method == http.MethodPost && !wantsText:
		return true, h.takeForm(w, r, f)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return true, problem(w, &apiProblem{Status: http.StatusMethodNotAllowed, Detail: "a form is asked for with GET and sent with POST"})
	}
	t := f.textFor(r)
	form, err := h.show(r, f, t)
	if err != nil {
		h.logger.Error("a form could not be shown, since its text could not be kept", zap.String("form", f.ID), zap.Error(err))
		return true, problem(w, &apiProblem{Status: http.StatusServiceUnavailable, Detail: "the store can't answer at the moment; try again later"})
	}
	w.Header().Add("Vary", "Accept-Language")
	if wantsText {
		body, err := json.Marshal(form)
		if err != nil {
			return true, err
		}
		return true, writeAPI(w, http.StatusOK, body)
	}
	return true, h.writePage(w, http.StatusOK, &formPage{apiForm: *form, Languages: f.languages(t)})
}

// textFor is the text in the language that is asked for, or that the browser prefers.
func (f *ConsentForm) textFor(r *http.Request) *ConsentFormText {
	tags := make([]language.Tag, len(f.Texts))
	for i, t := range f.Texts {
		tags[i] = language.Make(t.Language)
	}
	_, i := language.MatchStrings(language.NewMatcher(tags), r.URL.Query().Get("language"), r.Header.Get("Accept-Language"))
	return f.Texts[i]
}

// languages are the others the form is in.
func (f *ConsentForm) languages(shown *ConsentFormText) (others []string) {
	for _, t := range f.Texts {
		if t != shown {
			others = append(others, t.Language)
		}
	}
	return others
}

// show is what is shown of a form. What somebody is shown is kept before.
func (h *ConsentAPI) show(r *http.Request, f *ConsentForm, t *ConsentFormText) (*apiForm, error) {
	version := t.shown.Version()
	if _, kept := h.kept.Load(version); !kept {
		if err := h.app.gateway.KeepForm(r.Context(), t.shown); err != nil {
			return nil, err
		}
		h.kept.Store(version, true)
	}
	token, err := h.formToken(f, version, h.app.clock.Now())
	return &apiForm{
		Form: f.ID, Version: version.String(), Language: t.Language, Token: token, Words: t.words, Privacy: t.Privacy, CountryCode: f.CountryCode,
	}, err
}

// formToken says when a form was shown.
func (h *ConsentAPI) formToken(f *ConsentForm, v store.FormVersion, at time.Time) (string, error) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mark, err := h.app.gateway.FormToken(f.ID, v.String(), seconds)
	return seconds + "." + mark, err
}

// shownAt reports that a form was shown at a time at which somebody may have filled it in.
func (h *ConsentAPI) shownAt(f *ConsentForm, v store.FormVersion, token string) (bool, error) {
	seconds, _, _ := strings.Cut(token, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return false, nil
	}
	at := time.Unix(n, 0)
	own, err := h.formToken(f, v, at)
	since := h.app.clock.Now().Sub(at)
	return own == token && since >= quickest && since <= oldest, err
}

// tickProblem is why a form is not taken: a field and the name of the word that says so.
type tickProblem struct {
	status      int
	field, word string
}

// takeForm records what somebody ticked.
func (h *ConsentAPI) takeForm(w http.ResponseWriter, r *http.Request, f *ConsentForm) error {
	origin := originOf(r)
	if !h.fromHere(r, origin) {
		return problem(w, &apiProblem{Status: http.StatusForbidden, Detail: "a form is taken from its own page and from pages of the configured origins; the request names neither in Origin or Referer"})
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	plain := kind == "application/x-www-form-urlencoded"
	ticked, err := readTicked(w, r, kind)
	if err != nil {
		return problem(w, problemOf(err))
	}
	seen, t, why, err := h.seen(r, f, ticked)
	var result *apiTickRecorded
	if err == nil && why == nil {
		result, why, err = h.tick(r, f, t, seen, ticked, origin, plain)
	}
	if err != nil {
		h.logger.Error("a form could not be recorded", zap.String("form", f.ID), zap.Error(err))
		why = &tickProblem{http.StatusServiceUnavailable, "", "failed"}
	}
	if why != nil && why.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	if plain {
		return h.answerPage(w, r, f, t, ticked, result, why)
	}
	if why != nil {
		p := &apiProblem{Status: why.status, Detail: t.words[why.word]}
		if why.status == http.StatusUnprocessableEntity {
			p.Errors = []apiDetail{{Field: why.field, Code: strings.ToUpper(why.word), Detail: t.words[why.word]}}
		}
		return problem(w, p)
	}
	body, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return writeAPI(w, http.StatusCreated, body)
}

// originOf is where the page lies that sends a form, as the browser says.
func originOf(r *http.Request) string {
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin
	}
	if u, err := url.Parse(r.Referer()); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return ""
}

// fromHere reports that the page is the form's own, or of a configured origin: another
// could send the form in the name of whoever reads it.
func (h *ConsentAPI) fromHere(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && (slices.Contains(h.Origins, origin) || strings.EqualFold(u.Host, r.Host))
}

// readTicked reads a form as the page or the widget sends it.
func readTicked(w http.ResponseWriter, r *http.Request, kind string) (*apiTicked, error) {
	t := new(apiTicked)
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &apiProblem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("the body broke off, or is larger than %d KiB", largestForm>>10)}
	}
	switch kind {
	case "application/json":
		err = adminapi.ReadBody(body, t)
	case "application/x-www-form-urlencoded":
		var fields url.Values
		if fields, err = url.ParseQuery(string(body)); err == nil {
			*t = apiTicked{Version: fields.Get("version"), Token: fields.Get("token"), Number: fields.Get("number"), Agreed: fields.Get("agreed") == "yes", Website: fields.Get("website")}
		}
	default:
		return nil, &apiProblem{Status: http.StatusUnsupportedMediaType, Detail: "a form is sent as application/json or application/x-www-form-urlencoded"}
	}
	if err != nil {
		return nil, &apiProblem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	return t, nil
}

// seen is the version of the form that somebody saw, which may be an older one, and the
// text in whose language they are answered.
func (h *ConsentAPI) seen(r *http.Request, f *ConsentForm, ticked *apiTicked) (seen *store.FormText, t *ConsentFormText, why *tickProblem, err error) {
	t = f.textFor(r)
	again := &tickProblem{http.StatusUnprocessableEntity, "form", "again"}
	v, err := store.ParseFormVersion(ticked.Version)
	if err != nil {
		return nil, t, again, nil
	}
	seen, err = h.app.gateway.FormSeen(r.Context(), v)
	if errors.Is(err, store.ErrNotFound) || err == nil && (seen.Form != f.ID || seen.PhoneNumberID != f.PhoneNumberID) {
		return nil, t, again, nil
	}
	if err != nil {
		return nil, t, nil, err
	}
	for _, own := range f.Texts {
		if own.Language == seen.Language {
			t = own
		}
	}
	if in := h.limits.form(clientOf(r), h.app.clock.Now()); !in {
		return seen, t, &tickProblem{http.StatusTooManyRequests, "form", "many"}, nil
	}
	switch good, err := h.shownAt(f, v, ticked.Token); {
	case err != nil:
		return nil, t, nil, err
	case !good:
		return seen, t, again, nil
	}
	return seen, t, nil, nil
}

// tick records a form that was shown and comes back in time.
func (h *ConsentAPI) tick(r *http.Request, f *ConsentForm, t *ConsentFormText, seen *store.FormText, ticked *apiTicked, origin string, plain bool) (*apiTickRecorded, *tickProblem, error) {
	number := "+" + strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(ticked.Number), "+"), "00")
	who, err := gateway.ReadNumber(number)
	switch {
	case ticked.Website != "":
		return nil, &tickProblem{http.StatusUnprocessableEntity, "website", "trap"}, nil
	case err != nil || !hasCountryCode(ticked.Number):
		return nil, &tickProblem{http.StatusUnprocessableEntity, "number", "no_number"}, nil
	case !ticked.Agreed:
		return nil, &tickProblem{http.StatusUnprocessableEntity, "agreed", "no_tick"}, nil
	case !h.limits.formFor(who, h.app.clock.Now()):
		return nil, &tickProblem{http.StatusTooManyRequests, "form", "many"}, nil
	}
	source := "widget"
	if plain {
		source = "signup_form"
	}
	code, err := h.app.gateway.Tick(r.Context(), &gateway.Ticked{
		Form: seen, Confirm: t.shown.Confirm, Contact: number, Source: source, PageURL: pageURL(r, ticked.PageURL, origin), IP: clientOf(r), UserAgent: shortened(r.UserAgent()),
	})
	if p, ok := errors.AsType[*gateway.Problem](err); ok && p.Kind != gateway.Unrecorded {
		// The configuration makes sure of all else.
		return nil, &tickProblem{http.StatusUnprocessableEntity, "number", "no_number"}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if code == "" {
		return &apiTickRecorded{State: "recorded", Message: t.words["recorded"]}, nil, nil
	}
	text := t.shown.Confirm + " " + policy.WrittenCode(code)
	link := gateway.ChatLink(f.number, text)
	drawn, err := qr.Of(link)
	if err != nil {
		return nil, nil, err
	}
	return &apiTickRecorded{State: "pending", Message: t.words["pending"], Confirm: &apiConfirm{Link: link, Text: text, Open: t.words["open"], Scan: t.words["scan"], QR: drawn}}, nil, nil
}

// hasCountryCode reports that a number is written as one of any country.
func hasCountryCode(number string) bool {
	number = strings.TrimSpace(number)
	return strings.HasPrefix(number, "+") || strings.HasPrefix(number, "00")
}

func clientOf(r *http.Request) string {
	host, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	host, _, _ = strings.Cut(host, "%") // the zone of a link-local address
	return host
}

// longestUserAgent is more than browsers say, in bytes.
const longestUserAgent = 512

func shortened(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), longestUserAgent)], "")
}

// pageURL is the page the form was filled in on, without what may be about the person:
// the one the widget names, if it lies where the browser says the request comes from, or
// else the form's own.
func pageURL(r *http.Request, told, origin string) string {
	for _, page := range []string{told, r.Referer()} {
		u, err := url.Parse(page)
		if err == nil && u.Scheme+"://"+u.Host == origin {
			return origin + u.EscapedPath()
		}
	}
	path := r.URL.EscapedPath()
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && strings.HasSuffix(origin, "://"+r.Host) {
		path = original.URL.EscapedPath()
	}
	return origin + path
}
