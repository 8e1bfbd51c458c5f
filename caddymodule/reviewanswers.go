package caddymodule

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What operators are answered about messages that may be opt-outs.

func reviewsOf(ctx context.Context, g *gateway.Gateway, s *adminapi.ReviewSelection) (*adminapi.Reviews, error) {
	list, err := g.Reviews(ctx, gateway.ReviewSelection(*s))
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Reviews{Reviews: []adminapi.Review{}, Waiting: list.Waiting}
	for i := range list.Reviews {
		answer.Reviews = append(answer.Reviews, reviewAnswer(&list.Reviews[i]))
	}
	return answer, nil
}

func reviewAnswer(r *gateway.Review) adminapi.Review {
	return adminapi.Review{
		ID: r.ID, Time: r.At.Time(), Recorded: r.Recorded.Time(), Contact: r.Contact,
		PhoneNumberID: r.PhoneNumberID, Business: r.Business, Source: r.Source,
	}
}

// decideReview records a decision, and who made it.
func decideReview(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.ReviewDecision
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	request.Actor = actorOf(r, st, request.Actor)
	decided, err := a.gateway.DecideReview(r.Context(), gateway.ReviewDecision(request))
	if err != nil {
		return adminFailure(err)
	}
	a.logRecorded("review: "+request.Decision, decided.Contact, decided.PhoneNumberID, request.Actor)
	return jsonAnswer(w, reviewAnswer(decided))
}

// reportSuspicions counts and logs messages that may be opt-outs: somebody must read
// them.
func (a *App) reportSuspicions(events []policy.Event) {
	for _, event := range events {
		if e, ok := event.(policy.ConsentChanged); ok && e.State == policy.OptOutSuspected {
			optOutsSuspected.Inc()
			a.logger.Info("a message may be an opt-out; marketing to the person waits until somebody decides with waguard consent review",
				zap.String("phone_number_id", e.PhoneNumberID), a.gateway.ContactField(e.Who))
		}
	}
}
