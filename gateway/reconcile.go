package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/store"
)

// ReconcileSelection says what is compared.
type ReconcileSelection struct {
	// From and To are dates, or other times of which the days count; Month is a calendar month
	// such as 2026-10 in place of them. Without any it is what Analytics have, or else the last
	// seven days.
	From, To, Month string
	// WABA is the account; "" for that of Analytics, or for all.
	WABA string
	// Analytics are Meta's figures as it answered them; nil for those that the gateway has.
	Analytics []byte
	// Fetch has the gateway ask Meta for those of the days first.
	Fetch bool
}

// reconciledByDefault is how many days are compared where nobody says which.
const reconciledByDefault = "7d"

// Reconcile compares, for each account, what messages were expected to cost, what they cost by
// what statuses told, and Meta's own figures.
func (g *Gateway) Reconcile(ctx context.Context, s ReconcileSelection) ([]*billing.Reconciliation, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	accounts, err := g.billedAccounts(ctx, st)
	if err != nil {
		return nil, err
	}
	figures := g.Figures.Load()
	var told *billing.Analytics
	switch {
	case s.Fetch && s.Analytics != nil:
		return nil, misasked(errors.New("analytics brings Meta's figures, and fetch asks for them: leave one out"))
	case s.Fetch && figures == nil:
		return nil, &Problem{Kind: Unknown, Err: errors.New("this gateway asks Meta for no figures: write into its whatsapp block, each on its own line, `reconcile {`, `token {file./run/secrets/meta-token}` and `}`")}
	case s.Analytics != nil:
		if told, err = billing.ReadAnalytics(s.Analytics); err != nil {
			return nil, misasked(err)
		}
		if s.WABA, err = accountOf(told, s.WABA, accounts); err != nil {
			return nil, misasked(err)
		}
	}
	answer := []*billing.Reconciliation{}
	for _, a := range accounts {
		if s.WABA != "" && s.WABA != a.waba {
			continue
		}
		r, err := g.reconcileWith(ctx, st, a, &s, figures, told)
		if p, ok := errors.AsType[*Problem](err); ok && p.Kind == Unreached { // callers are told of it alone
			return nil, &Problem{Kind: p.Kind, Err: fmt.Errorf("account %s: %w", a.waba, p.Err)}
		}
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", a.waba, err)
		}
		answer = append(answer, r)
	}
	if len(answer) == 0 {
		return nil, misasked(unknownAccount(s.WABA, accounts))
	}
	return answer, nil
}

// billedAccount is an account that Meta bills.
type billedAccount struct {
	waba     string
	zone     *time.Location
	currency billing.Currency
	// numbers are the ids of its business phone numbers by their own digits, unnumbered how
	// many have digits that nobody told.
	numbers    map[string]string
	unnumbered int
	// notes are what is not as it should be with its settings.
	notes []string
}

// billedAccounts are the accounts of the business phone numbers served, by their ids.
func (g *Gateway) billedAccounts(ctx context.Context, st store.Store) ([]*billedAccount, error) {
	told, err := st.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	l := liner{g: g, told: told, accounts: make(map[string]account)}
	served := make(map[string]bool)
	for id := range g.Businesses.Listed {
		served[id] = true
	}
	if g.Businesses.Others != nil {
		for id := range told {
			served[id] = true
		}
	}
	byID := make(map[string]*billedAccount)
	for _, id := range slices.Sorted(maps.Keys(served)) {
		of := l.account(id)
		if of.waba == "" {
			continue
		}
		a := byID[of.waba]
		if a == nil {
			a = &billedAccount{waba: of.waba, zone: of.zone, currency: of.currency, numbers: make(map[string]string)}
			byID[of.waba] = a
		}
		if of.zone.String() != a.zone.String() || of.currency != a.currency {
			a.notes = append(a.notes, fmt.Sprintf("The number %s has another time_zone or currency than others of its account, which has one of each: its days and prices don't fit Meta's.", id))
		}
		digits := told[id].Display
		if b, ok := g.Businesses.Of(id); ok {
			digits = cmp.Or(b.Number, digits)
		}
		if digits == "" {
			a.unnumbered++
			continue
		}
		a.numbers[digits] = id
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b *billedAccount) int { return strings.Compare(a.waba, b.waba) }), nil
}

// accountOf is whose figures a file has.
func accountOf(told *billing.Analytics, named string, accounts []*billedAccount) (string, error) {
	switch {
	case told.WABA != "" && named != "" && told.WABA != named:
		return "", fmt.Errorf("the figures are of the account %s, and not of %s", told.WABA, named)
	case told.WABA != "" || named != "":
		return cmp.Or(told.WABA, named), nil
	case len(accounts) != 1:
		return "", fmt.Errorf("the figures don't say of which account they are; say so with waba: %w", unknownAccount("", accounts))
	}
	return accounts[0].waba, nil
}

// unknownAccount says which accounts there are.
func unknownAccount(waba string, accounts []*billedAccount) error {
	if len(accounts) == 0 {
		return errors.New("no account is known: write `waba <id>` into the business blocks, or wait for a webhook")
	}
	var ids []string
	for _, a := range accounts {
		ids = append(ids, a.waba)
	}
	if waba == "" {
		return fmt.Errorf("there are %s", strings.Join(ids, ", "))
	}
	return fmt.Errorf("no business phone number here belongs to the account %s; there are those of %s", waba, strings.Join(ids, ", "))
}

// reconcileWith compares an account with the figures that are there, or are fetched.
func (g *Gateway) reconcileWith(ctx context.Context, st store.Store, a *billedAccount, s *ReconcileSelection, figures *Figures, told *billing.Analytics) (*billing.Reconciliation, error) {
	if told == nil {
		from, to, err := daysOf(s, nil, a.zone, g.Now())
		if err != nil {
			return nil, misasked(err)
		}
		if s.Fetch {
			if err := figures.fetchNow(ctx, st, a, from, to); err != nil {
				return nil, err
			}
		}
		if told, err = keptFigures(ctx, st, a.waba, from, to); err != nil {
			return nil, err
		}
		s = &ReconcileSelection{From: from, To: to}
	}
	return g.reconcile(ctx, st, a, s, told)
}

// reconcile compares one account.
func (g *Gateway) reconcile(ctx context.Context, st store.Store, a *billedAccount, s *ReconcileSelection, told *billing.Analytics) (*billing.Reconciliation, error) {
	from, to, err := daysOf(s, told, a.zone, g.Now())
	if err != nil {
		return nil, misasked(err)
	}
	q := &billing.ReconcileQuestion{
		WABA: a.waba, Zone: a.zone, Currency: a.currency, From: from, To: to, Now: g.Now(), Cards: g.Cards, Numbers: a.numbers,
	}
	if told == nil && g.Figures.Load() != nil {
		q.Lacking = "the gateway fetches them (option reconcile), and has none of these days yet. `waguard doctor` says what Meta answers, and `waguard reconcile --fetch` asks it at once."
	}
	if q.Told, err = g.toldTiers(ctx, st); err != nil {
		return nil, err
	}
	// The day before and the one after tell what came over midnight.
	period, err := g.period(&Selection{From: daysLater(from, -1), To: daysLater(to, 1)})
	if err != nil {
		return nil, err
	}
	question := &billing.Question{Cards: g.Cards}
	l, err := g.newLiner(ctx, st, question, nil)
	if err != nil {
		return nil, err
	}
	l.detail.Days = nil // it asks no second time where the order matters
	r, err := q.Reconcile(l.lines(ctx, st, question, period), told)
	if _, ok := errors.AsType[*billing.Incomparable](err); ok {
		return nil, misasked(err)
	}
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, a.notes...)
	if a.unnumbered > 0 && told != nil && told.Phones && len(told.Points) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("Of %d numbers of the account nobody has told the digits, by which Meta names them: they are compared together. Write `number` into their business blocks.", a.unnumbered))
	}
	return r, nil
}

// daysOf are the first day that is asked for, and the one after the last.
func daysOf(s *ReconcileSelection, told *billing.Analytics, zone *time.Location, now time.Time) (from, to string, err error) {
	today := billing.Day(now, zone)
	switch {
	case s.Month != "" && (s.From != "" || s.To != ""):
		return "", "", errors.New("a month is given as well as from or to; leave one out")
	case s.Month != "":
		first, err := time.Parse("2006-01", s.Month)
		if err != nil {
			return "", "", fmt.Errorf("%q is no month; write 2026-10", s.Month)
		}
		return first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly), nil
	case s.From == "" && s.To == "" && told != nil && len(told.Points) > 0:
		begin, end := told.Span()
		// Their middles tell the days, also where these begin at another time at Meta.
		return billing.Day(begin.Add(12*time.Hour), zone), daysLater(billing.Day(end.Add(-12*time.Hour), zone), 1), nil
	}
	begin, err := billing.ParseTime(cmp.Or(s.From, reconciledByDefault), zone, now)
	if err != nil {
		return "", "", err
	}
	from, to = billing.Day(begin, zone), daysLater(today, 1)
	if s.To != "" {
		end, err := billing.ParseTime(s.To, zone, now)
		if err != nil {
			return "", "", err
		}
		to = daysLater(billing.Day(end.Add(-time.Nanosecond), zone), 1)
	}
	switch {
	case from >= to:
		return "", "", errors.New("from must be before to")
	case daysLater(from, mostReconciled) < to:
		return "", "", fmt.Errorf("from %s to %s are more than %d days; compare less at once", from, to, mostReconciled)
	}
	return from, to, nil
}

// mostReconciled is how many days are compared at most: Meta keeps its figures for a year.
const mostReconciled = 400

// daysLater is a date some days later.
func daysLater(date string, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date // which is none, and is refused where it is read
	}
	return t.AddDate(0, 0, days).Format(time.DateOnly)
}
