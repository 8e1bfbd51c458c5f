package policy

import (
	"testing"
	"time"
)

func BenchmarkDecide(b *testing.B) {
	now := noon.Time()
	stopped := toOne(optedIn(10*day, AllScopes...), optedOutOf(hour, AllScopes...), wrote(hour))
	for _, bc := range []struct {
		name  string
		send  Send
		facts Facts
	}{
		{"reply", text(), toOne(wrote(hour))},
		{"window-closed", text(), toOne(wrote(day))},
		{"template", template(), toOne(optedIn(day, AllScopes...)).of(CategoryUtility)},
		{"template/opted-out", template(), stopped.of(CategoryMarketing)},
		{"two-readings", text().with(toTwoReadings), Facts{Persons: []PersonFacts{person(wrote(hour)), person(wrote(hour))}}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			p := Policy{WindowMargin: 5 * time.Minute}
			for b.Loop() {
				Decide(&bc.send, &bc.facts, &p, now)
			}
		})
	}
}

func BenchmarkPerson(b *testing.B) {
	c := applied([]update{
		link(1, 2, day), link(2, 3, day), changed(1, 4, day), opens(1, hour),
		says(1, OptedIn, 3*day, AllScopes...), says(2, OptedOut, 2*day, AllScopes...), says(3, OptedIn, hour, AllScopes...),
	})
	b.ReportAllocs()
	for b.Loop() {
		c.Person(name(2), ours("1"))
	}
}

func BenchmarkMeaning(b *testing.B) {
	w := NewWords()
	long := ""
	for len(long) < 4000 {
		long += "Where is my order? "
	}
	for name, text := range map[string]string{"word": "Stop, please!", "message": "Where is my order?", "long": long} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Message(text)
			}
		})
	}
}
