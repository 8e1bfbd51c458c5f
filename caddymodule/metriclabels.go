package caddymodule

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// What a label may say. A series that isn't there before the first event hides that
// event from whoever looks for an increase.
var (
	webhookResults = []string{"accepted", "bad_signature", "unauthorized", "unreadable", "too_large", "overloaded", "setup_incomplete", "store_unavailable"}
	severities     = []string{policy.Info.String(), policy.Warning.String(), policy.Critical.String()}
	lossKinds      = []string{badger.KindDamaged, badger.KindOlder, badger.KindEmpty, badger.KindOther}
	changeNames    = []string{"SUBSCRIBE", "UNSUBSCRIBE", "OVERRIDE", "APP_CALLBACK", "UPLOAD"}
	statuses       = []policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead, policy.StatusPlayed, policy.StatusFailed, otherStatus}
	outcomes       = []store.OutcomeState{store.Accepted, store.Rejected, store.NotSent, store.Unknown}
	decisions      = []string{string(policy.Allow), string(policy.Refuse), decisionMonitor}
)

const (
	decisionMonitor = "monitor"
	// otherStatus are statuses nobody knows.
	otherStatus policy.DeliveryStatus = "other"
	// otherBusiness are all business phone numbers that the configuration doesn't
	// list: so their number is bounded by it.
	otherBusiness = "other"
)

// recordedRules are the rules of the reader that a ledger entry, and so a decision,
// may have. All others of policy.UnjudgedRules are no decision's.
var recordedRules = []policy.Rule{
	policy.RuleUnreadable, policy.RuleTooLarge, policy.RuleEncoding, policy.RulePath, policy.RuleMethod, policy.RuleEncrypted,
	policy.RuleParameter, policy.RuleMissingParam, policy.RuleSetup, policy.RuleWebhooks, policy.RuleOverloaded,
}

// sendLabels are the labels of sends_total.
type sendLabels struct{ decision, rule, category string }

// eachSend calls do with the labels of every send there can be. The decision
// monitor is one only where a business is in monitor mode, and rules of the operator's
// own decide only where there are some.
func eachSend(monitors, rules bool, do func(sendLabels)) {
	for _, rule := range policy.AllowRules {
		for _, category := range rule.Categories() {
			do(sendLabels{string(policy.Allow), string(rule), string(category)})
		}
	}
	for _, list := range [][]policy.Rule{policy.RefuseRules, recordedRules} {
		for _, rule := range list {
			if !rules && (rule == policy.RuleCustom || rule == policy.RuleError) {
				continue
			}
			for _, category := range rule.Categories() {
				do(sendLabels{string(policy.Refuse), string(rule), string(category)})
				if monitors {
					do(sendLabels{decisionMonitor, string(rule), string(category)})
				}
			}
		}
	}
}

// startLabels makes the series that don't depend on the configuration.
func startLabels() {
	for vec, values := range map[*prometheus.CounterVec][]string{
		webhooksTotal: webhookResults, accountEventsTotal: severities, storeRefused: lossKinds, webhookChangesTotal: changeNames,
	} {
		for _, value := range values {
			vec.WithLabelValues(value)
		}
	}
	for _, result := range []string{"written", "lost"} {
		decisionLogLines.WithLabelValues(result)
	}
	for _, status := range statuses {
		statusesTotal.WithLabelValues(string(status))
	}
	for _, rules := range [][]policy.Rule{policy.RefuseRules, recordedRules, {policy.RuleStranger}} {
		for _, rule := range rules {
			strangersRefused.WithLabelValues(string(rule))
		}
	}
}

// rulesAny reports that a business has rules of the operator's own.
func rulesAny(bs *gateway.Businesses) bool {
	for _, b := range bs.Listed {
		if hasRules(b) {
			return true
		}
	}
	return bs.Others != nil && hasRules(bs.Others)
}

func hasRules(b *gateway.Business) bool {
	return len(b.Policy.Rules) > 0 || b.Shadow != nil && len(b.Shadow.Policy.Rules) > 0
}

// monitorsAny reports that a business is in monitor mode.
func monitorsAny(bs *gateway.Businesses) bool {
	for _, b := range bs.Listed {
		if b.Monitor {
			return true
		}
	}
	return bs.Others != nil && bs.Others.Monitor
}
