package policy

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// pseudonym names the identities of the tables: the last digit of a phone number,
// and a user id likewise.
func pseudonym(i Identity) Alias { return Alias{byte(i.Kind), i.Value[len(i.Value)-1]} }

func phoneOf(n byte) Identity { return Identity{Phone, "1202555014" + string('0'+n)} }
func userOf(n byte) Identity  { return Identity{BSUID, "US.4081772635519004" + string('0'+n)} }

// What an event changes about a person, and whether it does at all.
func TestChangeOf(t *testing.T) {
	both := []Identity{userOf(1), phoneOf(1), userOf(1), {}}
	names := SortAliases([]Alias{pseudonym(phoneOf(1)), pseudonym(userOf(1))})
	for name, c := range map[string]struct {
		event Event
		names int
	}{
		"window":                  {ServiceWindowOpened{Who: both, At: 1}, 2},
		"window/nobody":           {ServiceWindowOpened{At: 1}, 0},
		"consent":                 {ConsentChanged{Who: both, At: 1, State: OptedOut, Scopes: AllScopes}, 2},
		"consent/on-nothing":      {ConsentChanged{Who: both, At: 1, State: OptedOut}, 0},
		"consent/of-no-state":     {ConsentChanged{Who: both, At: 1, Scopes: AllScopes}, 0},
		"calls":                   {CallPermission{Who: both, At: 1, Until: Forever}, 2},
		"linked":                  {IdentityLinked{Who: both, At: 1}, 2},
		"changed":                 {IdentityChanged{Old: both[:1], New: both[1:2], At: 1}, 2},
		"new-person":              {NewPerson{Who: phoneOf(1), At: 1}, 1},
		"new-person/nobody":       {NewPerson{At: 1}, 0},
		"status/two-names":        {StatusChanged{Who: both, At: 1}, 2},
		"status/one-name":         {StatusChanged{Who: both[:1], At: 1}, 0},
		"status/free":             {StatusChanged{PhoneNumberID: "1", Who: both[:1], At: 1, FreeUntil: 2}, 1},
		"template":                {TemplateChanged{At: 1}, 0},
		"number":                  {NumberSeen{At: 1}, 0},
		"list":                    {TemplatesListed{At: 1}, 0},
		"page":                    {TemplatesPaged{At: 1}, 0},
		"account":                 {AccountEvent{At: 1}, 0},
		"templates-may-have-come": {TemplatesUnsure{At: 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ch, ok := ChangeOf(c.event, pseudonym)
			if ok != (c.names > 0) {
				t.Fatalf("changes something: %v", ok)
			}
			if len(ch.Names) != c.names || c.names == 2 && !reflect.DeepEqual(ch.Names, names) {
				t.Errorf("names %v", ch.Names)
			}
		})
	}
}

// What is applied shows in what is known of the person, under every name.
func TestApply(t *testing.T) {
	phone, user := phoneOf(1), userOf(1)
	who := []Identity{phone, user}
	at := ago(hour)
	for name, c := range map[string]struct {
		events []Event
		want   func(p *PersonFacts) bool
	}{
		"window":         {[]Event{ServiceWindowOpened{PhoneNumberID: "1", Who: who, At: at}}, func(p *PersonFacts) bool { return p.Opened == at && p.Spoke == at }},
		"window/opt-out": {[]Event{ServiceWindowOpened{PhoneNumberID: "1", Who: who, At: at, OptOut: true}}, func(p *PersonFacts) bool { return p.Opened == at && p.Spoke == 1 }},
		"calls":          {[]Event{CallPermission{PhoneNumberID: "1", Who: who, At: at, Until: Forever}}, func(p *PersonFacts) bool { return p.CallUntil == Forever }},
		"opt-out":        {[]Event{ConsentChanged{PhoneNumberID: "1", Who: who, At: at, State: OptedOut, Scopes: AllScopes, Source: SourceKeyword}}, func(p *PersonFacts) bool { return p.Consent[Marketing].State == OptedOut }},
		"linked-later": {
			[]Event{ServiceWindowOpened{PhoneNumberID: "1", Who: who[:1], At: at}, IdentityLinked{Who: who, At: at}},
			func(p *PersonFacts) bool { return p.Opened == at },
		},
		"linked-by-a-status": {
			[]Event{ServiceWindowOpened{PhoneNumberID: "1", Who: who[:1], At: at}, StatusChanged{Who: who, At: at}},
			func(p *PersonFacts) bool { return p.Opened == at },
		},
		"changed-number": {
			[]Event{
				ConsentChanged{PhoneNumberID: "1", Who: []Identity{phoneOf(2)}, At: at, State: OptedOut, Scopes: AllScopes, Source: SourceKeyword},
				ServiceWindowOpened{PhoneNumberID: "1", Who: []Identity{phoneOf(2)}, At: at},
				IdentityChanged{Old: []Identity{phoneOf(2)}, New: who, At: at},
			},
			func(p *PersonFacts) bool { return p.Opened == 0 && p.Consent[Marketing].State == OptedOut },
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := new(Contact)
			for _, e := range c.events {
				ch, ok := ChangeOf(e, pseudonym)
				if !ok {
					t.Fatalf("%+v changes nothing", e)
				}
				k.Date(&ch, nil, noon)
				k.Apply(&ch)
			}
			for _, i := range who {
				if p := k.Person(pseudonym(i), ours("1")); !c.want(&p) {
					t.Errorf("by %s: %+v", i, p)
				}
			}
		})
	}
}

// When the gateway heard of something is noted once, and never goes backwards.
func TestDate(t *testing.T) {
	keyword := ConsentChanged{PhoneNumberID: "1", Who: []Identity{phoneOf(1)}, At: ago(hour), State: OptedOut, Scopes: AllScopes, Source: SourceKeyword}
	operator := keyword
	operator.At, operator.Source = 0, SourceOperator
	recorded := keyword
	recorded.Recorded = ago(2 * hour)
	before, future := ago(day), noon.Add(hour)
	given := NewPerson{Who: phoneOf(1), At: ago(3 * hour), Recorded: ago(2 * hour)}
	again := given
	again.Recorded = 0
	undated := NewPerson{Who: phoneOf(1)}

	for name, c := range map[string]struct {
		known    []Event
		event    Event
		told     *Moment
		at       Moment
		recorded Moment
	}{
		"new":                            {nil, keyword, nil, ago(hour), noon},
		"told-before":                    {nil, keyword, &before, ago(hour), before},
		"told-before-arrivals-were-kept": {nil, keyword, new(Moment), ago(hour), 0},
		"says-itself":                    {nil, recorded, nil, ago(hour), ago(2 * hour)},
		"of-now":                         {nil, operator, nil, noon, noon},
		"of-now/clock-put-back":          {[]Event{heard(recorded, future)}, operator, nil, future + 1, future + 1},
		"of-now/not-before-what-was":     {[]Event{ServiceWindowOpened{PhoneNumberID: "1", Who: keyword.Who, At: noon.Add(hour)}}, operator, nil, noon.Add(hour), noon},
		"new-person":                     {nil, again, nil, ago(3 * hour), noon},
		"new-person/told-again":          {[]Event{given}, again, nil, ago(3 * hour), ago(2 * hour)},
		"new-person/of-now":              {nil, undated, nil, noon, noon},
	} {
		t.Run(name, func(t *testing.T) {
			k := new(Contact)
			for _, e := range c.known {
				ch, _ := ChangeOf(e, pseudonym)
				k.Apply(&ch)
			}
			ch, ok := ChangeOf(c.event, pseudonym)
			if !ok {
				t.Fatal("changes nothing")
			}
			k.Date(&ch, c.told, noon)
			var at, recorded Moment
			switch e := ch.Event.(type) {
			case ConsentChanged:
				at, recorded = e.At, e.Recorded
			case NewPerson:
				at, recorded = e.At, e.Recorded
			}
			if at != c.at || recorded != c.recorded {
				t.Errorf("at %s, recorded %s, want %s and %s", at, recorded, c.at, c.recorded)
			}
		})
	}
}

func heard(e ConsentChanged, recorded Moment) ConsentChanged {
	e.Recorded = recorded
	return e
}

// An ordinary word is taken for an answer to what was asked, and for nothing else.
func TestAnswer(t *testing.T) {
	who := []Identity{phoneOf(1)}
	k := new(Contact)
	asked := ConsentChanged{PhoneNumberID: "1", Who: who, At: ago(hour), State: ConsentPending, Scopes: []Scope{Marketing}, Source: SourceQuestion, Recorded: ago(hour)}
	ch, _ := ChangeOf(asked, pseudonym)
	k.Apply(&ch)
	yes := ConsentChanged{PhoneNumberID: "1", Who: who, At: noon, State: OptedIn, Scopes: AllScopes, Source: SourceKeyword, Answer: true}
	elsewhere := yes
	elsewhere.PhoneNumberID = "2"
	start := yes
	start.Answer = false
	for name, c := range map[string]struct {
		event ConsentChanged
		want  []Scope
	}{
		"asked":            {yes, []Scope{Marketing}},
		"asked-by-another": {elsewhere, nil},
		"no-answer":        {start, AllScopes},
	} {
		t.Run(name, func(t *testing.T) {
			ch, _ := ChangeOf(c.event, pseudonym)
			ok := k.Answer(&ch)
			if got := ch.Event.(ConsentChanged).Scopes; ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v on %v, want %v", ok, got, c.want)
			}
		})
	}
}

func genEvent() *rapid.Generator[Event] {
	return rapid.Custom(func(t *rapid.T) Event {
		people := []Identity{phoneOf(1), phoneOf(2), userOf(1), userOf(2)}
		draw := func(what string) []Identity {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(people), 1, 3, rapid.ID[Identity]).Draw(t, what)
		}
		number, at := rapid.SampledFrom(someNumbers).Draw(t, "number"), genMoment().Draw(t, "at")
		who := draw("who")
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return ServiceWindowOpened{PhoneNumberID: number, Who: who, At: at, OptOut: rapid.Bool().Draw(t, "an opt-out"), Ad: rapid.Bool().Draw(t, "through an ad")}
		case 1:
			return CallPermission{PhoneNumberID: number, Who: who, At: at, Until: genMoment().Draw(t, "until")}
		case 2:
			return IdentityLinked{Who: who, At: at}
		case 3:
			return IdentityChanged{Old: who, New: draw("new"), At: at}
		case 4:
			if rapid.Bool().Draw(t, "taken back") {
				return NewPersonUndone{Who: who[0], Since: at, At: genMoment().Draw(t, "undone"), Recorded: genMoment().Draw(t, "recorded")}
			}
			return NewPerson{Who: who[0], At: at, Recorded: genMoment().Draw(t, "recorded")}
		case 5:
			return StatusChanged{PhoneNumberID: number, Who: draw("and"), At: at, FreeUntil: rapid.OneOf(rapid.Just(Moment(0)), genMoment()).Draw(t, "free until")}
		}
		return ConsentChanged{
			PhoneNumberID: number, Who: who, At: at, State: rapid.SampledFrom([]ConsentState{ConsentPending, OptedIn, OptedOut}).Draw(t, "state"),
			Scopes: genScopes().Draw(t, "scopes"), Source: genSource().Draw(t, "source"), General: rapid.Bool().Draw(t, "general"),
			Recorded: genMoment().Draw(t, "recorded"),
		}
	})
}

// Events give the same contact in any order, and however often they come (A4).
func TestApplyCommutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(genEvent(), 1, 12).Draw(t, "events")
		apply := func(k *Contact, events []Event) {
			for _, e := range events {
				if ch, ok := ChangeOf(e, pseudonym); ok {
					k.Apply(&ch)
				}
			}
		}
		plain, shuffled := new(Contact), new(Contact)
		apply(plain, events)
		apply(shuffled, rapid.Permutation(events).Draw(t, "order"))
		apply(shuffled, rapid.SliceOfN(rapid.SampledFrom(events), 0, 4).Draw(t, "again"))
		if !reflect.DeepEqual(plain, shuffled) {
			t.Fatalf("%+v in order,\n%+v otherwise", plain, shuffled)
		}
	})
}
