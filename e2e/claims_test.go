package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

var update = flag.Bool("update", false, "write docs/claims.md")

// claim is one thing that WhatsApp, the law or whoever answers for a business expects of
// those who send, what becomes of it here, and how that is shown.
type claim struct {
	// name is of the test, below the one of its chapter.
	name string
	says string // what is expected
	does string // what happens
	// rules are those that enforce it.
	rules []policy.Rule
	// tests are others that show it, beside the steps.
	tests []string
	// missing is what does not happen yet.
	missing string

	whatsapp, guard, site string
	sim                   graphsim.Options
	steps                 steps
}

// chapter is a part of the claims.
type chapter struct {
	name, title string
	claims      []claim
}

var chapters = []chapter{
	{"notify", "Notifying people", notifyClaims},
	{"start", "Starting a conversation, and the ways to agree", startClaims},
	{"talk", "Notifications and conversations", talkClaims},
	{"types", "Kinds of messages, opting in and out", typeClaims},
	{"keep", "Opt-ins, and keeping them", keepClaims},
}

// TestClaims: what is expected of those who send, one by one.
func TestClaims(t *testing.T) {
	for _, ch := range chapters {
		for _, c := range ch.claims {
			if len(c.steps) == 0 {
				if len(c.tests) == 0 {
					t.Errorf("nothing shows %s/%s", ch.name, c.name)
				}
				continue
			}
			t.Run(ch.name+"/"+c.name, func(t *testing.T) {
				if c.whatsapp == "" {
					c.whatsapp = inGermany
				}
				w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: c.whatsapp, Guard: c.guard, Site: c.site}, sim: c.sim})
				for _, step := range c.steps {
					step(t, w)
				}
				// So that the log, which is searched for personal data, has something.
				gatewaytest.Do(t, http.MethodGet, w.URL+"/v25.0/"+shop, "", nil)
				addsUp(t, w.Gateway)
			})
		}
	}
}

// TestClaimsPage: docs/claims.md is what the claims say, every rule in it is one, and
// every test is there.
func TestClaimsPage(t *testing.T) {
	tests := declaredTests(t)
	rules := slices.Concat(policy.AllowRules, policy.Refusals(), []policy.Rule{policy.RuleSentToAnother})
	var page strings.Builder
	page.WriteString(claimsHead)
	holds, partly := 0, 0
	names := make(map[string]bool)
	for _, ch := range chapters {
		fmt.Fprintf(&page, "\n## %s\n\n| What is expected | What happens | Rules | Shown by |\n|---|---|---|---|\n", ch.title)
		for _, c := range ch.claims {
			name := ch.name + "/" + c.name
			if names[name] || !regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`).MatchString(name) {
				t.Errorf("two claims are called %s, or it is no name", name)
			}
			names[name] = true
			var shown, decided []string
			if len(c.steps) > 0 {
				shown = append(shown, "`TestClaims/"+name+"`")
			}
			for _, test := range c.tests {
				root, _, _ := strings.Cut(test, "/")
				if !tests[root] {
					t.Errorf("%s: there is no test called %s", name, root)
				}
				shown = append(shown, "`"+test+"`")
			}
			for _, rule := range c.rules {
				if !slices.Contains(rules, rule) {
					t.Errorf("%s: there is no rule %s", name, rule)
				}
				decided = append(decided, "`"+string(rule)+"`")
			}
			does := c.does
			if c.missing != "" {
				does = strings.TrimSpace(does + " **Not yet:** " + c.missing)
				partly++
			} else {
				holds++
			}
			fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", c.says, does, strings.Join(decided, ", "), strings.Join(shown, ", "))
		}
	}
	content := strings.Replace(page.String(), "COUNTS", fmt.Sprintf("%d of the %d hold; of %d a part is not there yet, and says so", holds, holds+partly, partly), 1)
	const file = "../docs/claims.md"
	if *update {
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil { //nolint:gosec // documentation
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil || string(kept) != content {
		t.Errorf("%s is not what the claims say; write it with go test ./e2e -run TestClaimsPage -update (%v)", file, err)
	}
}

const claimsHead = `# What is expected, and what shows that it holds

What WhatsApp's rules, the laws on marketing and whoever answers for a business expect of those who send, claim by claim: what happens here, by which rule, and which test shows it. COUNTS.

This page is written by a test from the list it runs (` + "`go test ./e2e -run TestClaims`" + `). Rules are explained in [refusals](reference/refusals.md), in the order in which they are asked in [rules](reference/rules.md).
`
