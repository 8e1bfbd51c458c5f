package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/waguard/waguard/billing"
)

// Tagging says which tags senders may give their messages. What isn't declared isn't
// kept, so that a sender's mistake makes no columns in the reports of finance.
type Tagging struct {
	// Declared are the tags by name.
	Declared map[string]*Tag

	mu sync.Mutex
}

// Tag is one that senders may use.
type Tag struct {
	// Values are those it may have; none where it may have any, up to MostTagValues.
	Values []string

	// seen are the values it had.
	seen map[string]bool
}

const (
	// MostTagValues is how many values a tag has that may have any; all further ones are
	// OtherValue. They are counted from each start of the gateway.
	MostTagValues = 1000
	// OtherValue stands for values that a tag may not have.
	OtherValue = "other"

	longestTagName  = 32
	longestTagValue = 64
)

// CheckTagName says what is wrong with the name of a tag.
func CheckTagName(name string) error {
	bad := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if name == "" || len(name) > longestTagName || strings.ContainsFunc(name, bad) || name[0] < 'a' {
		return fmt.Errorf("%q is no name of a tag: it has 1 to %d lower-case letters, digits and underscores and begins with a letter, such as cost_centre", name, longestTagName)
	}
	return nil
}

// LongNumber is what could be somebody's phone number in what senders say of themselves and
// of their messages.
var LongNumber = regexp.MustCompile(`[0-9]{9,}`)

// CheckTagValue says what is wrong with the value of a tag. It goes into logs and reports,
// where no phone number may be.
func CheckTagValue(value string) error {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`,;="`, r) }
	if value == "" || len(value) > longestTagValue || strings.ContainsFunc(value, bad) {
		return fmt.Errorf("%q is no value of a tag: it has 1 to %d printable ASCII characters without spaces, commas, semicolons, quotes and equal signs", value, longestTagValue)
	}
	if LongNumber.MatchString(value) {
		return errors.New("a value of a tag has nine digits in a row, and could be a phone number")
	}
	return nil
}

// Read are the tags in header fields such as "team=crm, campaign=diwali". Names are read in
// any case. What can't be kept is listed in ignored, each with the reason.
func (t *Tagging) Read(fields []string) (tags billing.Tags, ignored []string) {
	byName := make(map[string]string)
	for _, field := range fields {
		for tag := range strings.SplitSeq(field, ",") {
			if tag = strings.TrimSpace(tag); tag == "" {
				continue
			}
			name, value, _ := strings.Cut(tag, "=")
			name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
			switch declared := t.Declared[name]; {
			case CheckTagName(name) != nil:
				ignored = append(ignored, "what is no name=value")
			case declared == nil:
				ignored = append(ignored, name+" (not declared)")
			case CheckTagValue(value) != nil:
				ignored = append(ignored, name+" (its value can't be kept)")
			case byName[name] != "" && byName[name] != value:
				ignored = append(ignored, name+" (given twice)")
			default:
				byName[name] = value
			}
		}
	}
	for name, value := range byName {
		if known := t.bounded(t.Declared[name], value); known != value {
			byName[name] = known
			ignored = append(ignored, name+" (counted as "+known+")")
		}
	}
	slices.Sort(ignored)
	return billing.NewTags(byName), ignored
}

// bounded is a value, or OtherValue where the tag may not have it.
func (t *Tagging) bounded(tag *Tag, value string) string {
	if len(tag.Values) > 0 {
		if slices.Contains(tag.Values, value) {
			return value
		}
		return OtherValue
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case tag.seen[value]:
	case len(tag.seen) >= MostTagValues:
		return OtherValue
	default:
		if tag.seen == nil {
			tag.seen = make(map[string]bool)
		}
		tag.seen[value] = true
	}
	return value
}
