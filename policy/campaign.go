package policy

import (
	"cmp"
	"fmt"
	"slices"
)

// Campaign says whether marketing of a business phone number, or of an account, is switched
// off.
type Campaign struct {
	// Turns are those of each cause, sorted by it.
	Turns []CampaignTurns `json:"turns,omitempty" cbor:"1,keyasint,omitempty"`
}

// CampaignTurns are what switched marketing off for one cause last, and on again.
type CampaignTurns struct {
	Cause CampaignCause `json:"cause" cbor:"1,keyasint"`
	Off   Switch        `json:"off,omitzero" cbor:"2,keyasint,omitempty"`
	On    Switch        `json:"on,omitzero" cbor:"3,keyasint,omitempty"`
}

// CampaignCause is why marketing is switched off. What ends one ends no other, but for an
// operator, who can switch it on whatever it was.
type CampaignCause string

// All causes.
const (
	CauseOperator    CampaignCause = "operator"    // somebody of the business did it
	CauseError       CampaignCause = "error"       // an error of Meta's
	CauseRestriction CampaignCause = "restriction" // Meta restricts the account
	CauseDisabled    CampaignCause = "disabled"    // Meta has disabled the account
	CauseQuality     CampaignCause = "quality"     // Meta rates the quality as low
)

// Switch is one turn of the switch.
type Switch struct {
	At Moment `json:"at" cbor:"1,keyasint,omitempty"`
	// Says in a few words what happened: Meta's code or event, or who did it and why.
	Says string `json:"says,omitempty" cbor:"2,keyasint,omitempty"`
	// Until is when it ends by itself; zero for never.
	Until Moment `json:"until,omitempty" cbor:"3,keyasint,omitempty"`
}

func (s Switch) compare(other Switch) int {
	return cmp.Or(cmp.Compare(s.At, other.At), cmp.Compare(s.Until, other.Until), cmp.Compare(s.Says, other.Says))
}

// Merge joins another one: of each kind of turn the newest holds. The list itself is shared
// between copies and stays as it is.
func (c *Campaign) Merge(other Campaign) {
	for _, t := range other.Turns {
		i, known := slices.BinarySearchFunc(c.Turns, t, func(a, b CampaignTurns) int { return cmp.Compare(a.Cause, b.Cause) })
		c.Turns = slices.Clone(c.Turns)
		if !known {
			c.Turns = slices.Insert(c.Turns, i, t)
			continue
		}
		own := &c.Turns[i]
		if own.Off.compare(t.Off) < 0 {
			own.Off = t.Off
		}
		if own.On.compare(t.On) < 0 {
			own.On = t.On
		}
	}
}

// Turn turns the switch.
func (c *Campaign) Turn(e CampaignSwitched) {
	t := CampaignTurns{Cause: e.Cause}
	if e.Off {
		t.Off = e.Switch
	} else {
		t.On = e.Switch
	}
	c.Merge(Campaign{Turns: []CampaignTurns{t}})
}

// Off are the causes for which marketing is off at a moment, with what switched it off.
func (c *Campaign) Off(now Moment) (off []CampaignTurns) {
	var on Moment // by an operator, whatever it was
	for _, t := range c.Turns {
		if t.Cause == CauseOperator {
			on = t.On.At
		}
	}
	for _, t := range c.Turns {
		if t.Off.At > max(on, t.On.At) && (t.Off.Until == 0 || t.Off.Until > now) {
			off = append(off, t)
		}
	}
	return off
}

// Newest is when the switch was last turned.
func (c *Campaign) Newest() (at Moment) {
	for _, t := range c.Turns {
		at = max(at, t.Off.At, t.On.At)
	}
	return at
}

// Before is the switch as it was turned by a moment, as far as later turns have not taken
// the place of earlier ones.
func (c *Campaign) Before(at Moment) (was Campaign) {
	for _, t := range c.Turns {
		if t.Off.At > at {
			t.Off = Switch{}
		}
		if t.On.At > at {
			t.On = Switch{}
		}
		was.Turns = append(was.Turns, t)
	}
	return was
}

// CampaignSwitched: marketing of a business phone number, or of all of an account, is
// switched off or on.
type CampaignSwitched struct {
	// One of these says whose: of PhoneNumberID, of the number with the digits Display, or
	// of the account WABA.
	PhoneNumberID, Display, WABA string
	Cause                        CampaignCause
	Off                          bool
	Switch
}

func (CampaignSwitched) event() {}

// Codes by which Meta says that the business's messages are a nuisance.
const (
	codeSpam    = 131048 // too many earlier messages were blocked or reported
	codeBlocked = 368    // temporarily blocked for violations of the policy
	codeLocked  = 131031 // the account is locked
)

var campaignCauses = map[int]string{
	codeSpam:    "Meta answered 131048: too many earlier messages were blocked or reported as spam",
	codeBlocked: "Meta answered 368: it blocks the number for a violation of its policy",
	codeLocked:  "Meta answered 131031: it has locked the account",
}

// SwitchedByError is the switch that an error of Meta's turns; false where it turns none.
func SwitchedByError(code int, phoneNumberID string, at Moment) (CampaignSwitched, bool) {
	cause, ok := campaignCauses[code]
	return CampaignSwitched{PhoneNumberID: phoneNumberID, Cause: CauseError, Off: true, Switch: Switch{At: at, Says: cause}}, ok
}

// isCampaign reports that the send is one that stops with a campaign: a marketing template,
// or one of which nobody knows that it isn't.
func (c *Case) isCampaign() bool {
	return c.isBilled() && c.Category.Scope() == Marketing
}

func (c *Case) campaignOff() bool {
	if !c.isCampaign() {
		return false
	}
	off := slices.DeleteFunc(c.Facts.Campaign.Off(c.Now), func(t CampaignTurns) bool { return c.Policy.NoSwitchOff && t.Cause != CauseOperator })
	if len(off) == 0 {
		return false
	}
	reason, until := "marketing of this number is switched off", Moment(0)
	for _, t := range off {
		if reason += fmt.Sprintf("; since %s: %s", t.Off.At, t.Off.Says); t.Off.Until != 0 {
			reason += ", until " + t.Off.Until.String()
		}
		if t.Off.Until == 0 || until == Forever {
			until = Forever
		} else {
			until = max(until, t.Off.Until)
		}
	}
	const on = "when that is settled, switch it on with `waguard campaign on --phone-number-id`"
	if until == Forever {
		return c.refuse(RuleCampaignOff, reason, on)
	}
	c.refuse(RuleCampaignOff, reason, on+", or wait until then")
	c.decision.Retry = until
	return true
}
