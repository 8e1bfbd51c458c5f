package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// adminErase erases a person.
func adminErase(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.ErasureRequest
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	erased, err := a.erase(r.Context(), &request, actorOf(r, st, request.Actor))
	if err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, erased)
}

// erase erases a person, and tells the log what went and who asked for it.
func (a *App) erase(ctx context.Context, r *adminapi.ErasureRequest, actor string) (*adminapi.Erased, error) {
	erased, err := a.gateway.Erase(ctx, &gateway.ErasureRequest{Contact: r.Contact, Reason: r.Reason, DryRun: r.DryRun, Now: r.Now, Actor: actor})
	if err != nil {
		return nil, err
	}
	if !r.DryRun {
		a.logger.Info("a person was erased", zap.String("actor", actor), zap.Bool("known", erased.Known),
			zap.Int("consent_records", erased.Counts.Consents), zap.Int("ledger_entries", erased.Counts.Entries))
	}
	return erasedAnswer(erased), nil
}

func erasedAnswer(e *gateway.Erased) *adminapi.Erased {
	answer := &adminapi.Erased{DryRun: e.DryRun, Known: e.Known, Erased: e.Counts, BytesGone: e.Gone, BytesLeft: e.Left}
	if e.At != 0 {
		answer.ErasedAt = new(e.At.Time())
	}
	if e.Before != 0 {
		answer.ErasedBefore = new(e.Before.Time())
	}
	if e.GoneBy != 0 {
		answer.BytesGoneBy = new(e.GoneBy.Time())
	}
	for _, k := range e.Kept {
		answer.Kept = append(answer.Kept, adminapi.KeptAfterErasure{What: k.What, Count: k.Count, Why: k.Why})
	}
	return answer
}

func erasuresOf(ctx context.Context, g *gateway.Gateway, _ *struct{}) (*adminapi.Erasures, error) {
	notes, err := g.Erasures(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Erasures{Erasures: []adminapi.ErasureNote{}}
	for _, n := range notes {
		answer.Erasures = append(answer.Erasures, adminapi.ErasureNote{Time: n.At.Time(), Actor: n.Actor, Reason: n.Reason, Erased: n.Counts})
	}
	pending, err := g.PurgePending(ctx)
	if pending != 0 {
		answer.BytesGoneBy = new(pending.Add(store.PurgeWithin).Time())
	}
	return answer, err
}

// adminTombstones gives what is left of everybody who was erased, as the file beside the
// store has it. It is a POST, because it is nothing a stray request should see.
func adminTombstones(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	named, ok := st.(interface{ Installation() string })
	if !ok {
		return adminError(http.StatusNotImplemented, errors.New("this store keeps no tombstones beside its records; its own backups have them"))
	}
	list, err := a.gateway.Tombstones(r.Context())
	if err != nil {
		return adminFailure(err)
	}
	var text strings.Builder
	if err := badger.WriteTombstones(&text, named.Installation(), list); err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, adminapi.Tombstones{Count: len(list), Text: text.String()})
}

// adminPurge takes what was erased out of the files. It is a POST, because it is nothing
// a stray request should set off.
func adminPurge(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
	if err := a.gateway.Purge(r.Context()); err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, adminapi.Purged{Purged: true})
}

// apiErase erases a person, for a program with the right to. It takes all there is of
// them, so that a key for some businesses isn't enough.
func apiErase(ctx context.Context, c *apiCall) (int, any, error) {
	var request struct {
		PhoneNumberID string `json:"phone_number_id"`
		Contact       string `json:"contact"`
		Reason        string `json:"reason"`
		DryRun        bool   `json:"dry_run"`
		Now           bool   `json:"now"`
	}
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if len(c.key.Businesses) > 0 {
		return 0, nil, &apiProblem{Status: http.StatusForbidden, Detail: "an erasure takes what every business of this gateway knows of the person, and this key is for some of them: it needs a key for all"}
	}
	erased, err := c.app.erase(ctx, &adminapi.ErasureRequest{Contact: request.Contact, Reason: request.Reason, DryRun: request.DryRun, Now: request.Now}, c.actor)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, erased, nil
}
