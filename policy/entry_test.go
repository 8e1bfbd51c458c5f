package policy

import (
	"testing"
	"time"
)

func TestParseEntry(t *testing.T) {
	for s, want := range map[string]string{
		"qr": "qr", " QR : shop window ": "qr:shop window", "link:x:y": "link:x:y", "other:fair": "other:fair", "ad": "ad", "website": "website",
		"": "", "fair": "", "other": "", "other:": "", "qr:": "", "qr:a\nb": "",
	} {
		got, err := ParseEntry(s)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
}

// TestEntries: a message tells of a way as a whole, however a phone spells it.
func TestEntries(t *testing.T) {
	e := make(Entries)
	for _, add := range []struct {
		source, text string
		good         bool
	}{
		{"qr:window", "Hello from the shop window!", true},
		{"link", "F7Q", true},
		{"qr:window", "hello from the shop window", true},
		{"link", "Hello from the shop window", false},
		{"link", "…", false},
		{"poster", "x", false},
	} {
		if err := e.Add(add.source, add.text); (err == nil) != add.good {
			t.Errorf("%+v: %v", add, err)
		}
	}
	for message, want := range map[string]string{
		"Hello from the shop window!": "qr:window", " HELLO  from the Shop Window ": "qr:window", "f7q": "link",
		"Hello": "", "Hello from the shop window! Are you open?": "", "": "",
	} {
		if got := e.Of(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

// TestEntryOfWindow: how a person came holds for the window it opened, in whatever order
// their messages come in, and a day later no more.
func TestEntryOfWindow(t *testing.T) {
	const number = "1"
	a := Alias{1}
	at := func(h int) Moment { return Moment(0).Add(time.Duration(100+h) * time.Hour) }
	type message struct {
		hour  int
		entry string
	}
	for _, c := range []struct {
		name     string
		messages []message
		now      int
		want     string
	}{
		{"nobody wrote", nil, 1, ""},
		{"direct", []message{{0, ""}}, 1, EntryDirect},
		{"by a code", []message{{0, "qr:window"}}, 1, "qr:window"},
		{"and wrote on", []message{{0, "qr:window"}, {5, ""}}, 6, "qr:window"},
		{"another way later", []message{{0, "qr:window"}, {5, "link"}}, 6, "link"},
		{"a day later, directly", []message{{0, "qr:window"}, {25, ""}}, 26, EntryDirect},
		{"the window is closed", []message{{0, "qr:window"}}, 24, ""},
	} {
		for _, backwards := range []bool{false, true} {
			contact, half := new(Contact), new(Contact)
			for i, m := range c.messages {
				if backwards {
					m = c.messages[len(c.messages)-1-i]
				}
				to := contact
				if i%2 == 1 {
					to = half
				}
				r := to.Member(a).Relation(number)
				r.Open(at(m.hour), false)
				r.Enter(at(m.hour), m.entry)
			}
			contact.Merge(half)
			p := contact.Person(a, DefaultTerms().For(number, func(string) string { return "" }))
			if got := p.EntryAt(at(c.now)); got != c.want {
				t.Errorf("%s (backwards: %t): %q, want %q", c.name, backwards, got, c.want)
			}
		}
	}
	handed := new(Contact)
	r := handed.Member(a).Relation(number)
	r.Open(at(0), false)
	r.Enter(at(0), "qr")
	handed.Member(a).GiveAway(at(1), at(1))
	handed.Member(a).Relation(number).Open(at(2), false)
	p := handed.Person(a, DefaultTerms().For(number, func(string) string { return "" }))
	if got := p.EntryAt(at(3)); got != EntryDirect {
		t.Errorf("of who had the number before: %q", got)
	}
}
