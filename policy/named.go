package policy

// Named is what is known of somebody whom a send or an operator names.
type Named struct {
	Identity Identity
	// Name is the one by which Contact knows the identity.
	Name    Alias
	Contact *Contact
	// namesakes are contacts under other names that may be the person's or
	// somebody else's.
	namesakes []namesake
	// Erased is when the data of the person was erased.
	Erased Erasure
}

type namesake struct {
	name    Alias
	contact *Contact
}

// AsOtherKind adds what is known under the user id of the other kind with the same
// spelling, since who names one needn't say which: the one that is known is meant.
// Where both are, and are two people, the other one counts against.
func (n *Named) AsOtherKind(name Alias, contact *Contact) {
	switch {
	case !contact.Has(name) || n.Contact.SamePerson(n.Name, name):
	case !n.Contact.Has(n.Name):
		n.Name, n.Contact = name, contact
	default:
		n.namesakes = append(n.namesakes, namesake{name, contact})
	}
}

// AsFormer adds what is known under a name the identity had until the given time.
// What was said under it by then counts against the person.
func (n *Named) AsFormer(name Alias, contact *Contact, until Moment) {
	if contact.Has(name) && !n.Contact.SamePerson(n.Name, name) {
		n.namesakes = append(n.namesakes, namesake{name, contact.Until(until)})
	}
}

// Aliases are all names under which something is known of the person, or would be.
func (n *Named) Aliases() []Alias {
	names := n.Contact.Names(n.Name)
	for _, o := range n.namesakes {
		names = append(names, o.contact.Names(o.name)...)
	}
	return SortAliases(names)
}

// Facts are those about the person in relation to a business phone number.
func (n *Named) Facts(fold *Fold) PersonFacts {
	if n.Erased.At != 0 { // which is an opt-out, and a tap lifts none
		tapless := *fold
		tapless.tapless = true
		fold = &tapless
	}
	f := n.Contact.Person(n.Name, fold)
	f.Known = n.Contact.Has(n.Name)
	for _, o := range n.namesakes {
		other := o.contact.Person(o.name, fold)
		f.Heed(&other)
	}
	f.HeedErasure(n.Erased)
	return f
}

// samePerson reports whether n and other are known to be one person.
func (n *Named) samePerson(other *Named) bool { return n.Contact.SamePerson(n.Name, other.Name) }

// OnePerson reports that those named are one person as far as a send may name
// several: some reading of the phone number and the user id are linked.
func OnePerson(people []Named) bool {
	if len(people) < 2 {
		return len(people) == 1
	}
	phones, users := 0, 0
	for i := range people {
		if people[i].Identity.Kind == Phone {
			phones++
		} else {
			users++
		}
		for j := range i {
			differ := (people[i].Identity.Kind == Phone) != (people[j].Identity.Kind == Phone)
			if differ && people[i].samePerson(&people[j]) {
				return true
			}
		}
	}
	if phones > 0 && users > 0 {
		return false
	}
	for i := range people {
		if !people[0].samePerson(&people[i]) {
			return false
		}
	}
	return true
}

// ShownAmong tells which of those named has the phone number that Meta's answer
// showed digits without a plus sign to mean.
func ShownAmong(people []Named, number Alias) Shown {
	for i := range people {
		if people[i].Identity.Kind == Phone && people[i].Contact.SamePerson(people[i].Name, number) {
			return Shown(i + 1)
		}
	}
	return ShownNone
}
