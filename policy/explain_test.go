package policy

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestExplain: a decision that is explained is the one that is made, and the last rule that
// was asked about the send, or about one of the people, has made it.
func TestExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSend().Draw(t, "send")
		f, p, now := genFacts(&s).Draw(t, "facts"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now").Time()
		p.Rules = rapid.SampledFrom([][]CustomRule{nil, {warns(`window.open`), refuses(`send.category == "marketing"`)}}).Draw(t, "rules")
		d, asked := Explain(&s, &f, &p, now)
		if want := Decide(&s, &f, &p, now); !reflect.DeepEqual(d, want) {
			t.Fatalf("explained is %+v, made was %+v", d, want)
		}
		if len(asked) == 0 {
			t.Fatal("no rule was asked")
		}
		decided := 0
		for i, a := range asked {
			if a.Decision == nil {
				continue
			}
			decided++
			if i+1 < len(asked) && asked[i+1].Person == a.Person {
				t.Fatalf("%q decided, and %q was asked after it", a.Doc, asked[i+1].Doc)
			}
		}
		if decided == 0 {
			t.Fatal("no rule decided")
		}
	})
}
