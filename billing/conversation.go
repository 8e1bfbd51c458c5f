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
	ConversationLength  = 24 * time.Hour
	LongestConversation = 72 * time.Hour // of a free entry point
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
	order := make([]int, len(delivered))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return delivered[i].Compare(&delivered[j]) })
	var all []Conversation
	var open []*OpenConversation[int]
	grouping := NewConversing[int]()
	for _, i := range order {
		d := &delivered[i]
		o, opens := grouping.Take(d)
		if o == nil {
			continue
		}
		if opens {
			o.Of = len(all)
			open = append(open, o)
			all = append(all, Conversation{PhoneNumberID: d.PhoneNumberID, Person: d.Person, Category: o.Category, From: o.From})
		}
		all[o.Of].Messages = append(all[o.Of].Messages, i)
	}
	for i := range all {
		all[i].Until = open[i].Until
	}
	slices.SortFunc(all, func(a, b Conversation) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.PhoneNumberID, b.PhoneNumberID), strings.Compare(a.Person, b.Person), strings.Compare(string(a.Category), string(b.Category)))
	})
	return all
}

// Conversing groups messages into conversations while they come, in the order of
// [Delivered.Compare]. It keeps those that are open alone, so that the messages of a year take
// no more room than those of its busiest three days. T is what somebody keeps of each.
type Conversing[T any] struct {
	open map[pair][]*OpenConversation[T] // in order of their beginning
	// most is how many pairs there may be before those are forgotten that have none.
	most int
}

// pair is a business phone number and a person.
type pair struct{ phoneNumberID, person string }

// OpenConversation is a conversation that more messages may belong to.
type OpenConversation[T any] struct {
	Category    Category
	From, Until time.Time
	Of          T
}

const fewestPairs = 1 << 10

// NewConversing begins with no conversation.
func NewConversing[T any]() *Conversing[T] {
	return &Conversing[T]{open: make(map[pair][]*OpenConversation[T]), most: fewestPairs}
}

// Take is the conversation that a message belongs to, and whether it opens it; nil for what is
// no message.
func (c *Conversing[T]) Take(d *Delivered) (o *OpenConversation[T], opens bool) {
	if d.Category == "" || d.Category == "none" {
		return nil, false
	}
	with := pair{d.PhoneNumberID, d.Person}
	open := slices.DeleteFunc(c.open[with], func(o *OpenConversation[T]) bool { return !d.At.Before(o.Until) })
	if o = belongs(d, open); o == nil {
		opens = true
		o = &OpenConversation[T]{Category: d.opens(), From: d.At, Until: d.At.Add(ConversationLength)}
		if d.FreeEntry { // which takes in everything from now on
			o.Until = d.At.Add(LongestConversation)
			for _, other := range open {
				other.Until = d.At
			}
			open = open[:0]
		}
		open = append(open, o)
	}
	c.open[with] = open
	if len(c.open) > c.most {
		c.forget(d.At)
	}
	return o, opens
}

// forget forgets who has no open conversation at a time.
func (c *Conversing[T]) forget(at time.Time) {
	for with, open := range c.open {
		if !slices.ContainsFunc(open, func(o *OpenConversation[T]) bool { return at.Before(o.Until) }) {
			delete(c.open, with)
		}
	}
	c.most = max(fewestPairs, 2*len(c.open))
}

// belongs is the open conversation that takes a message in; nil where none does.
func belongs[T any](d *Delivered, open []*OpenConversation[T]) *OpenConversation[T] {
	for _, o := range open {
		if o.Category == d.opens() {
			return o
		}
	}
	if d.FreeEntry || !d.freeForm() || len(open) == 0 {
		return nil
	}
	return open[len(open)-1]
}

// Compare orders messages by time. Of those that come to a person at the same moment,
// templates are first: so what is none belongs to their conversation.
func (d *Delivered) Compare(other *Delivered) int {
	return cmp.Or(
		d.At.Compare(other.At),
		truth(d.freeForm())-truth(other.freeForm()),
		strings.Compare(string(d.Category), string(other.Category)),
		truth(d.FreeEntry)-truth(other.FreeEntry),
		strings.Compare(d.PhoneNumberID, other.PhoneNumberID),
		strings.Compare(d.Person, other.Person),
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
