package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// mostTemplates is how many templates are shown at most. An account can have 6,000.
const mostTemplates = 20_000

// templateQuality is the kind of account event that tells a template's quality.
const templateQuality policy.AccountEventKind = "message_template_quality_update"

// Catalogue is what is known about templates, and which of them are used.
type Catalogue struct {
	Accounts []store.KnownAccount
	// Templates are those that are known, and those that were sent lately and are
	// not, in the order of WABA, name and language.
	Templates []CataloguedTemplate
	// More is how many known ones were left out.
	More int
	// UsesSince is from when on uses were counted.
	UsesSince policy.Moment
}

// CataloguedTemplate is one of them.
type CataloguedTemplate struct {
	store.KnownTemplate
	// Known: Meta told of it, in whatever way.
	Known bool
	// Sendable: Meta is not known to refuse it.
	Sendable bool
	// Drifted: its category asks for another consent than before, and nobody has accepted
	// that.
	Drifted bool
	// Quality is what Meta last called it, such as GREEN; "" where it told nothing.
	Quality   string
	QualityAt policy.Moment
	Uses      Uses
	// Senders are who sent it, the most first; nobody ("") where callers are not told apart.
	Senders []TemplateUse
}

// mostCataloguedSenders is how many senders are listed of a template.
const mostCataloguedSenders = 10

// TemplateSelection selects templates.
type TemplateSelection struct {
	WABA string
	// Name is a template's.
	Name string
	// Problems selects those that somebody should look at: used and unknown, used
	// and not to be sent, billed under another category, of another category than was
	// accepted, of low quality.
	Problems bool
	// Drift selects those whose category has changed, accepted or not.
	Drift bool
}

// Catalogue is what is known about templates.
func (g *Gateway) Catalogue(ctx context.Context, s TemplateSelection) (*Catalogue, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	lately, err := g.activity(ctx, st, mostActivity)
	if err != nil {
		return nil, err
	}
	return g.catalogue(ctx, st, s, lately)
}

func (g *Gateway) catalogue(ctx context.Context, st store.Store, s TemplateSelection, lately *activity) (*Catalogue, error) {
	known, err := st.Templates(ctx, s.WABA, mostTemplates)
	if err != nil {
		return nil, err
	}
	type name struct {
		waba string
		ref  policy.TemplateRef
	}
	qualities, err := newestEvents(ctx, st, templateQuality, func(e *store.AccountEvent) name { return name{e.WABA, e.Template} })
	if err != nil {
		return nil, err
	}
	uses, senders := make(map[name]*Uses), make(map[name][]TemplateUse)
	for used, u := range lately.templates {
		waba, err := g.waba(ctx, st, used.phoneNumberID)
		if err != nil {
			return nil, err
		}
		n := name{waba, used.ref}
		if uses[n] == nil {
			uses[n] = new(Uses)
		}
		uses[n].Count += u.Count
		uses[n].Last = max(uses[n].Last, u.Last)
	}
	for by, n := range lately.senders {
		waba, err := g.waba(ctx, st, by.phoneNumberID)
		if err != nil {
			return nil, err
		}
		of := name{waba, by.ref}
		if i := slices.IndexFunc(senders[of], func(u TemplateUse) bool { return u.Of == by.sender }); i >= 0 {
			senders[of][i].Sends += n
			continue
		}
		senders[of] = append(senders[of], TemplateUse{Of: by.sender, Sends: n})
	}
	c := &Catalogue{Accounts: known.Accounts, More: known.More, UsesSince: lately.since}
	show := func(t CataloguedTemplate) {
		t.Senders = senders[name{t.WABA, t.Ref}]
		sortUses(t.Senders)
		t.Senders = t.Senders[:min(len(t.Senders), mostCataloguedSenders)]
		if (s.Name == "" || s.Name == t.Ref.Name) && (!s.Problems || t.problem()) && (!s.Drift || t.Previous != "" || t.Drifted) {
			c.Templates = append(c.Templates, t)
		}
	}
	for _, k := range known.Templates {
		n := name{k.WABA, k.Ref}
		t := CataloguedTemplate{KnownTemplate: k, Known: true, Sendable: policy.TemplateStatus(k.Status.Value).MayBeSent(), Drifted: k.Facts.Drifted(g.now())}
		if e := qualities[n]; e != nil {
			t.Quality, t.QualityAt = e.Name, e.At
		}
		if u := uses[n]; u != nil {
			t.Uses = *u
			delete(uses, n)
		}
		show(t)
	}
	for n, u := range uses {
		if (s.WABA == "" || s.WABA == n.waba) && c.More == 0 { // else it may be one of those left out
			show(CataloguedTemplate{KnownTemplate: store.KnownTemplate{Template: store.Template{WABA: n.waba, Ref: n.ref}}, Sendable: true, Uses: *u})
		}
	}
	slices.SortFunc(c.Templates, func(a, b CataloguedTemplate) int {
		return cmp.Or(cmp.Compare(a.WABA, b.WABA), cmp.Compare(a.Ref.Name, b.Ref.Name), cmp.Compare(a.Ref.Language, b.Ref.Language))
	})
	return c, nil
}

// problem reports that somebody should look at the template.
func (t *CataloguedTemplate) problem() bool {
	used := t.Uses.Count > 0
	return used && (!t.Known || !t.Sendable || t.Category.Value == "") || t.Recategorised != "" || t.Drifted || t.Quality == "RED" || t.Quality == "YELLOW"
}

// waba is the account that a business phone number belongs to; "" where nobody told.
func (g *Gateway) waba(ctx context.Context, st store.Store, phoneNumberID string) (string, error) {
	if b, ok := g.Businesses.Of(phoneNumberID); ok && b.WABA != "" {
		return b.WABA, nil
	}
	n, err := st.Number(ctx, phoneNumberID)
	return n.WABA, err
}

// listingAge is for how long a list of templates counts as known.
const listingAge = 24 * time.Hour

// Listed reports that all templates of an account are known now: one that isn't
// among them doesn't exist.
func Listed(a *store.KnownAccount, now policy.Moment) bool {
	return a.ListedAt != 0 && now < a.ListedAt.Add(listingAge)
}
