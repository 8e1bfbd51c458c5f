package adminapi

import "strings"

// Route is a route of the admin endpoint.
type Route struct {
	Path string
	// Methods it takes, with spaces between.
	Methods string
}

// Methods of routes.
const (
	get     = "GET"
	post    = "POST"
	getPost = "GET POST"
)

// The routes. Those that change something or take long are POST alone, so that no
// stray request sets them off.
var (
	RouteVersion           = Route{"/whatsapp/version", get}
	RouteHealth            = Route{"/whatsapp/health", get}
	RouteViolations        = Route{"/whatsapp/violations", getPost}
	RouteViolationsGroups  = Route{"/whatsapp/violations/groups", getPost}
	RouteViolationsSummary = Route{"/whatsapp/violations/summary", getPost}
	RouteLedger            = Route{"/whatsapp/ledger", getPost}
	RouteLedgerGroups      = Route{"/whatsapp/ledger/groups", getPost}
	RouteLedgerRebuild     = Route{"/whatsapp/ledger/rebuild", post}
	RouteLedgerExport      = Route{"/whatsapp/ledger/export", getPost}
	RouteLedgerUnseen      = Route{"/whatsapp/ledger/unseen", get}
	RouteEvents            = Route{"/whatsapp/events", getPost}
	RouteTemplates         = Route{"/whatsapp/templates", get}
	RouteTemplatesSync     = Route{"/whatsapp/templates/sync", post}
	RouteTemplatesAccept   = Route{"/whatsapp/templates/accept", post}
	RouteTemplatesCost     = Route{"/whatsapp/templates/cost", get}
	RouteNumbers           = Route{"/whatsapp/numbers", get}
	RouteWindows           = Route{"/whatsapp/windows", getPost}
	RouteNotify            = Route{"/whatsapp/notify", get}
	RouteNotifyDead        = Route{"/whatsapp/notify/dead", getPost}
	RouteNotifyReplay      = Route{"/whatsapp/notify/replay", post}
	RouteNotifyTest        = Route{"/whatsapp/notify/test", post}
	RouteNotifyOn          = Route{"/whatsapp/notify/on", post}
	RouteCampaigns         = Route{"/whatsapp/campaign/status", getPost}
	RouteCampaignOn        = Route{"/whatsapp/campaign/on", post}
	RouteCampaignOff       = Route{"/whatsapp/campaign/off", post}
	RouteCampaignCost      = Route{"/whatsapp/campaign/cost", post}
	RouteBudgets           = Route{"/whatsapp/budgets", get}
	RouteBudgetsRebuild    = Route{"/whatsapp/budgets/rebuild", post}
	RouteVolumes           = Route{"/whatsapp/budgets/volumes", get}
	RouteRates             = Route{"/whatsapp/rates", getPost}
	RouteForecast          = Route{"/whatsapp/report/forecast", getPost}
	RouteReport            = Route{"/whatsapp/report", get}
	RouteReconcile         = Route{"/whatsapp/reconcile", getPost}
	RouteConversations     = Route{"/whatsapp/report/conversations", get}
	RouteScore             = Route{"/whatsapp/score", getPost}
	RouteScored            = Route{"/whatsapp/score/sends", getPost}
	RouteDoctor            = Route{"/whatsapp/doctor", get}
	RouteBackup            = Route{"/whatsapp/backup", post}
	RouteStoreCheck        = Route{"/whatsapp/store/check", post}
	RouteAuditVerify       = Route{"/whatsapp/audit/verify", post}
	RouteAuditCheckpoint   = Route{"/whatsapp/audit/checkpoint", post}
	RouteAuditProof        = Route{"/whatsapp/audit/proof", post}
	RouteConsentGet        = Route{"/whatsapp/consent/get", post}
	RouteOptIn             = Route{"/whatsapp/consent/opt-in", post}
	RouteOptOut            = Route{"/whatsapp/consent/opt-out", post}
	RouteAsk               = Route{"/whatsapp/consent/ask", post}
	RouteConsents          = Route{"/whatsapp/consent/list", getPost}
	RouteKeys              = Route{"/whatsapp/consent/keys", get}
	RouteKeyAdd            = Route{"/whatsapp/consent/keys/add", post}
	RouteKeyRevoke         = Route{"/whatsapp/consent/keys/revoke", post}
	RouteConfirm           = Route{"/whatsapp/consent/confirm", post}
	RouteImport            = Route{"/whatsapp/consent/import", post}
	RouteHistory           = Route{"/whatsapp/consent/history", post}
	RouteReceipt           = Route{"/whatsapp/consent/receipt", post}
	RouteStanding          = Route{"/whatsapp/consent/standing", getPost}
	RouteExport            = Route{"/whatsapp/consent/export", post}
	RouteReviews           = Route{"/whatsapp/consent/review", getPost}
	RouteReviewDecide      = Route{"/whatsapp/consent/review/decide", post}
	RouteWhy               = Route{"/whatsapp/why", post}
	RouteWhyNow            = Route{"/whatsapp/why/now", post}
	RoutePersonView        = Route{"/whatsapp/person", post}
	RoutePolicyTest        = Route{"/whatsapp/policy/test", post}
	RoutePolicyProgress    = Route{"/whatsapp/policy/test/progress", get}
	RoutePolicyShadow      = Route{"/whatsapp/policy/shadow", getPost}
	RouteLink              = Route{"/whatsapp/link", post}
	RouteNewPerson         = Route{"/whatsapp/consent/new-person", post}
	RouteErase             = Route{"/whatsapp/consent/erase", post}
	RouteErasures          = Route{"/whatsapp/consent/erasures", get}
	RouteTombstones        = Route{"/whatsapp/consent/erasures/export", post}
	RouteStorePurge        = Route{"/whatsapp/store/purge", post}
	RouteUndoNewPerson     = Route{"/whatsapp/consent/undo-new-person", post}
)

// Routes are all of them.
var Routes = []Route{
	RouteVersion, RouteHealth, RouteViolations, RouteViolationsGroups, RouteViolationsSummary, RouteLedger, RouteLedgerGroups, RouteLedgerRebuild, RouteLedgerExport, RouteLedgerUnseen, RouteEvents, RouteTemplates, RouteTemplatesSync, RouteTemplatesAccept, RouteTemplatesCost, RouteNumbers, RouteWindows, RouteNotify, RouteNotifyDead, RouteNotifyReplay, RouteNotifyTest, RouteNotifyOn, RouteCampaigns, RouteCampaignOn, RouteCampaignOff, RouteCampaignCost, RouteRates, RouteForecast, RouteBudgets, RouteBudgetsRebuild, RouteVolumes, RouteReport, RouteConversations, RouteReconcile, RouteScore, RouteScored, RouteDoctor, RouteBackup,
	RouteStoreCheck, RouteAuditVerify, RouteAuditCheckpoint, RouteAuditProof, RouteConsentGet, RouteOptIn, RouteOptOut, RouteAsk, RouteConsents, RouteKeys, RouteKeyAdd, RouteKeyRevoke, RouteConfirm, RouteImport, RouteHistory, RouteReceipt, RouteStanding, RouteExport, RouteReviews, RouteReviewDecide, RouteWhy, RoutePolicyTest, RoutePolicyProgress, RoutePolicyShadow, RouteWhyNow, RoutePersonView, RouteLink, RouteErase, RouteErasures, RouteTombstones, RouteStorePurge, RouteNewPerson, RouteUndoNewPerson,
}

// Takes reports whether a route takes a method.
func (r Route) Takes(method string) bool {
	for m := range strings.FieldsSeq(r.Methods) {
		if m == method {
			return true
		}
	}
	return false
}

// List is a list of sends, with the counts over it.
type List struct{ Page, Groups Route }

// The lists of sends.
var (
	Ledger     = List{RouteLedger, RouteLedgerGroups}
	Violations = List{RouteViolations, RouteViolationsGroups}
)
