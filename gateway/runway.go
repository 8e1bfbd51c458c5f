package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// RunwaySelection selects customer service windows that end.
type RunwaySelection struct {
	// PhoneNumberID is the id of a business phone number, or its configured name; "" for all.
	PhoneNumberID string
	// Ending is within which time they end, such as 2h.
	Ending string
	// Unanswered selects those in which the person waits for an answer.
	Unanswered bool
	// Limit is how many are listed.
	Limit int
}

// Runway are customer service windows that end soon, those that end first before the others.
type Runway struct {
	Within  time.Duration
	Windows []EndingWindow
	// More is how many were left out, Waiting in how many of all somebody waits.
	More, Waiting int
}

// EndingWindow is a customer service window that ends soon.
type EndingWindow struct {
	PhoneNumberID, Business string
	Contact                 policy.ContactID
	// Opened is when the person last wrote, and Ends when free-form is refused from.
	Opened, Ends policy.Moment
	// Answered is when the business wrote after that; zero where it didn't.
	Answered policy.Moment
	Answer   AnswerState
	Later    LaterCost
}

// AnswerState says whether a person waits for an answer.
type AnswerState string

// Answer states.
const (
	// Unanswered: the person wrote last.
	Unanswered AnswerState = "unanswered"
	// WasAnswered: the business did.
	WasAnswered AnswerState = "answered"
	// NothingToAnswer: what opened the window asked for nothing, such as an opt-out.
	NothingToAnswer AnswerState = "nothing_to_answer"
	// AnswerNotKnown: more was sent since than is looked at.
	AnswerNotKnown AnswerState = "unknown"
)

// LaterCost is what it costs to write once the window has ended, which takes a template.
type LaterCost struct {
	// Category is the cheapest that the account has a template of which Meta takes; "" where
	// no template is known.
	Category policy.Category
	// Market is the person's. MarketEstimated: nobody knows it, and it is that of the
	// business's own number, or was told by a user id.
	Market          billing.Market
	MarketEstimated bool
	// Price is what one message costs.
	Price billing.Quote
}

const (
	// longestRunway is the length of a window.
	longestRunway  = policy.WindowLength
	defaultRunway  = 2 * time.Hour
	defaultWindows = 100
	mostWindows    = 1000
)

// Runway lists customer service windows that end soon.
func (g *Gateway) Runway(ctx context.Context, s RunwaySelection) (*Runway, error) {
	number, err := g.businessNamed(ctx, s.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	within := defaultRunway
	if s.Ending != "" {
		if within, err = time.ParseDuration(s.Ending); err != nil || within <= 0 || within > longestRunway {
			return nil, misasked(fmt.Errorf("ending is %q; write within which time windows end, such as 2h or 90m, at most %s", s.Ending, longestRunway))
		}
	}
	limit := cmp.Or(s.Limit, defaultWindows)
	if limit < 1 || limit > mostWindows {
		return nil, misasked(fmt.Errorf("limit must be between 1 and %d", mostWindows))
	}
	now := g.now()
	windows, err := g.endingWindows(ctx, number, now, now.Add(within))
	if err != nil {
		return nil, err
	}
	r := &Runway{Within: within, Windows: []EndingWindow{}}
	for _, w := range windows {
		if w.Answer == Unanswered {
			r.Waiting++
		} else if s.Unanswered {
			continue
		}
		if len(r.Windows) == limit {
			r.More++
			continue
		}
		r.Windows = append(r.Windows, w)
	}
	return r, nil
}

// endingWindows are those that end after one moment and not after another: of a number, or
// of all that are served ("").
func (g *Gateway) endingWindows(ctx context.Context, number string, after, until policy.Moment) ([]EndingWindow, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	windowed, ok := st.(store.Windowed)
	if !ok {
		return nil, &Problem{Kind: Misasked, Err: errors.New("this store can't list open windows")}
	}
	found, err := windowed.WindowsOpened(ctx, func(id string) (policy.Moment, policy.Moment) {
		b, served := g.Businesses.Of(id)
		if !served || number != "" && id != number {
			return 0, 0
		}
		length := policy.WindowLength - max(b.Policy.WindowMargin, 0)
		return after.Add(-length), until.Add(-length)
	})
	if err != nil {
		return nil, err
	}
	if err := windowed.Answers(ctx, found, g.mostAnswers(), &g.answered); err != nil {
		return nil, err
	}
	later, err := g.newLater(ctx, st)
	if err != nil {
		return nil, err
	}
	list := make([]EndingWindow, len(found))
	for i, w := range found {
		b, _ := g.Businesses.Of(w.PhoneNumberID)
		list[i] = EndingWindow{
			PhoneNumberID: w.PhoneNumberID, Business: b.Name, Contact: w.Contact, Opened: w.Opened, Ends: policy.WindowOf(w.Opened, b.Policy.WindowMargin).Closes,
			Answered: w.Answered, Answer: answerState(w),
		}
		if list[i].Later, err = later.of(ctx, w, b); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b EndingWindow) int {
		return cmp.Or(cmp.Compare(a.Ends, b.Ends), cmp.Compare(a.PhoneNumberID, b.PhoneNumberID), policy.Alias(a.Contact).Compare(policy.Alias(b.Contact)))
	})
	return list, nil
}

// mostAnswers is how many sends are looked at for answers each time.
func (g *Gateway) mostAnswers() int { return cmp.Or(g.looksForAnswers, mostActivity) }

func answerState(w *store.OpenWindow) AnswerState {
	switch {
	case w.Answered != 0:
		return WasAnswered
	case w.Silent:
		return NothingToAnswer
	case w.AnswerUnknown:
		return AnswerNotKnown
	}
	return Unanswered
}

// later prices what comes after a window.
type later struct {
	g    *Gateway
	st   store.Store
	told map[string]store.Number
	// cheapest are the categories of the cheapest templates, by account.
	cheapest map[string]policy.Category
	// priced are the prices that were asked for.
	priced map[laterPriced]billing.Quote
}

type laterPriced struct {
	currency billing.Currency
	market   billing.Market
	category policy.Category
}

func (g *Gateway) newLater(ctx context.Context, st store.Store) (*later, error) {
	told, err := st.Numbers(ctx)
	return &later{g: g, st: st, told: told, cheapest: make(map[string]policy.Category), priced: make(map[laterPriced]billing.Quote)}, err
}

func (l *later) of(ctx context.Context, w *store.OpenWindow, b *Business) (c LaterCost, err error) {
	waba := cmp.Or(b.WABA, l.told[w.PhoneNumberID].WABA)
	c.Market, c.MarketEstimated = billing.Market(w.Market), w.MarketEstimated
	if c.Market == "" {
		if home := l.g.Home(ctx, w.PhoneNumberID); home != "" {
			c.Market, c.MarketEstimated = billing.MarketOf(home, l.g.Now()), true
		}
	}
	if c.Category, err = l.category(ctx, waba); err != nil || c.Category == "" || c.Market == "" {
		return c, err
	}
	key := laterPriced{b.Currency, c.Market, c.Category}
	q, known := l.priced[key]
	if !known {
		zone := cmp.Or(b.Zone, time.UTC)
		q = l.g.Cards.Quote(&billing.Message{Category: billing.Category(c.Category), Market: c.Market, Day: billing.Day(l.g.Now(), zone)}, b.Currency)
		l.priced[key] = q
	}
	c.Price = q
	return c, nil
}

// category is that of the cheapest template of an account that Meta takes, as far as is
// known: utility before marketing. What is authentication says nothing else.
func (l *later) category(ctx context.Context, waba string) (policy.Category, error) {
	if c, ok := l.cheapest[waba]; ok || waba == "" {
		return c, nil
	}
	known, err := l.st.Templates(ctx, waba, mostTemplates)
	if err != nil {
		return "", err
	}
	var cheapest policy.Category
	for i := range known.Templates {
		t := &known.Templates[i]
		if !policy.TemplateStatus(t.Status.Value).MayBeSent() {
			continue
		}
		switch c := policy.Category(t.Category.Value); c {
		case policy.CategoryUtility:
			cheapest = c
		case policy.CategoryMarketing:
			if cheapest == "" {
				cheapest = c
			}
		}
	}
	l.cheapest[waba] = cheapest
	return cheapest, nil
}
