package caddymodule

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the form
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

//go:embed form/page.html
var formPageHTML string

//go:embed form/form.css
var formCSS string

//go:embed form/widget.js
var widgetJS string

var formPageTemplate = template.Must(template.New("form").Parse(formPageHTML))

// formPage is what the page shows.
type formPage struct {
	apiForm
	// Languages are the others there are.
	Languages []string
	// Number is what was written before; Ticked, whether the box was.
	Number string
	Ticked bool
	// Field is the one that is wrong, Wrong says why.
	Field, Wrong string
	Result       *apiTickRecorded
}

// writePage writes the page. It has no script, loads its style sheet alone, and sets no
// cookie.
func (h *ConsentAPI) writePage(w http.ResponseWriter, status int, p *formPage) error {
	var page bytes.Buffer
	if err := formPageTemplate.Execute(&page, p); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+strings.Join(append([]string{"'self'"}, h.Origins...), " "))
	header.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, err := w.Write(page.Bytes())
	return err
}

// answerPage answers who has sent the page's form.
func (h *ConsentAPI) answerPage(w http.ResponseWriter, r *http.Request, f *ConsentForm, t *ConsentFormText, ticked *apiTicked, result *apiTickRecorded, why *tickProblem) error {
	p := &formPage{apiForm: apiForm{Form: f.ID, Language: t.Language, Words: t.words, Privacy: t.Privacy}, Result: result}
	if why == nil {
		return h.writePage(w, http.StatusOK, p)
	}
	form, err := h.show(r, f, t)
	if err == nil {
		p.apiForm = *form
	}
	p.Number, p.Ticked, p.Field, p.Wrong = ticked.Number, ticked.Agreed, why.field, t.words[why.word]
	return h.writePage(w, why.status, p)
}

// asset is a file that pages load.
type asset struct {
	kind, body, tag string
}

func newAsset(kind, body string) asset {
	sum := sha256.Sum256([]byte(body))
	return asset{kind, body, `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// formAssets are all of them. The widget brings the page's style sheet along.
var formAssets = map[string]asset{
	"/form.css":  newAsset("text/css; charset=utf-8", formCSS),
	"/widget.js": newAsset("text/javascript; charset=utf-8", strings.Replace(widgetJS, "`CSS`", quoted(formCSS), 1)),
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""` // of a string there is no error
	}
	return string(text)
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return problem(w, &apiProblem{Status: http.StatusMethodNotAllowed, Detail: "this file is asked for with GET"})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("ETag", a.tag)
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", a.kind)
	_, err := w.Write([]byte(a.body))
	return err
}
