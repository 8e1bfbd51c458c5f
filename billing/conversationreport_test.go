package billing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// exchanged is a message to a person, in a customer service window or not.
func exchanged(t testing.TB, person string, c Category, delivered string, inWindow bool) *Exchanged {
	l := message(t, 1, c, "Germany", delivered, "Europe/Berlin")
	l.Initiation, l.Send.ByBusiness = "business", !inWindow
	if inWindow {
		l.Initiation = "user"
	}
	return &Exchanged{Line: l, ID: delivered, Person: person, At: l.Delivered}
}

func conversations(t rapid.TB, q *Question, messages []*Exchanged, by ...string) *ConversationReport {
	slices.SortFunc(messages, (*Exchanged).Compare)
	r, err := q.NewConversationReport(func(yield func(*Exchanged, error) bool) {
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}, by)
	if err != nil {
		t.Fatal(err)
	}
	return r[0]
}

func (r *ConversationReport) String() string {
	var rows []string
	for _, row := range r.Rows {
		var values []string
		for _, name := range r.By {
			values = append(values, row.Value(name))
		}
		rows = append(rows, fmt.Sprintf("%s %d=%d+%d+%d of %d", strings.Join(values, " "), row.Conversations, row.FreeEntryPoint, row.UserInitiated, row.BusinessInitiated, row.Messages))
	}
	return strings.Join(rows, " | ")
}

// TestConversationReport: conversations count on the day of the account on which they begin, by
// what opened them, with all of their messages.
func TestConversationReport(t *testing.T) {
	free := func(e *Exchanged) *Exchanged { e.Told = FreeEntryPoint; return e }
	october := &Question{Has: func(at time.Time, zone *time.Location) bool { return Day(at, zone)[:7] == "2026-10" }}
	for _, test := range []struct {
		name, by string
		q        *Question
		messages []*Exchanged
		want     string // conversations = by an ad + by the person + by the business, and their messages
	}{
		{
			"a day's messages of a category are one", "day,category", &Question{},
			[]*Exchanged{exchanged(t, "ana", Marketing, "2026-10-05T08:00:00Z", false), exchanged(t, "ana", Marketing, "2026-10-06T07:59:59Z", false), exchanged(t, "ana", Marketing, "2026-10-06T08:00:00Z", false)},
			"2026-10-05 marketing 1=0+0+1 of 2 | 2026-10-06 marketing 1=0+0+1 of 1",
		},
		{
			"the first message says how it was opened", "category", &Question{},
			[]*Exchanged{exchanged(t, "ana", Service, "2026-10-05T08:00:00Z", true), exchanged(t, "ana", Utility, "2026-10-05T09:00:00Z", true), exchanged(t, "ben", Utility, "2026-10-05T09:00:00Z", false)},
			"service 1=0+1+0 of 1 | utility 2=0+1+1 of 2",
		},
		{
			"a free entry point takes in all for three days", "category,price_type", &Question{},
			[]*Exchanged{free(exchanged(t, "ana", Service, "2026-10-05T08:00:00Z", true)), free(exchanged(t, "ana", Marketing, "2026-10-08T07:00:00Z", false)), exchanged(t, "ana", Marketing, "2026-10-08T08:00:00Z", false)},
			"marketing  1=0+0+1 of 1 | referral_conversion free_entry_point 1=1+0+0 of 2",
		},
		{
			"days are the account's", "day", &Question{},
			[]*Exchanged{exchanged(t, "ana", Marketing, "2026-10-05T22:30:00Z", false)},
			"2026-10-06 1=0+0+1 of 1",
		},
		{
			"one from before the period goes on in it, and one from within goes on after it", "category", october,
			[]*Exchanged{
				exchanged(t, "ana", Marketing, "2026-09-30T08:00:00Z", false), exchanged(t, "ana", Marketing, "2026-10-01T07:00:00Z", false),
				exchanged(t, "ana", Utility, "2026-10-31T20:00:00Z", false), exchanged(t, "ana", Utility, "2026-11-01T19:00:00Z", false), exchanged(t, "ana", Utility, "2026-11-01T21:00:00Z", false),
			},
			"utility 1=0+0+1 of 2",
		},
		{
			"what is selected is the conversation, with what it took in", "category", &Question{Where: map[string][]string{"category": {"marketing"}}},
			[]*Exchanged{exchanged(t, "ana", Marketing, "2026-10-05T08:00:00Z", false), exchanged(t, "ana", Service, "2026-10-05T09:00:00Z", true), exchanged(t, "ben", Service, "2026-10-05T09:00:00Z", true)},
			"marketing 1=0+0+1 of 2",
		},
	} {
		if got := conversations(t, test.q, test.messages, strings.Split(test.by, ",")...).String(); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
	broken := errors.New("broken")
	if _, err := new(Question).NewConversationReport(func(yield func(*Exchanged, error) bool) { yield(nil, broken) }, nil); !errors.Is(err, broken) {
		t.Errorf("an error ends as %v", err)
	}
}

// TestConversationReportAddsUp: whatever is sent, the rows by any grouping are those of a
// reckoning that looks at all messages for each of them, and days add up to their month.
func TestConversationReportAddsUp(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	start := time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var messages []*Exchanged
		for i := range rapid.IntRange(0, 60).Draw(t, "messages") {
			category := rapid.SampledFrom([]Category{Marketing, Utility, Service, Authentication, "none"}).Draw(t, "category")
			l := &Line{
				Key: Key{
					PhoneNumberID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "number"), Category: string(category), Initiation: rapid.SampledFrom([]string{"user", "business"}).Draw(t, "initiation"),
					Tags: Tags(rapid.SampledFrom([]string{"", "team=crm", "team=support"}).Draw(t, "tags")), Currency: rapid.SampledFrom([]Currency{"USD", "EUR"}).Draw(t, "currency"),
				},
				N: 1, Zone: berlin, Told: rapid.SampledFrom([]PriceType{"", "", "", Regular, FreeEntryPoint}).Draw(t, "told"),
			}
			at := start.Add(time.Duration(rapid.IntRange(0, 10*24).Draw(t, "hours")) * time.Hour)
			messages = append(messages, &Exchanged{Line: l, ID: fmt.Sprintf("%03d", i), Person: rapid.SampledFrom([]string{"ana", "ben", "cleo"}).Draw(t, "person"), At: at})
		}
		q := &Question{Has: func(at time.Time, zone *time.Location) bool {
			return Day(at, zone) >= "2026-10-01" && Day(at, zone) < "2026-10-07"
		}}
		for _, by := range [][]string{{"category"}, {"day", "number"}, {"team", "initiation"}, {"currency", "price_type"}} {
			got := conversations(t, q, messages, by...)
			want := make(map[string]*ConversationCounts)
			for _, c := range reckoned(messages) {
				if first := c[0]; q.Has(first.At, berlin) {
					var values []string
					for _, name := range by {
						values = append(values, c.value(name))
					}
					key := strings.Join(values, " ")
					if want[key] == nil {
						want[key] = new(ConversationCounts)
					}
					n := want[key]
					n.Conversations++
					n.Messages += len(c)
					switch {
					case first.Told == FreeEntryPoint:
						n.FreeEntryPoint++
					case first.Initiation == "user":
						n.UserInitiated++
					default:
						n.BusinessInitiated++
					}
				}
			}
			var rows []string
			for _, key := range slices.Sorted(maps.Keys(want)) {
				n := want[key]
				rows = append(rows, fmt.Sprintf("%s %d=%d+%d+%d of %d", key, n.Conversations, n.FreeEntryPoint, n.UserInitiated, n.BusinessInitiated, n.Messages))
			}
			have := strings.Split(got.String(), " | ")
			if slices.Sort(have); strings.Join(have, " | ") != strings.Join(rows, " | ") {
				t.Fatalf("by %v: %s\nwant %s", by, strings.Join(have, " | "), strings.Join(rows, " | "))
			}
		}
	})
}

// exchange is a conversation as it is reckoned naively: its messages.
type exchange []*Exchanged

// value is what a conversation has for what it is grouped by.
func (c exchange) value(name string) string {
	first := c[0]
	switch name {
	case "day":
		return first.At.In(first.Zone).Format(time.DateOnly)
	case "category":
		return c.category()
	case "price_type":
		return string(first.Told)
	case "number":
		return first.PhoneNumberID
	case "initiation":
		return first.Initiation
	case "currency":
		return string(first.Currency)
	}
	return first.Tags.Get(name)
}

func (c exchange) category() string {
	if c[0].Told == FreeEntryPoint {
		return "referral_conversion"
	}
	return c[0].Category
}

// covers reports whether a conversation is open at a time, as all of them are known.
func (c exchange) covers(at time.Time, all []exchange) bool {
	length := 24 * time.Hour
	if c[0].Told == FreeEntryPoint {
		length = 72 * time.Hour
	}
	if at.Sub(c[0].At) >= length {
		return false
	}
	for _, other := range all { // a free entry point ends those that opened before it, if only in order
		if other[0].Told == FreeEntryPoint && other.with() == c.with() && other[0].Compare(c[0]) > 0 {
			return false
		}
	}
	return true
}

func (c exchange) with() string { return c[0].PhoneNumberID + " " + c[0].Person }

// reckoned are the conversations of messages: for each message, by all that were before it.
func reckoned(messages []*Exchanged) (all []exchange) {
	sorted := slices.Clone(messages)
	slices.SortFunc(sorted, (*Exchanged).Compare)
next:
	for _, m := range sorted {
		if m.Category == "none" {
			continue
		}
		with, takesAll := exchange{m}.with(), -1
		for i := range all {
			if all[i].with() != with || !all[i].covers(m.At, all) {
				continue
			}
			if all[i].category() == (exchange{m}).category() {
				all[i] = append(all[i], m)
				continue next
			}
			takesAll = i
		}
		if m.Category == "service" && m.Told != FreeEntryPoint && takesAll >= 0 {
			all[takesAll] = append(all[takesAll], m)
			continue
		}
		all = append(all, exchange{m})
	}
	return all
}
