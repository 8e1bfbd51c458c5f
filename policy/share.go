package policy

import "slices"

// Something may hold for a part of all people before it holds for all. Who belongs to the part
// is told by lots: each name has one, and a person those of the names that go before others.

// Lot is that of a name: a part of its pseudonym, as good as drawn.
type Lot uint32

// NoLot belongs to no part of all people.
const NoLot Lot = 0

// Lot is that of a name.
func (a Alias) Lot() Lot {
	if a.IsZero() {
		return NoLot
	}
	return max(Lot(a[0])<<24|Lot(a[1])<<16|Lot(a[2])<<8|Lot(a[3]), 1)
}

// Lots are those of the person behind a name, the same by each of their names. Whoever belongs
// to a part of all people that has one of their lots goes on belonging to it when more of their
// names become known: lots are added then, and none is taken away. So that a person with two
// names doesn't draw twice, a user id that was heard of with a phone number alone has none.
func (c *Contact) Lots(who Alias) (lots []Lot) {
	names := c.reach(who, Forever, SamePerson, Successor)
	for _, a := range names {
		if !c.member(a).Beside {
			lots = append(lots, a.Lot())
		}
	}
	if lots == nil { // the number went to somebody else
		for _, a := range names {
			lots = append(lots, a.Lot())
		}
	}
	slices.Sort(lots)
	return slices.Compact(lots)
}

// Lots are those of the person. Somebody whose data was erased and of whom nobody has heard
// since has none: no name of theirs is known.
func (n *Named) Lots() []Lot {
	if n.Erased.At != 0 && !n.Contact.Has(n.Name) {
		return []Lot{NoLot}
	}
	return n.Contact.Lots(n.Name)
}

// LotsOf are those of a person. Where they were not asked for, it is the one of their pseudonym.
func (p *PersonFacts) LotsOf() []Lot {
	switch {
	case len(p.Lots) > 0:
		return p.Lots
	case !p.Known && slices.ContainsFunc(p.Consent[:], func(c Consent) bool { return c.Source == SourceErasure }):
		return []Lot{NoLot}
	}
	return []Lot{p.Contact.Lot()}
}

// NoLots has somebody belong to no part of all people.
func (p *PersonFacts) NoLots() { p.Lots = []Lot{NoLot} }

// hear notes that a name was heard of. It is Beside as long as it never was without one that goes
// before it.
func (c *Contact) hear(a Alias, ch *Change) {
	first, beside := slices.Contains(ch.First, a), slices.Contains(ch.Beside, a)
	known := c.Has(a)
	if m := c.Member(a); first {
		m.Beside = false
	} else if !known {
		m.Beside = beside
	}
}

// order says which names of a change go before others, of somebody whom an event gives some
// identities: a phone number goes before user ids, and one of the business's portfolio before
// one of several. Names that are there already go before all. It returns the names, sorted.
func (ch *Change) order(who []Identity, alias func(Identity) Alias) (names []Alias) {
	first := rankOf(ParentBSUID)
	for _, i := range who {
		if !i.IsZero() {
			first = min(first, rankOf(i.Kind))
		}
	}
	lead := len(ch.First) == 0
	for _, i := range who {
		if i.IsZero() {
			continue
		}
		a := alias(i)
		if names = append(names, a); !lead || rankOf(i.Kind) > first {
			ch.Beside = append(ch.Beside, a)
		} else {
			ch.First = append(ch.First, a)
		}
	}
	return SortAliases(names)
}

// rankOf is how many kinds of names go before one.
func rankOf(k IdentityKind) int {
	switch k {
	case BSUID:
		return 1
	case ParentBSUID:
		return 2
	}
	return 0
}
