package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whoever counts decisions by rule and category can know beforehand what there is
// to count.
func TestRuleCategories(t *testing.T) {
	for _, r := range slices.Concat(AllowRules, RefuseRules) {
		if _, ok := categoriesOf[r]; !ok {
			t.Errorf("%s has no categories", r)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := genSend().Draw(t, "send")
		f := genFacts(&s).Draw(t, "facts")
		f.SiblingRefused = rapid.Bool().Draw(t, "sibling refused")
		p := genPolicy().Draw(t, "policy")
		d := Decide(&s, &f, &p, genMoment().Draw(t, "now").Time())
		if !slices.Contains(d.Rule.Categories(), d.Category) {
			t.Fatalf("%s decides about the category %q, and says %v", d.Rule, d.Category, d.Rule.Categories())
		}
	})
}
