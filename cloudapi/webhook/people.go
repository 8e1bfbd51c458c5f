package webhook

import (
	"encoding/json"
	"slices"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// names are the identities under which one place of a payload names one person:
// phone number, BSUID and parent BSUID, each of which may be absent. The field
// says what an id is, not its spelling. Only where a phone number belongs both
// kinds of names have been seen.
func (r *reader) names(phone, userID, parentUserID loosejson.String) []policy.Identity {
	var who []policy.Identity
	for _, name := range []struct {
		text loosejson.String
		read func(string) (policy.Identity, error)
	}{{phone, readPhoneOrUserID}, {userID, identity.BSUID}, {parentUserID, identity.ParentBSUID}} {
		if name.text == "" {
			continue
		}
		id, err := name.read(string(name.text))
		if err != nil || contradict(who, []policy.Identity{id}) {
			r.skipped++
			continue
		}
		if !slices.Contains(who, id) {
			if who == nil {
				who = make([]policy.Identity, 0, 2) // as many as most people have
			}
			who = append(who, id)
		}
	}
	return who
}

func readPhoneOrUserID(s string) (policy.Identity, error) {
	id, err := identity.WaID(s)
	if err != nil {
		id, err = identity.UserID(s)
	}
	return id, err
}

// contacts are the people a change introduces, beside its messages.
type contacts struct {
	people [][]policy.Identity
	// index is by their names; nil where there are so few that looking at all of
	// them is quicker.
	index map[policy.Identity][]int
}

// few people need no index.
const few = 8

// introduced is one of the people a change introduces.
type introduced struct {
	WaID         loosejson.String `json:"wa_id"`
	UserID       loosejson.String `json:"user_id"`
	ParentUserID loosejson.String `json:"parent_user_id"`
}

func (r *reader) readContacts(list []json.RawMessage) contacts {
	if len(list) == 0 {
		return contacts{}
	}
	c := contacts{people: make([][]policy.Identity, 0, len(list))}
	if len(list) > few {
		c.index = make(map[policy.Identity][]int, 2*len(list))
	}
	v := &r.scratch.person
	for _, raw := range list {
		r.pause()
		v.reset()
		if !r.object(raw, v) {
			continue
		}
		who := r.names(v.WaID, v.UserID, v.ParentUserID)
		if c.index != nil {
			for _, id := range who {
				c.index[id] = append(c.index[id], len(c.people))
			}
		}
		c.people = append(c.people, who)
	}
	return c
}

// complete adds what the contacts know about the person named by who. A contact
// is the same person if they share a name and contradict each other in none.
func (c contacts) complete(who []policy.Identity) []policy.Identity {
	for _, id := range who[:len(who):len(who)] {
		if c.index != nil {
			for _, i := range c.index[id] {
				who = join(who, c.people[i])
			}
			continue
		}
		for _, person := range c.people {
			if slices.Contains(person, id) {
				who = join(who, person)
			}
		}
	}
	return who
}

// join adds the names of a person to who, unless they contradict.
func join(who, person []policy.Identity) []policy.Identity {
	if contradict(who, person) {
		return who
	}
	for _, id := range person {
		if !slices.Contains(who, id) {
			who = append(who, id)
		}
	}
	return who
}

// sender completes the names of somebody who wrote or called. All of them are
// among the contacts, so one who is not named at all is the only contact, if
// there is just one.
func (c contacts) sender(who []policy.Identity) []policy.Identity {
	if len(who) == 0 && len(c.people) == 1 {
		return slices.Clone(c.people[0])
	}
	return c.complete(who)
}

// contradict reports whether a and b hold different names of one kind, of which
// a person has one at a time.
func contradict(a, b []policy.Identity) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Kind == y.Kind && x != y {
				return true
			}
		}
	}
	return false
}

// isBusiness reports whether a name is the business's own phone number: the
// message is its own, sent by an app or another program.
func (r *reader) isBusiness(who []policy.Identity) bool {
	return r.number != "" && slices.Contains(who, identity.Phone(r.number))
}

// link tells that who are names of one person.
func (r *reader) link(who []policy.Identity, at policy.Moment) {
	if len(who) > 1 && at != 0 {
		r.add(policy.IdentityLinked{Who: who, At: at})
	}
}
