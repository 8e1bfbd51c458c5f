package caddymodule

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/decisionlog"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// metrics counts what the gateway tells it, for one configuration, and hands it on to
// the decision log. Sends find their counters in maps that are made once.
type metrics struct {
	// known are the counters of the configuration, made when it starts, or with its
	// first send if that comes first.
	known func() *knownCounters
	// decisions is the decision log, opened with the configuration or its first
	// send; nil where there is none.
	decisions func() (*decisionlog.Log, error)
}

// knownCounters are the counters that sends may need.
type knownCounters struct {
	sends map[sendLabels]prometheus.Counter
	// numbers are those of the listed business phone numbers, others that of the
	// rest.
	numbers map[string]*numberCounters
	others  *numberCounters
	tags    tagCounters
}

// numberCounters are those of one business phone number.
type numberCounters struct {
	decisions map[string]prometheus.Counter
	outcomes  map[store.OutcomeState]prometheus.Counter
	money     moneyCounters
	// misses are by the rule that should have refused, refused by what Meta's error is about.
	misses  map[policy.Rule]prometheus.Counter
	refused map[policy.Matter]prometheus.Counter
	// shadows are by how the answer of a policy on trial compares; nil where none is.
	shadows map[lab.Change]prometheus.Counter
}

// newMetrics are the metrics of a configuration.
func newMetrics(g *gateway.Gateway) metrics {
	businesses := &g.Businesses
	return metrics{known: sync.OnceValue(func() *knownCounters {
		for _, t := range g.Endpoints {
			startNotifications(t.Name)
		}
		startLabels()
		k := &knownCounters{
			sends: make(map[sendLabels]prometheus.Counter), numbers: make(map[string]*numberCounters, len(businesses.Listed)),
			tags: countersOfTags(g.Tagging.Declared, businesses),
		}
		currency := billing.Currency("USD") // of numbers that are not served nothing is priced
		if businesses.Others != nil {
			currency = businesses.Others.Currency
		}
		k.others = countersOf(otherBusiness, currency)
		eachSend(monitorsAny(businesses), rulesAny(businesses), func(l sendLabels) { k.sends[l] = l.counter() })
		for id, b := range businesses.Listed {
			k.numbers[id] = countersOf(id, b.Currency)
			k.numbers[id].start(id, b)
		}
		if businesses.Others != nil {
			k.others.start(otherBusiness, businesses.Others)
		}
		return k
	})}
}

// What a rule of the operator's own does.
const (
	effectRefuse = "refuse"
	effectWarn   = "warn"
	effectError  = "error"
)

// start makes the counters of a business that depend on its policies.
func (c *numberCounters) start(business string, b *gateway.Business) {
	startRules(&b.Policy)
	if b.Shadow == nil {
		return
	}
	startRules(&b.Shadow.Policy)
	c.shadows = make(map[lab.Change]prometheus.Counter)
	for _, change := range lab.Changes {
		c.shadows[change] = shadowSendsTotal.WithLabelValues(business, string(change))
	}
}

// startRules makes the counters of a policy's own rules.
func startRules(p *policy.Policy) {
	for _, r := range p.Rules {
		effect := effectRefuse
		if r.Warn {
			effect = effectWarn
		}
		customRulesTotal.WithLabelValues(r.ID, effect)
		customRulesTotal.WithLabelValues(r.ID, effectError)
	}
}

// ruled counts what rules of the operator's own said. Their ids are those of the
// configuration.
func ruled(d *policy.Decision) {
	switch {
	case d.RuleID == "":
	case d.Rule == policy.RuleError:
		customRulesTotal.WithLabelValues(d.RuleID, effectError).Inc()
	default:
		customRulesTotal.WithLabelValues(d.RuleID, effectRefuse).Inc()
	}
	for _, w := range d.Warnings {
		if w.Budget {
			continue // no rule
		}
		effect := effectWarn
		if w.Failed {
			effect = effectError
		}
		customRulesTotal.WithLabelValues(w.Rule, effect).Inc()
	}
}

func (l sendLabels) counter() prometheus.Counter {
	return sendsTotal.WithLabelValues(l.decision, l.rule, l.category)
}

func countersOf(business string, currency billing.Currency) *numberCounters {
	c := &numberCounters{
		decisions: make(map[string]prometheus.Counter, len(decisions)), outcomes: make(map[store.OutcomeState]prometheus.Counter, len(outcomes)), money: moneyOf(business, currency),
		misses: make(map[policy.Rule]prometheus.Counter, len(policy.MissableRules)), refused: make(map[policy.Matter]prometheus.Counter, len(policy.Matters)),
	}
	for _, rule := range policy.MissableRules {
		c.misses[rule] = missesTotal.WithLabelValues(business, string(rule))
	}
	for _, matter := range policy.Matters {
		c.refused[matter] = refusedByMeta.WithLabelValues(business, string(matter))
	}
	for _, decision := range decisions {
		c.decisions[decision] = businessSendsTotal.WithLabelValues(business, decision)
	}
	for _, outcome := range outcomes {
		c.outcomes[outcome] = outcomesTotal.WithLabelValues(business, string(outcome))
	}
	return c
}

func (k *knownCounters) number(phoneNumberID string) *numberCounters {
	if c, ok := k.numbers[phoneNumberID]; ok {
		return c
	}
	return k.others
}

// decided counts a decision.
func (m metrics) decided(e *store.Entry) {
	k := m.known()
	l := sendLabels{e.Tag(), string(e.Decision.Rule), string(e.Decision.Category)}
	c, ok := k.sends[l]
	if !ok {
		c = l.counter()
	}
	c.Inc()
	ruled(&e.Decision)
	if e.Shadow != nil {
		if c, ok := k.number(e.Send.PhoneNumberID).shadows[gateway.ShadowChange(e)]; ok {
			c.Inc()
		}
	}
	if c, ok := k.number(e.Send.PhoneNumberID).decisions[l.decision]; ok {
		c.Inc()
	}
}

// Decided writes a line, where there is a decision log.
func (m metrics) Decided(j *gateway.Judged) {
	liveSends.Decided(j.Entry)
	if log := m.log(); log != nil {
		log.Put(decisionlog.DecisionOf(j.Entry, j.InMonitorMode()))
	}
}

// log is the decision log; nil where there is none.
func (m metrics) log() *decisionlog.Log {
	if m.decisions == nil {
		return nil
	}
	log, err := m.decisions()
	if err != nil { // the configuration doesn't start
		return nil
	}
	return log
}

// StoreFailed counts it.
func (metrics) StoreFailed() { storeFailures.Inc() }

// StrangerRefused counts it.
func (metrics) StrangerRefused(rule policy.Rule) {
	strangersRefused.WithLabelValues(string(rule)).Inc()
}

// SentToAnother counts it.
func (metrics) SentToAnother() { sentToAnother.Inc() }

// Judged measures it.
func (metrics) Judged(took time.Duration) { decisionSeconds.Observe(took.Seconds()) }

// Leaving counts the sends until they have Returned.
func (metrics) Leaving(sends int) { sendsInFlight.Add(float64(sends)) }

// Answered measures it.
func (metrics) Answered(took time.Duration) { upstreamSeconds.Observe(took.Seconds()) }

// Returned counts what became of the sends.
func (m metrics) Returned(sends []gateway.Judged) {
	sendsInFlight.Sub(float64(len(sends)))
	k, log := m.known(), m.log()
	for i := range sends {
		number := k.number(sends[i].Send.PhoneNumberID)
		if c, ok := number.outcomes[sends[i].Outcome.State]; ok {
			c.Inc()
		}
		if sends[i].Outcome.State == store.Accepted {
			number.money.took(sends[i].Entry)
			k.tags.took(sends[i].Entry)
		}
		if log != nil {
			log.Put(decisionlog.OutcomeOf(sends[i].Entry.ID, &sends[i].Outcome))
		}
	}
}

// RefusedByMeta counts it, and that it is a miss.
func (m metrics) RefusedByMeta(r *gateway.RefusedByMeta) {
	number := m.known().number(r.PhoneNumberID)
	if c, ok := number.refused[r.Matter]; ok {
		c.Inc()
	}
	if c, ok := number.misses[r.Rule]; ok {
		c.Inc()
	}
	if r.Unmatched {
		refusedUnmatched.Inc()
	}
}

// StatusHeard counts it.
func (metrics) StatusHeard(status policy.DeliveryStatus) {
	if status.Rank() == 0 {
		status = otherStatus
	}
	statusesTotal.WithLabelValues(string(status)).Inc()
}

// Interface guard
var _ gateway.Observer = metrics{}
