package billing

// Message is a message as far as its price depends on it.
type Message struct {
	Category Category
	Market   Market
	// Day is the date where the account is: that of delivery, or of sending as long as
	// the message isn't delivered.
	Day string
	// InWindow: the customer service window was open when it was sent.
	InWindow bool
	// ToGroup: it goes to a group, whose members nobody has named. Each copy is charged at its
	// member's market, so that nobody knows the price of a message that isn't free.
	ToGroup bool
	// FreeEntry: a free entry point window is open, or the message opens it.
	FreeEntry bool
	// InConversation: a conversation of its category covers it; it counts where
	// conversations are charged for.
	InConversation bool
	// ServiceBefore is how many service messages of the number were delivered in the
	// month before it, without those that were free for another reason.
	ServiceBefore int
	// ChargedBefore is how many messages of its market and category were charged for in
	// the month before it, in the portfolio.
	ChargedBefore int
	// Told is the price type that Meta told; "" where it told none.
	Told PriceType
}

// Quote is what a message costs, or is expected to.
type Quote struct {
	// Category is what the price is of. Type is "" where there is none: what is no
	// message costs nothing, and isn't free either.
	Category Category  `json:"category,omitempty" cbor:"1,keyasint,omitempty"`
	Type     PriceType `json:"type,omitempty" cbor:"2,keyasint,omitempty"`
	// Unit is the price of one message. Where it is not Known, nobody knows one: for a
	// category or market that the card doesn't have, or without a card.
	Unit  Amount `json:"unit_price" cbor:"3,keyasint,omitempty"`
	Known bool   `json:"known" cbor:"4,keyasint,omitempty"`
	// Currency is that of the account, and Card the rate card the price is from.
	Currency Currency `json:"currency,omitempty" cbor:"5,keyasint,omitempty"`
	Card     string   `json:"card,omitempty" cbor:"6,keyasint,omitempty"`
	// List is the price of the card before the discount of a volume tier; zero where
	// that is the same.
	List Amount `json:"list_price,omitzero" cbor:"7,keyasint,omitempty"`
}

// Quote is the price of a message in the currency of its account, by the rules of its
// day.
func (cs *Cards) Quote(m *Message, currency Currency) Quote {
	return cs.QuoteBy(m, currency, RulesOn(m.Day))
}

// QuoteBy is what [Cards.Quote] would be by other rules.
func (cs *Cards) QuoteBy(m *Message, currency Currency, rules Rules) Quote {
	return cs.On(currency, m.Day).Quote(m, currency, rules)
}

// Quote is the price of a message by a card, which may be nil, and by rules.
func (c *Card) Quote(m *Message, currency Currency, rules Rules) Quote {
	q := Quote{Category: m.Category, Currency: currency, Type: typeOf(m, rules)}
	if c != nil {
		q.Card = c.ID()
	}
	switch {
	case q.Type == "":
		return Quote{}
	case q.Type.Free():
		q.Known = true
	case c != nil && !m.ToGroup:
		q.Unit, q.Known = c.Rate(m.Market, m.Category)
		if tier, ok := c.tier(m); ok && q.Known && tier != q.Unit {
			q.List, q.Unit = q.Unit, tier
		}
	}
	return q
}

// typeOf is why a message is charged for or free: by Meta's word, but for the monthly
// allowance, about which that says nothing.
func typeOf(m *Message, rules Rules) PriceType {
	service := columnOf(m.Category) == Service
	t := m.Told
	switch {
	case m.Category == "" || m.Category == "none":
		return ""
	case t != "":
	case m.FreeEntry || m.Category == ReferralConversion:
		t = FreeEntryPoint
	case service && rules.FreeService, m.InWindow && rules.FreeUtility && columnOf(m.Category) == Utility:
		t = FreeCustomerService
	case m.InConversation && !rules.PerMessage:
		t = InConversation
	default:
		t = Regular
	}
	if t == Regular && service && !m.ToGroup && m.ServiceBefore < rules.Allowance {
		return FreeAllowance
	}
	return t
}

// tier is the rate of the volume tier that a message falls into; false where there are
// no tiers.
func (c *Card) tier(m *Message) (Amount, bool) {
	for _, t := range c.Tiers[m.Market][columnOf(m.Category)] {
		if t.To == 0 || m.ChargedBefore < t.To {
			return t.Rate, true
		}
	}
	return 0, false
}
