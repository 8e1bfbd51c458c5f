package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Problem is why a question or a record of an operator's has no answer.
type Problem struct {
	Kind ProblemKind
	Err  error
	// Lacks are what an invalid opt-in lacks.
	Lacks []consent.Lack
}

// ProblemKind says whose problem it is.
type ProblemKind int

const (
	// Misasked: the request means nothing.
	Misasked ProblemKind = iota
	// NotServed: the business phone number is not one of this gateway's.
	NotServed
	// Unrecorded: the store did not take it; it may be asked for again.
	Unrecorded
	// Invalid: the opt-in could not be proven later.
	Invalid
	// Unknown: there is nothing by that name.
	Unknown
	// Unreached: Meta didn't answer what had to be asked first.
	Unreached
	// Busy: another one of those is under way, and one at a time is.
	Busy
)

func (p *Problem) Error() string { return p.Err.Error() }

func (p *Problem) Unwrap() error { return p.Err }

// misasked is the problem of a request that means nothing, nil if err is.
func misasked(err error) error {
	if err == nil {
		return nil
	}
	return &Problem{Kind: Misasked, Err: err}
}

// Selection selects sends, in the words of an operator.
type Selection struct {
	// From and To are RFC 3339, a date, or an age such as 24h.
	From, To string
	// PhoneNumberID is the id of a business phone number, or its configured name.
	PhoneNumberID  string
	Rule, Category string
	// Contact is a phone number or user id.
	Contact string
	// Pseudonym is a contact as it is listed, or the first eight digits of that or
	// more. ID is that of a decision, Wamid Meta's of the message.
	Pseudonym, ID, Wamid string
	// Sender is one as it is listed, with the fingerprint of its access token or without, or
	// that alone.
	Sender, Template, Outcome string
	// Before is the Next of the page before.
	Before string
	// After is the Newest of an earlier page: what may have come since, and a
	// little of what came before.
	After string
	Limit int
}

// How many entries a page has where nobody says so, and at most.
const (
	defaultPage = 100
	largestPage = 1000
)

// filter is a selection as the store takes it. Dates begin in the time zone of the
// business it selects, or of all if they have one; else in UTC. What comes after
// an id begins a little before it.
func (g *Gateway) filter(ctx context.Context, s *Selection, overlap time.Duration) (store.Filter, error) {
	business, err := g.businessNamed(ctx, s.PhoneNumberID)
	if err != nil {
		return store.Filter{}, err
	}
	s.PhoneNumberID = business
	f, err := filterIn(s, g.zoneOfDates(business), g.Now(), overlap)
	return f, misasked(err)
}

// counted is a period of which all is counted that is selected, of any number of sends: from
// so long ago where nothing says so, until now.
func (g *Gateway) counted(ctx context.Context, s Selection, from string) (f store.Filter, st store.Store, err error) {
	s.From = cmp.Or(s.From, from)
	if f, err = g.filter(ctx, &s, 0); err != nil {
		return f, nil, err
	}
	if f.To == 0 {
		f.To = g.now() + 1 // what was sent right now counts
	}
	if f.From >= f.To {
		return f, nil, misasked(errors.New("from must be before to"))
	}
	f.Limit = 0
	st, err = g.Open()
	return f, st, err
}

// zoneOfDates is the time zone in which dates begin that sends of a business phone number, or
// of all (""), are selected by.
func (g *Gateway) zoneOfDates(phoneNumberID string) *time.Location {
	if zones := g.Businesses.Zones(phoneNumberID); len(zones) == 1 {
		return zones[0]
	}
	return time.UTC
}

// listedSender is a sender with the fingerprint of its access token, as lists name them.
var listedSender = regexp.MustCompile(`^(?:(.+) )?\(([0-9a-f]{10})\)$`)

// filterIn is a selection as the store takes it, with dates that begin in a time
// zone.
func filterIn(s *Selection, zone *time.Location, now time.Time, overlap time.Duration) (f store.Filter, err error) {
	if f.From, err = moment(s.From, zone, now); err != nil {
		return f, err
	}
	if f.To, err = moment(s.To, zone, now); err != nil {
		return f, err
	}
	if f.From != 0 && f.To != 0 && f.From >= f.To {
		return f, errors.New("from must be before to")
	}
	if f.Rule, err = readRule(s.Rule); err != nil {
		return f, err
	}
	if f.Category, err = readCategory(s.Category); err != nil {
		return f, err
	}
	f.PhoneNumberID = s.PhoneNumberID
	f.Sender, f.Template, f.Outcome = s.Sender, s.Template, store.OutcomeState(strings.ToLower(s.Outcome))
	if listed := listedSender.FindStringSubmatch(s.Sender); listed != nil {
		f.Sender, f.Token = listed[1], listed[2]
	}
	if f.Outcome != "" && !slices.Contains(store.OutcomeStates, f.Outcome) {
		return f, fmt.Errorf("outcome must be one of %s", enumerate(store.OutcomeStates))
	}
	if s.Contact != "" {
		if f.Contact, err = readContact(s.Contact); err != nil {
			return f, err
		}
	}
	f.Wamid = s.Wamid
	if f.Pseudonym, err = readPseudonym(s); err != nil {
		return f, err
	}
	if s.Before != "" {
		if f.Before, err = store.ParseID(s.Before); err != nil {
			return f, err
		}
	}
	if s.After != "" {
		after, err := store.ParseID(s.After)
		if err != nil {
			return f, err
		}
		// The clock may have been set back since.
		f.From = max(f.From, min(after.Moment(), policy.MomentOf(now)).Add(-overlap))
	}
	if f.Limit = s.Limit; f.Limit == 0 {
		f.Limit = defaultPage
	}
	if f.Limit < 1 || f.Limit > largestPage {
		return f, fmt.Errorf("limit must be between 1 and %d", largestPage)
	}
	return f, nil
}

// moment reads a point in time, which may be left out.
func moment(s string, zone *time.Location, now time.Time) (policy.Moment, error) {
	if s == "" {
		return 0, nil
	}
	t, err := billing.ParseTime(s, zone, now)
	if err != nil {
		return 0, err
	}
	return policy.MomentOf(t), nil
}

// readContact reads a person's phone number or user id as an operator writes it.
func readContact(s string) (policy.Identity, error) {
	if len(s) > 2 && s[2] == '.' {
		return identity.UserID(s)
	}
	if !strings.HasPrefix(s, "+") {
		return policy.Identity{}, errors.New("write the phone number with plus and country code, or the user id such as US.13491208655302741918")
	}
	return ReadNumber(s)
}

// pseudonymPrefix begins a contact that is written as an export has it: by its pseudonym,
// behind the name of the key that made it.
const pseudonymPrefix = "pseudonym:"

// contactOf is a name of a person as an export has it.
func contactOf(st store.Store, a policy.Alias) string {
	return pseudonymPrefix + st.Installation()[:16] + "/" + a.String()
}

// readPerson reads a contact that may be written by its pseudonym as well. Under another
// key that would be nobody, and what is recorded would be lost.
func readPerson(st store.Store, s string) (policy.Identity, error) {
	written, ok := strings.CutPrefix(s, pseudonymPrefix)
	if !ok {
		return readContact(s)
	}
	installation, name, _ := strings.Cut(written, "/")
	var a policy.Alias
	if err := a.UnmarshalText([]byte(name)); err != nil || len(installation) != 16 {
		return policy.Identity{}, errors.New("write a pseudonym as an export has it: pseudonym:, sixteen digits, a slash and thirty-two digits")
	}
	if own := st.Installation()[:16]; installation != own {
		return policy.Identity{}, fmt.Errorf("the pseudonym was made with the key of another installation, %s, and this one is %s: here it would be nobody's", installation, own)
	}
	return a.Identity(), nil
}
