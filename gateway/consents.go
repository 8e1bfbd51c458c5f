package gateway

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ConsentSelection selects consent records of all people, in the words of an operator.
type ConsentSelection struct {
	PhoneNumberID, State, Source string
	Incomplete                   bool
	// From and To bound when the gateway heard of it.
	From, To string
	// After is where the page before ended; "" for the first.
	After string
}

// ConsentPage is a part of them. Its size is not even: it ends between two parts of the
// names.
type ConsentPage struct {
	Records []*store.ConsentRecord
	// Next is where the next page begins; "" for none.
	Next string
}

// leastOfPage is how many records make a page full.
const leastOfPage = 1000

// readConsents reads a selection, and in which part of the names it begins.
func (g *Gateway) readConsents(ctx context.Context, s *ConsentSelection) (f *store.ConsentFilter, first int, err error) {
	f = &store.ConsentFilter{Source: policy.Source(s.Source), Incomplete: s.Incomplete}
	if s.PhoneNumberID != "" {
		if f.PhoneNumberID, err = g.NumberNamed(ctx, s.PhoneNumberID); err != nil {
			return nil, 0, err
		}
	}
	if s.State != "" && f.State.UnmarshalText([]byte(s.State)) != nil {
		return nil, 0, misasked(fmt.Errorf("state is %q; it must be pending, opted_in, opted_out, suspected, dismissed or requested", s.State))
	}
	if parsed, err := consent.ParseSource(s.Source); err == nil {
		f.Source = policy.Source(parsed)
	}
	times, err := g.filter(ctx, &Selection{From: s.From, To: s.To, PhoneNumberID: f.PhoneNumberID}, 0)
	if err != nil {
		return nil, 0, err
	}
	if f.From, f.To = times.From, times.To; s.To == "" {
		f.To = 0
	}
	if s.After != "" {
		if first, err = strconv.Atoi(strings.TrimPrefix(s.After, "part-")); err != nil || first < 1 || first >= store.Shards {
			return nil, 0, misasked(errors.New("after is not where a page of this list ended"))
		}
	}
	return f, first, nil
}

// Consents lists consent records, people in the order of their pseudonyms.
func (g *Gateway) Consents(ctx context.Context, s ConsentSelection) (*ConsentPage, error) {
	f, first, err := g.readConsents(ctx, &s)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	page := new(ConsentPage)
	for shard := first; shard < store.Shards; shard++ {
		records, err := st.Consents(ctx, byte(shard), f)
		if err != nil {
			return nil, err
		}
		page.Records = append(page.Records, records...)
		if len(page.Records) >= leastOfPage && shard+1 < store.Shards {
			page.Next = "part-" + strconv.Itoa(shard+1)
			break
		}
	}
	return page, nil
}
