package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testOrder checks that events commute and repeat harmlessly, among themselves
// and with the outcomes of sends: the same history, in any order, with any
// repetitions, in any portions, leaves the same state.
func testOrder(t *testing.T, open Open) {
	rapid.Check(t, func(r *rapid.T) {
		h := drawHistory(r)
		plain, shuffled := newFixture(t, open), newFixture(t, open)
		defer plain.close()
		defer shuffled.close()
		for _, f := range []*fixture{plain, shuffled} {
			f.clock.set(start + 20*day)
			h.reserve(f)
		}
		for i := range h.steps {
			h.play(plain, []int{i})
		}
		order := rapid.Permutation(sequence(len(h.steps))).Draw(r, "order")
		again := rapid.SliceOfN(rapid.IntRange(0, len(h.steps)-1), 0, 10).Draw(r, "again")
		order = append(order, again...)
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(r, "portion")
			h.play(shuffled, order[:n])
			order = order[n:]
		}
		if a, b := h.state(plain), h.state(shuffled); a != b {
			r.Fatalf("the order made a difference:\n%s", difference(a, b))
		}
	})
}

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// difference is the lines that differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out strings.Builder
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			fmt.Fprintf(&out, "in order: %s\nshuffled: %s\n", x[i], y[i])
		}
	}
	return out.String()
}

// history is a random past: sends, and steps that are events or the outcome of
// one of the sends.
type history struct {
	people []policy.Identity
	sends  []send
	steps  []any // policy.Event or outcome
}

type send struct {
	id     store.ID
	to     policy.Identity
	wamid  string
	opaque string
	// template is zero for a text.
	template policy.TemplateRef
	// group: it is a message to a group.
	group bool
}

type outcome struct {
	send int
	store.Outcome
}

var (
	historyNumbers   = []string{number1, number2, number3}
	historyTemplates = []policy.TemplateRef{{Name: "a", Language: "en"}, {Name: "a", Language: "de"}}
)

func drawHistory(r *rapid.T) *history {
	h := &history{}
	for i := range 4 {
		h.people = append(h.people, phone(fmt.Sprint(15550400000+i)), bsuid(fmt.Sprint("US.40", i)))
	}
	for i := range rapid.IntRange(0, 3).Draw(r, "sends") {
		s := send{id: store.NewID(start + policy.Moment(i)), to: rapid.SampledFrom(h.people).Draw(r, "to"), wamid: fmt.Sprint("wamid.", i)}
		if rapid.Bool().Draw(r, "opaque") {
			s.opaque = fmt.Sprint("order ", i)
		}
		if rapid.Bool().Draw(r, "template") {
			s.template = rapid.SampledFrom(historyTemplates).Draw(r, "of")
		}
		h.sends = append(h.sends, s)
		o := store.Outcome{State: store.Unknown, At: start + 10*day, HTTPStatus: 502}
		switch rapid.IntRange(0, 3).Draw(r, "outcome") {
		case 0: // never settled
			continue
		case 1:
			o = store.Outcome{State: store.Accepted, At: start + 10*day, HTTPStatus: 200, Wamid: s.wamid}
			o.Learned = append(h.drawWho(r, 2), s.to)
		case 2:
			o = store.Outcome{State: store.Accepted, At: start + 10*day, HTTPStatus: 200}
		}
		h.steps = append(h.steps, outcome{i, o})
	}
	for range rapid.IntRange(1, 25).Draw(r, "events") {
		h.steps = append(h.steps, h.drawEvent(r))
	}
	return h
}

func (h *history) drawWho(r *rapid.T, most int) []policy.Identity {
	return rapid.SliceOfN(rapid.SampledFrom(h.people), 1, most).Draw(r, "who")
}

// drawEvent draws from few people and few times, so that everything meets.
func (h *history) drawEvent(r *rapid.T) policy.Event {
	at := start + policy.Moment(rapid.IntRange(1, 12).Draw(r, "at"))
	number := rapid.SampledFrom(historyNumbers).Draw(r, "number")
	switch rapid.IntRange(0, 11).Draw(r, "kind") {
	case 0:
		return policy.ServiceWindowOpened{PhoneNumberID: number, Who: h.drawWho(r, 3), At: at, OptOut: rapid.Bool().Draw(r, "an opt-out"), Entry: rapid.SampledFrom([]string{"", "qr:window", "ad"}).Draw(r, "entry")}
	case 1:
		return policy.IdentityLinked{Who: h.drawWho(r, 3), At: at}
	case 2:
		return policy.IdentityChanged{Old: h.drawWho(r, 2), New: h.drawWho(r, 2), At: at}
	case 3:
		if rapid.IntRange(0, 3).Draw(r, "taken back") == 0 {
			return policy.NewPersonUndone{Who: rapid.SampledFrom(h.people).Draw(r, "new"), Since: at, At: at + 1, Recorded: h.arrives()}
		}
		return policy.NewPerson{Who: rapid.SampledFrom(h.people).Draw(r, "new"), At: at, Recorded: h.arrives()}
	case 4:
		return policy.CallPermission{
			PhoneNumberID: number, Who: h.drawWho(r, 2), At: at,
			Until: rapid.SampledFrom([]policy.Moment{0, start + day, policy.Forever}).Draw(r, "until"),
		}
	case 5:
		return policy.TemplateChanged{
			WABA: waba, Template: rapid.SampledFrom(historyTemplates).Draw(r, "template"), At: at,
			Status:   rapid.SampledFrom([]policy.TemplateStatus{"", policy.TemplateApproved, policy.TemplatePaused}).Draw(r, "status"),
			Category: rapid.SampledFrom([]policy.Category{"", policy.CategoryUtility, policy.CategoryMarketing}).Draw(r, "category"),
			Next:     rapid.SampledFrom([]policy.Category{"", policy.CategoryUtility, policy.CategoryMarketing}).Draw(r, "next"),
			NextFrom: start + policy.Moment(rapid.IntRange(1, 12).Draw(r, "from")),
			Read:     rapid.Bool().Draw(r, "read"), ID: rapid.SampledFrom([]string{"", "1", "2"}).Draw(r, "id"),
		}
	case 6:
		switch rapid.IntRange(0, 3).Draw(r, "listed") {
		case 0:
			return policy.TemplatesListed{WABA: waba, At: at}
		case 1:
			return policy.TemplatesUnsure{WABA: waba, At: at}
		}
		return policy.NumberSeen{
			PhoneNumberID: number, WABA: rapid.SampledFrom([]string{"", waba, "other"}).Draw(r, "waba"),
			Display: rapid.SampledFrom([]string{"", "1", "2"}).Draw(r, "display"), At: at,
		}
	case 7, 8:
		return h.drawStatus(r, at)
	}
	return policy.ConsentChanged{
		PhoneNumberID: number, Who: h.drawWho(r, 3), At: at, Recorded: h.arrives(),
		State: rapid.SampledFrom([]policy.ConsentState{
			policy.ConsentPending, policy.OptedIn, policy.OptedOut, policy.OptOutSuspected, policy.OptOutDismissed,
		}).Draw(r, "state"),
		Reviewed: start + day + policy.Moment(rapid.IntRange(0, len(h.steps)).Draw(r, "reviewed")),
		Scopes:   rapid.SliceOfN(rapid.SampledFrom(policy.AllScopes), 1, 3).Draw(r, "scopes"),
		Source:   rapid.SampledFrom([]policy.Source{policy.SourceKeyword, policy.SourceButton, policy.SourceOperator}).Draw(r, "source"),
		General:  rapid.Bool().Draw(r, "general"),
		Ref:      fmt.Sprint(len(h.steps)), // no two words are the same one
	}
}

// arrives is when the next step came in first. That is part of the event: it
// stays so in whatever order they come in afterwards.
func (h *history) arrives() policy.Moment { return start + day + policy.Moment(len(h.steps)) }

func (h *history) drawStatus(r *rapid.T, at policy.Moment) policy.Event {
	e := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.elsewhere", At: at}
	if len(h.sends) > 0 && rapid.Bool().Draw(r, "ours") {
		s := rapid.SampledFrom(h.sends).Draw(r, "send")
		e.Wamid, e.Opaque = s.wamid, s.opaque
		if rapid.Bool().Draw(r, "named") {
			e.Who = append(h.drawWho(r, 2), s.to)
		}
	}
	e.Status = rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead, policy.StatusFailed, policy.StatusFailed, "warning"}).Draw(r, "status")
	if e.Status == policy.StatusFailed {
		e.ErrorCode = rapid.SampledFrom([]int{131026, 131050}).Draw(r, "code")
	} else if rapid.Bool().Draw(r, "priced") {
		e.Pricing = &policy.Pricing{Category: rapid.SampledFrom([]string{"utility", "marketing"}).Draw(r, "priced as"), Billable: rapid.Bool().Draw(r, "billable")}
	}
	return e
}

func (h *history) reserve(f *fixture) {
	f.t.Helper()
	for _, s := range h.sends {
		e := f.newEntry(s.id.Moment(), s.to)
		e.ID = s.id
		if s.template != (policy.TemplateRef{}) {
			e.WABA, e.Send.Kind, e.Send.Template = waba, policy.TemplateMessage, s.template
		}
		if s.opaque != "" {
			e.Opaque = f.OpaquePseudonym(number1, s.opaque)
		}
		f.reserve(e)
	}
}

// play takes steps, events next to each other in one call.
func (h *history) play(f *fixture, steps []int) {
	f.t.Helper()
	var events []policy.Event
	for _, i := range steps {
		switch s := h.steps[i].(type) {
		case policy.Event:
			events = append(events, s)
		case outcome:
			f.apply(events...)
			events = nil
			f.settle(h.sends[s.send].id, s.Outcome)
		}
	}
	f.apply(events...)
}

// state describes everything the store answers, line by line. Pseudonyms differ
// between stores: a contact is described by who shares it.
func (h *history) state(f *fixture) string {
	f.t.Helper()
	var out strings.Builder
	contacts := make(map[policy.ContactID]string)
	for i, w := range h.people {
		id := f.person(w).Contact
		contacts[id] += fmt.Sprint(" ", i)
	}
	for i, w := range h.people {
		for _, number := range historyNumbers {
			p, err := f.Person(f.t.Context(), w, number, shared)
			if err != nil {
				f.t.Fatal(err)
			}
			facts := f.facts(store.Query{PhoneNumberID: number, Terms: shared, Who: who(w, h.people[(i+1)%len(h.people)]), WABA: waba, Template: historyTemplates[i%2]})
			if !reflect.DeepEqual(facts.Persons[0], p) {
				f.t.Errorf("Facts and Person differ: %+v, %+v", facts.Persons[0], p)
			}
			members := contacts[p.Contact]
			p.Contact = policy.ContactID{}
			fmt.Fprintf(&out, "person %d number %s: %s | %+v | %v %+v\n", i, number, members, p, facts.OnePerson, facts.Template)
		}
		var words []string
		for _, word := range f.history(w) {
			if len(word.Ref) == 32 {
				word.Ref = "wamid"
			}
			alias := slices.IndexFunc(h.people, func(i policy.Identity) bool { return f.Pseudonym(i) == word.Alias })
			if alias < 0 || f.person(h.people[alias]).Contact != f.person(w).Contact {
				f.t.Errorf("a word of person %d is under a name that isn't theirs", i)
			}
			word.Alias, word.ID = policy.Alias{}, store.RecordID{} // which depend on the store's key
			words = append(words, fmt.Sprintf("%+v", word))
		}
		if !slices.IsSortedFunc(f.history(w), func(a, b store.ConsentRecord) int { return int(b.At - a.At) }) {
			f.t.Errorf("the history of person %d is not sorted", i)
		}
		slices.Sort(words) // those of one time come in the order of pseudonyms
		fmt.Fprintf(&out, "history %d: %v\n", i, words)
	}
	for i, s := range h.sends {
		e := f.entry(s.id)
		pricing := "none"
		if e.Delivery.Pricing != nil {
			pricing = fmt.Sprintf("%+v", *e.Delivery.Pricing)
		}
		e.Delivery.Pricing = nil
		fmt.Fprintf(&out, "entry %d: %+v %+v %s\n", i, e.Outcome, e.Delivery, pricing)
	}
	for _, number := range historyNumbers {
		fmt.Fprintf(&out, "number %s: %+v\n", number, f.number(number))
	}
	return out.String()
}
