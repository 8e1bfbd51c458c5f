package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// groupSend has a message sent to a group.
func (h *history) groupSend() {
	m := &sentMessage{number: rapid.SampledFrom([]string{shop, support}).Draw(h.t, "number"), wamid: fmt.Sprintf("wamid.%d", len(h.messages)), at: h.now().Time(), estimated: "utility", answered: "group"}
	e := &store.Entry{
		ID: store.NewID(h.now()), At: h.now(), Send: policy.Send{PhoneNumberID: m.number, Kind: policy.TemplateMessage, Type: "template", To: names(ana), Group: true, Template: policy.TemplateRef{Name: "parcel", Language: "en"}},
		Decision: policy.Decision{Verdict: policy.Allow, Rule: "test", Category: policy.CategoryUtility, Initiation: policy.ByBusiness}, Outcome: store.Outcome{State: store.Reserved, At: h.now()},
		Price: h.Cards.Quote(&billing.Message{Category: billing.Utility, ToGroup: true, Day: billing.Day(h.Now(), time.UTC)}, "USD"),
	}
	if err := h.store.Reserve(h.ctx, e).Wait(); err != nil {
		h.t.Fatal(err)
	}
	if err := h.store.Settle(h.ctx, e.ID, store.Outcome{State: store.Accepted, At: h.now(), Wamid: m.wamid}).Wait(); err != nil {
		h.t.Fatal(err)
	}
	h.messages = append(h.messages, m)
}

// groupStatus has Meta tell of the copy that a member got, or of the message alone.
func (h *history) groupStatus() {
	if len(h.messages) == 0 {
		return
	}
	m := rapid.SampledFrom(h.messages).Draw(h.t, "of")
	if m.answered != "group" {
		return
	}
	e := policy.StatusChanged{PhoneNumberID: m.number, Wamid: m.wamid, Status: rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusFailed, policy.StatusDelivered, policy.StatusRead}).Draw(h.t, "status")}
	if rapid.IntRange(0, 5).Draw(h.t, "copy") > 0 {
		e.Copy, e.Group = true, names(ana)[0]
		to := rapid.SampledFrom([]string{ana, indian, ben}).Draw(h.t, "member")
		e.Who, e.Market = names(to), map[string]string{ana: "Germany", indian: "India"}[to]
	}
	if rapid.IntRange(0, 2).Draw(h.t, "priced") > 0 {
		e.Pricing = &policy.Pricing{Category: rapid.SampledFrom([]string{"group_utility", "group_marketing", "group_service", "utility"}).Draw(h.t, "category"), Model: "PMP"}
		e.Pricing.Type = rapid.SampledFrom([]string{"regular", "regular", "free_customer_service", ""}).Draw(h.t, "type")
		e.Pricing.Billable = e.Pricing.Type == "regular"
	}
	ago := time.Duration(rapid.Int64Range(0, int64(h.Now().Sub(m.at))).Draw(h.t, "ago"))
	e.At = max(policy.MomentOf(h.Now().Add(-ago)), policy.MomentOf(m.at))
	h.tell(e)
}

// byQuarters is a report of lines that all tell quarters of an hour.
func (h *history) byQuarters(s ReportSelection, what *billing.WhatIf) *billing.Report {
	q, err := h.question(h.ctx, &s)
	if err != nil {
		h.t.Fatal(err)
	}
	groupings, err := h.groupings([]string{s.By})
	if err != nil {
		h.t.Fatal(err)
	}
	period, err := h.period(&s.Selection)
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := h.newLiner(h.ctx, h.store, q, groupings[0])
	if err != nil {
		h.t.Fatal(err)
	}
	l.detail.Days = nil
	q.Has, q.If, q.Compare = period.has, what, what != nil
	reports, err := q.NewReports(l.lines(h.ctx, h.store, q, period), groupings...)
	if err != nil {
		h.t.Fatal(err)
	}
	return reports[0]
}

// compareDays asks the same question by days and by quarters of an hour.
func (h *history) compareDays() {
	dimensions := append(billing.Dimensions[:len(billing.Dimensions):len(billing.Dimensions)], "team", "campaign")
	by := rapid.SliceOfNDistinct(rapid.SampledFrom(dimensions), 1, 4, rapid.ID[string]).Draw(h.t, "by")
	times := []string{"", "2026-09-30", "2026-09-30T11:38:00Z", "2026-10-01", "2026-10-01T03:00:00Z", "2026-10-01T14:11:00Z", "2026-10-02T13:07:30Z", "2026-10-09", "2026-10-12T23:59:00Z"}
	from := rapid.IntRange(0, len(times)-1).Draw(h.t, "from")
	s := ReportSelection{By: strings.Join(by, ","), Selection: Selection{From: times[from]}}
	if to := rapid.IntRange(0, len(times)).Draw(h.t, "to"); to > from && to < len(times) {
		s.To = times[to]
	}
	s.Where = rapid.SampledFrom([]string{"", "", "market=India", "category=utility,service", "price_type=regular"}).Draw(h.t, "where")
	var what *billing.WhatIf
	if s.Rules = rapid.SampledFrom([]string{"", "", "2026-10-01"}).Draw(h.t, "rules"); s.Rules != "" {
		what = &billing.WhatIf{Rules: new(billing.RulesOn(s.Rules))}
	}
	reports, err := h.reports(h.ctx, s, what, s.By)
	if err != nil {
		h.t.Fatal(err)
	}
	want := h.byQuarters(s, what)
	got := reports[0]
	got.Notes, want.Notes, got.Tags = nil, nil, nil
	lines := func(r *billing.Report) string {
		var out strings.Builder
		for _, part := range []any{r.Rows, r.Totals, r.Total, r.Cards, r.TimeZones} {
			text, err := json.MarshalIndent(part, "", " ")
			if err != nil {
				h.t.Fatal(err)
			}
			out.Write(text)
		}
		return out.String()
	}
	if got, want := lines(got), lines(want); got != want {
		h.t.Fatalf("%+v by days:\n%s\nby quarters of an hour:\n%s", s, got, want)
	}
}

// TestReportByDaysIsThatByQuarters: a report that reads days, and quarters of an hour where an
// allowance or a band ends, says the same to the last digit as one that reads all quarters: of
// messages to people and to groups, whatever comes late, twice or corrects what was summed up,
// in time zones of half and quarter hours, and also where it begins or ends within a day.
func TestReportByDaysIsThatByQuarters(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := newHistory(t, r, func(now func() time.Time) store.Store { return openStore(t, now) })
		for id, name := range map[string]string{shop: "Asia/Kathmandu", support: "Australia/Lord_Howe"} {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			h.Businesses.Listed[id].Zone = zone
		}
		h.advance(rapid.SampledFrom([]time.Duration{0, 26 * time.Hour, 40 * time.Hour}).Draw(r, "begins"))
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			switch step := rapid.IntRange(0, 80).Draw(r, "step"); {
			case step < 24:
				for range rapid.IntRange(1, 6).Draw(r, "sends") {
					h.send()
					h.advance(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Minute, 2 * time.Hour}).Draw(r, "then"))
					if m := h.messages[len(h.messages)-1]; m.answered == "yes" && rapid.IntRange(0, 3).Draw(r, "arrives") > 0 {
						h.tell(policy.StatusChanged{PhoneNumberID: m.number, Wamid: m.wamid, Status: policy.StatusDelivered, At: h.now()})
					}
				}
			case step < 42:
				for range rapid.IntRange(1, 8).Draw(r, "statuses") {
					h.status()
				}
			case step < 46:
				h.groupSend()
			case step < 56:
				for range rapid.IntRange(1, 4).Draw(r, "statuses") {
					h.groupStatus()
				}
			case step < 60:
				h.tell(policy.ServiceWindowOpened{PhoneNumberID: rapid.SampledFrom([]string{shop, support}).Draw(r, "writes to"), Who: names(rapid.SampledFrom([]string{ana, indian}).Draw(r, "who")), At: h.now()})
			case step < 66:
				h.advance(rapid.SampledFrom([]time.Duration{16 * time.Minute, 5 * time.Hour, 26 * time.Hour, 9 * 24 * time.Hour}).Draw(r, "later"))
			case step < 73:
				h.rollUp()
			case step < 80:
				h.compareDays()
			default:
				h.crowd()
			}
		}
		h.compareDays()
		h.rollUp()
		h.compareDays()
		h.rebuild()
		h.compareDays()
	})
}
