package billing

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestConversations: what opens a conversation, what belongs to it, and when it is over.
func TestConversations(t *testing.T) {
	hour := func(h float64) time.Time {
		return time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(h * float64(time.Hour)))
	}
	to := func(person string, c Category, h float64) Delivered {
		return Delivered{PhoneNumberID: "1044", Person: person, Category: c, At: hour(h)}
	}
	m, u, s := Marketing, Utility, Service
	for _, test := range []struct {
		name string
		d    []Delivered
		want string // conversations by category and the hour of their beginning: their messages
	}{
		{"a template opens one of its category", []Delivered{to("ana", m, 0), to("ana", u, 4), to("ana", u, 10)}, "marketing@0:0 utility@4:1,2"},
		{"it lasts for a day from the delivery that opened it", []Delivered{to("ana", m, 0), to("ana", m, 23.99), to("ana", m, 24)}, "marketing@0:0,1 marketing@24:2"},
		{"others don't prolong it", []Delivered{to("ana", m, 0), to("ana", m, 20), to("ana", m, 40)}, "marketing@0:0,1 marketing@40:2"},
		{"free-form belongs to whichever is open", []Delivered{to("ana", m, 0), to("ana", s, 5), to("ana", s, 25), to("ana", s, 26)}, "marketing@0:0,1 service@25:2,3"},
		{"a template doesn't belong to one of service", []Delivered{to("ana", s, 0), to("ana", u, 1), to("ana", s, 24.5)}, "service@0:0 utility@1:1,2"},
		{"each person has their own", []Delivered{to("ana", m, 0), to("ben", m, 1)}, "marketing@0:0 marketing@1:1"},
		{"each business phone number has its own", []Delivered{to("ana", m, 0), {PhoneNumberID: "1055", Person: "ana", Category: m, At: hour(1)}}, "marketing@0:0 marketing@1:1"},
		{"marketing lite is a category of its own", []Delivered{to("ana", m, 0), to("ana", MarketingLite, 1)}, "marketing@0:0 marketing_lite@1:1"},
		{
			"a free entry point takes in all for 72 hours, and ends others",
			func() []Delivered {
				d := []Delivered{to("ana", u, 0), to("ana", s, 1), to("ana", m, 30), to("ana", m, 72.9), to("ana", m, 73)}
				for i := range d[1:4] {
					d[1+i].FreeEntry = true
				}
				return d
			}(),
			"utility@0:0 referral_conversion@1:1,2,3 marketing@73:4",
		},
		{"statuses come in any order", []Delivered{to("ana", m, 20), to("ana", m, 0), to("ana", m, 25)}, "marketing@0:1,0 marketing@25:2"},
		{"what is no message is in none", []Delivered{to("ana", "none", 0), to("ana", "", 0)}, ""},
	} {
		var got []string
		for _, c := range Conversations(test.d) {
			got = append(got, fmt.Sprintf("%s@%g:%s", c.Category, c.From.Sub(hour(0)).Hours(), strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Messages), " ", ","), "[]")))
		}
		if joined := strings.Join(got, " "); joined != test.want {
			t.Errorf("%s: %s, want %s", test.name, joined, test.want)
		}
	}
}

// TestConversationsInAnyOrder: every message is in one conversation and within its time, no
// two of a category with a person overlap, and the order in which they come makes no
// difference.
func TestConversationsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
		d := make([]Delivered, rapid.IntRange(0, 30).Draw(t, "messages"))
		for i := range d {
			d[i] = Delivered{
				ID: fmt.Sprint(i), PhoneNumberID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "number"), Person: rapid.SampledFrom([]string{"ana", "ben"}).Draw(t, "person"),
				Category: rapid.SampledFrom([]Category{Marketing, Utility, Service, GeneralPurposeAI}).Draw(t, "category"),
				At:       start.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "hours")) * time.Hour), FreeEntry: rapid.IntRange(0, 9).Draw(t, "free entry") == 0,
			}
		}
		all := Conversations(d)
		in, ends := make(map[int]bool), make(map[string]time.Time)
		for _, c := range all {
			pair := c.PhoneNumberID + c.Person + string(c.Category)
			if c.From.Before(ends[pair]) || !c.From.Equal(d[c.Messages[0]].At) {
				t.Fatalf("%+v begins before another one ends", c)
			}
			ends[pair] = c.Until
			for _, i := range c.Messages {
				if in[i] || d[i].At.Before(c.From) || d[i].At.After(c.Until) || d[i].Person != c.Person || d[i].PhoneNumberID != c.PhoneNumberID {
					t.Fatalf("message %d, %+v, doesn't belong to %+v", i, d[i], c)
				}
				in[i] = true
			}
		}
		if len(in) != len(d) {
			t.Fatalf("%d of %d messages are in conversations", len(in), len(d))
		}
		shuffled, to := make([]Delivered, len(d)), rand.Perm(len(d))
		for i, j := range to {
			shuffled[j] = d[i]
		}
		again := Conversations(shuffled)
		for i := range all {
			for k, j := range all[i].Messages {
				all[i].Messages[k] = to[j]
			}
		}
		if !reflect.DeepEqual(again, all) {
			t.Fatalf("in another order:\n%+v\n%+v", again, all)
		}
	})
}
