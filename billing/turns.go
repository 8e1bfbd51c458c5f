package billing

// TakeTurns reports whether the price of messages of a category can depend on how many were
// delivered before them in their month: by the monthly allowance, or by the tiers of a card.
func (cs *Cards) TakeTurns(category Category) bool {
	column := columnOf(category)
	if column == Service {
		return true
	}
	for _, card := range cs.All() {
		for _, tiers := range card.Tiers {
			if len(tiers[column]) > 0 {
				return true
			}
		}
	}
	return false
}
