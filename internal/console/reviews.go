package console

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/waguard/waguard/internal/adminapi"
)

type reviewsPage struct {
	Waiting int
	Reviews []reviewLine
	May     bool
	Why     string
	Done    string
}

type reviewLine struct {
	ID, Number, Contact, Link, Source string
	At                                moment
}

// reviews are the messages that may be opt-outs and wait for a decision.
func reviews(ctx context.Context, a *asked) (*shown, error) {
	return a.showReviews(ctx, "")
}

func (a *asked) showReviews(ctx context.Context, done string) (*shown, error) {
	list, err := a.API.Reviews(ctx, adminapi.ReviewSelection{PhoneNumberID: a.URL.Query().Get("number"), Limit: 100})
	if err != nil {
		return nil, err
	}
	p := &reviewsPage{Waiting: list.Waiting, Done: done}
	p.Why = why(mayRecord(a))
	p.May = p.Why == ""
	for i := range list.Reviews {
		r := &list.Reviews[i]
		p.Reviews = append(p.Reviews, reviewLine{r.ID, cmp.Or(r.Business, r.PhoneNumberID), brief(r.Contact.String()), link("violations", "show", "all", "contact", r.Contact.String()), words(string(r.Source)), a.moment(r.Time)})
	}
	return &shown{title: "Messages that may be opt-outs", template: "reviews", body: p}, nil
}

// decideReview records what somebody decided about one.
func decideReview(ctx context.Context, a *asked) (*shown, error) {
	if err := mayRecord(a); err != nil {
		return nil, err
	}
	decision, scope := a.form.Get("decision"), ""
	if rest, ok := strings.CutPrefix(decision, "opt_out_"); ok {
		decision, scope = "opt_out", rest
	}
	reason := strings.TrimSpace(a.form.Get("reason"))
	if reason == "" {
		return nil, &refusal{status: http.StatusBadRequest, title: "What did the person write?", what: "A decision stays in the history with its reason, and there is none.", remedy: "Go back and say in a few words what the message is about."}
	}
	r, err := a.API.DecideReview(ctx, adminapi.ReviewDecision{ID: a.form.Get("id"), Decision: decision, Scope: scope, Reason: reason, Actor: a.visitor.Name})
	if err != nil {
		return nil, err
	}
	return a.showReviews(ctx, "Decided about "+brief(r.Contact.String())+", by "+a.visitor.Name+": "+words(decision)+".")
}
