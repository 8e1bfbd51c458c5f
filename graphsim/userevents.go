package graphsim

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Values of user_preferences[].value.
const (
	PreferenceStop   = "stop"
	PreferenceResume = "resume"
)

// UserPreference lets a user stop or resume marketing messages of the business, which is neither a block nor a typed
// STOP: utility and authentication templates stay deliverable.
func (s *Sim) UserPreference(ctx context.Context, phoneNumberID string, u User, value string) error {
	update, err := s.UserPreferenceUpdate(phoneNumberID, u, value)
	if err != nil {
		return err
	}
	return s.send(ctx, update)
}

// UserPreferenceUpdate makes the update behind [Sim.UserPreference]. Its timestamp is a number, unlike messages'.
func (s *Sim) UserPreferenceUpdate(phoneNumberID string, u User, value string) (Update, error) {
	number, err := s.number(phoneNumberID)
	if err != nil {
		return Update{}, err
	}
	if u, err = u.complete(); err != nil {
		return Update{}, fmt.Errorf("user preference: %w", err)
	}
	s.truth.mu.Lock()
	s.truth.learn(u).stopped = value == PreferenceStop
	s.truth.mu.Unlock()

	preference := object{
		"category": "marketing_messages", "value": value,
		"detail":    "User requested to " + value + " marketing messages",
		"timestamp": s.clock().Unix(),
	}
	putIf(preference, "wa_id", u.shownWaID())
	putIf(preference, "user_id", u.UserID)
	putIf(preference, "parent_user_id", u.ParentUserID)
	v := number.value()
	v.Contacts = []webhookContact{u.contact()}
	v.Preferences = []object{preference}
	return Update{Field: "user_preferences", Value: v}, nil
}

// NumberChange tells the business that a user has a new phone number, and with it new user ids. Opt-outs go along,
// windows do not.
func (s *Sim) NumberChange(ctx context.Context, phoneNumberID string, before, after User) error {
	update, err := s.NumberChangeUpdate(phoneNumberID, before, after)
	if err != nil {
		return err
	}
	return s.send(ctx, update)
}

// NumberChangeUpdate makes the update behind [Sim.NumberChange].
func (s *Sim) NumberChangeUpdate(phoneNumberID string, before, after User) (Update, error) {
	return s.systemUpdate(phoneNumberID, "user_changed_number", before, after)
}

// UserIDChange tells the business that a user has a new business-scoped user id while the phone cannot be shown.
func (s *Sim) UserIDChange(ctx context.Context, phoneNumberID string, before, after User) error {
	update, err := s.UserIDChangeUpdate(phoneNumberID, before, after)
	if err != nil {
		return err
	}
	return s.send(ctx, update)
}

// UserIDChangeUpdate makes the update behind [Sim.UserIDChange].
func (s *Sim) UserIDChangeUpdate(phoneNumberID string, before, after User) (Update, error) {
	before.HidePhone, after.HidePhone = true, true
	return s.systemUpdate(phoneNumberID, "user_changed_user_id", before, after)
}

// systemUpdate is a message of type system, which has no contacts.
func (s *Sim) systemUpdate(phoneNumberID, kind string, before, after User) (Update, error) {
	number, err := s.number(phoneNumberID)
	if err != nil {
		return Update{}, err
	}
	if before, err = before.complete(); err != nil {
		return Update{}, fmt.Errorf("identity before %s: %w", kind, err)
	}
	if after, err = after.complete(); err != nil {
		return Update{}, fmt.Errorf("identity after %s: %w", kind, err)
	}
	s.truth.mu.Lock()
	s.truth.move(s.truth.learn(before), after)
	s.truth.mu.Unlock()

	system := object{
		"type": kind,
		"body": "User changed from " + orElse(before.shownWaID(), before.UserID) + " to " + orElse(after.shownWaID(), after.UserID),
	}
	putIf(system, "wa_id", after.shownWaID())
	putIf(system, "user_id", after.UserID)
	putIf(system, "parent_user_id", after.ParentUserID)
	putIf(system, "previous_user_id", before.UserID)
	putIf(system, "previous_parent_user_id", before.ParentUserID)
	m := Message{Type: "system", Content: system, ID: s.ids.wamid(), At: s.clock()}
	v := number.value()
	v.Messages = []object{m.wire(number, before)}
	return Update{Field: "messages", Value: v, ID: m.ID}, nil
}

// Call is an event of a voice call.
type Call struct {
	// Event is "connect" or "terminate" of calls[]; or, with ByBusiness, the user's answer: "RINGING", "ACCEPTED" or
	// "REJECTED" of statuses[].
	Event string
	// ByBusiness is set if the business called.
	ByBusiness bool
	// ID is the call id. Default: a new one.
	ID string
}

// Call reports a call event. A call by the user opens the window whether answered or not; a call by the business
// opens it when the user accepts.
func (s *Sim) Call(ctx context.Context, phoneNumberID string, u User, c Call) (id string, err error) {
	update, err := s.CallUpdate(phoneNumberID, u, c)
	if err != nil {
		return "", err
	}
	return update.ID, s.send(ctx, update)
}

// CallUpdate makes the update behind [Sim.Call].
func (s *Sim) CallUpdate(phoneNumberID string, u User, c Call) (Update, error) {
	number, err := s.number(phoneNumberID)
	if err != nil {
		return Update{}, err
	}
	if u, err = u.complete(); err != nil {
		return Update{}, fmt.Errorf("call: %w", err)
	}
	if c.ID == "" {
		c.ID = "wacid." + strings.TrimPrefix(s.ids.wamid(), "wamid.")
	}
	now := s.clock()
	s.truth.mu.Lock()
	who := s.truth.learn(u)
	if (c.Event == "connect" && !c.ByBusiness) || (c.Event == "ACCEPTED" && c.ByBusiness) {
		s.truth.pair(pairKey{number: number.ID, contact: who}).open(now)
	}
	s.truth.mu.Unlock()

	v := number.value()
	v.Contacts = []webhookContact{u.contact()}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	if c.ByBusiness {
		v.Statuses = []statusEntry{{
			ID: c.ID, Type: "call", Status: c.Event, Timestamp: timestamp,
			RecipientID: u.shownWaID(), RecipientUserID: u.UserID, RecipientParentUserID: u.ParentUserID,
		}}
		return Update{Field: "calls", Value: v, ID: c.ID}, nil
	}
	call := object{
		"id": c.ID, "event": c.Event, "timestamp": timestamp, "direction": "USER_INITIATED", "to": number.display(),
	}
	putIf(call, "from", u.shownWaID())
	putIf(call, "from_user_id", u.UserID)
	putIf(call, "from_parent_user_id", u.ParentUserID)
	v.Calls = []object{call}
	return Update{Field: "calls", Value: v, ID: c.ID}, nil
}
