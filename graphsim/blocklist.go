package graphsim

import (
	"net/http"
	"slices"
)

// maxBlocked is the size of a number's block list.
const maxBlocked = 64_000

// blockedUser and failedUser are elements of a block list answer.
type blockedUser struct {
	Input  string `json:"input"`
	WaID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type failedUser struct {
	Input  string      `json:"input"`
	Errors []errorBody `json:"errors"`
}

// isBlocked must be called with the lock held.
func (t *truth) isBlocked(number string, c *contact) bool {
	return slices.Contains(t.blocked[number], c)
}

func (s *Sim) listBlocked(_ *call, number *Number) reply {
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	data := []object{}
	for _, c := range s.truth.blocked[number.ID] {
		entry := object{"messaging_product": "whatsapp"}
		if c.user.WaID != "" {
			entry["wa_id"] = c.user.WaID
		}
		if c.user.UserID != "" {
			entry["user_id"] = c.user.UserID
		}
		data = append(data, entry)
	}
	return ok(object{"data": data})
}

// changeBlocked blocks (POST) or unblocks (DELETE) users. Only users who wrote within the last 24 h can be blocked.
// If some users fail the answer is error 139100 beside the list of those who did not.
func (s *Sim) changeBlocked(c *call, number *Number) reply {
	if c.param("messaging_product") != "whatsapp" {
		return s.refuse(c, fail(100, "The parameter messaging_product is required"))
	}
	list, isList := c.params["block_users"].([]any)
	if !isList || len(list) == 0 {
		return s.refuse(c, fail(100, "block_users must be an array of users"))
	}
	change, verb := s.block, "added_users"
	if c.method == http.MethodDelete {
		change, verb = s.unblock, "removed_users"
	}
	done, failed := []blockedUser{}, []failedUser{}
	for _, item := range list {
		entry, _ := item.(object)
		input, _ := scalar(entry["user"])
		user, e := change(number, input)
		if e != nil {
			failed = append(failed, failedUser{input, []errorBody{s.errorBody(e)}})
			continue
		}
		done = append(done, user)
	}
	answer := object{"messaging_product": "whatsapp", "block_users": object{verb: done}}
	if len(failed) == 0 {
		return ok(answer)
	}
	answer["block_users"] = object{verb: done, "failed_users": failed}
	e := fail(139100, "Some users could not be changed")
	answer["error"] = s.errorBody(e)
	return jsonReply(e.status, answer)
}

func (s *Sim) block(number *Number, input string) (blockedUser, *graphError) {
	now := s.clock()
	t := s.truth
	t.mu.Lock()
	defer t.mu.Unlock()
	c, e := t.blockable(number, input)
	switch {
	case e != nil:
		return blockedUser{}, e
	case !t.pairs[pairKey{number: number.ID, contact: c}].windowOpen(now):
		return blockedUser{}, fail(131047, "The user has not written within 24 hours")
	case len(t.blocked[number.ID]) >= maxBlocked:
		return blockedUser{}, fail(139101, "The block list is full")
	}
	if !t.isBlocked(number.ID, c) {
		t.blocked[number.ID] = append(t.blocked[number.ID], c)
	}
	return c.blocked(input), nil
}

func (s *Sim) unblock(number *Number, input string) (blockedUser, *graphError) {
	t := s.truth
	t.mu.Lock()
	defer t.mu.Unlock()
	c, e := t.blockable(number, input)
	if e != nil {
		return blockedUser{}, e
	}
	i := slices.Index(t.blocked[number.ID], c)
	if i < 0 {
		return blockedUser{}, fail(131009, "The user is not blocked")
	}
	t.blocked[number.ID] = slices.Delete(t.blocked[number.ID], i, i+1)
	return c.blocked(input), nil
}

// blockable finds the contact behind a phone number, wa_id or user id. Parent ids are not accepted.
func (t *truth) blockable(number *Number, input string) (*contact, *graphError) {
	if isParentUserID(input) {
		return nil, fail(131062, "A parent user id cannot be blocked")
	}
	alias := input
	if !isUserID(input) {
		digits, valid := parsePhone(input, number.CountryCode)
		if !valid {
			return nil, fail(131009, "user is not a phone number or user id")
		}
		alias = phoneClass(digits)
	}
	if c := t.contacts[alias]; c != nil {
		return c, nil
	}
	return nil, fail(131026, "The user is not known")
}

func (c *contact) blocked(input string) blockedUser {
	u := blockedUser{Input: input, WaID: c.user.WaID}
	if isUserID(input) {
		u = blockedUser{Input: input, UserID: c.user.UserID}
	}
	return u
}
