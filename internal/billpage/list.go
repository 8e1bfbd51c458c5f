package billpage

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
)

// list is what there is by one dimension or tag, the largest first, with a bar for each.
type list struct {
	Title, Caption, By string
	Columns            []heading
	Rows               []listed
}

type listed struct {
	Name          string
	Length, Class string // of the bar
	Cells         []cell
}

// cell is a number, and what must be said beside it.
type cell struct{ Text, Also string }

// costCell is what messages cost, and how many of them have no known price.
func costCell(c *billing.Counts) cell {
	cost, known := c.Cost()
	switch {
	case !known:
		return cell{Text: Unknown}
	case c.Unpriced > 0:
		return cell{money(cost), "and " + count(c.Unpriced) + " unknown"}
	}
	return cell{Text: money(cost)}
}

// expectedCell is what messages were expected to cost.
func expectedCell(c *billing.Counts) cell {
	expected, known := c.Expected()
	switch {
	case !known:
		return cell{Text: Unknown}
	case c.Unestimated > 0:
		return cell{money(expected), "and " + count(c.Unestimated) + " unknown"}
	}
	return cell{Text: money(expected)}
}

// mostListed is how many of the largest are listed. The others are added up.
const mostListed = 20

// portion is what a list has a row of.
type portion struct {
	name, class string
	n           int64 // by which it is sorted, and as long as which its bar is
	billing.Counts
	conversations billing.ConversationCounts
}

// largest are portions in order, with the smallest ones added up to one.
func largest(all []portion) []portion {
	slices.SortStableFunc(all, func(a, b portion) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(b.Delivered, a.Delivered), strings.Compare(a.name, b.name))
	})
	if len(all) <= mostListed+1 {
		return all
	}
	others := portion{name: plural(len(all)-mostListed, "other", "others"), class: "other"}
	for _, p := range all[mostListed:] {
		others.n += p.n
		others.Delivered += p.Delivered
		others.Charged += p.Charged
		others.Unpriced += p.Unpriced
		others.Actual += p.Actual
		others.conversations.Conversations += p.conversations.Conversations
		others.conversations.FreeEntryPoint += p.conversations.FreeEntryPoint
		others.conversations.UserInitiated += p.conversations.UserInitiated
		others.conversations.BusinessInitiated += p.conversations.BusinessInitiated
		others.conversations.Messages += p.conversations.Messages
	}
	return append(all[:mostListed:mostListed], others)
}

// lengths are those of bars beside one another.
func lengths(all []portion) (most int64) {
	for _, p := range all {
		most = max(most, p.n)
	}
	return most
}

// nameIn is what a row has for a dimension or tag, as people read it.
func nameIn(key *billing.Key, by string) string {
	value := key.Value(by)
	switch {
	case value == "":
		return "without"
	case by == "category":
		return called(value)
	case by == "price_type":
		return why(value)
	case by == "market" && key.MarketEstimated:
		return value + " (estimated)"
	}
	return value
}

// why says why messages of a price type are charged for or free.
func why(priceType string) string {
	switch t := billing.PriceType(priceType); t {
	case billing.Regular:
		return "charged for"
	case billing.FreeCustomerService:
		return "free: customer service window"
	case billing.FreeEntryPoint:
		return "free: entry point"
	case billing.FreeAllowance:
		return "free: allowance of the month"
	case billing.InConversation:
		return "free: in a conversation"
	case billing.NotBillable:
		return "free: Meta doesn’t charge"
	default:
		return strings.ReplaceAll(priceType, "_", " ")
	}
}

// classIn is how the bar of a row is coloured.
func classIn(key *billing.Key, by string) string {
	if by == "category" {
		return classOf(key.Category)
	}
	return string(billing.Utility)
}
