package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ReviewSelection selects messages that may be opt-outs, in the words of an operator.
type ReviewSelection struct {
	PhoneNumberID, Contact string
	Limit                  int
}

// Review is what may be an opt-out and waits for somebody to decide.
type Review struct {
	// ID names it as it is now: with a further message of the person it is another.
	ID string
	store.Suspicion
	// Business is the configured name of the number.
	Business string
}

// Reviews are those that came in first.
type Reviews struct {
	Reviews []Review
	// Waiting is how many there are in all.
	Waiting int
}

// ReviewDecision is what somebody decided after reading a message.
type ReviewDecision struct {
	ID string
	// Decision is opt_out or dismiss.
	Decision string
	// Scope is what the person opted out of: all, the default, or marketing.
	Scope string
	// Reason says what was read; Actor who decided, and how that is known.
	Reason, Actor string
}

// mostReviews is how many reviews are listed unless more are asked for.
const mostReviews = 100

// Reviews lists what waits for a decision, what came in first before the rest.
func (g *Gateway) Reviews(ctx context.Context, s ReviewSelection) (*Reviews, error) {
	if s.Limit < 0 {
		return nil, misasked(errors.New("limit must be at least 1"))
	}
	if s.PhoneNumberID != "" {
		id, err := g.businessNamed(ctx, s.PhoneNumberID)
		if err != nil && strings.Trim(s.PhoneNumberID, "0123456789") != "" {
			return nil, err
		} else if err == nil {
			s.PhoneNumberID = id
		}
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	var names []policy.Alias
	if s.Contact != "" {
		who, err := readContact(s.Contact)
		if err != nil {
			return nil, misasked(err)
		}
		meant, err := st.Meant(ctx, who)
		if err != nil {
			return nil, err
		}
		for _, m := range meant {
			names = append(names, st.Pseudonym(m))
		}
	}
	all, err := g.waiting(ctx, st)
	if err != nil {
		return nil, err
	}
	list := &Reviews{Reviews: []Review{}}
	for _, r := range all {
		if s.PhoneNumberID != "" && r.PhoneNumberID != s.PhoneNumberID ||
			s.Contact != "" && !slices.ContainsFunc(names, func(a policy.Alias) bool { return r.Contact == a || slices.Contains(r.Names, a) }) {
			continue
		}
		if list.Waiting++; len(list.Reviews) < s.Limit || s.Limit == 0 && len(list.Reviews) < mostReviews {
			list.Reviews = append(list.Reviews, r)
		}
	}
	return list, nil
}

// waiting are all reviews there are.
func (g *Gateway) waiting(ctx context.Context, st store.Store) ([]Review, error) {
	suspicions, err := st.Suspicions(ctx, func(phoneNumberID string) *policy.Terms {
		if b, ok := g.Businesses.Of(phoneNumberID); ok {
			return b.Terms
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]Review, len(suspicions))
	for i, s := range suspicions {
		list[i] = Review{ID: reviewID(&s), Suspicion: s}
		if b, ok := g.Businesses.Of(s.PhoneNumberID); ok {
			list[i].Business = b.Name
		}
	}
	return list, nil
}

// reviewID names a suspicion: the person, the number, and when it came in.
func reviewID(s *store.Suspicion) string {
	return hex.EncodeToString(s.Names[0][:]) + "-" + s.PhoneNumberID + "-" + strconv.FormatInt(int64(s.Recorded), 36)
}

// NumberOfReview is the business phone number that a review is about, by its id; "" where
// that is none.
func NumberOfReview(id string) string {
	parts := strings.Split(id, "-")
	if len(parts) != 3 {
		return ""
	}
	return parts[1]
}

// DecideReview records what somebody decided about a message that may be an opt-out.
func (g *Gateway) DecideReview(ctx context.Context, d ReviewDecision) (*Review, error) {
	word, err := d.word()
	if err != nil {
		return nil, misasked(err)
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	all, err := g.waiting(ctx, st)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r Review) bool { return r.ID == d.ID })
	if i < 0 {
		return nil, misasked(errors.New("nothing waits under that id: somebody has decided, the person has opted in or out since, or wrote another message that may be an opt-out; list again what waits"))
	}
	r := &all[i]
	word.PhoneNumberID, word.Known = r.PhoneNumberID, r.Names[:1]
	if word.State == policy.OptOutDismissed {
		word.Known, word.Reviewed = r.Names, r.Recorded
	}
	if err := g.Learn(ctx, []policy.Event{word}); err != nil {
		return nil, unrecorded(err)
	}
	return r, nil
}

// word is what a decision records.
func (d *ReviewDecision) word() (said policy.ConsentChanged, err error) {
	said = policy.ConsentChanged{Source: policy.SourceReview, Ref: strings.TrimSpace(d.Reason), Actor: d.Actor}
	switch {
	case d.ID == "":
		return said, errors.New("id is missing: it is that of the list of what waits")
	case said.Ref == "":
		return said, errors.New("reason is missing: say in a few words what the message is about; it stays in the history")
	case len(said.Ref) > longestReason:
		return said, fmt.Errorf("reason is a few words of at most %d bytes", longestReason)
	}
	switch d.Decision {
	case "opt_out":
		said.State, said.Scopes, said.General = policy.OptedOut, policy.AllScopes, true
		if d.Scope != "" && d.Scope != "all" {
			said.Scopes, said.General = []policy.Scope{policy.Marketing}, false
		}
		if d.Scope != "" && d.Scope != "all" && d.Scope != policy.Marketing.String() {
			return said, errors.New("scope must be all or marketing: an opt-out from something else leaves undecided whether the person wants marketing; record it with `waguard consent opt-out` and dismiss this")
		}
	case "dismiss":
		said.State, said.Scopes = policy.OptOutDismissed, []policy.Scope{policy.Marketing}
		if d.Scope != "" {
			return said, errors.New("scope goes with the decision opt_out: a dismissal changes no consent")
		}
	default:
		return said, errors.New("decision must be opt_out or dismiss")
	}
	return said, nil
}

// longestReason is in bytes.
const longestReason = 500
