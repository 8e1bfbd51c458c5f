package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { caddy.RegisterModule(adminAPI{}) }

// adminAPI serves the whatsapp routes of Caddy's admin endpoint. What names a
// person comes in the body of a POST, since Caddy logs the path and query of
// every admin request.
//
// It holds no app: Caddy makes the router of a configuration before its apps,
// and keeps it when the configuration fails. Each request asks for the app that
// runs.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.whatsapp", New: func() caddy.Module { return new(adminAPI) }}
}

// adminHandles handle the routes.
var adminHandles = map[adminapi.Route]adminHandle{
	adminapi.RouteVersion:           adminVersion,
	adminapi.RouteHealth:            adminHealth,
	adminapi.RouteViolations:        answering(pageOf(gateway.Violations, adminapi.ViolationOf)),
	adminapi.RouteLedger:            answering(pageOf(gateway.Ledger, adminapi.LineOf)),
	adminapi.RouteViolationsGroups:  answering(groupsOf(gateway.Violations)),
	adminapi.RouteLedgerGroups:      answering(groupsOf(gateway.Ledger)),
	adminapi.RouteLedgerRebuild:     answering(rebuild),
	adminapi.RouteLedgerExport:      answering(exportSends),
	adminapi.RouteLedgerUnseen:      answering(unseen),
	adminapi.RouteViolationsSummary: answering(summary),
	adminapi.RouteTemplates:         answering(templates),
	adminapi.RouteTemplatesSync:     answering(syncNow),
	adminapi.RouteTemplatesAccept:   withPeer(acceptTemplate),
	adminapi.RouteTemplatesCost:     answering(templateCosts),
	adminapi.RouteNumbers:           answering(numbers),
	adminapi.RouteWindows:           answering(windows),
	adminapi.RouteNotify:            answering(endpoints),
	adminapi.RouteNotifyDead:        answering(deadEvents),
	adminapi.RouteNotifyReplay:      withPeer(replayEvents),
	adminapi.RouteNotifyTest:        withPeer(testEndpoint),
	adminapi.RouteNotifyOn:          withPeer(switchEndpointOn),
	adminapi.RouteCampaigns:         answering(campaignsOf),
	adminapi.RouteCampaignOn:        switchCampaign(false),
	adminapi.RouteCampaignOff:       switchCampaign(true),
	adminapi.RouteCampaignCost:      adminCampaignCost,
	adminapi.RouteRates:             answering(ratesOf),
	adminapi.RouteForecast:          answering(forecast),
	adminapi.RouteBudgets:           answering(budgets),
	adminapi.RouteBudgetsRebuild:    answering(rebuildBudgets),
	adminapi.RouteVolumes:           answering(volumes),
	adminapi.RouteEvents:            answering(events),
	adminapi.RouteReport:            adminReport,
	adminapi.RouteReconcile:         answering(reconciled),
	adminapi.RouteConversations:     adminConversations,
	adminapi.RouteScore:             answering(scoreOf),
	adminapi.RouteScored:            answering(scoredSends),
	adminapi.RouteDoctor:            adminDoctor,
	adminapi.RouteBackup:            adminBackup,
	adminapi.RouteStoreCheck:        adminStoreCheck,
	adminapi.RouteAuditVerify:       auditing(auditVerify),
	adminapi.RouteAuditCheckpoint:   auditing(auditCheckpoint),
	adminapi.RouteAuditProof:        auditing(auditProof),
	adminapi.RouteConsentGet:        answering(consentOf),
	adminapi.RouteOptIn:             recording(policy.OptedIn.String(), consentBecomes(policy.OptedIn)),
	adminapi.RouteOptOut:            recording(policy.OptedOut.String(), consentBecomes(policy.OptedOut)),
	adminapi.RouteAsk:               recording(policy.ConsentPending.String(), consentBecomes(policy.ConsentPending)),
	adminapi.RouteConsents:          answering(consentsOf),
	adminapi.RouteKeys:              answering(consentKeys),
	adminapi.RouteKeyAdd:            withPeer(adminAddKey),
	adminapi.RouteKeyRevoke:         adminRevokeKey,
	adminapi.RouteConfirm:           withPeer(adminConfirm),
	adminapi.RouteImport:            withPeer(adminImport),
	adminapi.RouteHistory:           answering(historyOf),
	adminapi.RouteReceipt:           givingOut(func(*adminapi.PersonRequest) string { return formatReceipts }),
	adminapi.RouteStanding:          answering(standing),
	adminapi.RouteExport:            givingOut(func(r *adminapi.PersonRequest) string { return r.Format }),
	adminapi.RouteReviews:           answering(reviewsOf),
	adminapi.RouteWhy:               answering(whyOf),
	adminapi.RouteWhyNow:            answering(whyNow),
	adminapi.RoutePersonView:        answering(personView),
	adminapi.RoutePolicyTest:        adminPolicyTest,
	adminapi.RoutePolicyProgress:    answering(policyProgress),
	adminapi.RoutePolicyShadow:      answering(shadowsOf),
	adminapi.RouteLink:              answering(linkOf),
	adminapi.RouteReviewDecide:      withPeer(decideReview),
	adminapi.RouteNewPerson:         recording(string(store.HandedOver), (*gateway.Gateway).RecordNewPerson),
	adminapi.RouteErase:             withPeer(adminErase),
	adminapi.RouteErasures:          answering(erasuresOf),
	adminapi.RouteTombstones:        adminTombstones,
	adminapi.RouteStorePurge:        adminPurge,
	adminapi.RouteUndoNewPerson:     recording(string(store.HandoverUndone), (*gateway.Gateway).UndoNewPerson),
}

// Routes are the admin routes of the gateway.
func (adminAPI) Routes() []caddy.AdminRoute {
	var list []caddy.AdminRoute
	for route, handle := range adminHandles {
		list = append(list, caddy.AdminRoute{Pattern: route.Path, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			// Caddy's admin router doesn't tell methods apart.
			if !route.Takes(r.Method) {
				return adminError(http.StatusMethodNotAllowed, fmt.Errorf("%s is not possible here", r.Method))
			}
			if route == adminapi.RouteVersion { // which answers without a gateway, too
				return handle(nil, nil, w, r)
			}
			mod, err := caddy.ActiveContext().AppIfConfigured("whatsapp")
			if err != nil {
				return adminError(http.StatusNotFound, errors.New("the running configuration has no `whatsapp` block"))
			}
			return mod.(*App).serveAdmin(route, handle, w, r)
		})})
	}
	return list
}

// serveAdmin answers what is asked at a route.
func (a *App) serveAdmin(route adminapi.Route, handle adminHandle, w http.ResponseWriter, r *http.Request) error {
	st, err := a.acquire()
	if err != nil && route != adminapi.RouteDoctor { // which is asked why
		return adminError(http.StatusServiceUnavailable, err)
	}
	return handle(a, st, w, r)
}

// adminError is an error with its status. Whoever asked is told all of it, and so is the
// log of what isn't the asker's mistake.
func adminError(status int, err error) error {
	if status >= http.StatusInternalServerError {
		return caddy.APIError{HTTPStatus: status, Err: err}
	}
	return caddy.APIError{HTTPStatus: status, Err: &loggedError{err}, Message: err.Error()}
}

// loggedError is an error as Caddy logs it: without what it quotes of the request,
// which can be somebody's address or, in the wrong field, a phone number.
type loggedError struct{ error }

var quotation = regexp.MustCompile(`"(\\.|[^"\\])*("|$)`)

func (e *loggedError) Error() string { return quotation.ReplaceAllString(e.error.Error(), `"..."`) }
func (e *loggedError) Unwrap() error { return e.error }

func adminVersion(_ *App, _ store.Store, w http.ResponseWriter, _ *http.Request) error {
	return jsonAnswer(w, adminapi.VersionOf())
}

func adminHealth(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	if err := st.Check(r.Context()); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	h := adminapi.Health{Status: "ok"}
	for _, n := range a.gateway.SilentNumbers() {
		h.NumbersWithoutWebhooks = append(h.NumbersWithoutWebhooks, adminapi.SilentNumber(n))
	}
	if watched, ok := st.(store.Watched); ok {
		c := watched.Condition()
		h.Store = c.Notices
		if !c.Restored.IsZero() {
			h.Restored = &adminapi.Restored{BackupOf: c.Restored.UTC(), WindowsUnknown: c.OlderWindows}
		}
		if c.Unreadable > 0 {
			h.Store = append(slices.Clone(h.Store), fmt.Sprintf("%d reads met a record that can't be read; run waguard store check", c.Unreadable))
		}
	}
	if refused := refusedStore.Load(); refused != nil {
		h.Store = append(slices.Clone(h.Store), "a configuration was refused: "+refused.Error())
	}
	return jsonAnswer(w, h)
}

// jsonAnswer writes v as the answer of an admin route.
func jsonAnswer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// answering handles a route that reads a request, asks the gateway, and writes the
// answer.
func answering[Request, Answer any](ask func(context.Context, *gateway.Gateway, *Request) (Answer, error)) adminHandle {
	return func(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
		request := new(Request)
		if err := adminapi.ReadRequest(r, request); err != nil {
			return adminFailure(err)
		}
		answer, err := ask(r.Context(), a.gateway, request)
		if err != nil {
			return adminFailure(err)
		}
		return jsonAnswer(w, answer)
	}
}

// recording handles a route that records something about a person, and answers what
// is known then.
func recording(what string, record func(*gateway.Gateway, context.Context, gateway.ConsentRequest) (*gateway.Recorded, error)) adminHandle {
	return withPeer(func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		var request adminapi.ConsentRequest
		if err := adminapi.ReadRequest(r, &request); err != nil {
			return adminFailure(err)
		}
		request.Actor = actorOf(r, st, request.Actor)
		recorded, err := record(a.gateway, r.Context(), gateway.ConsentRequest(request))
		if err != nil {
			return adminFailure(err)
		}
		a.logRecorded(what, recorded.Alias, request.PhoneNumberID, request.Actor)
		known, err := a.gateway.Consent(r.Context(), gateway.ConsentRequest(request), recorded)
		if err != nil {
			return adminFailure(err)
		}
		return jsonAnswer(w, consentAnswer(known))
	})
}

func consentBecomes(state policy.ConsentState) func(*gateway.Gateway, context.Context, gateway.ConsentRequest) (*gateway.Recorded, error) {
	return func(g *gateway.Gateway, ctx context.Context, r gateway.ConsentRequest) (*gateway.Recorded, error) {
		return g.RecordConsent(ctx, r, state)
	}
}

// problemStatus are the HTTP statuses of the gateway's problems.
var problemStatus = map[gateway.ProblemKind]int{
	gateway.Misasked: http.StatusBadRequest, gateway.NotServed: http.StatusNotFound, gateway.Unrecorded: http.StatusServiceUnavailable,
	gateway.Invalid: http.StatusUnprocessableEntity, gateway.Unknown: http.StatusNotFound,
	gateway.Unreached: http.StatusBadGateway, gateway.Busy: http.StatusConflict,
}

// adminFailure is an error as Caddy answers it.
func adminFailure(err error) error {
	if e, ok := errors.AsType[*adminapi.Error](err); ok {
		return adminError(e.Status, e)
	}
	if p, ok := errors.AsType[*gateway.Problem](err); ok {
		return adminError(problemStatus[p.Kind], p)
	}
	return adminError(http.StatusInternalServerError, err)
}

// Interface guard
var _ caddy.AdminRouter = (*adminAPI)(nil)
