package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sortedFields are fields with their values as people read them.
func sortedFields(all map[string]any) (fields [][2]string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := fmt.Sprint(all[name])
		if list, ok := all[name].([]any); ok {
			words := make([]string, len(list))
			for i, w := range list {
				words[i] = fmt.Sprint(w)
			}
			value = strings.Join(words, ", ")
		}
		fields = append(fields, [2]string{name, value})
	}
	return fields
}
