package loosejson

import (
	"encoding/json"
	"testing"
)

// A field of any type is read as far as it makes sense, and costs nothing beside it.
func TestAnyType(t *testing.T) {
	for in, want := range map[string]struct {
		text   String
		number Int
		truth  Bool
	}{
		`"131047"`:               {"131047", 131047, false},
		`131047`:                 {"131047", 131047, false},
		`-1`:                     {"-1", -1, false},
		`1.5`:                    {"1.5", 0, false},
		`99999999999999999999`:   {"99999999999999999999", 0, false},
		`"a\u0041"`:              {"aA", 0, false},
		`"1"`:                    {"1", 1, true},
		`1`:                      {"1", 1, true},
		`true`:                   {"", 0, true},
		`"True"`:                 {"True", 0, true},
		`false`:                  {"", 0, false},
		`null`:                   {"", 0, false},
		`""`:                     {"", 0, false},
		`{"a":1}`:                {"", 0, false},
		`[1]`:                    {"", 0, false},
		"\"\xff\"":               {"\ufffd", 0, false},
		`"half of a pair\ud800"`: {"half of a pair\ufffd", 0, false},
	} {
		var v struct {
			Text   String
			Number Int
			Truth  Bool
			Beside string
		}
		body := `{"Text":` + in + `,"Number":` + in + `,"Truth":` + in + `,"Beside":"kept"}`
		if err := json.Unmarshal([]byte(body), &v); err != nil || v.Beside != "kept" {
			t.Errorf("%s: %v, beside it %q", in, err, v.Beside)
		}
		if v.Text != want.text || v.Number != want.number || v.Truth != want.truth {
			t.Errorf("%s reads as %q, %d, %v", in, v.Text, v.Number, v.Truth)
		}
	}
}
