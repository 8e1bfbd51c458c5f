package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// personPage is what there is of a person.
type personPage struct {
	// Asked: somebody was named. Without it the page asks who is meant.
	Asked  bool
	Filter []field
	// WhyNot says why nobody can be looked up.
	WhyNot string
	// Sealed is the person, for further forms.
	Sealed, Shown, Pseudonym string
	// Open: what is personal is shown.
	Open     bool
	Names    []string
	Links    []linkText
	Numbers  []personNumber
	Timeline table
	Records  table
	More     string
	Message  string
	// Consent and Erase: the visitor may do that. Why says why not.
	Consent, Erase         bool
	WhyConsent, WhyErase   string
	NumberOptions, Sources []option
	// Erasure is what an erasure would take away, and what it would leave; Erased, that
	// it has.
	Erasure *erasureText
	// Done says what was just recorded.
	Done *doneText
}

// linkText says what ties two names together.
type linkText struct {
	One, Other, Says string
	First, Last      moment
}

// personNumber is how the person stands with a business phone number.
type personNumber struct {
	Name, ID string
	Window   windowText
	Consent  []consentText
	Notes    []fact
	Send     verdictText
	SendSays string
	Price    string
	Instead  []string
}

type windowText struct {
	Open  bool
	Until moment
	// Left is how much of the 24 hours is left, in per cent.
	Left int
	Says string
}

type consentText struct {
	Scope, State, Tag, Source string
	Since                     moment
}

type erasureText struct {
	Done  bool
	Takes []fact
	Keeps []adminapi.KeptAfterErasure
	By    moment
	Says  string
}

type doneText struct {
	Says     string
	Warnings []string
}

// mostOfPerson is how many messages to a person a page has, the newest; a link leads to all.
const mostOfPerson = 30

func (a *asked) emptyPerson() *personPage {
	p := &personPage{Filter: []field{{Name: "contact", Label: "Phone number or user id", Hint: "+14155550123"}, {Name: "number", Label: "Business phone number (all, if empty)", Hint: "id or name"}}}
	p.WhyNot = why(mayLookUp(a))
	p.WhyConsent, p.WhyErase = why(mayRecord(a)), why(mayErase(a))
	p.Consent, p.Erase = p.WhyConsent == "", p.WhyErase == ""
	return p
}

func why(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.remedy
	}
	return err.Error()
}

// askPerson asks who is meant. Whom a page is about is in no address.
func askPerson(_ context.Context, a *asked) (*shown, error) {
	return &shown{title: "A person", template: "person", body: a.emptyPerson()}, nil
}

// person shows what there is of one.
func person(ctx context.Context, a *asked) (*shown, error) {
	if err := mayLookUp(a); err != nil {
		return nil, err
	}
	contact, err := a.contact()
	if err != nil {
		return nil, err
	}
	return a.showPerson(ctx, a.emptyPerson(), contact)
}

func (a *asked) showPerson(ctx context.Context, p *personPage, contact string) (*shown, error) {
	r := adminapi.PersonViewRequest{Contact: strings.TrimSpace(contact), PhoneNumberID: strings.TrimSpace(a.form.Get("number")), Limit: mostOfPerson}
	p.Message = "a text"
	if name := strings.TrimSpace(a.form.Get("template")); name != "" {
		r.Template = &adminapi.WhyTemplate{Name: name, Language: cmp.Or(strings.TrimSpace(a.form.Get("language")), "en")}
		p.Message = "the template " + name + " (" + r.Template.Language + ")"
	}
	v, err := a.API.PersonView(ctx, r)
	if err != nil {
		return nil, err
	}
	p.Asked, p.Sealed, p.Shown, p.Pseudonym = true, seal(r.Contact), v.Shown, v.Pseudonym.String()
	p.Open = a.form.Get("open") == "yes"
	a.logAsked(v, p.Open)
	if p.Open {
		p.Shown = r.Contact
	}
	for _, name := range v.Names {
		p.Names = append(p.Names, name.String())
	}
	for _, l := range v.Links {
		says := "are names of one person"
		if l.Kind == "successor" {
			says = "are names of one person, who went from one to the other"
		}
		p.Links = append(p.Links, linkText{brief(l.One.String()), brief(l.Other.String()), says, a.moment(l.First), a.moment(l.Last)})
	}
	for i := range v.Numbers {
		n := &v.Numbers[i]
		p.Numbers = append(p.Numbers, a.personNumber(n))
		p.NumberOptions = append(p.NumberOptions, option{Value: n.PhoneNumberID, Name: cmp.Or(n.Business, n.PhoneNumberID)})
	}
	for _, s := range consent.Sources() {
		p.Sources = append(p.Sources, option{Value: string(s), Name: words(string(s))})
	}
	p.Records = recordTable(a, v.Records, p.Open)
	p.Records.Caption = "What the person said on consent, newest first"
	p.Timeline = a.timeline(v)
	if v.More {
		p.More = link("violations", "show", "all", "contact", v.Pseudonym.String())
	}
	return &shown{title: "A person", template: "person", body: p}, nil
}

// logAsked notes who looked at whom.
func (a *asked) logAsked(v *adminapi.PersonView, open bool) {
	what := "a person was looked up in the console"
	if open {
		what = "personal data was shown in the console"
	}
	a.Log.Info(what, zap.String("user", a.visitor.Name), zap.Stringer("contact", v.Pseudonym))
}

func (a *asked) personNumber(n *adminapi.PersonNumber) personNumber {
	p := personNumber{Name: cmp.Or(n.Business, n.PhoneNumberID), ID: n.PhoneNumberID, Send: verdictOf(a, &n.Send, false)}
	now := n.Now
	p.Window = windowText{Open: now.WindowOpen, Until: a.momentOf(now.WindowUntil)}
	switch {
	case now.WindowOpen && now.WindowUntil != nil:
		left := now.WindowUntil.Sub(a.now)
		p.Window.Left = int(100 * left / (24 * time.Hour))
		p.Window.Says = "open for another " + span(left)
	case now.WindowUntil != nil:
		p.Window.Says = "closed since " + p.Window.Until.Text
	default:
		p.Window.Says = "never opened: the person has not written to this number, as far as the gateway knows"
	}
	for _, scope := range []string{"marketing", "transactional", "authentication"} {
		c := now.Consent[scope]
		p.Consent = append(p.Consent, consentText{scope, words(c.State), map[string]string{"opted_in": "allowed", "opted_out": "refused", "pending": "warned"}[c.State], words(string(c.Source)), a.momentOf(c.Since)})
	}
	for name, at := range map[string]*time.Time{"may have opted out, waits for a decision since": now.Suspected, "asked for a code": now.CodeRequested, "nothing is charged until": now.FreeUntil, "came by an ad, and waits for an answer since": now.AdUnanswered, "welcomed": now.Welcomed} {
		if at != nil {
			p.Notes = append(p.Notes, fact{Name: name, At: a.momentOf(at)})
		}
	}
	slices.SortFunc(p.Notes, func(a, b fact) int { return strings.Compare(a.Name, b.Name) })
	p.SendSays = map[bool]string{true: "would pass", false: "would be refused"}[n.Send.Verdict == policy.Allow]
	if n.Price != nil {
		p.Price = words(string(n.Price.Type)) + ", of unknown price"
		if n.Price.Unit != nil {
			p.Price = money(*n.Price.Unit, n.Price.Currency) + " (" + words(string(n.Price.Type)) + ")"
		}
	}
	for _, alt := range n.Alternatives {
		p.Instead = append(p.Instead, alt.Template+" ("+alt.Language+", "+string(alt.Category)+")")
	}
	return p
}

// timeline is what happened, newest first: messages, and what the person said on consent.
func (a *asked) timeline(v *adminapi.PersonView) table {
	t := table{Caption: "What happened, newest first", Columns: columns("time", "what", "number", "why, and what became of it"), Empty: "Nothing yet. Messages to the person, and what they say on consent, are listed here."}
	type happened struct {
		at time.Time
		row
	}
	var all []happened
	for _, l := range v.Decisions {
		r := sendRow(a, l)
		all = append(all, happened{l.Time, row{Class: r.Class, Cells: []cell{r.Cells[0], {Text: "message: " + cmp.Or(l.Message(), "unread"), Also: l.RuleNamed() + ", " + decisionWords[l.Decision], Tag: tagOf(l.Decision), Link: link("decision", "id", l.ID.String())}, r.Cells[3], r.Cells[5]}}})
	}
	for i := range v.Records {
		rec := &v.Records[i]
		all = append(all, happened{rec.Time, row{Cells: []cell{{At: a.moment(rec.Time)}, {Text: "consent: " + words(rec.State), Also: strings.Join(rec.Scopes, ", "), Tag: "info"}, {Text: rec.PhoneNumberID}, {Text: sentence(words(string(rec.Source))), Also: rec.Actor}}}})
	}
	for i := range v.Wrote {
		w := &v.Wrote[i]
		all = append(all, happened{w.Time, row{Cells: []cell{{At: a.moment(w.Time)}, {Text: "wrote, or called", Also: "the last time", Tag: "info"}, {Text: w.PhoneNumberID}, {Text: "That opens the customer service window.", Also: "as " + brief(w.Name.String())}}}})
	}
	slices.SortStableFunc(all, func(a, b happened) int { return b.at.Compare(a.at) })
	for _, h := range all {
		t.Rows = append(t.Rows, h.row)
	}
	return t
}

// nobody is the refusal of a change where nobody knows who makes it.
func nobody(what string) error {
	return &refusal{status: http.StatusForbidden, title: "Nobody has said who you are", what: what + " is recorded with the name of who does it.", remedy: "Put authentication before the console, such as Caddy’s basic_auth, so that the gateway knows who " + what + " is by."}
}

// mayLookUp: whom somebody looks up is noted with their name.
func mayLookUp(a *asked) error {
	if a.visitor.Name == "" {
		return nobody("a look at a person")
	}
	return nil
}

func mayRecord(a *asked) error {
	switch {
	case !a.Consent:
		return &refusal{status: http.StatusForbidden, title: "This console only reads", what: "Consent can’t be recorded here.", remedy: "Whoever runs the gateway can allow it, with `allow consent` in the whatsapp_console block; or use waguard consent."}
	case a.visitor.Name == "":
		return nobody("consent")
	}
	return nil
}

func mayErase(a *asked) error {
	switch {
	case !a.Erase:
		return &refusal{status: http.StatusForbidden, title: "This console erases nobody", what: "People can’t be erased here.", remedy: "Whoever runs the gateway can allow it, with `allow erase` in the whatsapp_console block; or use waguard consent erase."}
	case a.visitor.Name == "":
		return nobody("an erasure")
	}
	return nil
}

// confirmPage is a consent record that is to be confirmed, since no record is ever taken away.
type confirmPage struct {
	Says   []fact
	Fields []field
}

// consentFields are those of the form that records consent.
var consentFields = []field{{Name: "state", Label: "The person"}, {Name: "phone_number_id", Label: "of"}, {Name: "scope", Label: "for"}, {Name: "source", Label: "by"}, {Name: "reference", Label: "Reference"}, {Name: "at", Label: "When"}}

// recordConsent says what would be recorded, an opt-in or an opt-out, and does it when that
// is confirmed.
func recordConsent(ctx context.Context, a *asked) (*shown, error) {
	contact, err := a.contact()
	if err != nil {
		return nil, err
	}
	routes := map[string]adminapi.Route{"opted_in": adminapi.RouteOptIn, "opted_out": adminapi.RouteOptOut}
	route, ok := routes[a.form.Get("state")]
	if !ok {
		return nil, &refusal{status: http.StatusBadRequest, title: "An opt-in, or an opt-out?", what: "The form says neither that the person opted in nor that they opted out.", remedy: "Open “A person” and use the form there."}
	}
	if a.form.Get("sure") != "yes" {
		p := &confirmPage{Fields: []field{{Name: "person", Value: seal(contact)}}}
		for _, f := range consentFields {
			f.Value = strings.TrimSpace(a.form.Get(f.Name))
			if f.Value == "" && f.Name == "at" { // so that a record that is sent twice is one
				f.Value = a.now.UTC().Format(time.RFC3339)
			}
			p.Fields = append(p.Fields, f)
			if f.Name == "state" || f.Name == "source" {
				f.Value = words(f.Value)
			}
			if f.Value != "" {
				p.Says = append(p.Says, fact{Name: f.Label, Value: f.Value})
			}
		}
		p.Says = append(p.Says, fact{Name: "Recorded by", Value: a.visitor.Name})
		return &shown{title: "Record consent", template: "consent", body: p}, nil
	}
	known, err := a.API.Record(ctx, route, adminapi.ConsentRequest{
		PhoneNumberID: a.form.Get("phone_number_id"), Contact: contact, Scope: a.form.Get("scope"), Source: a.form.Get("source"), At: strings.TrimSpace(a.form.Get("at")),
		Evidence: consent.Evidence{Reference: strings.TrimSpace(a.form.Get("reference"))}, Actor: a.visitor.Name,
	})
	if err != nil {
		return nil, err
	}
	p := a.emptyPerson()
	p.Done = &doneText{Says: "Recorded, by " + a.visitor.Name + ": " + words(a.form.Get("state")) + ", " + cmp.Or(a.form.Get("scope"), "all") + "."}
	for scope, because := range known.NoEffect {
		p.Done.Warnings = append(p.Done.Warnings, scope+": "+because)
	}
	slices.Sort(p.Done.Warnings)
	if known.Warning != "" {
		p.Done.Warnings = append(p.Done.Warnings, known.Warning)
	}
	a.form.Del("number")
	return a.showPerson(ctx, p, contact)
}

// erase says what an erasure would take away, and does it when that is confirmed.
func erase(ctx context.Context, a *asked) (*shown, error) {
	contact, err := a.contact()
	if err != nil {
		return nil, err
	}
	sure := a.form.Get("sure") == "erase"
	erased, err := a.API.Erase(ctx, adminapi.ErasureRequest{Contact: contact, Reason: strings.TrimSpace(a.form.Get("reason")), DryRun: !sure, Actor: a.visitor.Name})
	if err != nil {
		return nil, err
	}
	p := a.emptyPerson()
	p.Asked, p.Sealed = !sure, seal(contact)
	p.Erasure = &erasureText{Done: sure, Keeps: erased.Kept, By: a.momentOf(erased.BytesGoneBy)}
	p.Erasure.Takes = counts(erased.Erased)
	switch {
	case erased.ErasedBefore != nil:
		p.Erasure.Says = "The person was erased before, " + a.momentOf(erased.ErasedBefore).Text + "."
	case !erased.Known:
		p.Erasure.Says = "Nothing is known of the person. They stay opted out from then on."
	}
	return &shown{title: "Erase a person", template: "erase", body: p}, nil
}

// evidencePack gives out what there is of a person, to prove it.
func evidencePack(w http.ResponseWriter, a *asked) error {
	if a.Method != http.MethodPost {
		return &refusal{status: http.StatusMethodNotAllowed, title: "That is not asked for like this", what: "An evidence pack is asked for by a form, since what names a person belongs into no address.", remedy: "Open “A person” and ask for it there."}
	}
	if err := mayLookUp(a); err != nil {
		return err
	}
	contact, err := a.contact()
	if err != nil {
		return err
	}
	v, err := a.API.PersonView(a.Context(), adminapi.PersonViewRequest{Contact: contact, Limit: 1})
	if err != nil {
		return err
	}
	format := a.form.Get("format")
	files := map[string][2]string{adminapi.FormatPack: {"application/zip", "evidence.zip"}, adminapi.FormatJSON: {"application/json", "person.json"}}
	file, ok := files[format]
	if !ok {
		return &refusal{status: http.StatusBadRequest, title: "In what form?", what: "There are " + strings.Join(slices.Sorted(maps.Keys(files)), " and ") + ".", remedy: "Use the buttons of the page of a person."}
	}
	body, err := a.API.Person(a.Context(), adminapi.PersonRequest{Contact: contact, PhoneNumberID: a.form.Get("number"), Format: format})
	if err != nil {
		return err
	}
	defer body.Close()
	a.Log.Info("what there is of a person was given out by the console", zap.String("user", a.visitor.Name), zap.Stringer("contact", v.Pseudonym), zap.String("format", format))
	w.Header().Set("Content-Type", file[0])
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file[1]))
	_, _ = io.Copy(w, body) // who asked may have gone
	return nil
}
