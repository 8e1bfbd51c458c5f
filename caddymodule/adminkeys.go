package caddymodule

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

func keyAnswer(k *store.ConsentKey) adminapi.Key {
	answer := adminapi.Key{ID: k.ID.String(), Name: k.Name, Rights: k.Rights, Businesses: k.Businesses, Created: k.Created.Time(), Actor: k.Actor}
	if k.Revoked != 0 {
		answer.Revoked = new(k.Revoked.Time())
	}
	return answer
}

func consentKeys(ctx context.Context, g *gateway.Gateway, _ *struct{}) (*adminapi.Keys, error) {
	keys, err := g.ConsentKeys(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Keys{Keys: []adminapi.Key{}}
	for _, k := range keys {
		answer.Keys = append(answer.Keys, keyAnswer(k))
	}
	return answer, nil
}

// adminAddKey makes a key. It is in the answer, and nowhere else.
func adminAddKey(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.KeyRequest
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	k := &store.ConsentKey{Name: request.Name, Rights: request.Rights, Businesses: request.Businesses, Actor: actorOf(r, st, request.Actor)}
	text, err := a.gateway.AddConsentKey(r.Context(), k)
	if err != nil {
		return adminFailure(err)
	}
	a.logger.Info("a key for consent was made", zap.String("key", k.ID.String()), zap.String("name", k.Name), zap.Strings("rights", k.Rights), zap.String("actor", k.Actor))
	answer := keyAnswer(k)
	answer.Key = text
	return jsonAnswer(w, answer)
}

func adminRevokeKey(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.KeyRevocation
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	k, err := a.gateway.RevokeConsentKey(r.Context(), request.ID)
	if err != nil {
		return adminFailure(err)
	}
	a.logger.Info("a key for consent was revoked", zap.String("key", k.ID.String()), zap.String("name", k.Name))
	return jsonAnswer(w, keyAnswer(k))
}
