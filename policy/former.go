package policy

// Heed lets opt-outs count that were said under a name which may be the person's
// or somebody else's. Nothing else said under it counts: neither windows nor
// opt-ins.
func (p *PersonFacts) Heed(other *PersonFacts) {
	for s := range p.Consent {
		own, said := &p.Consent[s], &other.Consent[s]
		if said.State != OptedOut || own.State == OptedIn && own.Since.second() > said.Since.second() || own.State == OptedOut && own.Since >= said.Since {
			continue
		}
		own.State, own.Since, own.Source = OptedOut, said.Since, said.Source
	}
	if own := &p.Consent[Marketing]; own.State != OptedIn || own.Since.second() <= other.Suspected.second() {
		p.Suspected = max(p.Suspected, other.Suspected)
	}
}

// Until is what of the contact was certainly known by t: links, opt-outs and
// opt-ins. It is only good for computing consent.
func (c *Contact) Until(t Moment) *Contact {
	was := c.Clone()
	for i := range was.Members {
		m := &was.Members[i]
		for j := range m.Numbers {
			for s := range m.Numbers[j].Consent {
				reg := &m.Numbers[j].Consent[s]
				*reg = reg.until(t)
			}
		}
	}
	return was
}
