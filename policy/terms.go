package policy

import "time"

// Reach is how far a consent record goes beyond the business phone number it
// was told to.
type Reach uint8

const (
	// ReachNumber: to no other number.
	ReachNumber Reach = iota
	// ReachWABA: to the numbers of the same WhatsApp Business Account.
	ReachWABA
	// ReachAll: to every number of the installation.
	ReachAll
)

var reachNames = [...]string{"number", "waba", "all"}

// String is the name in the configuration.
func (r Reach) String() string { return nameOf(reachNames[:], r) }

// UnmarshalText reads what String writes.
func (r *Reach) UnmarshalText(text []byte) error { return parseName(reachNames[:], string(text), r) }

// Terms are what an operator decides about how consent records count.
type Terms struct {
	OptOutReach Reach `cbor:"1,keyasint,omitempty"`
	OptInReach  Reach `cbor:"2,keyasint,omitempty"`
	// Skew is by how much WhatsApp's clock and ours may differ: an opt-in that
	// isn't later than an opt-out by more does not lift it.
	Skew time.Duration `cbor:"3,keyasint,omitempty"`
	// Start are the scopes a general opt-in, such as START, opts somebody in to
	// who said nothing on them before.
	Start [Scopes]bool `cbor:"4,keyasint"`
	// WABA is the WhatsApp Business Account of each phone number id for which the
	// operator named one.
	WABA map[string]string `cbor:"5,keyasint,omitempty"`
}

// DefaultSkew is the clock difference that is allowed for by default.
const DefaultSkew = time.Minute

// DefaultTerms are the terms of an operator who decided nothing.
func DefaultTerms() *Terms {
	t := &Terms{OptOutReach: ReachWABA, OptInReach: ReachNumber, Skew: DefaultSkew}
	t.Start[Transactional] = true
	return t
}

// Fold says how the consent records of a person are put together for one business phone
// number.
type Fold struct {
	PhoneNumberID string
	Skew          time.Duration
	Start         [Scopes]bool

	terms *Terms
	// learned is the account of a number as webhooks told it; named and told are the
	// accounts of this one.
	learned     func(phoneNumberID string) string
	named, told string
	// tapless: taps count for nothing, for the person counts as having opted out.
	tapless bool
}

// For are the terms applied to one number. learned is the account of a number as
// webhooks told it, "" where they have not.
func (t *Terms) For(phoneNumberID string, learned func(phoneNumberID string) string) *Fold {
	return &Fold{
		PhoneNumberID: phoneNumberID, Skew: t.Skew, Start: t.Start,
		terms: t, learned: learned, named: t.WABA[phoneNumberID], told: learned(phoneNumberID),
	}
}

// Reach reports whether opt-outs and opt-ins told to another number count.
func (f *Fold) Reach(other string) (optOut, optIn bool) {
	if other == f.PhoneNumberID {
		return true, true
	}
	maybe, certainly := f.sameAccount(other)
	return f.terms.OptOutReach == ReachAll || f.terms.OptOutReach == ReachWABA && maybe,
		f.terms.OptInReach == ReachAll || f.terms.OptInReach == ReachWABA && certainly
}

// sameAccount reports whether another number may be, and is, one of the same account.
//
// The account an operator named and the one webhooks told are both believed for
// an opt-out, and where nobody has named one it may be the same: in doubt an
// opt-out reaches. An opt-in goes only where it certainly may.
func (f *Fold) sameAccount(other string) (maybe, certainly bool) {
	named, told := f.terms.WABA[other], f.learned(other)
	if own, others := either(f.named, f.told), either(named, told); own == "" || others == "" {
		return true, false
	} else if own == others {
		return true, true
	}
	for _, a := range [...]string{f.named, f.told} {
		if a != "" && (a == named || a == told) {
			return true, false
		}
	}
	return false, false
}

// SharesOptOuts reports whether opt-outs told to one of two numbers count for the
// other, by the terms of either: then so does the confirmation of one.
func (f *Fold) SharesOptOuts(other *Fold) bool {
	there, _ := f.Reach(other.PhoneNumberID)
	back, _ := other.Reach(f.PhoneNumberID)
	return there || back
}

// either is a, or b where that is "".
func either(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
