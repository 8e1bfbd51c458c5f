package gateway

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// groupings are what sends can be counted by.
var groupings = map[string]func(*store.Entry, policy.Moment, *time.Location) string{
	"rule": func(e *store.Entry, _ policy.Moment, _ *time.Location) string { return string(e.ViolatedRule()) },
	"sender": func(e *store.Entry, _ policy.Moment, _ *time.Location) string {
		return store.SenderAndToken(e.Sender, e.Token)
	},
	"business": func(e *store.Entry, _ policy.Moment, _ *time.Location) string {
		return cmp.Or(e.Business, e.Send.PhoneNumberID)
	},
	"template": func(e *store.Entry, _ policy.Moment, _ *time.Location) string {
		return store.TypeOrTemplate(e.Send.Type, e.Send.Template.Name)
	},
	"contact": func(e *store.Entry, _ policy.Moment, _ *time.Location) string {
		if contact := e.Contact(); !contact.IsZero() {
			return contact.String()
		}
		return ""
	},
	// A date in from or to begins when these days do.
	"day": func(_ *store.Entry, at policy.Moment, zone *time.Location) string {
		return billing.Day(at.Time(), zone)
	},
}

// Groups counts the sends of a period, and of the one of equal length before it.
type Groups struct {
	By       string
	From, To policy.Moment
	Groups   []Group
	Total    Group
}

// Group is one line of it: how many now, how many before.
type Group struct {
	Key           string
	Count, Before int
}

// defaultGroupPeriod is how far back groups go where nothing says so.
const defaultGroupPeriod = "7d"

// Groups counts what a list has, by rule, sender, business, template, contact or day.
func (g *Gateway) Groups(ctx context.Context, l *List, by string, s Selection) (*Groups, error) {
	key, ok := groupings[by]
	if !ok {
		return nil, misasked(fmt.Errorf("by must be one of %s", strings.Join(slices.Sorted(maps.Keys(groupings)), ", ")))
	}
	f, st, err := g.counted(ctx, s, defaultGroupPeriod)
	if err != nil {
		return nil, err
	}
	groups := &Groups{By: by, From: f.From, To: f.To}
	length, zone := f.To-f.From, g.zoneOfDates(f.PhoneNumberID)
	f.From -= length
	counts := make(map[string]*Group)
	for e, err := range l.of(st, ctx, f) {
		if err != nil {
			return nil, lookup(err)
		}
		at, before := e.At, e.At < f.From+length
		if before {
			at += length // a day is compared with the one a period earlier
		}
		k := key(e, at, zone)
		if counts[k] == nil {
			counts[k] = &Group{Key: k}
		}
		for _, n := range []*Group{counts[k], &groups.Total} {
			if before {
				n.Before++
			} else {
				n.Count++
			}
		}
	}
	groups.Groups = sortGroups(counts, by == "day")
	return groups, nil
}

// sortGroups is the largest first, or the earliest.
func sortGroups(counts map[string]*Group, byKey bool) []Group {
	list := make([]Group, 0, len(counts))
	for _, g := range counts {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		if byKey {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Before, a.Before), cmp.Compare(a.Key, b.Key))
	})
	return list
}
