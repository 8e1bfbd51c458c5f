package billing

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Tags are names with values that a sender gave a message, such as the team that pays
// for it: "campaign=diwali,team=crm", by name, and each name once.
type Tags string

// NewTags are tags by their names.
func NewTags(byName map[string]string) Tags {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(byName)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name + "=" + byName[name])
	}
	return Tags(b.String())
}

// Get is the value of a tag; "" where the message doesn't have it.
func (t Tags) Get(name string) string {
	for tag := range strings.SplitSeq(string(t), ",") {
		if n, value, _ := strings.Cut(tag, "="); n == name {
			return value
		}
	}
	return ""
}

// ByName are the values by name.
func (t Tags) ByName() map[string]string {
	byName := make(map[string]string)
	for tag := range strings.SplitSeq(string(t), ",") {
		if name, value, ok := strings.Cut(tag, "="); ok {
			byName[name] = value
		}
	}
	return byName
}

// MarshalJSON writes the tags as an object.
func (t Tags) MarshalJSON() ([]byte, error) { return json.Marshal(t.ByName()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tags) UnmarshalJSON(b []byte) error {
	var byName map[string]string
	if err := json.Unmarshal(b, &byName); err != nil {
		return err
	}
	*t = NewTags(byName)
	return nil
}
