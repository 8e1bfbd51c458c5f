package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ScoredSend is a send of which hindsight found something.
type ScoredSend struct {
	Entry *store.Entry
	// Finding is what; Error Meta's, where it refused the send.
	Finding Finding
	Error   policy.MetaError
	// Hindsight has what is said of it: for a miss the rule and the fact that was missing.
	policy.Hindsight
	// Opened and Arrived are of a window that was open, and of which the gateway heard after it
	// had refused.
	Opened, Arrived policy.Moment
}

// ScoredPage is a page of such sends, newest first.
type ScoredPage struct {
	Sends []*ScoredSend
	// Next is where the next page begins; "" where there is none.
	Next string
}

// ScoredSelection selects sends by what hindsight finds of them.
type ScoredSelection struct {
	Selection
	// Finding is one of ListedFindings; "" for misses. Lack is a fact that was missing, Code an
	// error of Meta's; "" and 0 for any.
	Finding, Lack string
	Code          int
	// MissedRule is the rule that missed, or refused.
	MissedRule string
}

// ScoredSends are the sends of a period of which hindsight finds the same, newest first. It
// looks at two million sends for a page, which may have few of them then, or none, and a next
// one.
func (g *Gateway) ScoredSends(ctx context.Context, s ScoredSelection) (*ScoredPage, error) {
	return g.scoredSends(ctx, s, mostCounted)
}

func (g *Gateway) scoredSends(ctx context.Context, s ScoredSelection, most int) (*ScoredPage, error) {
	finding := Finding(strings.ToLower(cmp.Or(s.Finding, string(FoundMissed))))
	if !slices.Contains(ListedFindings, finding) {
		return nil, misasked(fmt.Errorf("finding must be one of %s", enumerate(ListedFindings)))
	}
	lack := policy.Lack(strings.ToLower(s.Lack))
	if lack != "" && !slices.Contains(policy.Lacks, lack) {
		return nil, misasked(fmt.Errorf("lack must be one of %s", enumerate(policy.Lacks)))
	}
	rule, err := readRule(s.MissedRule)
	if err != nil {
		return nil, misasked(err)
	}
	f, st, err := g.scored(ctx, &s.Selection)
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(s.Limit, defaultPage)
	g.counting.Lock()
	defer g.counting.Unlock()
	h := hindsight{g: g, st: st, looks: mostLooks}
	page := new(ScoredPage)
	looked, last := 0, store.ID{}
	for scored, err := range st.Scored(ctx, f) {
		if err != nil {
			return nil, lookup(err)
		}
		seen := last
		if looked++; looked > most {
			page.Next = seen.String()
			break
		}
		last = scored.ID
		if !mayBeFound(scored, finding) || s.Code != 0 && s.Code != scored.Error.Code {
			continue
		}
		found, err := h.of(ctx, scored)
		if err != nil {
			return nil, err
		}
		if h.unlooked > 0 { // it has looked into as much of the past as it may
			page.Next = seen.String()
			break
		}
		spoke := found.Rule
		if scored.Verdict == policy.Refuse {
			spoke = scored.Rule
		}
		if found.Finding != finding || lack != "" && lack != found.Lack || rule != "" && rule != spoke {
			continue
		}
		if len(page.Sends) == limit {
			page.Next = page.Sends[limit-1].Entry.ID.String()
			break
		}
		if found.Entry == nil {
			if found.Entry, err = st.Entry(ctx, scored.ID); err != nil {
				return nil, lookup(err)
			}
		}
		page.Sends = append(page.Sends, &ScoredSend{found.Entry, found.Finding, scored.Error, found.Hindsight, found.Opened, found.Arrived})
	}
	return page, ctx.Err()
}

// mayBeFound reports that hindsight may find that of a send, without asking for more than is
// there.
func mayBeFound(s *store.Scored, finding Finding) bool {
	refused := s.Verdict == policy.Refuse
	switch finding {
	case FoundMissed, FoundBeyond:
		return !refused && s.Failed
	case FoundRight, FoundOther:
		return refused && s.Failed
	default:
		return refused && !s.Failed
	}
}
