package caddymodule

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// notification is the one message class a report can be asked for: templates
// sent while no customer service window was open, which policies call push
// notifications.
const notification = "notification"

// isNotification reports whether e is a notification, sent or refused. A send
// that was refused before anybody looked at the window has no initiation, and is
// none.
func isNotification(e *store.Entry) bool {
	return e.Send.Kind == policy.TemplateMessage && e.Decision.Initiation == policy.ByBusiness
}

// adminReport counts the sends of a period, all of them or one class.
func adminReport(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	class := strings.ToLower(query.Get("message_class"))
	if class != "" && class != notification {
		return adminError(http.StatusBadRequest, fmt.Errorf("message_class must be %s", notification))
	}
	query.Del("message_class") // the rest is what ledger and violations take too
	var s selection
	if err := s.readQuery(query); err != nil {
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
			if class == notification && !isNotification(e) {
				continue
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
