package caddymodule

import (
	"context"
	"net/http"
	"slices"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// apiListRequest selects consent records of all people.
type apiListRequest struct {
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	State         string `json:"state,omitempty"`
	Source        string `json:"source,omitempty"`
	Incomplete    bool   `json:"incomplete,omitempty"`
	From          string `json:"from,omitempty"`
	To            string `json:"to,omitempty"`
	After         string `json:"after,omitempty"`
}

// apiList lists consent records, of the numbers the key is for.
func apiList(ctx context.Context, c *apiCall) (int, any, error) {
	var request apiListRequest
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if request.PhoneNumberID != "" {
		if err := c.about(ctx, &request.PhoneNumberID); err != nil {
			return 0, nil, err
		}
	}
	page, err := c.app.gateway.Consents(ctx, gateway.ConsentSelection(request))
	if err != nil {
		return 0, nil, err
	}
	records := slices.DeleteFunc(page.Records, func(r *store.ConsentRecord) bool { return !c.key.For(r.PhoneNumberID) })
	return http.StatusOK, adminapi.ConsentPage{Records: consentRecords(records), Next: page.Next}, nil
}

// apiReviews lists what may be an opt-out and waits for somebody to decide.
func apiReviews(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.ReviewSelection
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if request.PhoneNumberID == "" && len(c.key.Businesses) > 0 {
		return 0, nil, &apiProblem{Status: http.StatusBadRequest, Detail: "phone_number_id is missing: this key is for some business phone numbers only"}
	}
	if request.PhoneNumberID != "" {
		if err := c.about(ctx, &request.PhoneNumberID); err != nil {
			return 0, nil, err
		}
	}
	list, err := reviewsOf(ctx, c.app.gateway, &request)
	return http.StatusOK, list, err
}

// apiDecide records what somebody decided after reading a message.
func apiDecide(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.ReviewDecision
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if number := gateway.NumberOfReview(request.ID); number != "" && !c.key.For(number) {
		return 0, nil, &apiProblem{Status: http.StatusForbidden, Detail: "this key is not for that business phone number"}
	}
	right := gateway.RightOptOut
	if request.Decision == "dismiss" {
		right = gateway.RightRecord
	}
	if !c.key.May(right) {
		return 0, nil, noRight(right)
	}
	request.Actor = c.actor
	decided, err := c.app.gateway.DecideReview(ctx, gateway.ReviewDecision(request))
	if err != nil {
		return 0, nil, err
	}
	c.app.logRecorded("review: "+request.Decision, decided.Contact, decided.PhoneNumberID, request.Actor)
	return http.StatusOK, reviewAnswer(decided), nil
}
