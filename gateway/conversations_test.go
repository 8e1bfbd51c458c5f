package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestConversationsEqualHistory: whatever is sent, and whenever and in what order statuses
// tell of it, the conversations of any period are those of all messages that were delivered,
// grouped at once.
func TestConversationsEqualHistory(t *testing.T) {
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		w.Businesses.Listed[support].Zone = auckland
		began := epoch
		var all []billing.Delivered
		byUser := make(map[string]bool)
		var statuses []policy.Event
		for i := range rapid.IntRange(0, 40).Draw(r, "messages") {
			m := policy.MomentOf(began.Add(time.Duration(rapid.IntRange(0, 40*24*60).Draw(r, "minute")) * time.Minute))
			e := &store.Entry{
				ID: store.NewID(m), At: m, Send: policy.Send{
					PhoneNumberID: rapid.SampledFrom([]string{shop, support}).Draw(r, "number"), Kind: policy.TemplateMessage, Type: "template",
					To: names(rapid.SampledFrom([]string{ana, ben}).Draw(r, "person")),
				},
				Decision: policy.Decision{
					Verdict: policy.Allow, Rule: "test", Category: rapid.SampledFrom([]policy.Category{"marketing", "utility", "service"}).Draw(r, "category"),
					Initiation: rapid.SampledFrom([]policy.Initiation{policy.ByUser, policy.ByBusiness}).Draw(r, "initiation"),
				},
				Outcome: store.Outcome{State: store.Reserved, At: m},
			}
			e.Facts.Persons = []policy.PersonFacts{{Contact: w.store.Pseudonym(e.Send.To[0])}}
			w.moved.Store(int64(m.Time().Sub(epoch)))
			for _, write := range []*store.Write{w.store.Reserve(t.Context(), e), w.store.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, At: m, Wamid: fmt.Sprint("wamid.", i)})} {
				if err := write.Wait(); err != nil {
					r.Fatal(err)
				}
			}
			delivered := m.Add(time.Duration(rapid.SampledFrom([]int{-1, 0, 2, 60 * 30, 60 * 60 * 9}).Draw(r, "later")) * 2 * time.Second)
			told := policy.StatusChanged{PhoneNumberID: e.Send.PhoneNumberID, Wamid: fmt.Sprint("wamid.", i), Who: e.Send.To, Status: policy.StatusSent, At: m}
			free := rapid.IntRange(0, 9).Draw(r, "free") == 0
			if free {
				told.Pricing = &policy.Pricing{Category: string(e.Decision.Category), Type: "free_entry_point", Model: "PMP"}
			}
			statuses = append(statuses, told)
			if told.Status = rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusDelivered, policy.StatusRead, policy.StatusFailed}).Draw(r, "becomes"); told.Status.Delivered() {
				id := string(e.ID[:])
				byUser[id] = e.Decision.Initiation == policy.ByUser
				all = append(all, billing.Delivered{ID: id, PhoneNumberID: e.Send.PhoneNumberID, Person: string(e.Facts.Persons[0].Contact[:]), Category: billing.Category(e.Decision.Category), At: max(m, delivered).Time(), FreeEntry: free})
			}
			told.At = delivered
			statuses = append(statuses, told)
			if told.Status.Delivered() && rapid.Bool().Draw(r, "read later") {
				told.Status, told.At = policy.StatusRead, delivered.Add(5*time.Hour)
				statuses = append(statuses, told, told)
			}
		}
		w.moved.Store(int64(50 * 24 * time.Hour))
		for _, i := range rapid.Permutation(indices(statuses)).Draw(r, "order of statuses") {
			w.learn(t, statuses[i])
		}
		s := ReportSelection{By: "day,number,category", Selection: Selection{From: rapid.SampledFrom([]string{"", "2026-11-20", "2026-12-01"}).Draw(r, "from"), To: rapid.SampledFrom([]string{"", "2026-12-05"}).Draw(r, "to")}}
		reports, err := w.Conversations(t.Context(), s, s.By)
		if err != nil {
			r.Fatal(err)
		}
		var got, want []string
		for _, row := range reports[0].Rows {
			got = append(got, fmt.Sprint(row.Day, row.PhoneNumberID, row.Category, row.ConversationCounts))
		}
		sums := make(map[billing.Key]*billing.ConversationCounts)
		for _, c := range billing.Conversations(all) {
			zone := time.UTC
			if c.PhoneNumberID == support {
				zone = auckland
			}
			day := billing.Day(c.From, zone)
			if day < s.From || s.To != "" && day >= s.To {
				continue
			}
			key := billing.Key{Day: day, PhoneNumberID: c.PhoneNumberID, Category: string(c.Category)}
			if sums[key] == nil {
				sums[key] = new(billing.ConversationCounts)
			}
			n := sums[key]
			n.Conversations++
			n.Messages += len(c.Messages)
			switch first := all[c.Messages[0]]; {
			case first.FreeEntry:
				n.FreeEntryPoint++
			case byUser[first.ID]:
				n.UserInitiated++
			default:
				n.BusinessInitiated++
			}
		}
		for key, n := range sums {
			want = append(want, fmt.Sprint(key.Day, key.PhoneNumberID, key.Category, *n))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			r.Fatalf("from %q to %q\n got %s\nwant %s", s.From, s.To, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}

func indices[T any](list []T) (all []int) {
	for i := range list {
		all = append(all, i)
	}
	return all
}

// What makes no sense of conversations is refused with a reason.
func TestConversationsMisasked(t *testing.T) {
	w := newWorld(t)
	for want, s := range map[string]ReportSelection{
		"no prices":           {Rules: "2026-10-01"},
		"all messages":        {Selection: Selection{Sender: "crm"}},
		"nothing is grouped":  {By: "colour"},
		"write market=German": {Where: "market"},
	} {
		if _, err := w.Conversations(t.Context(), s, s.By); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	reports, err := w.Conversations(t.Context(), ReportSelection{}, "")
	if err != nil || !slices.Equal(reports[0].By, billing.ConversationsByDefault) {
		t.Errorf("by default: %+v, %v", reports, err)
	}
}
