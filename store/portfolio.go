package store

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Portfolios are named so that a configured name and an id never mean the same one.
const (
	namedPortfolio   = "portfolio/"
	accountPortfolio = "waba/"
	numberPortfolio  = "number/"
)

// portfolio says which portfolio a query is about, by the account its number belongs to.
func (q *Query) portfolio(waba string) string {
	switch {
	case q.Portfolio.Name != "":
		return namedPortfolio + q.Portfolio.Name
	case waba != "":
		return accountPortfolio + waba
	}
	return numberPortfolio + q.PhoneNumberID
}

// portfolioSubjects are the records that say how much of a messaging limit is used, the first
// of them, and what it is. waba is the number's account as webhooks told; what isn't known yet
// may be read later.
func (q *Query) portfolioSubjects(waba string) []limitSubject {
	if q.Portfolio == nil {
		return nil
	}
	if q.WABA != "" {
		waba = q.WABA
	}
	subjects := []limitSubject{{limitedPortfolio, q.portfolio(waba)}}
	if waba != "" {
		subjects = append(subjects, limitSubject{limitedAccount, waba})
	}
	for _, account := range q.Portfolio.Accounts {
		if account != waba {
			subjects = append(subjects, limitSubject{limitedAccount, account})
		}
	}
	return subjects
}

// portfolioFacts are how much of the messaging limit is used, and by whom of the people. It
// reads from r, which is nil where the engine is sole.
func (s *Book) portfolioFacts(r *reading, q *Query, people []policy.Named, f *policy.Facts) error {
	number, err := s.numberIn(r, q.PhoneNumberID)
	if err != nil {
		return err
	}
	subjects := q.portfolioSubjects(number.WABA)
	limits, err := s.limitsIn(r, subjects)
	if err != nil {
		return err
	}
	for i, subject := range subjects {
		l := &limits[i]
		if subject.Kind == limitedPortfolio {
			f.Portfolio.ID, f.Portfolio.Usage = subject.ID, l.Usage
		}
		f.Portfolio.Told = f.Portfolio.Told.Newer(l.Told)
	}
	for i := range people {
		f.Persons[i].Started = people[i].Contact.Started(people[i].Name, f.Portfolio.ID)
	}
	return nil
}

// takeConversation takes a claim on writing to one more person.
func (t *tx) takeConversation(k *policy.Claim, c *policy.Contact, at policy.Moment) (policy.Taken, bool, error) {
	r, err := readRecord[limitRecord](t, limitSubject{limitedPortfolio, k.Portfolio}.key())
	if err != nil {
		return policy.Taken{}, false, err
	}
	taken, ok := k.TakeConversation(r.Usage, c, at)
	return taken, ok, nil
}

// countPerson counts a person when they were last written to, in place of before.
func (t *tx) countPerson(k *policy.Taken, before, after policy.Moment) error {
	if k.Kind != policy.ClaimConversation || before == after {
		return nil
	}
	return t.limit(limitSubject{limitedPortfolio, k.Portfolio}, func(r *limitRecord) { r.Usage.Move(before, after) })
}

// limitTold notes the messaging limit of an account's portfolio.
func (t *tx) limitTold(e policy.MessagingLimitTold) error {
	if e.WABA == "" {
		return nil
	}
	return t.limit(limitSubject{limitedAccount, e.WABA}, func(r *limitRecord) { r.Told = r.Told.Newer(e.ToldLimit) })
}

// Portfolio says how much the portfolio of the query has used of its messaging limit.
func (s *Book) Portfolio(ctx context.Context, q Query) (policy.PortfolioFacts, error) {
	var f policy.Facts
	err := s.look(ctx, func(r *reading) error { return s.portfolioFacts(r, &q, nil, &f) })
	if err != nil {
		return f.Portfolio, fmt.Errorf("reading how much of a messaging limit is used: %w", err)
	}
	return f.Portfolio, nil
}
