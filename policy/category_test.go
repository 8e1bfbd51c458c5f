package policy

import (
	"slices"
	"testing"
)

func TestParseCategory(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Category
	}{
		{"MARKETING", CategoryMarketing},
		{"marketing_lite", CategoryMarketingLite},
		{"Utility", CategoryUtility},
		{"AUTHENTICATION", CategoryAuthentication},
		{"service", CategoryService},
		{"", CategoryUnknown},
		{"none", CategoryUnknown},
		{"TRANSACTIONAL", CategoryUnknown},
		{" utility", CategoryUnknown},
	} {
		if got := ParseCategory(tc.in); got != tc.want {
			t.Errorf("ParseCategory(%q) = %s, want %s", tc.in, got, tc.want)
		}
	}
}

// Every category needs one consent; what nobody knows needs the hardest to get.
func TestCategoryScope(t *testing.T) {
	for c, want := range map[Category]Scope{
		CategoryMarketing: Marketing, CategoryMarketingLite: Marketing, CategoryUtility: Transactional, CategoryService: Transactional,
		CategoryNone: Transactional, CategoryAuthentication: Authentication, CategoryUnknown: Marketing, "": Marketing, "gossip": Marketing,
	} {
		if got := c.Scope(); got != want {
			t.Errorf("%q needs %s consent, want %s", c, got, want)
		}
	}
}

func TestScopeNames(t *testing.T) {
	for _, s := range AllScopes {
		got, ok := ParseScope(s.String())
		if !ok || !slices.Equal(got, []Scope{s}) {
			t.Errorf("ParseScope(%q) = %v %v", s, got, ok)
		}
	}
	if got, ok := ParseScope("all"); !ok || !slices.Equal(got, AllScopes) {
		t.Errorf(`ParseScope("all") = %v %v`, got, ok)
	}
	if got, ok := ParseScope("everything"); ok {
		t.Errorf(`ParseScope("everything") = %v`, got)
	}
	if len(AllScopes) != Scopes {
		t.Errorf("%d scopes, want %d", len(AllScopes), Scopes)
	}
	if got := Scope(9).String(); got != "9" {
		t.Errorf("a scope nobody knows is called %q", got)
	}
}

// What is written as a name can be read as one.
func TestNamesAreRead(t *testing.T) {
	t.Run("scope", func(t *testing.T) { readsNames[Scope](t, Scopes) })
	t.Run("consent-state", func(t *testing.T) { readsNames[ConsentState](t, len(consentStateNames)) })
	t.Run("kind", func(t *testing.T) { readsNames[Kind](t, len(kindNames)) })
	t.Run("edge", func(t *testing.T) { readsNames[Edge](t, len(edgeNames)) })
}

func readsNames[T interface {
	~uint8
	String() string
	MarshalText() ([]byte, error)
}, P interface {
	*T
	UnmarshalText([]byte) error
}](t *testing.T, n int) {
	t.Helper()
	for i := range n {
		want := T(i)
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if want.String() == "0" {
			continue // kinds and edges begin at one
		}
		var got T
		if err := P(&got).UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q is read as %d (%v), want %d", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "0", "gossip"} {
		var got T
		if err := P(&got).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %d", bad, got)
		}
	}
}
