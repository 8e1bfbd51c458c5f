package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Import are consent records that are recorded together.
type Import struct {
	Records []ImportRecord
	// DryRun only checks them.
	DryRun bool
	// Now: what has no time is of now. Else each opt-in says when it was given.
	Now bool
	// Whole: all are recorded, or none.
	Whole bool
	// Actor is who records them, and how that is known.
	Actor string
}

// ImportRecord is a consent record of a list.
type ImportRecord struct {
	// Line is where it stands.
	Line int
	// State is opted_in, the default, or opted_out.
	State string
	ConsentRequest
}

// Imported is what became of them.
type Imported struct {
	Recorded int
	// OptedOut are the lines of opt-ins that change nothing, since the person opted out
	// after it; Incomplete those of opt-ins that lack something.
	OptedOut, Incomplete []int
	// UnknownNumbers are business phone numbers that nothing else names.
	UnknownNumbers []string
	Rejected       []Rejected
}

// Rejected is a record that was not taken, and why.
type Rejected struct {
	Line int
	Err  error
}

// Import records what is good of a list, all at once, or nothing where the store fails.
// Each opt-in says when it was given, so that the list can be imported again, changes
// nothing then, and lifts no opt-out that came after it.
func (g *Gateway) Import(ctx context.Context, list *Import) (*Imported, error) {
	result := new(Imported)
	var events []policy.Event
	type given struct {
		line int
		word policy.ConsentChanged
		asked
	}
	var optIns []given
	numbers := make(map[string]bool) // that were looked for
	for i := range list.Records {
		r := &list.Records[i]
		a, words, err := g.readImported(ctx, r, list)
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) {
				return nil, err
			}
			result.Rejected = append(result.Rejected, Rejected{r.Line, err})
			continue
		}
		result.Recorded++
		if !numbers[r.PhoneNumberID] {
			numbers[r.PhoneNumberID] = true
			heard, err := g.heardOf(ctx, a.store, r.PhoneNumberID)
			if err != nil {
				return nil, err
			}
			if !heard {
				result.UnknownNumbers = append(result.UnknownNumbers, r.PhoneNumberID)
			}
		}
		for _, word := range words {
			events = append(events, word)
		}
		if words[0].State == policy.OptedIn {
			optIns = append(optIns, given{r.Line, words[0], a})
		}
		if len(words[0].Lacks) > 0 {
			result.Incomplete = append(result.Incomplete, r.Line)
		}
	}
	if list.Whole && len(result.Rejected) > 0 {
		result.Recorded = 0
		return result, nil
	}
	if !list.DryRun {
		if err := g.Learn(ctx, events); err != nil {
			return nil, unrecorded(err)
		}
	}
	for _, in := range optIns {
		person, err := in.store.Person(ctx, in.who, in.word.PhoneNumberID, in.business.Terms)
		if err != nil {
			return nil, err
		}
		if optedOutSince(&in.word, &person, in.business.Terms, list.DryRun) {
			result.OptedOut = append(result.OptedOut, in.line)
		}
	}
	return result, nil
}

// optedOutSince reports that the person stays opted out of what an opt-in is to. Where
// that isn't recorded yet, it will be so if the opt-out is no older by more than the
// clocks differ.
func optedOutSince(in *policy.ConsentChanged, person *policy.PersonFacts, terms *policy.Terms, expected bool) bool {
	for _, s := range in.Scopes {
		c := person.Consent[s]
		if c.State == policy.OptedOut && (!expected || in.At <= c.Since.Add(terms.Skew)) {
			return true
		}
	}
	return false
}

// readImported reads a record of a list: the words it records, at least one.
func (g *Gateway) readImported(ctx context.Context, r *ImportRecord, list *Import) (a asked, words []policy.ConsentChanged, err error) {
	state := policy.OptedIn
	if r.State != "" {
		if err := state.UnmarshalText([]byte(r.State)); err != nil || state != policy.OptedIn && state != policy.OptedOut {
			return a, nil, misasked(fmt.Errorf("state is %q; it must be opted_in or opted_out", r.State))
		}
	}
	if state == policy.OptedIn && r.At == "" && !list.Now {
		return a, nil, misasked(errors.New("at is missing: say when the person agreed, such as 2026-11-22 or 2026-11-22T10:00:00Z"))
	}
	r.Actor = list.Actor
	if a, err = g.readConsent(ctx, &r.ConsentRequest); err != nil {
		return a, nil, err
	}
	word, err := a.word(&r.ConsentRequest, state, g.Now())
	switch {
	case err != nil:
		return a, nil, err
	case word.State == policy.OptedIn && a.business.ConfirmOptIns:
		return a, nil, misasked(errors.New("this business takes an opt-in only once the person has confirmed it (opt_in_confirmation required); ask them, with `waguard consent ask`"))
	}
	words, err = a.words(ctx, word)
	return a, words, err
}
