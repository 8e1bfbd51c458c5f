package policy

import (
	"cmp"
	"slices"
)

// A person who asks for a one-time code, such as to log in, gets it for a short time,
// also if they opted out before: what they asked for is no message they don't want.

// request records that the person asked for a code.
func (r *Relation) request(m Mark) {
	if cmp.Or(cmp.Compare(m.At, r.Requested.At), cmp.Compare(m.Recorded, r.Requested.Recorded), cmp.Compare(m.Source, r.Requested.Source)) > 0 {
		r.Requested = m
	}
}

// requested is when the person last asked for a code, as far as opt-ins reach; 0 where
// they didn't, or an opt-out came in since.
func (c *Contact) requested(names []Alias, fold *Fold) (newest Moment) {
	var since Moment // when the newest opt-out came in
	for _, a := range names {
		m := c.member(a)
		for i := range m.Numbers {
			if m.Numbers[i].Requested.At == 0 { // as nearly always
				continue
			}
			if _, optIn := fold.Reach(m.Numbers[i].PhoneNumberID); !optIn {
				continue
			}
			if since == 0 {
				since = max(c.lastOptOut(names, fold), 1)
			}
			if r := m.Numbers[i].since(m); r.Requested.Recorded > since {
				newest = max(newest, r.Requested.At)
			}
		}
	}
	return newest
}

// lastOptOut is when the newest opt-out from codes came in, of those that reach.
func (c *Contact) lastOptOut(names []Alias, fold *Fold) (newest Moment) {
	var outs []namedRecord
	for _, a := range names {
		m := c.member(a)
		for i := range m.Numbers {
			if optOut, _ := fold.Reach(m.Numbers[i].PhoneNumberID); optOut {
				outs = appendOuts(outs, m.Numbers[i].since(m), Authentication, a)
			}
		}
	}
	if len(outs) == 0 {
		return 0
	}
	return slices.MaxFunc(outs, func(a, b namedRecord) int { return cmp.Compare(a.Recorded, b.Recorded) }).Recorded
}

// codeAsked reports that the send is a one-time code the person asked for a short time ago.
func (c *Case) codeAsked() bool {
	return c.billed && !c.Send.Group && c.Category == CategoryAuthentication && c.Policy.CodeOnRequest > 0 &&
		c.person.Requested != 0 && c.Now < c.person.Requested.Add(c.Policy.CodeOnRequest)
}

// codeRequested lets a one-time code through that the person asked for, unless they agreed
// to such messages anyway.
func (c *Case) codeRequested() bool {
	return c.codeAsked() && !c.agreed(Authentication) &&
		c.allow(RuleCodeRequested, "the user asked for a code at "+c.person.Requested.String()+", and may be sent some until "+c.person.Requested.Add(c.Policy.CodeOnRequest).String())
}
