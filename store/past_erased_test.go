package store_test

import (
	"errors"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestPastOfTheErased: of the time before an erasure nobody claims to know what was known
// of the person, nor of whoever was one contact with them; of all others it is known.
func TestPastOfTheErased(t *testing.T) {
	for _, n := range []int{1, 2} {
		g := openGateways(t, n)
		b := g.books[n-1]
		step := func(e policy.Event) policy.Moment {
			g.now.Add(1000)
			apply(t, b, e)
			return policy.Moment(g.now.Load())
		}
		ann, user, bob := phone("15550100001"), policy.Identity{Kind: policy.BSUID, Value: "US.1"}, phone("15550100002")
		alone := step(said(user, policy.OptedIn, policy.Moment(g.now.Load())))
		step(said(bob, policy.OptedIn, policy.Moment(g.now.Load())))
		step(policy.IdentityLinked{Who: []policy.Identity{ann, user}, At: policy.Moment(g.now.Load())})
		shared := step(policy.NewPerson{Who: ann, At: policy.Moment(g.now.Load())}) // the user keeps what is theirs
		g.now.Add(1000)
		d, err := b.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{ann}})
		if err != nil || d.Counts.Names != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		after := step(said(ann, policy.OptedIn, d.At+1))
		for _, test := range []struct {
			who  policy.Identity
			at   policy.Moment
			want error
		}{
			{ann, alone, store.ErrErased},
			{ann, shared, store.ErrErased},
			{ann, after, nil},
			{user, shared, store.ErrErased},
			{user, d.At, nil},
			{user, after, nil},
			{bob, shared, nil},
			{bob, after, nil},
		} {
			f, err := b.FactsAt(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{test.who}}, test.at)
			if !errors.Is(err, test.want) {
				t.Errorf("%d gateways, %s at %d: %v, want %v; %+v", n, test.who.Value, test.at-alone, err, test.want, f.Persons)
			}
			if err == nil && test.at >= shared && f.Persons[0].Consent[policy.Marketing].State != policy.OptedIn {
				t.Errorf("%d gateways, %s at %d: %+v", n, test.who.Value, test.at-alone, f.Persons[0])
			}
		}
	}
}

// TestLimitsOfTheErased: what Meta says of messages from before an erasure, or of sends
// that anybody makes after it, makes nobody known again.
func TestLimitsOfTheErased(t *testing.T) {
	g := openGateways(t, 1)
	b := g.books[0]
	ann := phone("15550100001")
	at := policy.Moment(g.now.Load())
	apply(t, b, said(ann, policy.OptedIn, at))
	g.now.Add(1000)
	if _, err := b.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{ann}}); err != nil {
		t.Fatal(err)
	}
	g.now.Add(5000)
	apply(t, b, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "wamid.1", Who: []policy.Identity{ann}, At: policy.Moment(g.now.Load()), Status: policy.StatusFailed, ErrorCode: 131056})
	f, err := b.Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{ann}})
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Persons[0]; p.Known || p.Contact == b.Pseudonym(ann) || len(p.Limits) > 0 {
		t.Errorf("known again: %+v", p)
	}
}
