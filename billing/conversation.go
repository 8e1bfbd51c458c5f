package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Until June 2025 Meta charged for conversations and not for messages, and people still think
// in them: all that a business and a person exchange within a day about one thing. Reports of
// those days charge by them, and those of later days can be grouped by them.
//
// The rules are those of Meta's page on conversation-based pricing. A template belongs to the
// conversation of its category with the person, and opens one where none is open. What is no
// template belongs to whichever conversation is open, and opens one of service only where none
// is. A conversation begins when the message that opens it is delivered, and isn't prolonged by
// others. A free entry point is a conversation of its own, which takes in everything.

// How long conversations last, from the delivery of the message that opens one.
const (
	ConversationLength = 24 * time.Hour
	freeEntryLength    = 72 * time.Hour
)

// Delivered is a message that reached a person, as far as conversations depend on it.
type Delivered struct {
	// ID tells messages of the same moment apart, so that the result doesn't depend on the
	// order in which they are given: of a ledger entry, for instance.
	ID            string
	PhoneNumberID string
	// Person is who got it, by any name that is theirs alone.
	Person   string
	Category Category
	At       time.Time
	// FreeEntry: a free entry point window was open, or the message opened it.
	FreeEntry bool
}

// Conversation is what a business phone number and a person exchanged.
type Conversation struct {
	PhoneNumberID, Person string
	// Category is that of the message that opened it; ReferralConversion of a free entry
	// point.
	Category Category
	// From is when that was delivered, and Until when the conversation was over.
	From, Until time.Time
	// Messages are the places of its messages among those given, in order of delivery. The
	// first one opened it: where conversations are charged for, that is the one charged.
	Messages []int
}

// Conversations groups messages, whatever their order. Each of them is in one conversation;
// what is no message, of no category or of category none, is in none. They are sorted by
// when they began, and then by business phone number, person and category.
func Conversations(delivered []Delivered) []Conversation {
	order := make([]int, 0, len(delivered))
	for i := range delivered {
		if c := delivered[i].Category; c != "" && c != "none" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return delivered[i].compare(&delivered[j]) })
	type pair struct{ phoneNumberID, person string }
	var all []Conversation
	var with pair
	open := make(map[Category]int) // the newest of each category of one pair, by its place
	for _, i := range order {
		d := &delivered[i]
		if p := (pair{d.PhoneNumberID, d.Person}); p != with {
			with = p
			clear(open)
		}
		belongs := d.belongs(all, open)
		if belongs < 0 {
			c := Conversation{PhoneNumberID: d.PhoneNumberID, Person: d.Person, Category: d.opens(), From: d.At, Until: d.At.Add(ConversationLength)}
			if d.FreeEntry {
				c.Until = d.At.Add(freeEntryLength)
				for _, other := range open {
					if all[other].Until.After(d.At) {
						all[other].Until = d.At
					}
				}
			}
			belongs = len(all)
			open[c.Category] = belongs
			all = append(all, c)
		}
		all[belongs].Messages = append(all[belongs].Messages, i)
	}
	slices.SortFunc(all, func(a, b Conversation) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.PhoneNumberID, b.PhoneNumberID), strings.Compare(a.Person, b.Person), strings.Compare(string(a.Category), string(b.Category)))
	})
	return all
}

// compare orders messages by whose they are and then by time. What comes at the same moment
// goes by category, templates first: so what is none belongs to their conversation.
func (d *Delivered) compare(other *Delivered) int {
	return cmp.Or(
		strings.Compare(d.PhoneNumberID, other.PhoneNumberID),
		strings.Compare(d.Person, other.Person),
		d.At.Compare(other.At),
		truth(d.freeForm())-truth(other.freeForm()),
		strings.Compare(string(d.Category), string(other.Category)),
		truth(d.FreeEntry)-truth(other.FreeEntry),
		strings.Compare(d.ID, other.ID),
	)
}

// freeForm reports that the message is no template.
func (d *Delivered) freeForm() bool {
	return d.Category.Column() == Service || d.Category == GeneralPurposeAI
}

// opens is the category of the conversation that the message opens.
func (d *Delivered) opens() Category {
	if d.FreeEntry {
		return ReferralConversion
	}
	return d.Category
}

// belongs is the place of the open conversation that takes the message in; negative where none
// does.
func (d *Delivered) belongs(all []Conversation, open map[Category]int) int {
	is := func(c Category) int {
		if i, ok := open[c]; ok && d.At.Before(all[i].Until) {
			return i
		}
		return -1
	}
	if i := is(d.opens()); i >= 0 || d.FreeEntry || !d.freeForm() {
		return i
	}
	latest := -1
	for c := range open {
		if i := is(c); i > latest { // they are entered in order of time
			latest = i
		}
	}
	return latest
}
