package billing

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Key is what a report groups messages by. What they aren't grouped by is empty.
type Key struct {
	// Day is the date, and Month the month, in TimeZone: of sending for what was sent, and of
	// delivery for what was delivered.
	Day           string `json:"day,omitempty"`
	Month         string `json:"month,omitempty"`
	TimeZone      string `json:"time_zone,omitempty"` // of the WhatsApp Business Account
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Business      string `json:"business,omitempty"`
	WABA          string `json:"waba,omitempty"`
	// Category is Meta's where it is known, else the estimate of the gateway.
	Category  string `json:"category,omitempty"`
	Estimated string `json:"estimated_category,omitempty"`
	// PriceType is why messages are charged for or free. Before they are delivered it is the
	// one that was expected; so is the card.
	PriceType string `json:"price_type,omitempty"`
	Decision  string `json:"decision,omitempty"` // allow, refuse or monitor
	Market    string `json:"market,omitempty"`
	// MarketEstimated: the market comes from the country of a user id.
	MarketEstimated bool   `json:"market_estimated,omitempty"`
	Template        string `json:"template,omitempty"`
	Initiation      string `json:"initiation,omitempty"` // business or user
	MessageClass    string `json:"message_class,omitempty"`
	Card            string `json:"card,omitempty"`
	// UnitPrice is that of one message, as a text; "" where nobody knows it. Like the price type
	// it is the one that was expected before they are delivered.
	UnitPrice string `json:"unit_price,omitempty"`
	Tags      Tags   `json:"tags,omitzero"`
	// Currency is that of all money of a row: amounts of several never add up.
	Currency Currency `json:"currency,omitempty"`
}

// compare orders keys as reports do.
func (k *Key) compare(other *Key) int {
	return cmp.Or(
		strings.Compare(k.Month, other.Month),
		strings.Compare(k.Day, other.Day),
		strings.Compare(k.Business, other.Business),
		strings.Compare(k.PhoneNumberID, other.PhoneNumberID),
		strings.Compare(k.WABA, other.WABA),
		strings.Compare(k.TimeZone, other.TimeZone),
		strings.Compare(k.Category, other.Category),
		strings.Compare(k.Estimated, other.Estimated),
		strings.Compare(k.PriceType, other.PriceType),
		strings.Compare(k.Decision, other.Decision),
		strings.Compare(k.Market, other.Market),
		truth(k.MarketEstimated)-truth(other.MarketEstimated),
		strings.Compare(k.Template, other.Template),
		strings.Compare(k.Initiation, other.Initiation),
		strings.Compare(k.MessageClass, other.MessageClass),
		strings.Compare(k.Card, other.Card),
		strings.Compare(k.UnitPrice, other.UnitPrice),
		strings.Compare(string(k.Tags), string(other.Tags)),
		strings.Compare(string(k.Currency), string(other.Currency)),
	)
}

// fields are where a key has the dimensions.
var fields = map[string]func(*Key) *string{
	"day":                func(k *Key) *string { return &k.Day },
	"month":              func(k *Key) *string { return &k.Month },
	"number":             func(k *Key) *string { return &k.PhoneNumberID },
	"business":           func(k *Key) *string { return &k.Business },
	"waba":               func(k *Key) *string { return &k.WABA },
	"category":           func(k *Key) *string { return &k.Category },
	"estimated_category": func(k *Key) *string { return &k.Estimated },
	"price_type":         func(k *Key) *string { return &k.PriceType },
	"market":             func(k *Key) *string { return &k.Market },
	"template":           func(k *Key) *string { return &k.Template },
	"decision":           func(k *Key) *string { return &k.Decision },
	"initiation":         func(k *Key) *string { return &k.Initiation },
	"message_class":      func(k *Key) *string { return &k.MessageClass },
	"currency":           func(k *Key) *string { return (*string)(&k.Currency) },
	"card":               func(k *Key) *string { return &k.Card },
	"unit_price":         func(k *Key) *string { return &k.UnitPrice },
	"tags":               func(k *Key) *string { return (*string)(&k.Tags) },
}

// TagPrefix begins the name of a tag that a report groups by, where a dimension has the same
// name: tag:month.
const TagPrefix = "tag:"

// Value is what a key has for a dimension, or for a tag.
func (k *Key) Value(dimension string) string {
	if field, ok := fields[dimension]; ok {
		return *field(k)
	}
	return k.Tags.Get(strings.TrimPrefix(dimension, TagPrefix))
}

// ByDefault is what reports group by unless they are asked otherwise.
var ByDefault = []string{"day", "business", "number", "category", "decision", "market"}

// ReadBy are the dimensions and tags in a list such as "day,market,team". It says what is
// wrong with a name that is neither.
func ReadBy(list string, tags []string) ([]string, error) {
	var by []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		if err := CheckDimension(name, tags); err != nil {
			return nil, err
		}
		if !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	if len(by) == 0 {
		return ByDefault, nil
	}
	return by, nil
}

// CheckDimension says what is wrong with the name of a dimension.
func CheckDimension(name string, tags []string) error {
	if tag, ok := strings.CutPrefix(name, TagPrefix); IsDimension(name) || slices.Contains(tags, name) || ok && tag != "" {
		return nil
	}
	declared := "; no tag is declared: `tag <name>` declares one"
	if len(tags) > 0 {
		declared = ", or the tag " + strings.Join(slices.Sorted(slices.Values(tags)), ", ")
	}
	return fmt.Errorf("nothing is grouped by %q; there is %s%s", name, strings.Join(Dimensions, ", "), declared)
}

// grouping makes keys of a report of keys of lines.
type grouping struct {
	fields        []func(*Key) *string
	tags          []string
	market, zones bool
	allTags       bool
	kept          map[Tags]Tags // of the tags of lines
}

func newGrouping(by []string) *grouping {
	g := &grouping{kept: make(map[Tags]Tags)}
	for _, name := range by {
		if field, ok := fields[name]; ok {
			g.fields = append(g.fields, field)
		} else {
			g.tags = append(g.tags, strings.TrimPrefix(name, TagPrefix))
		}
	}
	g.market = slices.Contains(by, "market")
	g.zones = slices.Contains(by, "number")
	g.allTags = slices.Contains(by, "tags")
	return g
}

// of makes the key that a report has for what has a key. Money is always told apart by its
// currency.
func (g *grouping) of(k, key *Key) {
	*key = Key{Currency: k.Currency}
	for _, field := range g.fields {
		*field(key) = *field(k)
	}
	if g.market {
		key.MarketEstimated = k.MarketEstimated
	}
	if g.zones {
		key.TimeZone = k.TimeZone
	}
	key.Tags = g.tagsOf(k.Tags)
}

// tagsOf are those of some tags that lines are grouped by.
func (g *grouping) tagsOf(tags Tags) Tags {
	if g.allTags || tags == "" {
		return tags
	}
	if len(g.tags) == 0 {
		return ""
	}
	kept, ok := g.kept[tags]
	if !ok {
		byName := make(map[string]string)
		for _, name := range g.tags {
			if value := tags.Get(name); value != "" {
				byName[name] = value
			}
		}
		kept = NewTags(byName)
		g.kept[tags] = kept
	}
	return kept
}

// nameOf appends what names the group of a key: the same for those that of makes one key of.
// It is a fraction of the work to look a group up by it.
func (g *grouping) nameOf(k *Key, name []byte) []byte {
	name = delimited(name, string(k.Currency))
	for _, field := range g.fields {
		name = delimited(name, *field(k))
	}
	if g.market {
		name = append(name, byte(truth(k.MarketEstimated)))
	}
	if g.zones {
		name = delimited(name, k.TimeZone)
	}
	return append(name, g.tagsOf(k.Tags)...)
}

// delimited appends a text so that no other one begins as it does.
func delimited(name []byte, text string) []byte {
	return append(binary.AppendUvarint(name, uint64(len(text))), text...)
}
