package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestPast: whatever happened since, in whatever order, the facts of a moment are those
// that were read then.
func TestPast(t *testing.T) {
	template := policy.TemplateRef{Name: "hello", Language: "en"}
	rapid.Check(t, func(rt *rapid.T) {
		g := openGateways(t, 2)
		names := []policy.Identity{phone("15550100001"), phone("15550100002"), phone("15550100003"), {Kind: policy.BSUID, Value: "US.1"}, {Kind: policy.BSUID, Value: "US.2"}}
		who := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 2, func(i policy.Identity) string { return i.Value })
		facts := func(read func(store.Query) (policy.Facts, error)) (all []policy.Facts) {
			for _, name := range names {
				f, err := read(store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{name}, WABA: "waba", Template: template})
				if err != nil {
					rt.Fatal(err)
				}
				f.Template.ReadAt = 0 // that of a listing since may take its place
				all = append(all, f)
			}
			return all
		}
		type known struct {
			at    policy.Moment
			facts []policy.Facts
		}
		var moments []known
		for i := range rapid.IntRange(1, 12).Draw(rt, "events") {
			g.now.Add(rapid.Int64Range(1, 3_600_000).Draw(rt, "after"))
			now := policy.Moment(g.now.Load())
			at := now - policy.Moment(rapid.Int64Range(0, 100_000_000).Draw(rt, "late"))
			var e policy.Event
			switch rapid.IntRange(0, 7).Draw(rt, "kind") {
			case 0, 1:
				e = policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: who.Draw(rt, "who"), At: at}
			case 2:
				e = said(who.Draw(rt, "who")[0], policy.OptedIn, at)
			case 3:
				e = said(who.Draw(rt, "who")[0], policy.OptedOut, at)
			case 4:
				e = policy.IdentityChanged{Old: who.Draw(rt, "old"), New: who.Draw(rt, "new"), At: at}
			case 5:
				e = policy.NewPerson{Who: who.Draw(rt, "who")[0], At: at}
			case 6:
				e = policy.TemplateChanged{WABA: "waba", Template: template, At: at, Read: i%2 == 0, Status: rapid.SampledFrom([]policy.TemplateStatus{policy.TemplateApproved, policy.TemplatePaused}).Draw(rt, "status"), Category: policy.CategoryUtility}
			case 7:
				e = policy.TemplatesListed{WABA: "waba", At: at}
			}
			apply(t, g.books[i%2], e)
			moments = append(moments, known{now, facts(func(q store.Query) (policy.Facts, error) { return g.books[0].Facts(t.Context(), q) })})
		}
		for i, m := range moments {
			got := facts(func(q store.Query) (policy.Facts, error) { return g.books[1].FactsAt(t.Context(), q, m.at) })
			if !reflect.DeepEqual(got, m.facts) {
				rt.Fatalf("after event %d:\n%+v\nis now said to have been\n%+v", i, m.facts, got)
			}
		}
	})
}

// TestPastIsKept: of what was before a store kept the past, and of what is older than the
// ledger, nobody claims to know.
func TestPastIsKept(t *testing.T) {
	g := openGateways(t, 1)
	b, began := g.books[0], policy.MomentOf(testTime)
	if since := b.PastSince(); since != 0 {
		t.Errorf("the past of a new store is kept since %s", since)
	}
	for i, reach := range []policy.Reach{policy.ReachWABA, policy.ReachAll, policy.ReachAll} {
		terms := *policy.DefaultTerms()
		terms.OptOutReach = reach
		if err := b.Enforce(t.Context(), []store.Enforced{{PhoneNumberID: testNumber, Name: "Shop", Policy: policy.Policy{WindowMargin: time.Minute}, Terms: terms}}); err != nil {
			t.Fatal(err)
		}
		g.now.Add(1000)
		_ = i
	}
	if err := b.Enforce(t.Context(), []store.Enforced{{PhoneNumberID: store.AllOthers, Terms: *policy.DefaultTerms()}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after policy.Moment
		want  string
	}{{-1, ""}, {0, "Shop waba since 0"}, {999, "Shop waba since 0"}, {1000, "Shop all since 1000"}, {2999, "Shop all since 1000"}, {3000, " waba since 3000"}} {
		got := ""
		e, err := b.EnforcedAt(t.Context(), testNumber, began+test.after)
		if err == nil {
			got = fmt.Sprintf("%s %s since %d", e.Name, e.Terms.OptOutReach, e.At-began)
			if e.Name != "" && e.Policy.WindowMargin != time.Minute {
				t.Errorf("after %d the policy was %+v", test.after, e.Policy)
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if got != test.want {
			t.Errorf("after %d: %q, want %q", test.after, got, test.want)
		}
	}
}
