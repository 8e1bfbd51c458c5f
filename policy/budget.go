package policy

import (
	"fmt"

	"github.com/waguard/waguard/internal/decimal"
)

// Money is an amount of money in millionths of the unit of its currency. What a send costs
// is for who asks to say: the rules only compare.
type Money int64

// String is the amount with at least four decimals, as rate cards have them.
func (m Money) String() string { return decimal.Format(int64(m)) }

// BudgetFacts are what is known of a budget that a send counts under.
type BudgetFacts struct {
	Name string `json:"name" cbor:"1,keyasint"`
	// Month is the one the send counts in, where its account is, such as 2026-10; Until is
	// when the next one begins.
	Month string `json:"month" cbor:"2,keyasint"`
	Until Moment `json:"until" cbor:"3,keyasint"`
	// Amount is the budget, Spent what sends of the month are expected to cost, also those
	// that are on their way, and Price what this one is. All are in millionths.
	Currency string `json:"currency" cbor:"4,keyasint"`
	Amount   Money  `json:"amount" cbor:"5,keyasint"`
	Spent    Money  `json:"spent,omitempty" cbor:"6,keyasint,omitempty"`
	Price    Money  `json:"price,omitempty" cbor:"7,keyasint,omitempty"`
	// Unpriced: nobody knows the price of the send, and it doesn't count.
	Unpriced bool `json:"unpriced,omitempty" cbor:"8,keyasint,omitempty"`
	// Warn is the part of the amount in percent from which on sends are warned of; Refuses:
	// marketing is refused that would go beyond the amount.
	Warn    int  `json:"warn_percent,omitempty" cbor:"9,keyasint,omitempty"`
	Refuses bool `json:"refuses,omitempty" cbor:"10,keyasint,omitempty"`
}

// Fits reports that the send doesn't go beyond the budget.
func (b *BudgetFacts) Fits() bool { return b.Price <= b.Amount-b.Spent }

// Warns reports that with the send so much is spent that it is to be warned of.
func (b *BudgetFacts) Warns() bool {
	return b.Warn > 0 && b.Spent+b.Price >= PartOf(b.Amount, b.Warn)
}

// PartOf is a part of an amount in percent.
func PartOf(amount Money, percent int) Money {
	p := Money(percent)
	return amount/100*p + amount%100*p/100
}

// says is how the budget stands.
func (b *BudgetFacts) says() string {
	return fmt.Sprintf("the budget %s of %s %s for %s has %s %s spent", b.Name, b.Amount, b.Currency, b.Month, b.Spent, b.Currency)
}

// isMarketing reports that the send is billed as marketing.
func (c *Case) isMarketing() bool {
	return c.Category == CategoryMarketing || c.Category == CategoryMarketingLite
}

// binds reports that a budget may refuse the send. Codes, updates of orders and answers are
// what people wait for, whatever they cost.
func (c *Case) binds(b *BudgetFacts) bool { return b.Refuses && !b.Unpriced && c.isMarketing() }

// overBudget refuses marketing for which no money is left.
func (c *Case) overBudget() bool {
	for i := range c.Facts.Budgets {
		b := &c.Facts.Budgets[i]
		if !c.binds(b) {
			continue
		}
		costs := fmt.Sprintf("%s, and this marketing message costs %s %s", b.says(), b.Price, b.Currency)
		switch c.rival(ClaimBudget) {
		case SiblingRival:
			return c.refuse(RuleBudgetSpent, costs+", which other sends of this batch leave no money for", "send the batch without it")
		case RequestRival:
			return c.refuse(RuleBudgetSpent, costs+", and other sends are taking what is left at this moment", "try again later")
		}
		if !b.Fits() {
			return c.refuseUntil(RuleBudgetSpent, b.Until, costs, "raise the amount of `budget "+b.Name+"`, or send it")
		}
	}
	return false
}

// warnOfBudgets warns of budgets that a send leaves little of, of such that are spent and
// don't bind it, and of what can't be counted.
func (c *Case) warnOfBudgets() (warnings []RuleWarning) {
	for i := range c.Facts.Budgets {
		b := &c.Facts.Budgets[i]
		w := RuleWarning{Rule: "budget:" + b.Name, Budget: true}
		switch {
		case b.Unpriced:
			w.Reason = fmt.Sprintf("this message has no known price, and doesn't count under the budget %s", b.Name)
		case !b.Fits():
			w.Reason = fmt.Sprintf("%s, and this message costs %s %s", b.says(), b.Price, b.Currency)
		case b.Warns():
			w.Reason = fmt.Sprintf("%s, with this message %s", b.says(), b.Spent+b.Price)
		default:
			continue
		}
		warnings = append(warnings, w)
	}
	return warnings
}

// BudgetClaim is what a claim takes of a budget.
type BudgetClaim struct {
	Name  string `json:"name" cbor:"1,keyasint,omitempty"`
	Month string `json:"month" cbor:"2,keyasint,omitempty"`
	// Price is what is taken, Amount what there is, and Left what of that was left when
	// the send was judged.
	Price  Money `json:"price" cbor:"3,keyasint,omitempty"`
	Amount Money `json:"amount" cbor:"4,keyasint,omitempty"`
	Left   Money `json:"-" cbor:"5,keyasint,omitempty"`
}

// takesOfBudgets are the claims of a send on budgets that bind it.
func (c *Case) takesOfBudgets() (claims []Claim) {
	for i := range c.Facts.Budgets {
		if b := &c.Facts.Budgets[i]; c.binds(b) {
			claims = append(claims, Claim{Kind: ClaimBudget, Budget: BudgetClaim{Name: b.Name, Month: b.Month, Price: b.Price, Amount: b.Amount, Left: b.Amount - b.Spent}})
		}
	}
	return claims
}

// Take is the claim as a send takes it, of what has been spent; false where that leaves too
// little.
func (b *BudgetClaim) Take(spent Money) (Taken, bool) {
	return Taken{Kind: ClaimBudget, Budget: *b}, b.Price <= b.Amount-spent
}

// usedUpBy reports that what others take leaves too little.
func (b *BudgetClaim) usedUpBy(others []Claim) bool {
	var taken Money
	for i := range others {
		if o := &others[i].Budget; others[i].Kind == ClaimBudget && o.Name == b.Name && o.Month == b.Month {
			taken += o.Price
		}
	}
	return taken > 0 && b.Price > b.Left-taken
}
