package storetest

import (
	"testing"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testConsents: the list of all has every record once, whoever it is of and by however
// many names it came.
func testConsents(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start + 10*minute)
	incomplete := given(start, bob)
	incomplete.Lacks, incomplete.Evidence = []consent.Field{consent.FieldText}, &consent.Evidence{PageURL: "https://example.com/"}
	f.apply(opened(start, ann, annUser), given(start, ann, annUser), incomplete, said(policy.OptedOut, start+minute, ann), given(start, stranger))
	all := func(filter store.ConsentFilter) (list []*store.ConsentRecord) {
		t.Helper()
		for shard := range store.Shards {
			records, err := f.Consents(t.Context(), byte(shard), &filter)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, records...)
		}
		return list
	}
	for name, c := range map[string]struct {
		filter store.ConsentFilter
		want   int
	}{
		"everything":        {store.ConsentFilter{}, 4},
		"opt-outs":          {store.ConsentFilter{State: policy.OptedOut}, 1},
		"from websites":     {store.ConsentFilter{Source: "website"}, 3},
		"of another number": {store.ConsentFilter{PhoneNumberID: "1"}, 0},
		"incomplete":        {store.ConsentFilter{Incomplete: true}, 1},
		"of another time":   {store.ConsentFilter{From: start + 11*minute}, 0},
		"of the time":       {store.ConsentFilter{From: start + 10*minute, To: start + 11*minute}, 4},
	} {
		list := all(c.filter)
		if len(list) != c.want {
			t.Errorf("%s: %d records, want %d", name, len(list), c.want)
		}
		ids := make(map[store.RecordID]bool)
		for _, r := range list {
			if ids[r.ID] || r.ID == (store.RecordID{}) {
				t.Errorf("%s: record %s twice, or without an id", name, r.ID)
			}
			ids[r.ID] = true
		}
	}
	if r := all(store.ConsentFilter{Incomplete: true})[0]; r.Evidence == nil || r.Evidence.PageURL == "" || r.Alias != f.Pseudonym(bob) {
		t.Errorf("the incomplete one is %+v", r)
	}
}
