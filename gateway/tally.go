package gateway

import (
	"cmp"
	"maps"
	"slices"

	"github.com/waguard/waguard/policy"
)

const (
	// mostGroups bounds the groups that are told apart: senders and templates are
	// named by whoever sends.
	mostGroups = 10_000
	// mostMemberships bounds how many people are told apart in how many groups,
	// which is what counting people takes: 30 MB.
	mostMemberships = 500_000
	// otherGroup is where the rest is counted.
	otherGroup = "(others)"
)

// Tally is a group of sends.
type Tally struct {
	Key   string
	Count int
	// People is how many different people they were for.
	People int
	// First and Last are when the oldest and the newest of them were decided.
	First, Last policy.Moment
}

func (t *Tally) add(at policy.Moment) {
	t.Count++
	t.Last = max(t.Last, at)
	if t.First == 0 || at < t.First {
		t.First = at
	}
}

// tallies are groups of one kind, by key.
type tallies map[string]*Tally

// add counts a send.
func (ts tallies) add(key string, who policy.ContactID, at policy.Moment, people *people) *Tally {
	t := ts[key]
	if t == nil {
		if len(ts) >= mostGroups {
			key = otherGroup
		}
		if t = ts[key]; t == nil {
			t = &Tally{Key: key}
			ts[key] = t
		}
	}
	t.add(at)
	people.add(t, who)
	return t
}

// sorted are the groups, the largest first.
func (ts tallies) sorted() []Tally {
	list := make([]Tally, 0, len(ts))
	for _, t := range slices.SortedFunc(maps.Values(ts), func(a, b *Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	}) {
		list = append(list, *t)
	}
	return list
}

// people tells apart who was counted in which group.
type people struct {
	seen map[membership]struct{}
	full bool // some were not told apart: the counts are what there is at least
}

type membership struct {
	of  *Tally
	who policy.ContactID
}

func (p *people) add(t *Tally, who policy.ContactID) {
	m := membership{t, who}
	if _, seen := p.seen[m]; seen || who.IsZero() {
		return
	}
	if len(p.seen) >= mostMemberships {
		p.full = true
		return
	}
	if p.seen == nil {
		p.seen = make(map[membership]struct{})
	}
	p.seen[m] = struct{}{}
	t.People++
}
