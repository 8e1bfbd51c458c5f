package console

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/adminapi"
)

// Console serves the pages.
type Console struct {
	// API asks the gateway.
	API *adminapi.Client
	// Live is what was decided lately.
	Live *Live
	Now  func() time.Time
	// Zone is the one that times are shown in.
	Zone *time.Location
	Log  *zap.Logger
	// Consent: who is known may record consent. Erase: they may erase people.
	Consent, Erase bool
	// Ended is closed when the configuration is over, and ends what streams.
	Ended <-chan struct{}
	// Exiting reports that the process is about to end.
	Exiting func() bool

	recall recall
}

// Visitor is who asks.
type Visitor struct {
	// Name is by what they were let in; "" where nobody asked them who they are.
	Name string
	// Address is where they come from, and Forwarded, whether another server says that it
	// passes on what they ask.
	Address   netip.Addr
	Forwarded bool
}

// near reports that nobody but somebody on this machine asks, by a name that is this
// machine's: a page elsewhere could have its own name lead here.
func (v *Visitor) near(host string) bool {
	if v.Forwarded || v.Address.IsValid() && !v.Address.Unmap().IsLoopback() {
		return false
	}
	name := (&url.URL{Host: host}).Hostname()
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && addr.Unmap().IsLoopback()
}

// asked is a request for a page.
type asked struct {
	*Console
	*http.Request
	visitor *Visitor
	// form is what a POST brings.
	form url.Values
	now  time.Time
	// until is how long the page waits for what takes long, oldest how old the oldest is
	// of what it shows of that, and coming, that some of it is still being found out.
	until, oldest time.Time
	coming        bool
}

// page makes what a path shows.
type page struct {
	get, post func(context.Context, *asked) (*shown, error)
	// raw answers by itself.
	raw func(http.ResponseWriter, *asked) error
	// needs says why the page may not be asked for; nil where anybody may.
	needs func(*asked) error
}

// pages are all of them. Paths have one part, so that a link from one to another is right
// wherever the console is mounted.
var pages map[string]page

func init() {
	pages = map[string]page{
		"":               {get: overview},
		"violations":     {get: violations},
		"violations.csv": {raw: violationsCSV},
		"live":           {raw: live},
		"decision":       {get: decision},
		"person":         {get: askPerson, post: person},
		"evidence":       {raw: evidencePack},
		"consent":        {post: recordConsent, needs: mayRecord},
		"erase":          {post: erase, needs: mayErase},
		"reviews":        {get: reviews, post: decideReview, needs: nil},
		"runway":         {get: runway},
		"templates":      {get: templates},
		"lab":            {get: policyLab, post: tryPolicies},
		"score":          {get: score},
		"bill":           {get: bill},
		"bill.csv":       {raw: billCSV},
		"events":         {get: events},
		"health":         {get: health},
		"appearance":     {raw: appearance},
	}
}

// policyOfPages lets a page load from here alone, and run nothing that stands in it.
const policyOfPages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// largestForm is how much a form of a page may have, in bytes.
const largestForm = 256 << 10

// ServeHTTP answers a request, whose path begins where the console does.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request, v *Visitor) error {
	h := w.Header()
	h.Set("Content-Security-Policy", policyOfPages)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	a := &asked{Console: c, Request: r, visitor: v, now: c.Now(), until: time.Now().Add(patience)}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if file, ok := strings.CutPrefix(path, "assets/"); ok {
		return serveAsset(w, r, file)
	}
	if v.Name == "" && !v.near(r.Host) {
		return a.refuse(w, &refusal{status: http.StatusForbidden, title: "Nobody has said who you are", what: "The console is open to people whom the server in front of it knows, and without that to this machine alone, at localhost.", remedy: "Have whoever runs the gateway put authentication before it, such as Caddy's basic_auth, or name the user with `user` in its whatsapp_console block. If it has that, nothing came where it looks."})
	}
	p, known := pages[path]
	if !known {
		return a.refuse(w, &refusal{status: http.StatusNotFound, title: "There is no such page", what: "Nothing of the console lies at this address.", remedy: "Begin at the overview. If all pages are missing, the console is mounted without handle_path, which takes the part of the path before it off."})
	}
	write := r.Method == http.MethodPost
	switch {
	case write && p.post == nil && p.raw == nil, !write && p.get == nil && p.raw == nil, !write && r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", p.methods())
		return a.refuse(w, &refusal{status: http.StatusMethodNotAllowed, title: "That is not asked for like this", what: r.Method + " is not possible here.", remedy: "Begin at the overview."})
	case write:
		if err := sameOrigin(r); err != nil {
			return a.refuse(w, err)
		}
		r.Body = http.MaxBytesReader(w, r.Body, largestForm)
		if err := r.ParseForm(); err != nil {
			return a.refuse(w, &refusal{status: http.StatusBadRequest, title: "The form could not be read", what: "It broke off, or is larger than 256 KiB.", remedy: "Send it again."})
		}
		a.form = r.PostForm
	}
	if p.needs != nil {
		if err := p.needs(a); err != nil {
			return a.refuse(w, err)
		}
	}
	if p.raw != nil {
		if err := p.raw(w, a); err != nil {
			return a.refuse(w, err)
		}
		return nil
	}
	show := p.get
	if write {
		show = p.post
	}
	s, err := show(r.Context(), a)
	if err != nil {
		return a.refuse(w, err)
	}
	if s.goTo != "" {
		goTo(w, s.goTo)
		return nil
	}
	return a.write(w, cmp.Or(s.status, http.StatusOK), s)
}

// goTo sends a visitor to another page: by an address without a path before it, since nobody
// here knows where the console is mounted.
func goTo(w http.ResponseWriter, page string) {
	w.Header().Set("Location", page)
	w.WriteHeader(http.StatusSeeOther)
}

func (p *page) methods() string {
	switch {
	case p.get == nil && p.raw == nil:
		return "POST"
	case p.post == nil:
		return "GET, HEAD"
	}
	return "GET, HEAD, POST"
}

// sameOrigin refuses a form that another site sends. Browsers say where a form comes from;
// what says nothing is no browser, and has an API.
func sameOrigin(r *http.Request) error {
	foreign := &refusal{status: http.StatusForbidden, title: "The form comes from elsewhere", what: "It was not sent by a page of the console, as far as the browser says.", remedy: "Open the page here and send it again. Behind another proxy, that one must pass on Host and Origin as they came."}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return foreign
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return foreign
	}
	return nil
}

// refusal is why a page isn't shown.
type refusal struct {
	status int
	// title says it short, what happened, and remedy what to do.
	title, what, remedy string
	// target is the part of a page in whose place it is put, and again, where that part
	// looks again by itself.
	target, again string
}

func (r *refusal) Error() string { return r.what }

// quoted is what an error quotes, which may be somebody's number in the wrong field.
var quoted = regexp.MustCompile(`"(\\.|[^"\\])*("|$)`)

// refuse writes a page that says why there is no other.
func (a *asked) refuse(w http.ResponseWriter, err error) error {
	said, ok := errors.AsType[*refusal](err)
	if !ok {
		said = &refusal{status: http.StatusInternalServerError, title: "That did not work", what: sentence(err.Error()), remedy: "Try again. The gateway’s log has more."}
		if e, ok := errors.AsType[*adminapi.Error](err); ok {
			said.status, said.what = e.Status, sentence(e.Error())
			switch {
			case e.Status < http.StatusInternalServerError:
				said.title, said.remedy = "The gateway does not understand that", "Change what is asked for, and ask again."
			case e.Status == http.StatusServiceUnavailable:
				said.title, said.remedy = "The gateway can’t tell at the moment", "Its store does not answer. Sends are refused until it does: look at Health, and at the gateway’s log."
			}
		}
	}
	if a.Context().Err() != nil {
		return nil // who asked has gone
	}
	shownAs := *said
	shownAs.target = "results"
	if a.path() == "." {
		shownAs.target = "overview"
	}
	if _, known := pages[strings.TrimPrefix(a.URL.Path, "/")]; known && a.URL.Query().Get("watch") == "on" {
		shownAs.again = a.here()
	}
	if said.status >= http.StatusInternalServerError {
		a.Log.Error("a page of the console could not be made", zap.String("page", a.URL.Path), zap.Int("status", said.status), zap.String("error", quoted.ReplaceAllString(err.Error(), `"..."`)))
	}
	return a.write(w, said.status, &shown{title: said.title, template: "refused", body: &shownAs})
}

// What, Remedy, Title, Target and Again are for the page. Select: of what is there when it
// looks again, only the part is taken.
func (r *refusal) Title() string  { return r.title }
func (r *refusal) What() string   { return r.what }
func (r *refusal) Remedy() string { return r.remedy }
func (r *refusal) Target() string { return r.target }
func (r *refusal) Again() string  { return r.again }
func (r *refusal) Select() bool   { return r.target != "overview" }

// shown is what a page shows.
type shown struct {
	title    string
	template string
	body     any
	status   int
	// goTo is the page that is shown in its place.
	goTo string
}

// write writes a page, or the part of it that is asked for.
func (a *asked) write(w http.ResponseWriter, status int, s *shown) error {
	var out bytes.Buffer
	f := a.frame(s)
	name := "layout"
	if a.partial() {
		name = "part"
	}
	if err := templatesOf(s.template).ExecuteTemplate(&out, name, f); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "HX-Request-Type, Cookie")
	w.WriteHeader(status)
	if a.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(out.Bytes()) // #nosec G705 -- html/template has written it
	return err
}

// partial reports that a part of a page is asked for, to be put in the place of another.
func (a *asked) partial() bool {
	return a.Header.Get("HX-Request-Type") == "partial" && a.Method == http.MethodGet
}

// sentence is an error as a page says it.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if first, n := utf8.DecodeRuneInString(s); first != utf8.RuneError {
		s = string(unicode.ToUpper(first)) + s[n:]
	}
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?…。！？؟", last) {
		s += "."
	}
	return s
}
