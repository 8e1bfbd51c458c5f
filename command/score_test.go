package command

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// TestScorePage: the page on scoring has every fact that may be missing, every rule that may
// miss something, and every matter; and each code of a rule.
func TestScorePage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/reference/score.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	var words []string
	words = append(words, names(policy.Lacks)...)
	words = append(words, names(policy.MissableRules)...)
	for _, word := range append(words, scoreFindings...) {
		if !strings.Contains(page, "`"+word+"`") {
			t.Errorf("the page on scoring lacks %s", word)
		}
	}
	for code := range 200_000 {
		if policy.MayBeMissed(code) && !strings.Contains(page, fmt.Sprintf("`%d`", code)) {
			t.Errorf("the page on scoring lacks the code %d", code)
		}
	}
	for _, rule := range policy.RefuseRules {
		if (policy.Disproved(rule, policy.FreeForm) || policy.Disproved(rule, policy.TemplateMessage)) && !strings.Contains(page, "`"+string(rule)+"`") {
			t.Errorf("the page on scoring doesn't say that a delivery disproves %s", rule)
		}
	}
	metrics, err := os.ReadFile("../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, matter := range policy.Matters {
		if !strings.Contains(string(metrics), "`"+string(matter)+"`") {
			t.Errorf("the page on metrics lacks the matter %s", matter)
		}
	}
}
