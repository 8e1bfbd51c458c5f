package console

import (
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/waguard/waguard/internal/version"
)

//go:embed pages
var sources embed.FS

// templatesOf are the templates of a page, with those all pages share.
func templatesOf(name string) *template.Template {
	return made()[name]
}

var made = sync.OnceValue(func() map[string]*template.Template {
	shared := template.Must(template.New("shared").Funcs(functions).ParseFS(sources, "pages/shared/*.html"))
	all := make(map[string]*template.Template)
	entries, err := sources.ReadDir("pages")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		name := e.Name()[:len(e.Name())-len(".html")]
		all[name] = template.Must(template.Must(shared.Clone()).ParseFS(sources, "pages/"+e.Name()))
	}
	return all
})

// frame is what stands around every page.
type frame struct {
	Title string
	// Scheme is light or dark where the visitor chose one.
	Scheme  string
	Nav     []navItem
	Visitor string
	// Anonymous: nobody asked who it is, and nothing can be changed.
	Anonymous bool
	Zone      string
	Now       moment
	Version   string
	Icon      string
	Styles    []string
	Scripts   []string
	// Back is where a form that only changes how pages look leads back to.
	Back string
	// AsOf is how old the oldest is of what the page shows.
	AsOf moment
	Body any
}

type navItem struct {
	Path, Name string
	Here       bool
}

// menu are the pages, in the order in which they are needed.
var menu = []navItem{
	{Path: ".", Name: "Overview"},
	{Path: "violations", Name: "Violations"},
	{Path: "person", Name: "A person"},
	{Path: "reviews", Name: "Reviews"},
	{Path: "runway", Name: "Runway"},
	{Path: "templates", Name: "Templates"},
	{Path: "bill", Name: "The bill"},
	{Path: "lab", Name: "Policy lab"},
	{Path: "score", Name: "Score"},
	{Path: "events", Name: "Events"},
	{Path: "health", Name: "Health"},
}

func (a *asked) frame(s *shown) *frame {
	f := &frame{
		Title: s.title, Visitor: a.visitor.Name, Anonymous: a.visitor.Name == "", Zone: a.zoneName(), Now: a.moment(a.now), Version: version.Of().Version,
		Icon: assetPath("icon.svg"), Styles: []string{assetPath(billStyle), assetPath("console.css")}, Scripts: []string{assetPath(htmx), assetPath(htmxStream)}, Body: s.body, Scheme: a.scheme(), Back: a.here(),
	}
	if a.now.Sub(a.oldest) > time.Second && !a.oldest.IsZero() {
		f.AsOf = a.moment(a.oldest)
	}
	at := a.path()
	for _, item := range menu {
		item.Here = item.Path == at
		f.Nav = append(f.Nav, item)
	}
	return f
}

// path is the page that is asked for, as links name it.
func (a *asked) path() string {
	path := a.URL.Path
	if len(path) > 0 && path[0] == '/' {
		path = path[1:]
	}
	if path == "" {
		return "."
	}
	return path
}

// here is the page with what it was asked for. What is sent in forms is not in it.
func (a *asked) here() string {
	if a.Method != http.MethodGet || a.URL.RawQuery == "" {
		return a.path()
	}
	return a.path() + "?" + a.URL.RawQuery
}

// schemeCookie is where a visitor's choice of light or dark is kept.
const schemeCookie = "waguard_console_appearance"

func (a *asked) scheme() string {
	if cookie, err := a.Cookie(schemeCookie); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		return cookie.Value
	}
	return ""
}

// appearance keeps whether a visitor wants pages light or dark.
func appearance(w http.ResponseWriter, a *asked) error {
	if a.Method != http.MethodPost {
		return &refusal{status: http.StatusMethodNotAllowed, title: "That is not asked for like this", what: "How pages look is changed by a form.", remedy: "Use the buttons at the foot of a page."}
	}
	// #nosec G124 -- it says nothing of anybody, and goes over plain HTTP where the console does
	cookie := &http.Cookie{Name: schemeCookie, Value: a.form.Get("scheme"), MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: a.TLS != nil}
	if cookie.Value != "light" && cookie.Value != "dark" {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(w, cookie)
	goTo(w, localPath(a.form.Get("back")))
	return nil
}

// localPath is a page of the console, whatever somebody wrote.
func localPath(path string) string {
	for item := range pages {
		if item != "" && (path == item || len(path) > len(item) && path[:len(item)+1] == item+"?") && pages[item].get != nil {
			return path
		}
	}
	return "."
}
