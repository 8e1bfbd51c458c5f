package caddymodule

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// acceptTemplate accepts the category that a template has now.
func acceptTemplate(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.TemplateAcceptance
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	actor := actorOf(r, st, request.Actor)
	list, err := a.gateway.AcceptCategory(r.Context(), gateway.TemplateAcceptance{
		WABA: request.WABA, PhoneNumberID: request.PhoneNumberID, Name: request.Name, Language: request.Language, Actor: actor,
	})
	if err != nil {
		return adminFailure(err)
	}
	answer := adminapi.TemplatesAccepted{Templates: []adminapi.Template{}}
	for i := range list {
		t := &list[i]
		answer.Templates = append(answer.Templates, templateAnswer(t))
		a.logger.Info("a template's category was accepted", zap.String("waba", t.WABA), zap.String("template", t.Ref.Name), zap.String("language", t.Ref.Language), zap.String("category", t.Category.Value), zap.String("actor", actor))
	}
	return jsonAnswer(w, answer)
}
