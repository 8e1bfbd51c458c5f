package policy

import (
	"slices"
	"time"

	"pgregory.net/rapid"
)

// The generators draw from few names, few numbers and few moments, so that
// things meet.

var (
	someNames   = []Alias{name(1), name(2), name(3), name(4), name(5)}
	someNumbers = []string{"1", "2", "3"}
	ourGroup    = []string{"1", "2"} // 3 is another account's
)

// ours puts together what was said to our numbers: both kinds of words reach all
// of them.
func ours(phoneNumberID string) *Fold {
	t := DefaultTerms()
	t.OptOutReach, t.OptInReach = ReachWABA, ReachWABA
	return t.For(phoneNumberID, func(id string) string {
		if slices.Contains(ourGroup, id) {
			return "ours"
		}
		return "others"
	})
}

// genMoment draws from the two days before noon, on an uneven grid that hits
// equal moments and the edges of windows often.
func genMoment() *rapid.Generator[Moment] {
	return rapid.Custom(func(t *rapid.T) Moment {
		m := ago(2 * day).Add(time.Duration(rapid.IntRange(0, 16).Draw(t, "quarter")) * 3 * hour)
		return m + Moment(rapid.IntRange(-1, 1).Draw(t, "ms"))
	})
}

func genScopes() *rapid.Generator[[]Scope] {
	return rapid.SampledFrom([][]Scope{AllScopes, {Marketing}, {Transactional}, {Authentication}, {Marketing, Transactional}})
}

func genSource() *rapid.Generator[Source] {
	return rapid.SampledFrom([]Source{SourceKeyword, SourceOperator, SourcePreference})
}

// update is one change of a contact, as an event brings it.
type update struct {
	What   string
	A, B   Alias
	Number string
	State  ConsentState
	Scopes []Scope
	At     Moment
	Until  Moment
	Source Source
	Kind   LinkKind
	// Recorded is when it came in: zero where nobody kept that.
	Recorded             Moment
	General, Tap, OptOut bool
	Reviewed             Moment
	Answer               AdAnswer
	Free                 ToldFree
}

func (u update) apply(c *Contact) {
	switch u.What {
	case "open":
		c.Member(u.A).Relation(u.Number).Open(u.At, u.OptOut)
	case "say":
		c.Member(u.A).Relation(u.Number).Record(ConsentRecord{
			State: u.State, Scopes: u.Scopes, At: u.At, Source: u.Source, General: u.General, Tap: u.Tap, Recorded: u.Recorded, Reviewed: u.Reviewed,
		})
	case "confirm":
		c.Member(u.A).Relation(u.Number).Confirm(u.At)
	case "calls":
		c.Member(u.A).Relation(u.Number).PermitCalls(u.At, u.Until)
	case "link":
		c.Link(u.A, u.B, u.Kind, u.At)
	case "limit":
		c.Limit(u.A, u.Number, Limited{Code: []int{codeMarketing, codePair}[len(u.Number+string(u.Source))%2], At: u.At, Over: u.Tap})
	case "ad":
		c.Member(u.A).Relation(u.Number).Advertise(u.At)
	case "answer":
		c.Member(u.A).Relation(u.Number).answerAd(u.Answer)
	case "free":
		c.Member(u.A).Relation(u.Number).tellFree(u.Free)
	case "new":
		c.Member(u.A).GiveAway(u.At, u.Recorded)
	}
}

func genUpdateOf(what ...string) *rapid.Generator[update] {
	return rapid.Custom(func(t *rapid.T) update {
		return update{
			What:   rapid.SampledFrom(what).Draw(t, "what"),
			A:      rapid.SampledFrom(someNames).Draw(t, "a"),
			B:      rapid.SampledFrom(someNames).Draw(t, "b"),
			Number: rapid.SampledFrom(someNumbers).Draw(t, "number"),
			State:  rapid.SampledFrom([]ConsentState{ConsentUnknown, ConsentPending, OptedIn, OptedIn, OptedIn, OptedIn, OptedOut, OptedOut, OptOutSuspected, OptOutDismissed, CodeRequested}).Draw(t, "state"),
			Scopes: genScopes().Draw(t, "scopes"),
			At:     genMoment().Draw(t, "at"),
			Until:  rapid.OneOf(rapid.SampledFrom([]Moment{0, Forever}), genMoment()).Draw(t, "until"),
			Source: genSource().Draw(t, "source"),
			Kind:   rapid.SampledFrom([]LinkKind{SamePerson, Successor}).Draw(t, "kind"),

			Recorded: rapid.OneOf(rapid.Just(Moment(0)), genMoment()).Draw(t, "recorded"),
			Reviewed: genMoment().Draw(t, "reviewed"),
			Answer:   genAnswer().Draw(t, "answer"),
			Free:     ToldFree{genMoment().Draw(t, "told"), rapid.OneOf(rapid.Just(Moment(0)), genMoment()).Draw(t, "free until")},
			General:  rapid.SampledFrom([]bool{false, false, true}).Draw(t, "general"),
			Tap:      rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "tap"),
			OptOut:   rapid.SampledFrom([]bool{false, false, true}).Draw(t, "an opt-out"),
		}
	})
}

func genAnswer() *rapid.Generator[AdAnswer] {
	return rapid.Custom(func(t *rapid.T) AdAnswer {
		return AdAnswer{
			Ad: genMoment().Draw(t, "ad"), At: genMoment().Draw(t, "at"), Message: rapid.SampledFrom(someNames).Draw(t, "message"),
			Delivered: rapid.OneOf(rapid.Just(Moment(0)), genMoment()).Draw(t, "delivered"), Failed: rapid.Bool().Draw(t, "failed"), Charged: rapid.Bool().Draw(t, "charged"),
		}
	})
}

func genUpdate() *rapid.Generator[update] {
	return genUpdateOf("open", "say", "say", "confirm", "calls", "link", "link", "new", "limit", "ad", "answer", "free")
}

func applied(updates []update) *Contact {
	c := new(Contact)
	for _, u := range updates {
		u.apply(c)
	}
	return c
}

func genContact() *rapid.Generator[*Contact] {
	return rapid.Custom(func(t *rapid.T) *Contact {
		return applied(rapid.SliceOfN(genUpdate(), 0, 14).Draw(t, "updates"))
	})
}

func genCategory() *rapid.Generator[Category] {
	return rapid.SampledFrom([]Category{
		CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication, CategoryService, CategoryNone, CategoryUnknown, "",
	})
}

func genSend() *rapid.Generator[Send] {
	return rapid.Custom(func(t *rapid.T) Send {
		s := Send{
			Edge:          rapid.SampledFrom([]Edge{EdgeMessages, EdgeMessages, EdgeMarketing, EdgeCalls}).Draw(t, "edge"),
			PhoneNumberID: "1",
			Kind:          rapid.SampledFrom([]Kind{0, FreeForm, FreeForm, TemplateMessage, TemplateMessage, DirectSend, Receipt, Call, CallControl, CallPermissionRequest}).Draw(t, "kind"),
			Type:          rapid.SampledFrom([]string{"text", "image", "interactive/button", "zzz"}).Draw(t, "type"),
			Template:      TemplateRef{Name: rapid.SampledFrom([]string{"order_update", "offer"}).Draw(t, "template"), Language: "en"},
			Stated:        genCategory().Draw(t, "stated"),
			Transaction:   rapid.Bool().Draw(t, "transaction"),
			Confirms:      rapid.Bool().Draw(t, "confirms"),
			Buttons:       rapid.SampledFrom([]bool{false, false, true}).Draw(t, "buttons"),
			Group:         rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "group"),
			To:            []Identity{phone, otherPhone}[:rapid.IntRange(0, 2).Draw(t, "readings")],
		}
		if len(s.To) == 0 || rapid.Bool().Draw(t, "user") {
			s.Recipient = user
		}
		s.TwoNames = len(s.To) > 0 && !s.Recipient.IsZero()
		if len(s.To) > 0 {
			s.Bare = rapid.SampledFrom([]Bare{NotBare, BareInternational, BareNational}).Draw(t, "bare")
		}
		return s
	})
}

func genTemplateFacts() *rapid.Generator[TemplateFacts] {
	return rapid.Custom(func(t *rapid.T) TemplateFacts {
		return TemplateFacts{
			Listed:   rapid.Bool().Draw(t, "listed"),
			Found:    rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "found"),
			Status:   rapid.SampledFrom([]TemplateStatus{TemplateApproved, TemplateApproved, "", TemplatePaused, TemplateDisabled}).Draw(t, "status"),
			Category: genCategory().Draw(t, "category"),
			Next:     genCategory().Draw(t, "next"),
			NextFrom: rapid.OneOf(rapid.Just(Moment(0)), genMoment()).Draw(t, "next from"),
			Drift:    TemplateDrift{Before: rapid.SampledFrom([]Category{"", "", CategoryUtility, CategoryMarketing}).Draw(t, "category before")},
		}
	})
}

// factsOf are the facts a store would hand out about a send that names the first
// identities of a contact.
func factsOf(c *Contact, s *Send, t TemplateFacts) Facts {
	f := Facts{Template: t}
	for i := range s.Identities() {
		p := c.Person(someNames[i], ours("1"))
		p.Known = c.Has(someNames[i])
		f.Persons = append(f.Persons, p)
	}
	if last := len(f.Persons) - 1; s.TwoNames {
		for i := range last {
			f.OnePerson = f.OnePerson || c.SamePerson(someNames[i], someNames[last])
		}
	}
	return f
}

func genSent() *rapid.Generator[Sent] {
	return rapid.Custom(func(t *rapid.T) Sent {
		return Sent{rapid.SampledFrom(AllScopes).Draw(t, "scope"), genMoment().Draw(t, "at"), rapid.SampledFrom([]SentKind{SentMessage, SentRequest, SentFollowup, SentToPair}).Draw(t, "kind")}
	})
}

func genFacts(s *Send) *rapid.Generator[Facts] {
	return rapid.Custom(func(t *rapid.T) Facts {
		f := factsOf(genContact().Draw(t, "contact"), s, genTemplateFacts().Draw(t, "template"))
		for i := range f.Persons {
			for range rapid.IntRange(0, 4).Draw(t, "sent") {
				f.Persons[i].Sent = withSent(f.Persons[i].Sent, genSent().Draw(t, "one"))
			}
		}
		for i := range f.Persons {
			f.Persons[i].Country = rapid.SampledFrom([]string{"", "", "DE", "US", "CU"}).Draw(t, "country")
			for range rapid.IntRange(0, 2).Draw(t, "clocks") {
				f.Persons[i].Clocks = append(f.Persons[i].Clocks, Clock{East: 60 * rapid.IntRange(-12, 14).Draw(t, "east")})
			}
		}
		if rapid.Bool().Draw(t, "portfolio") {
			f.Portfolio = PortfolioFacts{ID: "waba/1", Used: rapid.IntRange(0, 2).Draw(t, "used"), Told: ToldLimit{Number: rapid.IntRange(-1, 2).Draw(t, "told")}}
		}
		for range rapid.IntRange(0, 1).Draw(t, "limits") {
			f.Limits = WithLimited(f.Limits, Limited{Code: rapid.SampledFrom(numberCodes).Draw(t, "code"), At: genMoment().Draw(t, "said")})
		}
		if rapid.IntRange(0, 4).Draw(t, "campaign") == 0 {
			f.Campaign.Turn(CampaignSwitched{Off: true, Cause: rapid.SampledFrom([]CampaignCause{CauseOperator, CauseError}).Draw(t, "cause"), Switch: Switch{At: genMoment().Draw(t, "off")}})
		}
		f.Shown = Shown(rapid.SampledFrom([]int{0, 0, 0, 1, 2, -1}).Draw(t, "shown"))
		return f
	})
}

func genPolicy() *rapid.Generator[Policy] {
	return rapid.Custom(func(t *rapid.T) Policy {
		return Policy{
			WindowMargin:           rapid.SampledFrom([]time.Duration{0, 0, time.Minute, 3 * hour}).Draw(t, "margin"),
			RequireInWindowConsent: rapid.Bool().Draw(t, "require in-window consent"),
			RefuseOptedOutReplies:  rapid.Bool().Draw(t, "refuse opted-out replies"),
			AllowGroups:            rapid.Bool().Draw(t, "allow groups"),
			DirectSend:             rapid.Bool().Draw(t, "direct send"),
			BareNumbers:            rapid.SampledFrom([]BareNumbers{BareFirst, BareFirst, BareBoth, BareRefuse}).Draw(t, "bare numbers"),
			EssentialTemplates:     rapid.SampledFrom([][]string{nil, {"order_update"}}).Draw(t, "essential"),
			ConsentRequests:        rapid.SampledFrom([][]ConsentRequest{nil, nil, {{Template: "offer"}}, {{Template: "offer", Scopes: ScopesOf(Marketing)}, {Template: "order_update", Scopes: ScopesOf(Transactional)}}}).Draw(t, "consent requests"),
			RequestLimit:           rapid.IntRange(1, 2).Draw(t, "request limit"),
			RequestPeriod:          24 * hour,
			QuietHours:             rapid.SampledFrom([][]Quiet{nil, nil, nil, {{Scopes: ScopesOf(Marketing), From: 20 * 60, To: 8 * 60}}}).Draw(t, "quiet hours"),
			Countries:              rapid.SampledFrom([][]CountryRule{nil, nil, nil, {{Scopes: ScopesOf(AllScopes...), Only: true, Countries: []string{"DE"}}}, {{Scopes: ScopesOf(Transactional), Countries: []string{"DE"}}}}).Draw(t, "countries"),
			Followup:               rapid.Bool().Draw(t, "followup"),
			CodeOnRequest:          rapid.SampledFrom([]time.Duration{0, 6 * hour}).Draw(t, "code on request"),
			NoBackOff:              rapid.Bool().Draw(t, "no back-off"),
			NoSwitchOff:            rapid.Bool().Draw(t, "no switch-off"),
			PairRate:               rapid.Bool().Draw(t, "pair rate"),
			Messaging:              rapid.SampledFrom([]MessagingLimit{{}, {Number: 2}, {Number: 2, Reserve: 1}, {Learn: true}}).Draw(t, "messaging limit"),
			NoCountryPack:          rapid.Bool().Draw(t, "no country pack"),
			ConsentExpires:         rapid.SampledFrom([][]Expiry{nil, nil, {{ScopesOf(AllScopes...), 12 * hour}}, {{ScopesOf(Transactional), 6 * hour}}}).Draw(t, "consent expires"),
			SessionOnly:            rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "session only"),
			Caps:                   rapid.SampledFrom([][]Cap{nil, nil, {{Scopes: ScopesOf(Marketing), Limit: 2, Period: 7 * 24 * hour}, {Scopes: ScopesOf(AllScopes...), Limit: 3, Period: 24 * hour}}}).Draw(t, "caps"),
		}
	})
}
