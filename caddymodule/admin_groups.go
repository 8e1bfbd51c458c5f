package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// groupings are what sends can be counted by.
var groupings = map[string]func(*App, *store.Entry, time.Time) string{
	"rule":     func(_ *App, e *store.Entry, _ time.Time) string { return string(adminapi.ViolationOf(e).Rule) },
	"sender":   func(_ *App, e *store.Entry, _ time.Time) string { return adminapi.SenderAndToken(e.Sender, e.Token) },
	"business": func(_ *App, e *store.Entry, _ time.Time) string { return cmp.Or(e.Business, e.Send.PhoneNumberID) },
	"template": func(_ *App, e *store.Entry, _ time.Time) string { return adminapi.LineOf(e).Message() },
	"day": func(a *App, e *store.Entry, at time.Time) string {
		return billing.Day(at, a.gateway.Businesses.Zone(e.Send.PhoneNumberID))
	},
}

// defaultGroupPeriod is how far back groups go where nothing says so.
const defaultGroupPeriod = "7d"

// adminGroups counts what a list of sends has, by one of the groupings.
func adminGroups(list func(store.Reader, context.Context, store.Filter) iter.Seq2[*store.Entry, error]) func(*App, store.Store, http.ResponseWriter, *http.Request) error {
	return func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		var s adminapi.GroupSelection
		if err := readAdmin(r, &s); err != nil {
			return err
		}
		if s.From == "" {
			s.From = defaultGroupPeriod
		}
		f, err := a.filter(&s.Selection, 0)
		if err != nil {
			return adminError(http.StatusBadRequest, err)
		}
		key, ok := groupings[s.By]
		if !ok {
			return adminError(http.StatusBadRequest, fmt.Errorf("by must be one of %s", strings.Join(slices.Sorted(maps.Keys(groupings)), ", ")))
		}
		if f.To == 0 {
			f.To = policy.MomentOf(a.clock.Now()) + 1 // what was sent right now counts
		}
		if f.From >= f.To {
			return adminError(http.StatusBadRequest, errors.New("from must be before to"))
		}
		g := adminapi.Groups{By: s.By, From: f.From.Time(), To: f.To.Time()}
		length := f.To - f.From
		f.From, f.Limit = f.From-length, 0
		counts := make(map[string]*adminapi.Group)
		for e, err := range list(st, r.Context(), f) {
			if err != nil {
				return adminError(http.StatusInternalServerError, err)
			}
			at, before := e.At, e.At < f.From+length
			if before {
				at += length // a day is compared with the one a period earlier
			}
			k := key(a, e, at.Time())
			if counts[k] == nil {
				counts[k] = &adminapi.Group{Key: k}
			}
			for _, n := range []*adminapi.Group{counts[k], &g.Total} {
				if before {
					n.Before++
				} else {
					n.Count++
				}
			}
		}
		g.Groups = sortGroups(counts, s.By == "day")
		return jsonAnswer(w, g)
	}
}

// sortGroups is the largest first, or the earliest.
func sortGroups(counts map[string]*adminapi.Group, byKey bool) []adminapi.Group {
	list := make([]adminapi.Group, 0, len(counts))
	for _, g := range counts {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b adminapi.Group) int {
		if byKey {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Before, a.Before), cmp.Compare(a.Key, b.Key))
	})
	return list
}
