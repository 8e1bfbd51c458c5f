package policy

import "strings"

// ToldCategory reads the category of a template in an event, as [ParseCategory]
// does. What nobody told, or nobody knows, is empty.
func ToldCategory(s string) Category {
	if c := ParseCategory(s); c != CategoryUnknown {
		return c
	}
	return ""
}

// ToldTemplateStatus reads the status of a template in an event, in any case.
// What is no name is empty, as where nobody told.
func ToldTemplateStatus(s string) TemplateStatus {
	if strings.ContainsFunc(s, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '_' }) {
		return ""
	}
	return TemplateStatus(strings.ToUpper(s))
}
