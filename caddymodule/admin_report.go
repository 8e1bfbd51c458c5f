package caddymodule

import (
	"net/http"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// adminReport counts the sends of a period.
func adminReport(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var s selection
	if err := s.read(r); err != nil {
		return err
	}
	f, err := s.filter(a.clock.Now())
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	f.Limit = 0
	report, err := billing.NewReport(func(yield func(billing.Line, error) bool) {
		for e, err := range st.Ledger(r.Context(), f) {
			if err != nil {
				yield(billing.Line{}, err)
				return
			}
			if !yield(reportLine(e), nil) {
				return
			}
		}
	})
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	return jsonAnswer(w, report)
}

// reportLine is a ledger entry as a report counts it.
func reportLine(e *store.Entry) billing.Line {
	l := billing.Line{
		At: e.At.Time(),
		Key: billing.Key{
			PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business,
			Category: string(e.Decision.Category), Decision: decisionOf(e),
			Market: e.Market, MarketEstimated: e.MarketEstimated,
		},
		Counts: billing.Counts{Sends: 1},
	}
	switch e.Outcome.State {
	case store.Accepted:
		l.Accepted = 1
	case store.Rejected, store.NotSent:
		l.Failed = 1
	case store.Unknown, store.Reserved:
		l.Unknown = 1
	}
	switch e.Delivery.Status {
	case policy.StatusDelivered, policy.StatusRead, policy.StatusPlayed:
		l.Delivered = 1
	case policy.StatusFailed:
		l.Failed = 1
	}
	if p := e.Delivery.Pricing; p != nil {
		l.Category = p.Category
		if p.Billable && l.Delivered == 1 {
			l.Billable = 1
		}
	}
	return l
}
