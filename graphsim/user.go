package graphsim

import "fmt"

// User is a person on WhatsApp as this business sees them.
type User struct {
	// Phone is the number in any form `to` may take, with country code.
	Phone string
	// WaID is Meta's canonical number. Default: derived from Phone, which changes Brazilian, Mexican and Argentine
	// numbers. Set it for accounts that keep another form.
	WaID string
	// UserID is the business-scoped user id, for example "DE.55667788990011". Empty: webhooks without such ids, as
	// before April 2026.
	UserID string
	// ParentUserID is the id shared by enrolled portfolios, for example "DE.ENT.778899".
	ParentUserID string
	// Name and Username are the profile.
	Name, Username string
	// HidePhone leaves wa_id and from out of webhooks, as for people with a username. It needs a UserID.
	HidePhone bool
}

// complete derives WaID and checks that the user can be named in a webhook.
func (u User) complete() (User, error) {
	if u.WaID == "" && u.Phone != "" {
		digits, valid := parsePhone(u.Phone, "")
		if !valid {
			return u, fmt.Errorf("%w: phone is not a phone number", ErrNoIdentity)
		}
		u.WaID = canonicalWaID(digits)
	}
	if u.shownWaID() == "" && u.UserID == "" {
		return u, ErrNoIdentity
	}
	return u, nil
}

// shownWaID is wa_id or from in webhooks the user causes.
func (u User) shownWaID() string {
	if u.HidePhone {
		return ""
	}
	return u.WaID
}

// profile is contacts[].profile, nil if there is nothing in it.
func (u User) profile() *profile {
	if u.Name == "" && u.Username == "" {
		return nil
	}
	return &profile{Name: u.Name, Username: u.Username}
}

// aliases are the keys under which a contact is found. All spellings of a phone number are one key.
func (u User) aliases() []string {
	var keys []string
	if u.WaID != "" {
		keys = append(keys, phoneClass(u.WaID)) // digits, so it cannot collide with a user id
	}
	if u.UserID != "" {
		keys = append(keys, u.UserID)
	}
	if u.ParentUserID != "" {
		keys = append(keys, u.ParentUserID)
	}
	return keys
}
