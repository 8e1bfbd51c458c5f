package billing

import (
	"cmp"
	"strings"
	"time"
)

// Line is messages that are alike in all that a report tells apart.
type Line struct {
	// Key is what they are grouped by. Its days, price type and card are those of the
	// report's to find; its category is Meta's where that is known, else the estimate's.
	Key
	// N is how many they are; corrections have a negative number.
	N int
	// Sent is when they were decided, and Delivered when they reached the person; zero
	// where they didn't. Only the quarter of an hour counts. Zone is the time zone of
	// their WhatsApp Business Account.
	Sent, Delivered time.Time
	Zone            *time.Location
	Send            Send
	// Estimate is what each was expected to cost.
	Estimate Quote
	// Told is the price type that Meta told; "" where it told none.
	Told PriceType
	// Covered: they belong to conversations that other messages opened. It counts where
	// conversations are charged for.
	Covered bool
	// Exact: times tell the quarter of an hour, also where other lines tell the day alone.
	Exact bool
	// Pool is whose volume of a month counts for tiers: the portfolio's, or the account's.
	Pool string
}

// compare orders lines of one quarter of an hour: by that of sending, and then by their keys.
// Lines that it doesn't tell apart are priced alike.
func (l *Line) compare(other *Line) int {
	return cmp.Or(
		l.Delivered.Compare(other.Delivered),
		l.Key.compare(&other.Key),
		l.Sent.Compare(other.Sent),
		strings.Compare(string(l.Told), string(other.Told)),
		strings.Compare(string(l.Estimate.Type), string(other.Estimate.Type)),
		cmp.Compare(l.Estimate.Unit, other.Estimate.Unit),
		strings.Compare(l.Estimate.Card, other.Estimate.Card),
		truth(l.Send.ByBusiness)-truth(other.Send.ByBusiness),
		strings.Compare(l.Send.Status, other.Send.Status),
		truth(l.Send.Charged)-truth(other.Send.Charged),
		truth(l.Covered)-truth(other.Covered),
		strings.Compare(string(l.Send.Part), string(other.Send.Part)),
	)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// message is one of the line as far as its price depends on it, when ServiceBefore and
// ChargedBefore are zero.
func (l *Line) message(day string) Message {
	return Message{
		Category: Category(l.Category), Market: Market(l.Market), Day: day, InWindow: !l.Send.ByBusiness, ToGroup: l.Send.Part == ToGroup,
		FreeEntry: l.Estimate.Type == FreeEntryPoint, InConversation: l.Covered, Told: l.Told,
	}
}
