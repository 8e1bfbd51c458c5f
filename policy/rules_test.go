package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The codes of the rules are those the documentation explains: all of them, and
// no other decides.
func TestOrder(t *testing.T) {
	known := slices.Concat(AllowRules, RefuseRules)
	order := Order()
	for _, code := range known {
		if !slices.Contains(order, code) {
			t.Errorf("no rule decides by %s", code)
		}
	}
	for _, code := range order {
		if !slices.Contains(known, code) {
			t.Errorf("a rule decides by %s, which is not among the codes", code)
		}
	}
}

// A rule decides by its own codes.
func TestRulesDecideByTheirCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		f := genFacts(&s).Draw(t, "facts")
		c := Case{Send: &s, Facts: &f, Policy: &p, Now: now, Category: CategoryOf(&s, &f, now), who: recipientsOf(&s, &f, &p)}
		c.billed = c.isBilled()
		c.person, c.window = &f.Persons[0], WindowOf(f.Persons[0].Opened, p.WindowMargin)
		for _, r := range slices.Concat(sendRules, personRules) {
			if r.judge(&c) && !slices.Contains(r.codes, c.decision.Rule) {
				t.Fatalf("%q decides by %s, and has %v", r.doc, c.decision.Rule, r.codes)
			}
		}
	})
}

// TestRulesPage holds the page of all rules together with the list of them.
func TestRulesPage(t *testing.T) {
	const path = "../docs/reference/rules.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(page), "## About the send\n")
	if !ok {
		t.Fatalf("%s has no heading to write the rules under", path)
	}
	var b strings.Builder
	b.WriteString(before)
	n := 0
	table := func(heading string, rules []rule) {
		fmt.Fprintf(&b, "## %s\n\n| | Rule | Decides by |\n|---|---|---|\n", heading)
		for i := range rules {
			n++
			codes := make([]string, len(rules[i].codes))
			for j, code := range rules[i].codes {
				codes[j] = "`" + string(code) + "`"
				if slices.Contains(AllowRules, code) {
					codes[j] += " (lets it through)"
				}
			}
			fmt.Fprintf(&b, "| %d | %s%s | %s |\n", n, strings.ToUpper(rules[i].doc[:1]), rules[i].doc[1:], strings.Join(codes, ", "))
		}
	}
	table("About the send", sendRules)
	b.WriteString("\n")
	table("About each person the send may go to", personRules)
	b.WriteString("\n")
	table("About what all of these let through", slices.Concat(limitRules, personLimitRules, customRules))
	if *rewrite {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(page) {
		t.Errorf("%s doesn't have the rules as they are; -update rewrites it", path)
	}
}

// TestOtherScopesAreNamed: all of them, so that the sentence is true.
func TestOtherScopesAreNamed(t *testing.T) {
	facts := toOne(optedIn(day, Transactional), optedIn(day, Authentication)).of(CategoryMarketing)
	send := template()
	d := Decide(&send, &facts, &Policy{}, noon.Time())
	if want := "the user opted in to transactional and authentication messages only, and a marketing message needs consent to marketing messages"; d.Reason != want {
		t.Errorf("got %q, want %q", d.Reason, want)
	}
}
