package adminapi

import (
	"strings"
	"testing"
)

// TestAdminRequestsAreStrict: a request on consent that has two readings has
// none.
func TestAdminRequestsAreStrict(t *testing.T) {
	for name, c := range map[string]struct{ body, err string }{
		"plain":            {`{"phone_number_id":"1","contact":"+491511"}`, ""},
		"null":             {` {"scope":null} `, ""},
		"doubled":          {`{"scope":"marketing","scope":"all"}`, "twice"},
		"doubled/escaped":  {`{"scope":"marketing","sc\u006fpe":"all"}`, "twice"},
		"doubled/case":     {`{"scope":"marketing","Scope":"all"}`, `unknown field "Scope"`},
		"case":             {`{"SCOPE":"all"}`, `unknown field "SCOPE"`},
		"case/unicode":     {`{"ſcope":"all"}`, "unknown field"},
		"unknown":          {`{"scoop":"all"}`, `unknown field "scoop"`},
		"unknown/a-number": {`{"+4915112345678":"all"}`, "unknown field (not shown)"},
		"trailing/object":  {`{"scope":"all"}{"scope":"marketing"}`, "follows"},
		"trailing/text":    {`{"scope":"all"} x`, "follows"},
		"list":             {`[{"scope":"all"}]`, "must be an object"},
		"null-alone":       {`null`, "must be an object"},
		"empty":            {``, "byte 0"},
		"type":             {`{"scope":1}`, "cannot unmarshal number"},
		"large":            {`{"scope":"` + strings.Repeat("x", 64<<10) + `"}`, "larger than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			err := readStrictly(strings.NewReader(c.body), new(ConsentRequest))
			switch {
			case c.err == "" && err != nil, c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("the error is %v, want one with %q", err, c.err)
			case err != nil && strings.Contains(err.Error(), "15112345678"):
				t.Errorf("the error names a person: %v", err)
			}
		})
	}
}
