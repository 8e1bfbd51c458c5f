package policy

import (
	"strings"
	"unicode"
)

// BilledCategories are the pricing categories Meta has named. It may name others.
var BilledCategories = []Category{
	CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication, CategoryService,
	"authentication_international", "referral_conversion", "general_purpose_ai",
	"group_marketing", "group_utility", "group_service",
}

// billed are they by their letters alone.
var billed = func() map[string]Category {
	byLetters := make(map[string]Category)
	for _, c := range BilledCategories {
		byLetters[letters(string(c))] = c
	}
	return byLetters
}()

// BilledCategory is a pricing category as reports name it, however Meta spells
// it: in any case, with hyphens, underscores, spaces or none. One that nobody
// knows yet stays a category of its own. It is "" where none is told.
func BilledCategory(s string) Category {
	if c, ok := billed[letters(s)]; ok {
		return c
	}
	return Category(strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "_"))
}

// letters are the letters and digits of s in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
