package caddymodule

import (
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// adminConfirm records the answer to a challenge.
func adminConfirm(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.Reply
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	reply := gateway.Reply{Challenge: request.Challenge, Text: request.Text, Actor: actorOf(r, st, request.Actor)}
	answered, err := a.gateway.AnswerChallenge(r.Context(), reply, a.words)
	if err != nil {
		return adminFailure(err)
	}
	answer := answeredOf(answered)
	a.logger.Info("answer to a challenge", zap.String("result", answer.Result), zap.String("actor", reply.Actor), zap.String("phone_number_id", answer.PhoneNumberID))
	return jsonAnswer(w, answer)
}

func answeredOf(answered *gateway.Answered) *adminapi.Answered {
	answer := &adminapi.Answered{Result: string(answered.Result)}
	if c := answered.Challenge; c != nil {
		answer.PhoneNumberID = c.PhoneNumberID
		for _, scope := range c.Scopes {
			answer.Scopes = append(answer.Scopes, scope.String())
		}
	}
	return answer
}

// adminImport records a list.
func adminImport(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.Import
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	if len(request.Records) > adminapi.LargestImport {
		return adminError(http.StatusBadRequest, fmt.Errorf("records has %d records; one request takes %d", len(request.Records), adminapi.LargestImport))
	}
	list := gateway.Import{DryRun: request.DryRun, Actor: actorOf(r, st, request.Actor)}
	for _, record := range request.Records {
		list.Records = append(list.Records, gateway.ImportRecord{Line: record.Line, State: record.State, ConsentRequest: gateway.ConsentRequest(record.ConsentRequest)})
	}
	imported, err := a.gateway.Import(r.Context(), &list)
	if err != nil {
		return adminFailure(err)
	}
	answer := adminapi.Imported{Recorded: imported.Recorded, OptedOut: imported.OptedOut, Incomplete: imported.Incomplete, UnknownNumbers: imported.UnknownNumbers}
	for _, rejected := range imported.Rejected {
		answer.Rejected = append(answer.Rejected, adminapi.Rejected{Line: rejected.Line, Error: rejected.Err.Error()})
	}
	if !list.DryRun && answer.Recorded > 0 {
		a.logger.Info("consent imported by an operator", zap.String("actor", list.Actor), zap.Int("recorded", answer.Recorded), zap.Int("rejected", len(answer.Rejected)))
	}
	return jsonAnswer(w, answer)
}
