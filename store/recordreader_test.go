package store

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// TestDecodeContact checks that a contact reads as the general decoder reads it,
// and that ordinary ones need only the reader made for them.
func TestDecodeContact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		contact := rapid.Make[policy.Contact]().Draw(t, "contact")
		value, err := encode(contactRecord{Contact: &contact})
		if err != nil {
			t.Fatal(err)
		}
		compareContacts(t, value)
		// Into one that was used before.
		before := rapid.Make[policy.Contact]().Draw(t, "before")
		got, err := decodeContactInto(&before, value)
		if again, _ := encode(got); err != nil || !bytes.Equal(again, value) {
			t.Errorf("read over another contact: %x, %v; want %x", again, err, value)
		}
	})
	contact := &policy.Contact{}
	contact.Link(policy.Alias{1}, policy.Alias{2}, policy.SamePerson, 1_790_000_000_000)
	relation := contact.Member(policy.Alias{1}).Relation(testNumber)
	relation.Open(1_790_000_000_000, false)
	for _, w := range []policy.ConsentRecord{
		{State: policy.OptedIn, Scopes: policy.AllScopes, At: 1_790_000_000_000, Source: policy.SourceKeyword},
		{State: policy.OptedIn, Scopes: policy.AllScopes, At: 1_790_000_000_000, Source: policy.SourceButton, Tap: true, Recorded: 1_790_000_000_001},
		{State: policy.OptedIn, Scopes: policy.AllScopes, At: 1_790_000_000_000, Source: policy.SourceKeyword, General: true, Recorded: 1_790_000_000_002},
		{State: policy.OptedOut, Scopes: policy.AllScopes, At: 1_790_000_000_000, Source: policy.SourceKeyword, General: true, Recorded: 1_790_000_000_003},
		{State: policy.OptedOut, Scopes: policy.AllScopes, At: 1_790_000_000_000, Source: policy.SourceOperator, Recorded: 1_790_000_000_004},
	} {
		relation.Record(w)
	}
	contact.Member(policy.Alias{2}).GiveAway(1_790_000_000_000, 1_790_000_000_005)
	relation.PermitCalls(1, policy.Forever)
	value, err := encode(contactRecord{Contact: contact})
	if err != nil {
		t.Fatal(err)
	}
	r := recordReader{rest: value}
	got := new(policy.Contact)
	if r.record(got); r.unusual || len(r.rest) > 0 || !reflect.DeepEqual(got, contact) {
		t.Errorf("got %+v, %d bytes left; want %+v", got, len(r.rest), contact)
	}
}

func compareContacts(t interface{ Errorf(string, ...any) }, value []byte) {
	var want contactRecord
	wantErr := decode(value, &want)
	got, err := decodeContact(value)
	if (err != nil) != (wantErr != nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("%x: got %+v, %v; want %+v, %v", value, got.Contact, err, want.Contact, wantErr)
	}
}

func FuzzDecodeContact(f *testing.F) {
	contact := &policy.Contact{}
	contact.Link(policy.Alias{1}, policy.Alias{2}, policy.Successor, 5)
	contact.Member(policy.Alias{1}).Relation("1").Record(policy.ConsentRecord{State: policy.OptedOut, Scopes: policy.AllScopes, At: 6, Source: policy.SourceButton})
	for _, r := range []contactRecord{{Contact: contact}, {Under: &policy.Alias{3}}, {}} {
		value, err := encode(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := decodeContact(value)
		if err != nil {
			return
		}
		// Of what encode doesn't write, such as a key that repeats, any reading will do.
		if again, err := encode(r); err == nil && bytes.Equal(again, value) {
			compareContacts(t, value)
		}
	})
}
