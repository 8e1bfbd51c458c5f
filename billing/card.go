package billing

import (
	"cmp"
	"slices"
	"strings"
)

// Card is a rate card: what Meta charges in one currency from a day on. The cards of
// the currencies are printed each on its own, and are no conversions of one another.
type Card struct {
	Currency Currency `json:"currency"`
	// From is the first day, such as 2026-10-01. It begins at midnight in the time zone
	// of the WhatsApp Business Account.
	From string `json:"from"`
	// Source says where the card is from, and Unofficial that it is no file of Meta's.
	Source     string `json:"source,omitempty"`
	Unofficial bool   `json:"unofficial,omitempty"`
	// Rates are the prices of one delivered message. A category that a market doesn't
	// have is n/a on the card, which is not zero.
	Rates map[Market]map[Category]Amount `json:"rates"`
	// Tiers are the bands of a month's volume, lowest first, where there are some.
	Tiers map[Market]map[Category][]Tier `json:"tiers,omitempty"`
}

// Tier is a band of a month's volume. Its rate is for the messages within the band, and
// not for those before.
type Tier struct {
	// To is the last message of the band; zero for one that is open.
	To   int    `json:"to,omitempty"`
	Rate Amount `json:"rate"`
}

// ID names the card, as entries and reports do: "USD 2026-10-01".
func (c *Card) ID() string { return string(c.Currency) + " " + c.From }

// Rate is the list price of one delivered message; false where the card has none.
func (c *Card) Rate(m Market, category Category) (Amount, bool) {
	rate, ok := c.Rates[m][columnOf(category)]
	return rate, ok
}

// Cards are rate cards of several currencies and days.
type Cards struct{ sorted []*Card }

// NewCards are the given cards. Of two of the same currency and day the later one holds.
func NewCards(cards ...*Card) *Cards {
	byID := make(map[string]*Card)
	for _, c := range cards {
		byID[c.ID()] = c
	}
	cs := new(Cards)
	for _, c := range byID {
		cs.sorted = append(cs.sorted, c)
	}
	slices.SortFunc(cs.sorted, func(a, b *Card) int {
		return cmp.Or(strings.Compare(string(a.Currency), string(b.Currency)), strings.Compare(a.From, b.From))
	})
	return cs
}

// All are they, by currency and day. There are none where cs is nil.
func (cs *Cards) All() []*Card {
	if cs == nil {
		return nil
	}
	return cs.sorted
}

// On is the card of a currency that holds on a day; nil where none is known.
func (cs *Cards) On(currency Currency, day string) *Card {
	var on *Card
	for _, c := range cs.All() {
		if c.Currency == currency && c.From <= day {
			on = c
		}
	}
	return on
}

// Find is the card that ID names; nil where there is none.
func (cs *Cards) Find(id string) *Card {
	for _, c := range cs.All() {
		if c.ID() == id {
			return c
		}
	}
	return nil
}
