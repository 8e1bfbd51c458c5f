package gateway

import (
	"cmp"
	"context"
	"slices"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// numberQuality is the kind of account event that tells a number's quality and its
// limit.
const numberQuality policy.AccountEventKind = "phone_number_quality_update"

// Modes of business phone numbers.
const (
	ModeEnforce   = "enforce"
	ModeMonitor   = "monitor"
	ModeNotServed = "not_served"
)

// Numbers is what is known about the business phone numbers.
type Numbers struct {
	// Numbers are those listed in the configuration, those that webhooks told of
	// and those that sent lately, by name, then id.
	Numbers []BusinessNumber
	// SendsSince is from when on sends were counted.
	SendsSince policy.Moment
	// Estimated: the counts of open windows are estimates.
	Estimated bool
}

// BusinessNumber is one of them.
type BusinessNumber struct {
	PhoneNumberID string
	// Name is the configured one. Display are the digits people see.
	Name, Display, WABA string
	Mode                string
	// Listed: it has settings of its own.
	Listed bool
	// OpenWindows is with how many people the customer service window is open.
	OpenWindows int
	// LastWebhook is when the newest webhook came; zero where none did.
	LastWebhook policy.Moment
	Sends       Uses
	// Silent: it sends for a day or longer and gets no webhooks.
	Silent bool
	// Quality is the newest word on its quality or limit; nil for none.
	Quality *store.AccountEvent
}

// Numbers is what is known about the business phone numbers.
func (g *Gateway) Numbers(ctx context.Context) (*Numbers, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	lately, err := g.activity(ctx, st, mostActivity)
	if err != nil {
		return nil, err
	}
	return g.numbers(ctx, st, lately)
}

// Survey is what is known about the business phone numbers and about all templates.
// It reads what was sent lately once for both.
func (g *Gateway) Survey(ctx context.Context) (*Numbers, *Catalogue, error) {
	st, err := g.Open()
	if err != nil {
		return nil, nil, err
	}
	lately, err := g.activity(ctx, st, mostActivity)
	if err != nil {
		return nil, nil, err
	}
	numbers, err := g.numbers(ctx, st, lately)
	if err != nil {
		return nil, nil, err
	}
	templates, err := g.catalogue(ctx, st, TemplateSelection{}, lately)
	return numbers, templates, err
}

func (g *Gateway) numbers(ctx context.Context, st store.Store, lately *activity) (*Numbers, error) {
	told, err := st.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	windows, err := st.InTouch(ctx, g.windowsSince)
	if err != nil {
		return nil, err
	}
	qualities, err := newestEvents(ctx, st, numberQuality, func(e *store.AccountEvent) string { return e.PhoneNumberID })
	if err != nil {
		return nil, err
	}
	silent := g.SilentNumbers()
	answer := &Numbers{SendsSince: lately.since, Estimated: windows.Estimated}
	for id := range g.numberIDs(told, lately) {
		n := BusinessNumber{PhoneNumberID: id, WABA: told[id].WABA, Display: told[id].Display, LastWebhook: g.lastWebhook(id, told[id].At), Mode: ModeNotServed}
		if b, ok := g.Businesses.Of(id); ok {
			_, n.Listed = g.Businesses.Listed[id]
			n.Name, n.WABA, n.Mode = b.Name, cmp.Or(b.WABA, n.WABA), ModeEnforce
			if b.Monitor {
				n.Mode = ModeMonitor
			}
		}
		if u := lately.numbers[id]; u != nil {
			n.Sends = *u
		}
		n.OpenWindows, n.Quality = windows.People[id], qualities[id]
		n.Silent = slices.ContainsFunc(silent, func(s SilentNumber) bool { return s.PhoneNumberID == id })
		answer.Numbers = append(answer.Numbers, n)
	}
	slices.SortFunc(answer.Numbers, func(a, b BusinessNumber) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Name, b.Name), cmp.Compare(a.PhoneNumberID, b.PhoneNumberID))
	})
	return answer, nil
}

// rank puts the numbers with settings of their own first.
func (n *BusinessNumber) rank() int {
	if n.Listed {
		return 0
	}
	return 1
}

// numberIDs are the numbers that are listed, told of, or were seen to send. Whoever
// sends may name any: of those that aren't served there are only those told of.
func (g *Gateway) numberIDs(told map[string]store.Number, lately *activity) map[string]struct{} {
	ids := make(map[string]struct{})
	for id := range g.Businesses.Listed {
		ids[id] = struct{}{}
	}
	for id := range told {
		ids[id] = struct{}{}
	}
	for id := range lately.numbers {
		if _, served := g.Businesses.Of(id); served && id != "" {
			ids[id] = struct{}{}
		}
	}
	return ids
}

// windowsSince is when the oldest open window of a number was opened.
func (g *Gateway) windowsSince(phoneNumberID string) policy.Moment {
	margin := policy.Policy{}.WindowMargin
	if b, ok := g.Businesses.Of(phoneNumberID); ok {
		margin = b.Policy.WindowMargin
	}
	// A window that was opened then is closed now.
	return g.now().Add(-policy.WindowLength + max(margin, 0))
}

// lastWebhook is when the newest webhook of a number came, as far as the store
// knows, or it was heard since.
func (g *Gateway) lastWebhook(phoneNumberID string, told policy.Moment) policy.Moment {
	s := g.Silence.Load()
	if s == nil {
		return told
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.numbers[phoneNumberID]; q != nil {
		return max(told, q.heard)
	}
	return told
}
