package store

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// word is what somebody says of a template's category, or an operator's acceptance of it.
type word struct {
	at       policy.Moment
	category policy.Category
	by       string // an operator
	from     WordSource
}

func (w word) told(r *templateRecord) {
	switch c := string(w.category); {
	case w.by != "":
		if a := (acceptance{w.at, w.category, w.by}); a.compare(r.Accepted) > 0 {
			r.Accepted = a
		}
		return
	case w.from == FromAnswer:
		r.ReadCategory.set(w.at, c)
	case w.from == FromWebhook:
		r.Category.set(w.at, c)
	case w.from == FromBilling:
		r.Billed.set(bill{Sent: w.at, Told: w.at, Category: string(w.category)})
	}
	r.saw(string(w.category), w.at, w.from)
}

// TestDriftCommutes: words on a template's category may come late, twice and in any order.
func TestDriftCommutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) word {
			return word{
				at:       policy.Moment(rapid.IntRange(1, 20).Draw(t, "at")) * 60_000,
				category: rapid.SampledFrom([]policy.Category{policy.CategoryUtility, policy.CategoryMarketing, policy.CategoryAuthentication}).Draw(t, "category"),
				by:       rapid.SampledFrom([]string{"", "", "", "ana"}).Draw(t, "by"),
				from:     rapid.SampledFrom([]WordSource{FromWebhook, FromAnswer, FromBilling}).Draw(t, "from"),
			}
		}), 1, 8).Draw(t, "words")
		var once, again templateRecord
		for _, w := range words {
			w.told(&once)
		}
		for _, w := range append(rapid.Permutation(words).Draw(t, "order"), rapid.SampledFrom(words).Draw(t, "twice")) {
			w.told(&again)
			again.separate()
		}
		if a, b := once.facts(), again.facts(); a != b {
			t.Errorf("%+v, in another order %+v", a, b)
		}
		if a, b := once.known(), again.known(); a != b {
			t.Errorf("%+v, in another order %+v", a, b)
		}
	})
}

func TestDrift(t *testing.T) {
	const u, m, a = policy.CategoryUtility, policy.CategoryMarketing, policy.CategoryAuthentication
	minutes := func(n int64) policy.Moment { return policy.Moment(n * 60_000) }
	for _, tc := range []struct {
		name  string
		words []word
		want  policy.TemplateDrift
		was   policy.Category
	}{
		{"always the same", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), u, "", FromAnswer}}, policy.TemplateDrift{}, ""},
		{"a webhook", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromWebhook}}, policy.TemplateDrift{Before: u, Since: minutes(20)}, u},
		{"a list", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromAnswer}, {minutes(30), m, "", FromAnswer}}, policy.TemplateDrift{Before: u, Since: minutes(20)}, u},
		{"the price of a message", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromBilling}}, policy.TemplateDrift{Before: u, Since: minutes(20)}, u},
		{"and back", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromAnswer}, {minutes(30), u, "", FromAnswer}}, policy.TemplateDrift{}, m},
		{"accepted", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromAnswer}, {minutes(25), m, "ana", ""}}, policy.TemplateDrift{}, u},
		{"accepted, and changed again", []word{{minutes(10), u, "", FromAnswer}, {minutes(20), m, "", FromAnswer}, {minutes(25), m, "ana", ""}, {minutes(30), a, "", FromAnswer}}, policy.TemplateDrift{Before: m, Since: minutes(30), Accepted: minutes(25)}, m},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r templateRecord
			for _, w := range tc.words {
				w.told(&r)
			}
			if got := r.facts().Drift; got != tc.want {
				t.Errorf("drift %+v, want %+v", got, tc.want)
			}
			if k := r.known(); k.Previous != tc.was {
				t.Errorf("it was %q before, since %v, want %q", k.Previous, k.ChangedAt, tc.was)
			}
		})
	}
}

// A record from before there were sightings has them from the words it keeps.
func TestDriftOfOldRecords(t *testing.T) {
	r := templateRecord{ReadCategory: latest{60_001, "utility"}}
	r.separate()
	w := word{120_000, policy.CategoryMarketing, "", FromWebhook}
	w.told(&r)
	if got, want := r.facts().Drift, (policy.TemplateDrift{Before: policy.CategoryUtility, Since: 120_000}); got != want {
		t.Errorf("drift %+v, want %+v", got, want)
	}
}
