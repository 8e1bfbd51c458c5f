package graphsim

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// windowLength is the customer service window; the last opening event plus 24 h exactly is closed.
const windowLength = 24 * time.Hour

// freeEntryLength is the free entry point window, counted from the delivery of the first reply.
const freeEntryLength = 72 * time.Hour

// truth is what the platform knows about people and messages.
type truth struct {
	zone *time.Location

	mu        sync.Mutex // guards everything below, and the contacts, pairs and messages reached through it
	contacts  map[string]*contact
	pairs     map[pairKey]*pair
	groups    map[string]*Group
	blocked   map[string][]*contact // by phone_number_id, oldest first
	messages  map[string]*message
	ages      ring[string]         // wamids by age, to forget the oldest
	delivered map[billingMonth]int // service messages delivered
	charged   []Charged            // deliveries, oldest first
	analytics Analytics
}

// contact is one person, reachable under several aliases.
type contact struct {
	user    User
	stopped bool // stopped marketing messages of this business
}

// pairKey names a conversation: a business number with a person or with a group.
type pairKey struct {
	number  string
	contact *contact
	group   string
}

// pair is the state of a conversation.
type pair struct {
	opened       time.Time // last event that opens the customer service window
	adClick      time.Time // last message through an ad, until the reply that starts the free entry point
	freeUntil    time.Time // end of the free entry point window
	conversation string    // conversation.id within the free entry point
}

// Group is a WhatsApp group the business is a member of.
type Group struct {
	// ID is the group id that `to` carries.
	ID string
	// Members receive a copy each.
	Members []User
}

func newTruth(o Options) *truth {
	return &truth{
		zone:      o.Location,
		contacts:  map[string]*contact{},
		pairs:     map[pairKey]*pair{},
		groups:    map[string]*Group{},
		blocked:   map[string][]*contact{},
		messages:  map[string]*message{},
		ages:      ring[string]{limit: o.Record},
		delivered: map[billingMonth]int{},
	}
}

// AddUser makes a person known without a message from them: their wa_id and user ids are then resolved in sends.
func (s *Sim) AddUser(u User) error {
	u, err := u.complete()
	if err != nil {
		return fmt.Errorf("adding user: %w", err)
	}
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	s.truth.learn(u)
	return nil
}

// AddGroup makes a group known. Sends to groups that were not added fail with 131041.
func (s *Sim) AddGroup(g Group) error {
	g.Members = append([]User(nil), g.Members...)
	for i, member := range g.Members {
		completed, err := member.complete()
		if err != nil {
			return fmt.Errorf("adding group member: %w", err)
		}
		g.Members[i] = completed
	}
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	s.truth.groups[g.ID] = &g
	return nil
}

// WindowEnd is when the customer service window between a business number and a user closes; the zero time if it
// never opened.
func (s *Sim) WindowEnd(phoneNumberID string, u User) time.Time {
	u, err := u.complete()
	if err != nil {
		return time.Time{}
	}
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	p := s.truth.pairs[pairKey{number: phoneNumberID, contact: s.truth.find(u.aliases()...)}]
	if p == nil || p.opened.IsZero() {
		return time.Time{}
	}
	return p.opened.Add(windowLength)
}

// find gives the contact behind the first known alias, or nil. Like all methods below it must be called with the lock
// held.
func (t *truth) find(aliases ...string) *contact {
	for _, alias := range aliases {
		if c := t.contacts[alias]; c != nil {
			return c
		}
	}
	return nil
}

// learn finds or creates the contact of u. Contacts that turn out to be one person are joined.
func (t *truth) learn(u User) *contact {
	var c *contact
	for _, alias := range u.aliases() {
		known := t.contacts[alias]
		switch {
		case known == nil || known == c:
		case c == nil:
			c = known
		default:
			t.join(c, known)
		}
	}
	if c == nil {
		c = &contact{}
	}
	c.user = u.over(c.user)
	for _, alias := range c.user.aliases() {
		t.contacts[alias] = c
	}
	return c
}

// over fills what u leaves open from what was known before.
func (u User) over(old User) User {
	u.Phone = orElse(u.Phone, old.Phone)
	u.WaID = orElse(u.WaID, old.WaID)
	u.UserID = orElse(u.UserID, old.UserID)
	u.ParentUserID = orElse(u.ParentUserID, old.ParentUserID)
	u.Name = orElse(u.Name, old.Name)
	u.Username = orElse(u.Username, old.Username)
	return u
}

// join moves everything known about other to c: the later window, and an opt-out of either.
func (t *truth) join(c, other *contact) {
	c.stopped = c.stopped || other.stopped
	c.user = c.user.over(other.user)
	for key, p := range t.pairs {
		if key.contact != other {
			continue
		}
		delete(t.pairs, key)
		key.contact = c
		if kept := t.pairs[key]; kept == nil || kept.opened.Before(p.opened) {
			t.pairs[key] = p
		}
	}
	t.replace(other, c)
}

// move makes a new contact of the one who changed number or user id. Opt-outs and blocks go along, windows do not:
// they wait for the new identity to write.
func (t *truth) move(old *contact, u User) {
	for alias, holder := range t.contacts {
		if holder == old {
			delete(t.contacts, alias)
		}
	}
	fresh := t.learn(u)
	fresh.stopped = fresh.stopped || old.stopped
	t.replace(old, fresh)
}

// replace lets c take the place of old under every alias and on every block list.
func (t *truth) replace(old, c *contact) {
	for alias, holder := range t.contacts {
		if holder == old {
			t.contacts[alias] = c
		}
	}
	for number, list := range t.blocked {
		i := slices.Index(list, old)
		switch {
		case i < 0:
		case slices.Contains(list, c):
			t.blocked[number] = slices.Delete(list, i, i+1)
		default:
			list[i] = c
		}
	}
}

// pair gives the state of a conversation, creating it.
func (t *truth) pair(key pairKey) *pair {
	p := t.pairs[key]
	if p == nil {
		p = &pair{}
		t.pairs[key] = p
	}
	return p
}

// open opens or prolongs the customer service window. Late webhooks never shorten it.
func (p *pair) open(at time.Time) {
	if at.After(p.opened) {
		p.opened = at
	}
}

// windowOpen must accept a nil pair: nobody wrote yet.
func (p *pair) windowOpen(now time.Time) bool {
	return p != nil && !p.opened.IsZero() && now.Before(p.opened.Add(windowLength))
}

// freeEntry reports whether a message sent now falls into the free entry point window, or starts it.
func (p *pair) freeEntry(now time.Time) bool {
	return p != nil && (now.Before(p.freeUntil) || (!p.adClick.IsZero() && now.Before(p.adClick.Add(windowLength))))
}

// keep remembers a message for later statuses.
func (t *truth) keep(m *message) {
	if t.ages.limit <= 0 {
		return
	}
	t.messages[m.ID] = m
	if oldest, displaced := t.ages.add(m.ID); displaced {
		delete(t.messages, oldest)
	}
}
