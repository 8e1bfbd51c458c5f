package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// mostCounted is how many sends of a period are counted at most, the newest: some
// seconds' work.
const mostCounted = 2_000_000

// Summary counts the violations of a period among its sends. It is what an operator
// decides by whether to enforce.
type Summary struct {
	From, To policy.Moment
	// Oldest is when the oldest send counted was decided; zero where there is none.
	Oldest policy.Moment
	// Cut: there were more sends, and those before Oldest are not counted.
	Cut bool
	// Sends are all that were seen; Refused those that were refused; Passed those
	// that would have been, had they not been monitored; SentToAnother those that
	// Meta sent to somebody else than they were judged by.
	Sends, Refused, Passed, SentToAnother int
	// People is how many different people the violations were for.
	People int
	// PeopleAtLeast: some people were not told apart.
	PeopleAtLeast bool
	// Monitored is what enforcing now would change.
	Monitored Monitored
	// Finding says it in a sentence or two.
	Finding string
	// Rules, Templates, Senders and Numbers are the violations in groups, the
	// largest first.
	Rules                       []RuleTally
	Templates, Senders, Numbers []Tally
	// Causes are the largest groups that have all in common.
	Causes []CauseTally
}

// Monitored counts the sends of the numbers that are in monitor mode now, and how
// many of them enforcing would refuse.
type Monitored struct {
	Numbers            int
	Sends, WouldRefuse int
	// DaySends and DayWouldRefuse are those of the last 24 hours.
	DaySends, DayWouldRefuse int
}

// RuleTally is what violates a rule.
type RuleTally struct {
	Tally
	// Newest is the newest of them, with the reason and the remedy.
	Newest *store.Entry
}

// CauseTally is what violates a rule, in the same way, from the same number and sender.
type CauseTally struct {
	Tally
	Rule policy.Rule
	// Message is the template by its name, or the type. Number is the name of the
	// business phone number, or its id.
	Message, Sender, Number string
}

// Summary summarises the violations of a period, the last seven days where nothing
// says so.
func (g *Gateway) Summary(ctx context.Context, s Selection) (*Summary, error) {
	if s.Limit != 0 || s.Before != "" || s.After != "" || s.ID != "" || s.Wamid != "" {
		return nil, misasked(errors.New("a summary counts a period: it goes with neither limit, before, after, id nor wamid"))
	}
	if s.Rule != "" || s.Category != "" || s.Outcome != "" {
		return nil, misasked(errors.New("a summary compares violations with all sends: it goes with neither rule, category nor outcome"))
	}
	f, st, err := g.counted(ctx, s, defaultGroupPeriod)
	if err != nil {
		return nil, err
	}
	g.counting.Lock()
	defer g.counting.Unlock()
	return g.summarise(ctx, st, f, mostCounted)
}

func (g *Gateway) summarise(ctx context.Context, st store.Store, f store.Filter, most int) (*Summary, error) {
	sum := &summing{g: g, Summary: Summary{From: f.From, To: f.To}, rules: make(tallies), newest: make(map[*Tally]store.ID)}
	sum.templates, sum.senders, sum.numbers, sum.causes = make(tallies), make(tallies), make(tallies), make(map[CauseTally]*CauseTally)
	for h, err := range st.Heads(ctx, store.Ledger, f) {
		if err != nil {
			return nil, lookup(err)
		}
		if sum.Sends == most {
			sum.Cut = true
			break
		}
		sum.add(h)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return sum.close(ctx, st)
}

// summing is a summary that is being made.
type summing struct {
	Summary
	g                                  *Gateway
	all                                Tally
	rules, templates, senders, numbers tallies
	newest                             map[*Tally]store.ID // by the tally of a rule
	causes                             map[CauseTally]*CauseTally
	people                             people
}

// add counts a send. The newest comes first.
func (s *summing) add(h *store.Head) {
	at := h.ID.Moment()
	s.Sends++
	s.Oldest = at
	refused := h.Verdict == policy.Refuse
	if s.g.Businesses.Monitors(h.PhoneNumberID) {
		s.Monitored.count(refused, at >= s.To.Add(-24*time.Hour))
	}
	switch {
	case refused && h.Monitored:
		s.Passed++
	case refused:
		s.Refused++
	case h.SentToAnother:
		s.SentToAnother++
	default:
		return
	}
	s.all.add(at)
	s.people.add(&s.all, h.Contact)
	rule := s.rules.add(string(h.Rule), h.Contact, at, &s.people)
	if _, ok := s.newest[rule]; !ok {
		s.newest[rule] = h.ID
	}
	c := CauseTally{
		Rule: h.Rule, Message: store.TypeOrTemplate(h.Type, h.Template.Name), Sender: store.SenderAndToken(h.Sender, h.Token),
		Number: s.g.numberName(h.PhoneNumberID),
	}
	s.templates.add(c.Message, h.Contact, at, &s.people)
	s.senders.add(c.Sender, h.Contact, at, &s.people)
	s.numbers.add(c.Number, h.Contact, at, &s.people)
	cause := s.causes[c]
	if cause == nil {
		if len(s.causes) >= mostGroups {
			return
		}
		cause = new(CauseTally)
		*cause = c
		s.causes[c] = cause
	}
	cause.add(at)
	s.people.add(&cause.Tally, h.Contact)
}

func (m *Monitored) count(refused, lately bool) {
	m.Sends++
	if lately {
		m.DaySends++
	}
	if refused {
		m.WouldRefuse++
		if lately {
			m.DayWouldRefuse++
		}
	}
}

// numberName is the configured name of a business phone number, or its id.
func (g *Gateway) numberName(phoneNumberID string) string {
	if b, ok := g.Businesses.Of(phoneNumberID); ok && b.Name != "" && phoneNumberID != "" {
		return b.Name
	}
	return phoneNumberID
}

// close is the summary, when all is counted.
func (s *summing) close(ctx context.Context, st store.Store) (*Summary, error) {
	s.People, s.PeopleAtLeast = s.all.People, s.people.full
	s.Templates, s.Senders, s.Numbers = s.templates.sorted(), s.senders.sorted(), s.numbers.sorted()
	for _, t := range s.rules.sorted() {
		e, err := st.Entry(ctx, s.newest[s.rules[t.Key]])
		if err != nil && !errors.Is(err, store.ErrNotFound) { // it may have just grown too old
			return nil, err
		}
		s.Rules = append(s.Rules, RuleTally{t, e})
	}
	for _, c := range s.causes {
		s.Causes = append(s.Causes, *c)
	}
	slices.SortFunc(s.Causes, func(a, b CauseTally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Sender, b.Sender), cmp.Compare(a.Number, b.Number))
	})
	for id, b := range s.g.Businesses.Listed {
		if id != "" && b.Monitor {
			s.Monitored.Numbers++
		}
	}
	s.Finding = s.finding()
	return &s.Summary, nil
}

// finding says what enforcing would change, or what it does.
func (s *Summary) finding() string {
	m := &s.Monitored
	switch {
	case s.Sends == 0:
		return "No sends in this time: nothing can be said about enforcing."
	case m.Sends == 0 && s.Refused == 0:
		return "None of " + howMany(s.Sends, "send") + " was refused."
	case m.Sends == 0:
		return fmt.Sprintf("%s of sends were refused: %s of %s.", share(s.Refused, s.Sends), grouped(s.Refused), grouped(s.Sends))
	}
	of := ""
	if m.Sends < s.Sends {
		of = " of the numbers in monitor mode"
	}
	if m.WouldRefuse == 0 {
		return "Enforcing now would refuse none of " + howMany(m.Sends, "send") + of + "."
	}
	said := fmt.Sprintf("Enforcing now would refuse %s of sends%s: %s of %s.", share(m.WouldRefuse, m.Sends), of, grouped(m.WouldRefuse), grouped(m.Sends))
	if day := policy.Moment(24 * time.Hour / time.Millisecond); m.DaySends > 0 && s.To-max(s.From, s.Oldest) > day+day/24 {
		said += fmt.Sprintf(" In the last 24 hours of it: %s, %s of %s.", share(m.DayWouldRefuse, m.DaySends), grouped(m.DayWouldRefuse), grouped(m.DaySends))
	}
	return said
}

// share is a part of a whole in percent.
func share(part, whole int) string {
	switch p := 100 * float64(part) / float64(whole); {
	case part == 0:
		return "0 %"
	case p < 0.1:
		return "less than 0.1 %"
	case part < whole && p > 99.9:
		return "more than 99.9 %"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
}

// howMany is a number of things.
func howMany(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(n) + " " + what + "s"
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
