package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A double opt-in: somebody is asked, and is opted in only once they have confirmed. On
// WhatsApp the gateway hears the answer itself. Elsewhere, by SMS for instance, whoever
// gets it tells the gateway, with the id of the challenge.

const (
	// answerTime is how long a challenge may be answered where nobody says, longestAnswer
	// how long at most.
	answerTime    = policy.AnswerTime
	longestAnswer = 90 * 24 * time.Hour
)

// Reply is what a person answered to a challenge.
type Reply struct {
	// Challenge is its id.
	Challenge string
	// Text is what the person wrote; "" where they confirmed otherwise, by a link for
	// instance.
	Text string
	// Actor is who tells of it, and how that is known.
	Actor string
}

// ReplyResult is what an answer comes to.
type ReplyResult string

// Results of answers.
const (
	Confirmed ReplyResult = "confirmed"
	Declined  ReplyResult = "declined" // the person said no: they are opted out
	Unclear   ReplyResult = "unclear"  // some other word: they are asked still
	Expired   ReplyResult = "expired"
)

// Answered is what became of a challenge.
type Answered struct {
	Result ReplyResult
	// Challenge is nil where the result is none that is recorded.
	Challenge *store.Challenge
}

// AnswerChallenge records what a person answered to a challenge: any of the words that opt
// in, or an ordinary yes, confirms; a word that opts out certainly, or a no, declines.
func (g *Gateway) AnswerChallenge(ctx context.Context, r Reply, words *policy.Words) (*Answered, error) {
	id, err := store.ParseChallengeID(r.Challenge)
	if err != nil {
		return nil, misasked(err)
	}
	state := policy.OptedIn
	if r.Text != "" {
		switch m := words.Message(r.Text); {
		case m.State == policy.OptedOut, m.No:
			state = policy.OptedOut
		case m.State != policy.OptedIn:
			return &Answered{Result: Unclear}, nil
		}
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	c, err := st.Answer(lasting(ctx), id, state, r.Actor)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, &Problem{Kind: Unknown, Err: errors.New("there is no such challenge, or it expired long ago")}
	case errors.Is(err, store.ErrExpired):
		return &Answered{Result: Expired}, nil
	case err != nil:
		return nil, unrecorded(err)
	case state == policy.OptedOut:
		return &Answered{Declined, c}, nil
	}
	return &Answered{Confirmed, c}, nil
}

// ask records that a person was asked, with a challenge.
func (g *Gateway) ask(ctx context.Context, a *asked, word *policy.ConsentChanged, expires string) (*store.Challenge, error) {
	within := answerTime
	if expires != "" {
		var err error
		if within, err = time.ParseDuration(expires); err != nil || within < time.Minute || within > longestAnswer {
			return nil, misasked(fmt.Errorf("expires_in is %q; it must be how long the person may take to answer, such as 48h, at least 1m and at most 2160h", expires))
		}
	}
	c := &store.Challenge{
		PhoneNumberID: word.PhoneNumberID, Scopes: word.Scopes, Source: word.Source, Ref: word.Ref, Evidence: word.Evidence, Lacks: word.Lacks,
		Actor: word.Actor, Expires: g.now().Add(within),
	}
	if err := g.challenge(ctx, a, c); err != nil {
		return nil, err
	}
	return c, nil
}

// challenge records that the person was asked, with a challenge that gets its id.
func (g *Gateway) challenge(ctx context.Context, a *asked, c *store.Challenge) error {
	meant, err := a.store.Meant(ctx, a.who)
	if err == nil {
		err = a.store.Ask(lasting(ctx), meant[0], c)
	}
	g.wrote(err)
	if err != nil {
		return unrecorded(err)
	}
	return nil
}
