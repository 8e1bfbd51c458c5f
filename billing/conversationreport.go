package billing

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"
)

// Exchanged is a message that reached a person, as a report of conversations counts it.
type Exchanged struct {
	*Line
	// ID and Person are those of [Delivered], and At is when it was delivered.
	ID, Person string
	At         time.Time
}

// delivered is the message as far as conversations depend on it.
func (e *Exchanged) delivered() Delivered {
	return Delivered{
		ID: e.ID, PhoneNumberID: e.PhoneNumberID, Person: e.Person, Category: Category(e.Category), At: e.At,
		FreeEntry: e.priceType() == FreeEntryPoint || Category(e.Category) == ReferralConversion,
	}
}

// Compare orders messages as a report of conversations takes them.
func (e *Exchanged) Compare(other *Exchanged) int {
	if c := e.At.Compare(other.At); c != 0 {
		return c
	}
	d, o := e.delivered(), other.delivered()
	return d.Compare(&o)
}

// priceType is Meta's word, else the one that was expected.
func (e *Exchanged) priceType() PriceType { return cmp.Or(e.Told, e.Estimate.Type) }

// ConversationCounts are how many conversations there were, how they were opened, and how many
// messages to the person they had.
type ConversationCounts struct {
	Conversations int `json:"conversations"`
	// A conversation is opened by the first message that is delivered in it: through an ad
	// that opens chats, in answer to the person within the customer service window, or by the
	// business outside of it.
	FreeEntryPoint    int `json:"free_entry_point"`
	UserInitiated     int `json:"user_initiated"`
	BusinessInitiated int `json:"business_initiated"`
	Messages          int `json:"messages"`
}

func (c *ConversationCounts) add(other *ConversationCounts) {
	c.Conversations += other.Conversations
	c.FreeEntryPoint += other.FreeEntryPoint
	c.UserInitiated += other.UserInitiated
	c.BusinessInitiated += other.BusinessInitiated
	c.Messages += other.Messages
}

// ConversationRow is the sum of the conversations with one key: that of the message that opened
// them. Their category is the conversation's, and their day that of its beginning.
type ConversationRow struct {
	Key
	ConversationCounts
}

// ConversationReport counts conversations. They are no bill but until June 2025: before, Meta
// charged for each that isn't free.
type ConversationReport struct {
	By        []string           `json:"by"`
	Rows      []ConversationRow  `json:"rows"` // sorted by key
	Total     ConversationCounts `json:"total"`
	TimeZones []string           `json:"time_zones"` // whose days it counts by
	Notes     []string           `json:"notes,omitempty"`
}

// ConversationsByDefault is what reports of conversations group by unless they are asked
// otherwise.
var ConversationsByDefault = []string{"day", "business", "number", "category"}

// NewConversationReport counts the conversations that begin in the period of the question, and
// all of their messages, from messages in the order of [Exchanged.Compare]: also those of the
// days before, which may have opened a conversation that goes on, and of the three days after.
// One that comes with an error ends it. It makes a report for each of several groupings.
func (q *Question) NewConversationReport(messages iter.Seq2[*Exchanged, error], by ...[]string) ([]*ConversationReport, error) {
	reports := make([]*conversationCounting, len(by))
	for i := range by {
		reports[i] = &conversationCounting{by: by[i], grouping: newGrouping(by[i]), rows: make(map[Key]*ConversationCounts)}
	}
	// Of each open conversation the rows are kept that it counts in; none of one that isn't
	// asked for.
	conversing := NewConversing[[]*ConversationCounts]()
	zones := make(map[string]bool)
	for m, err := range messages {
		if err != nil {
			return nil, err
		}
		d := m.delivered()
		conversation, opens := conversing.Take(&d)
		if conversation == nil {
			continue
		}
		if opens && (q.Has == nil || q.Has(m.At, m.Zone)) {
			if key := m.opened(conversation.Category); q.wants(&key) {
				zones[key.TimeZone] = true
				for _, r := range reports {
					conversation.Of = append(conversation.Of, r.opened(&key, &d))
				}
			}
		}
		for _, row := range conversation.Of {
			row.Messages++
		}
	}
	answer := make([]*ConversationReport, len(by))
	for i, r := range reports {
		answer[i] = r.report(zones)
	}
	return answer, nil
}

// opened is the key of the conversation that a message opened.
func (e *Exchanged) opened(category Category) Key {
	key := e.Key
	key.Category = string(category)
	key.Day, key.TimeZone = Day(e.At, e.Zone), e.Zone.String()
	key.Month = key.Day[:len("2006-01")]
	key.PriceType, key.Card = string(e.priceType()), e.Estimate.Card
	return key
}

// conversationCounting makes a report of one grouping.
type conversationCounting struct {
	by []string
	*grouping
	rows map[Key]*ConversationCounts
}

// opened counts a conversation, and is the row that it counts in.
func (c *conversationCounting) opened(full *Key, d *Delivered) *ConversationCounts {
	var key Key
	if c.of(full, &key); !slices.Contains(c.by, "currency") {
		key.Currency = "" // there is no money to tell apart
	}
	row := c.rows[key]
	if row == nil {
		row = new(ConversationCounts)
		c.rows[key] = row
	}
	row.Conversations++
	switch {
	case d.FreeEntry:
		row.FreeEntryPoint++
	case full.Initiation == "user":
		row.UserInitiated++
	default:
		row.BusinessInitiated++
	}
	return row
}

func (c *conversationCounting) report(zones map[string]bool) *ConversationReport {
	r := &ConversationReport{By: c.by, Rows: []ConversationRow{}, TimeZones: []string{}}
	r.TimeZones = append(r.TimeZones, slices.Sorted(maps.Keys(zones))...)
	for key, counts := range c.rows {
		r.Rows = append(r.Rows, ConversationRow{key, *counts})
		r.Total.add(counts)
	}
	slices.SortFunc(r.Rows, func(a, b ConversationRow) int { return a.compare(&b.Key) })
	return r
}
