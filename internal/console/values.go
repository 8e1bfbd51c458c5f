package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// sorted are the names of fields.
func sorted(fields map[string]any) []string { return slices.Sorted(maps.Keys(fields)) }

// text is a value of JSON as people read it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any, []any:
		raw, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(raw)
	}
	return fmt.Sprint(v)
}

// counts are the numbers of something that counts, by the names of their fields.
func counts(v any) (list []fact) {
	raw, err := json.Marshal(v)
	fields := make(map[string]any)
	if err != nil || json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	for _, name := range sorted(fields) {
		if n, ok := fields[name].(float64); ok && n > 0 {
			list = append(list, fact{Name: words(name), Value: count(int(n))})
		}
	}
	return list
}
