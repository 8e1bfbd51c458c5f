package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// isNotification reports whether e is a notification, sent or refused. A send
// that was refused before anybody looked at the window has no initiation, and is
// none.
func isNotification(e *store.Entry) bool {
	return e.Send.Kind == policy.TemplateMessage && e.Decision.Initiation == policy.ByBusiness
}

// adminReport counts the sends of a period, all of them or one class.
func adminReport(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var s adminapi.ReportSelection
	if err := readAdmin(r, &s); err != nil {
		return err
	}
	class := strings.ToLower(s.MessageClass)
	if class != "" && class != adminapi.MessageClassNotification {
		return adminError(http.StatusBadRequest, fmt.Errorf("message_class must be %s", adminapi.MessageClassNotification))
	}
	period, err := a.period(&s.Selection)
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	report, err := billing.NewReport(func(yield func(billing.Line, error) bool) {
		for e, err := range st.Ledger(r.Context(), period.filter) {
			if err != nil {
				yield(billing.Line{}, err)
				return
			}
			zone := a.gateway.Businesses.Zone(e.Send.PhoneNumberID)
			if class != "" && !isNotification(e) || !period.has(e.At, zone) {
				continue
			}
			if !yield(reportLine(e, zone), nil) {
				return
			}
		}
	})
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	return jsonAnswer(w, report)
}

// period is what a report covers. Its dates begin at another time in each time
// zone, so that every business has whole days.
type period struct {
	// filter selects what belongs to the period anywhere.
	filter store.Filter
	// in are the bounds by the name of the time zone.
	in map[string]store.Filter
}

func (a *App) period(s *adminapi.Selection) (*period, error) {
	p, now := &period{in: make(map[string]store.Filter)}, a.clock.Now()
	for i, zone := range append(a.gateway.Businesses.Zones(s.PhoneNumberID), time.UTC) {
		f, err := filterIn(s, zone, now, 0)
		if err != nil {
			return nil, err
		}
		p.in[zone.String()] = f
		if i == 0 {
			p.filter = f
		}
		p.filter.From, p.filter.To = min(p.filter.From, f.From), max(p.filter.To, f.To)
	}
	p.filter.Limit = 0
	return p, nil
}

// has reports whether a time belongs to the period in one of its time zones.
func (p *period) has(at policy.Moment, zone *time.Location) bool {
	f := p.in[zone.String()]
	return at >= f.From && (f.To == 0 || at < f.To)
}

// reportLine is a ledger entry as a report counts it.
func reportLine(e *store.Entry, zone *time.Location) billing.Line {
	l := billing.Line{
		At: e.At.Time(), Zone: zone,
		Key: billing.Key{
			PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business,
			Category: string(e.Category()), Decision: decisionOf(e),
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
	if p := e.Delivery.Pricing; p != nil && p.Billable && l.Delivered == 1 {
		l.Billable = 1
	}
	return l
}
