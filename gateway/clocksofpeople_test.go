package gateway

import (
	"slices"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// TestClocksOfPeople: the rules are told what clocks show at the very time of the send,
// of everybody it may go to, and only where there are quiet hours for it.
func TestClocksOfPeople(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	before := time.Date(2026, 10, 25, 0, 59, 0, 0, time.UTC) // a minute later the clocks go back
	phone := func(digits string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: digits} }
	for _, c := range []struct {
		name string
		who  policy.Identity
		zone string
		at   time.Time
		want []policy.Clock
	}{
		{"summer time", phone("4915112345678"), "", before, []policy.Clock{{East: 120}}},
		{"and a minute later", phone("4915112345678"), "", before.Add(time.Minute), []policy.Clock{{East: 60}}},
		{"an area code", phone("18085550147"), "", before, []policy.Clock{{East: -600}}},
		{"a user id", policy.Identity{Kind: policy.BSUID, Value: "IN.40817726355190042"}, "", before, []policy.Clock{{East: 330}}},
		{"a group, by the account's", policy.Identity{Kind: policy.Group, Value: "Y2FwaV9ncm91cDo"}, "", before, []policy.Clock{{East: 120}}},
		{"a number of no country, by the account's", phone("80012345678"), "", before, []policy.Clock{{East: 120}}},
		{"a zone that is named", phone("4915112345678"), "Asia/Tokyo", before, []policy.Clock{{Zone: "Asia/Tokyo", East: 540}}},
	} {
		b := Business{Zone: berlin, Policy: policy.Policy{QuietHours: []policy.Quiet{{Scopes: policy.ScopesOf(policy.Marketing), From: 1, To: 2, Zone: c.zone}}}}
		s := policy.Send{Kind: policy.TemplateMessage, Recipient: c.who}
		f := policy.Facts{Persons: make([]policy.PersonFacts, 1)}
		b.readClocks(&s, &f, c.at)
		if got := f.Persons[0].Clocks; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		f = policy.Facts{Persons: make([]policy.PersonFacts, 1), Template: policy.TemplateFacts{Found: true, Category: policy.CategoryUtility}}
		if b.readClocks(&s, &f, c.at); f.Persons[0].Clocks != nil {
			t.Errorf("%s: a template without quiet hours has clocks %v", c.name, f.Persons[0].Clocks)
		}
	}
}
