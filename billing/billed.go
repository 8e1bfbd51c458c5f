package billing

// Billed is what a message costs by what Meta told of it, of which q was expected: its
// category and its price type, "" where nothing was told. c is the card that q is from, nil
// where that isn't known.
//
// Of a service message that was expected to be one of the free ones of the month Meta's
// "regular" says nothing: there is no other word for those. What is charged for otherwise
// than was expected is so at the list price, since nobody knows which tier it fell into.
func (c *Card) Billed(q *Quote, m Market, told Category, why PriceType) Quote {
	b := *q
	if told != "" {
		b.Category = told
	}
	if why.Free() {
		b.Type, b.Unit, b.List, b.Known = why, 0, 0, true
		return b
	}
	same := columnOf(b.Category) == columnOf(q.Category)
	switch {
	case same && (why == "" || q.Type == Regular || q.Type == FreeAllowance):
		return b
	case why == "" && q.Type.Free():
		return b
	}
	b.Type, b.Unit, b.List, b.Known = Regular, 0, 0, false
	if c != nil {
		b.Unit, b.Known = c.Rate(m, b.Category)
	}
	return b
}
