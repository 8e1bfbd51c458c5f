package rulelang

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC) // a Friday

// sample is an offer to somebody in Germany who wrote an hour ago.
func sample() *Input {
	return &Input{
		Send:     Send{Kind: "template", Type: "template", Category: "marketing", Endpoint: "messages", Initiation: "user", AllowedBy: "CONSENT"},
		Contact:  Contact{Known: true, Country: "DE", CountryKnown: true},
		Window:   Window{Known: true, Open: true, Opened: noon.Add(-time.Hour), Closes: noon.Add(23 * time.Hour)},
		Consent:  Consent{State: "opted_in", Source: "website", Since: noon.Add(-400 * 24 * time.Hour), SinceKnown: true, Marketing: "opted_in", Transactional: "unknown", Authentication: "opted_out"},
		Template: Template{Name: "black_friday", Language: "en", Known: true, Status: "APPROVED", Category: "marketing"},
		Business: Business{Name: "shop", PhoneNumberID: "1"},
		Sender:   Sender{Known: true, Name: "crm"},
		Now:      noon, Local: ClockAt(noon, 60),
	}
}

func TestHolds(t *testing.T) {
	for expression, want := range map[string]bool{
		`send.category == "marketing"`:                                                         true,
		`send.category == 'utility'`:                                                           false,
		`contact.country in ["FR", "DE"]`:                                                      true,
		`!contact.country_known || contact.country == "FR"`:                                    false,
		`window.open && window.closes - now < duration("24h")`:                                 true,
		`now - consent.since > duration("8760h")`:                                              true,
		`consent.authentication == "opted_out"`:                                                true,
		`template.name.startsWith("black_") && template.language == "en"`:                      true,
		`template.name.matches("^black_[a-z]+$")`:                                              true,
		`now_local.hour == 13 && now_local.weekday == 5 && now_local.day == 20`:                true,
		`now.getHours("+02:00") == 14 && now.getHours() == 12 && now.getDayOfWeek("UTC") == 5`: true,
		`now > timestamp("2026-11-19T00:00:00Z")`:                                              true,
		`sender.name == "crm" && business.name != "shop"`:                                      false,
		`["black", "cyber"].exists(w, template.name.contains(w))`:                              true,
		"send.kind == \"template\"\n  && // a comment\n  {\"a\": 1}.size() == 1":               true,
	} {
		e, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got, err := e.Holds(sample()); err != nil || got != want {
			t.Errorf("%s: %v (%v), want %v", expression, got, err, want)
		}
	}
}

// What is wrong with an expression is said when it is compiled, and where.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		expression   string
		line, column int
		text         string
	}{
		{`send.catgory == "x"`, 1, 5, "undefined field 'catgory'"},
		{"send.kind == \"x\" &&\n  send.category == 5", 2, 17, "no matching overload"},
		{`sned.category == "x"`, 1, 1, "undeclared reference to 'sned'"},
		{`send.category == `, 1, 18, "Syntax error"},
		{`send.category`, 1, 1, "comes to string"},
		{`dyn(true)`, 1, 1, "comes to dyn"},
		{`send`, 1, 1, "comes to Send"},
		{`window.opened == null`, 1, 15, "nothing is ever null"},
		{`null != window.opened`, 1, 6, "nothing is ever null"},
		{`has(window.open)`, 1, 4, "has() tells nothing"},
		{`{"a": true}["b"]`, 1, 12, "a key that isn't there"},
		{`{"a": true}.b`, 1, 12, "a key that isn't there"},
		{`now.getHours("+99:99") > 5`, 1, 13, "an offset such as"},
		{`template.name.matches(template.language)`, 1, 22, "must be written as it is"},
		{`now.getHours("Asia/Kolkata") > 5`, 1, 13, "use now_local"},
		{`now.getHours(sender.name) > 5`, 1, 13, "use now_local"},
		{`template.name.matches("(")`, 0, 0, ""},
		{``, 0, 0, "empty"},
		{strings.Repeat("!", LongestExpression) + "true", 0, 0, "it may have 4096"},
		{`[1,2,3,4,5,6,7,8,9,10].exists(a, [1,2,3,4,5,6,7,8,9,10].exists(b, [1,2,3,4,5,6,7,8,9,10].exists(c, [1,2,3,4,5,6,7,8,9,10].exists(d, a*b*c*d == 0))))`, 0, 0, "take loops out"},
		{`now() > now`, 1, 4, "undeclared reference to 'now'"},
	} {
		_, err := Compile(c.expression)
		var problem *Error
		if !errors.As(err, &problem) {
			t.Errorf("%.60s: %v, want a mistake", c.expression, err)
			continue
		}
		if problem.Line != c.line || problem.Column != c.column || !strings.Contains(problem.Text, c.text) || strings.Contains(err.Error(), "rulelang") {
			t.Errorf("%.60s: %d:%d %s; want %d:%d and %q", c.expression, problem.Line, problem.Column, err, c.line, c.column, c.text)
		}
	}
}

// What fails when it is evaluated comes to an error, and to nothing else.
func TestFailures(t *testing.T) {
	for _, expression := range []string{
		`1 / now_local.minute == 0`,
		`["a"][5] == "b"`,
		`int(template.name) == 1`,
		`timestamp(template.name) < now`,
		`9223372036854775807 + now_local.hour > 0`,
	} {
		e, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if holds, err := e.Holds(sample()); err == nil || holds {
			t.Errorf("%s: %v, and no error", expression, holds)
		}
	}
}

// An expression is compiled once, and not for ever.
func TestOf(t *testing.T) {
	first, err := Of(`window.open`)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Of(`window.open`); err != nil || again != first {
		t.Errorf("it is compiled again (%v)", err)
	}
	if _, err := Of(`window.opn`); err == nil {
		t.Error("a mistake is taken")
	}
	if _, err := Of(`window.opn`); err == nil {
		t.Error("a mistake is taken the second time")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				e, err := Of(`now_local.hour == 13 && send.category == "marketing"`)
				if err != nil || !e.UsesLocal() {
					t.Errorf("uses the local clock: %v (%v)", e.UsesLocal(), err)
					return
				}
				if holds, err := e.Holds(sample()); !holds || err != nil {
					t.Errorf("%v %v", holds, err)
					return
				}
			}
		})
	}
	all.Wait()
	for i := range mostCompiled + 1 {
		compiled.Lock()
		compiled.byText[strings.Repeat(" ", i)] = compilation{}
		compiled.Unlock()
	}
	if _, err := Of(`window.known`); err != nil {
		t.Fatal(err)
	}
	if n := len(compiled.byText); n > mostCompiled {
		t.Errorf("%d expressions are kept", n)
	}
}

// No expression that somebody writes makes the compiler or an evaluation fall over.
func FuzzCompile(f *testing.F) {
	for _, expression := range []string{
		`send.category == "marketing"`, `has(window.open)`, `[1].map(x, x)`, `{"a": 1}["a"] == 1`, `now.getHours("UTC") > 1`, `window.opened == null`, `"`, `a.b.c(`, `timestamp("x") < now`, `Send{kind: "x"}.kind == "x"`,
	} {
		f.Add(expression)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		e, err := Compile(expression)
		if err != nil {
			return
		}
		holds, err := e.Holds(sample())
		again, errAgain := e.Holds(sample())
		if holds != again || (err == nil) != (errAgain == nil) {
			t.Errorf("%s comes to %v (%v) and to %v (%v)", expression, holds, err, again, errAgain)
		}
	})
}

// What a rule costs a send.
func BenchmarkHolds(b *testing.B) {
	for name, expression := range map[string]string{
		"plain": `send.category == "marketing" && contact.country in ["DE", "AT", "CH"] && window.closes - now < duration("1h")`,
		"local": `now_local.weekday == 0 && send.category == "marketing"`,
		"loop":  `["black", "cyber"].exists(w, template.name.contains(w))`,
	} {
		e, err := Compile(expression)
		if err != nil {
			b.Fatal(err)
		}
		in := sample()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Holds(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
