package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/adminapi"
)

// decisionPage shows a decision: what happened, why, what to do, and what it was decided on.
type decisionPage struct {
	ID       string
	At       moment
	Verdict  verdictText
	Facts    []factGroup
	Rules    table
	Records  []table
	Sends    table
	Raw      string
	Policy   string
	Digest   string
	Since    moment
	Later    string
	LaterBad bool
	Now      *verdictText
	AskNow   string
	Outcome  string
	// Contact leads to all that was sent to the same person.
	Contact, ContactLink string
}

// verdictText is a decision in words.
type verdictText struct {
	Tag, Says, Rule, Category, Reason, Remedy string
	Retry                                     moment
}

// factGroup are facts about one thing.
type factGroup struct {
	Name  string
	Facts []fact
}

type fact struct {
	Name, Value string
	At          moment
}

func verdictOf(a *asked, v *adminapi.Verdict, monitored bool) verdictText {
	t := verdictText{Tag: tagOf(string(v.Verdict)), Says: decisionWords[string(v.Verdict)], Rule: string(v.Rule), Category: words(string(v.Category)), Reason: sentence(v.Reason), Remedy: sentence(v.Remedy), Retry: a.momentOf(v.RetryAt)}
	if v.Verdict == "refuse" && monitored {
		t.Tag, t.Says = "warned", decisionWords["monitor"]
	}
	return t
}

func decision(ctx context.Context, a *asked) (*shown, error) {
	id := strings.TrimSpace(a.URL.Query().Get("id"))
	if id == "" {
		return nil, &refusal{status: http.StatusBadRequest, title: "Which decision?", what: "The address names none.", remedy: "Open one from the list of violations, or add ?id= and the id that an answer or the log names."}
	}
	why, err := a.API.Why(ctx, adminapi.WhyRequest{ID: id})
	if err != nil {
		return nil, err
	}
	p := &decisionPage{ID: why.ID, At: a.moment(why.At), Verdict: verdictOf(a, &why.Verdict, why.Monitored)}
	if list, err := a.API.Page(ctx, adminapi.Ledger, adminapi.Selection{ID: id}); err == nil && len(list.Entries) == 1 {
		l := list.Entries[0]
		p.Outcome = outcomeOf(l)
		p.Contact, p.ContactLink = brief(l.Contact), link("violations", "show", "all", "contact", l.Contact)
		p.Facts = append(p.Facts, factGroup{"The send", facts(
			"business phone number", cmp.Or(l.Business, l.PhoneNumberID), "phone number id", l.PhoneNumberID, "message", l.Message(), "language", l.Language, "contact", l.Contact,
			"sender", l.Sender, "market", l.Market, "tags", string(l.Tags),
		)})
	}
	p.facts(a, why)
	p.Rules = table{Caption: "The rules that were asked, in their order", Columns: columns("#no.", "the rule is about", "decided")}
	for i, r := range why.Rules {
		c := cell{Text: "left it to the next"}
		if r.Decided != "" {
			c = cell{Text: string(r.Decided), Tag: p.Verdict.Tag}
		}
		p.Rules.Rows = append(p.Rules.Rows, row{Cells: []cell{{Text: count(i + 1)}, {Text: sentence(r.About)}, c}})
	}
	if why.Facts != nil {
		raw, err := json.MarshalIndent(why.Facts, "", "  ")
		if err != nil {
			return nil, err
		}
		p.Raw = string(raw)
	}
	if k := why.Policy; k != nil {
		settings, err := json.MarshalIndent(k.Settings, "", "  ")
		if err != nil {
			return nil, err
		}
		p.Policy, p.Digest, p.Since = string(settings), brief(k.Digest), a.momentOf(k.Since)
	}
	if l := why.Later; l != nil {
		switch {
		case l.Then != nil:
			p.Later, p.LaterBad = "A message of the user that had opened the window reached the gateway only "+a.momentOf(l.Arrived).Text+". With it, the send would have been "+decisionWords[string(l.Then.Verdict)]+" ("+string(l.Then.Rule)+").", l.Then.Verdict != why.Verdict.Verdict
		case len(l.Records) > 0:
			p.Later = counted(len(l.Records), "consent record that is", "consent records that are") + " of that time or before came in later, and counted for nothing then."
		}
	}
	p.AskNow = link("decision", "id", id, "now", "yes")
	if a.URL.Query().Get("now") == "yes" {
		now, err := a.API.WhyNow(ctx, id)
		if err != nil {
			return nil, err
		}
		v := verdictOf(a, &now.Verdict, now.Monitored)
		v.Says = map[string]string{"allowed": "would pass", "refused": "would be refused", "warned": "would pass, in monitor mode; it would be refused otherwise"}[v.Tag]
		p.Now = &v
	}
	return &shown{title: "A decision", template: "decision", body: p}, nil
}

// facts are those of some pairs that have a value.
func facts(pairs ...string) (list []fact) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, fact{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return list
}

// facts are what the decision was made on.
func (p *decisionPage) facts(a *asked, why *adminapi.Why) {
	for i := range why.Persons {
		who := &why.Persons[i]
		name := "The person"
		if len(why.Persons) > 1 {
			name = "Person " + count(i+1) + ", whom the recipient may mean"
		}
		g := factGroup{Name: name, Facts: facts("contact", brief(who.Contact.String()))}
		window := "never opened"
		if who.WindowOpened != nil {
			window = "closed"
		}
		if who.WindowOpen {
			window = "open"
		}
		g.Facts = append(g.Facts, fact{Name: "customer service window", Value: window})
		if who.WindowOpened != nil {
			g.Facts = append(g.Facts, fact{Name: "opened", At: a.momentOf(who.WindowOpened)}, fact{Name: "open until", At: a.momentOf(who.WindowUntil)})
		}
		for _, scope := range []string{"marketing", "transactional", "authentication"} {
			if c, ok := who.Consent[scope]; ok {
				f := fact{Name: "consent to " + scope, Value: words(c.State), At: a.momentOf(c.Since)}
				if c.Source != "" {
					f.Value += " (" + words(string(c.Source)) + ")"
				}
				g.Facts = append(g.Facts, f)
			}
		}
		p.Facts = append(p.Facts, g)
		if len(who.Records) > 0 {
			t := recordTable(a, who.Records, false)
			t.Caption = "What " + strings.ToLower(name[:1]) + name[1:] + " had said on consent"
			p.Records = append(p.Records, t)
		}
	}
	if t := why.Template; t != nil {
		g := factGroup{Name: "The template", Facts: facts("name", t.Name, "language", t.Language, "status", words(string(t.Status)), "category", words(string(t.Category)))}
		if !t.Found {
			g.Facts = append(g.Facts, fact{Name: "known", Value: "no"})
		}
		if t.ListedAt != nil {
			g.Facts = append(g.Facts, fact{Name: "all templates of the account seen", At: a.momentOf(t.ListedAt)})
		}
		p.Facts = append(p.Facts, g)
	}
}

// recordTable lists consent records; what names people in them is hidden unless it is asked
// for.
func recordTable(a *asked, records []adminapi.ConsentRecord, open bool) table {
	t := table{Columns: columns("when", "said", "how", "~recorded by", "~evidence"), Empty: "Nothing on record. Consent comes from opt-in forms, the consent API, imports, and what people write."}
	for i := range records {
		r := &records[i]
		said := cell{Text: words(r.State), Also: strings.Join(r.Scopes, ", "), Tag: map[string]string{"opted_in": "allowed", "opted_out": "refused", "suspected": "warned", "pending": "warned"}[r.State]}
		if r.Former {
			said.Also += "; by whom the number belonged to before"
		}
		actor := cell{Text: r.Actor}
		if r.Recorded != nil {
			actor.Also = a.momentOf(r.Recorded).Text
		}
		evidence := cell{Text: evidenceOf(r, open), Also: "record " + brief(r.ID)}
		if len(r.Lacks) > 0 {
			var lacks []string
			for _, f := range r.Lacks {
				lacks = append(lacks, words(string(f)))
			}
			evidence.Also += "; lacks " + strings.Join(lacks, ", ")
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{At: a.moment(r.Time), Also: r.PhoneNumberID}, said, {Text: words(string(r.Source))}, actor, evidence}})
	}
	return t
}

// hidden stands for what is there and not shown.
const hidden = "••••"

// evidenceOf is what shows a record, hidden unless it is asked for.
func evidenceOf(r *adminapi.ConsentRecord, open bool) string {
	if r.Reference == "" && r.Evidence == nil {
		return ""
	}
	if !open {
		return hidden
	}
	said := r.Reference
	if r.Evidence != nil {
		raw, err := json.Marshal(r.Evidence)
		if err != nil {
			return said
		}
		fields := make(map[string]any)
		if json.Unmarshal(raw, &fields) == nil {
			for _, name := range sorted(fields) {
				if name != "reference" {
					said += "; " + words(name) + ": " + text(fields[name])
				}
			}
		}
	}
	return strings.TrimPrefix(said, "; ")
}

// logError is an error as the console logs it: without what it quotes.
func (c *Console) logError(err error) zap.Field {
	if e, ok := errors.AsType[*adminapi.Error](err); ok {
		return zap.Int("status", e.Status)
	}
	return zap.String("error", "the gateway did not answer")
}
