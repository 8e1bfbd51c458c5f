package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ExportPage is a part of where people stand, as an import takes it. Its size is not
// even: it ends between two parts of the names.
type ExportPage struct {
	Records []ImportRecord
	// Next is where the next page begins; "" for none.
	Next string
}

// Export is where people stand now, as records that an import takes: for each name of a
// person and each business phone number what holds, and nothing that does no longer.
// Imported into an empty gateway nobody is allowed more by it.
func (g *Gateway) Export(ctx context.Context, s ConsentSelection) (*ExportPage, error) {
	f, first, err := g.readConsents(ctx, &s)
	if err != nil {
		return nil, err
	}
	if s.State != "" && f.State != policy.OptedIn && f.State != policy.OptedOut {
		return nil, misasked(errors.New("state must be opted_in or opted_out: an export of what holds has no others; ask for the history"))
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	terms := func(phoneNumberID string) *policy.Terms {
		if b, ok := g.Businesses.Of(phoneNumberID); ok {
			return b.Terms
		}
		return nil
	}
	numbers := slices.Collect(maps.Keys(g.Businesses.Listed))
	if f.PhoneNumberID != "" {
		numbers = []string{f.PhoneNumberID}
	}
	page := new(ExportPage)
	for shard := first; shard < store.Shards; shard++ {
		standings, err := st.Standings(ctx, byte(shard), numbers, f.PhoneNumberID != "", terms)
		if err != nil {
			return nil, err
		}
		for len(standings) > 0 {
			n := 1
			for n < len(standings) && standings[n].Name == standings[0].Name {
				n++
			}
			if page.Records, err = exportOf(ctx, st, standings[:n], f, page.Records); err != nil {
				return nil, err
			}
			standings = standings[n:]
		}
		if len(page.Records) >= leastOfPage && shard+1 < store.Shards {
			page.Next = "part-" + strconv.Itoa(shard+1)
			break
		}
	}
	return page, nil
}

// held is a record of an export, and when the gateway heard of what it rests on.
type held struct {
	ImportRecord
	state    policy.ConsentState
	at       policy.Moment
	source   policy.Source
	recorded policy.Moment
	own      bool
	selected bool
}

// exportOf adds what holds for one name of a person, in the order in which the gateway
// heard of it: an import hears of it in that order again.
func exportOf(ctx context.Context, st store.Store, standings []store.Standing, f *store.ConsentFilter, list []ImportRecord) ([]ImportRecord, error) {
	var all []held
	for i := range standings {
		all = append(all, heldBy(&standings[i])...)
	}
	told := slices.Clone(all)
	all = slices.DeleteFunc(all, func(h held) bool { return !h.own && h.reached(told) })
	if len(all) == 0 {
		return list, nil
	}
	records, err := collect(st.History(ctx, standings[0].Name.Identity()))
	if err != nil {
		return nil, err
	}
	contact := contactOf(st, standings[0].Name)
	for i := range all {
		all[i].Contact = contact
		all[i].rest(records, f)
	}
	slices.SortStableFunc(all, func(a, b held) int { return cmp.Or(cmp.Compare(a.recorded, b.recorded), cmp.Compare(a.at, b.at)) })
	for _, h := range all {
		if h.selected {
			list = append(list, h.ImportRecord)
		}
	}
	return list, nil
}

// reached reports that an opt-out that was told to another number, and is exported for
// that, is what reaches this one.
func (h *held) reached(all []held) bool {
	return slices.ContainsFunc(all, func(o held) bool {
		return o.own && o.state == policy.OptedOut && o.Scope == h.Scope && o.state == h.state && o.at == h.at && o.source == h.source
	})
}

// heldBy are the records of one standing: one for all scopes where the same holds for
// them, else one for each.
func heldBy(s *store.Standing) (all []held) {
	for _, scope := range policy.AllScopes {
		c := s.Consent[scope]
		if scope == policy.Marketing && s.Suspected != 0 && c.State != policy.OptedOut {
			// Marketing waits for somebody to decide; what was decided elsewhere, nobody knows.
			c = policy.Consent{State: policy.OptedOut, Since: s.Suspected, Source: policy.SourceOperator}
		}
		if c.State != policy.OptedIn && c.State != policy.OptedOut {
			continue
		}
		h := held{state: c.State, at: c.Since, source: c.Source, own: s.Own}
		h.PhoneNumberID, h.Scope, h.State = s.PhoneNumberID, scope.String(), c.State.String()
		h.At = c.Since.Time().Format("2006-01-02T15:04:05.000Z07:00")
		all = append(all, h)
	}
	same := len(all) == len(policy.AllScopes)
	for i := range all {
		same = same && all[i].state == all[0].state && all[i].at == all[0].at && all[i].source == all[0].source
	}
	if same {
		all = all[:1]
		all[0].Scope = "all"
	}
	return all
}

// covers reports that the record is about a scope.
func (h *held) covers(s policy.Scope) bool { return h.Scope == "all" || h.Scope == s.String() }

// rest finds the record that something rests on, with its evidence, and whether that is
// selected.
func (h *held) rest(records []*store.ConsentRecord, f *store.ConsentFilter) {
	var on *store.ConsentRecord
	for _, r := range records {
		if r.Handover == "" && r.State == h.state && r.Source == h.source && r.At == h.at && slices.ContainsFunc(r.Scopes, h.covers) &&
			(on == nil || r.PhoneNumberID == h.PhoneNumberID && (on.PhoneNumberID != h.PhoneNumberID || r.Recorded > on.Recorded)) {
			on = r
		}
	}
	h.recorded = h.at
	if on != nil {
		h.recorded = on.Recorded
		if on.Evidence != nil {
			h.Evidence = *on.Evidence
		}
		h.Reference = cmp.Or(h.Reference, on.Ref)
	}
	if !h.own {
		h.recorded = 0 // what reaches from another number comes first, and ends nothing that holds
	}
	if h.source.Observed() || h.source == policy.SourceQuestion || h.source == policy.SourceOperator || h.source == "" {
		// What a gateway saw itself nobody else can claim to have seen.
		h.System = cmp.Or(h.System, "waguard")
		h.Reference = strings.TrimSpace(fmt.Sprintf("%s %s", h.source, h.Reference))
		h.Source = "existing_system"
	} else {
		h.Source = string(h.source)
	}
	if h.Reference == "" && h.state == policy.OptedIn && on != nil && !h.Any(consent.Source(h.Source).Needs()) {
		h.Reference = "waguard record " + on.ID.String()
	}
	switch {
	case f.State != policy.ConsentUnknown && h.state != f.State:
	case f.Source == "" && !f.Incomplete && f.From == 0 && f.To == 0:
		h.selected = true
	case on != nil:
		h.selected = (f.Source == "" || f.Source == h.source) && (!f.Incomplete || len(on.Lacks) > 0) && (f.From == 0 || on.Recorded >= f.From) && (f.To == 0 || on.Recorded < f.To)
	}
}
