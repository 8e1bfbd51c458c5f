package caddymodule

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// tags are what a decision is known by outside, in the order of tagNames.
type tags [len(tagNames)]string

// Places of tags; those before inHeader are in the answer's header, the others aren't
// the sender's business.
const (
	tagDecision = iota
	tagRule
	tagCategory
	tagID
	tagRuleID
	tagWarning
	tagFallback
	tagMarket
	tagPrice
	tagPriceType
	tagCurrency
	tagCard
	tagHint
	tagTag
	inHeader
	tagInitiation = inHeader
)

// tagNames are the names of the tags: as header of the answer, as placeholder and in
// the access log.
var tagNames = [...]struct{ header, placeholder, logField string }{
	{namespace + "Decision", "whatsapp.decision", "whatsapp_decision"},
	{namespace + "Rule", "whatsapp.rule", "whatsapp_rule"},
	{namespace + "Category", "whatsapp.category", "whatsapp_category"},
	{namespace + "Id", "whatsapp.id", "whatsapp_id"},
	{namespace + "Rule-Id", "whatsapp.rule_id", "whatsapp_rule_id"},
	{namespace + "Warning", "whatsapp.warning", "whatsapp_warning"},
	{namespace + "Fallback", "whatsapp.fallback", "whatsapp_fallback"},
	{namespace + "Market", "whatsapp.market", "whatsapp_market"},
	{namespace + "Price", "whatsapp.price", "whatsapp_price"},
	{namespace + "Price-Type", "whatsapp.price_type", "whatsapp_price_type"},
	{namespace + "Currency", "whatsapp.currency", "whatsapp_currency"},
	{namespace + "Card", "whatsapp.card", "whatsapp_card"},
	{namespace + "Hint", "whatsapp.hint", "whatsapp_hint"},
	{tagField, "whatsapp.tag", "whatsapp_tag"},
	{"", "whatsapp.initiation", "whatsapp_initiation"},
	{"", "whatsapp.phone_number_id", "whatsapp_phone_number_id"},
	{"", "whatsapp.sender", "whatsapp_sender"},
	{"", "whatsapp.sender_token", "whatsapp_sender_token"},
}

func tagsOf(j *gateway.Judged) *tags {
	e := j.Entry
	return &tags{
		e.Tag(), string(e.Decision.Rule), string(e.Decision.Category), e.ID.String(), e.Decision.RuleID, warningsOf(&e.Decision), fallbackOf(e),
		e.Market, priceOf(&e.Price), string(e.Price.Type), string(e.Price.Currency), e.Price.Card, j.Hint, string(e.Tags),
		string(e.Decision.Initiation), e.Send.PhoneNumberID, e.Sender, e.Token,
	}
}

// fallbackOf names the template that is sent in place of a text, if one is.
func fallbackOf(e *store.Entry) string {
	if e.Fallback == nil {
		return ""
	}
	return e.Send.Template.Name
}

// priceOf is the price of one message; "unknown" where nobody knows it, and "" for what
// has none.
func priceOf(q *billing.Quote) string {
	switch {
	case q.Type == "":
		return ""
	case !q.Known:
		return "unknown"
	}
	return q.Unit.String()
}

// warningsOf names the rules that warn of a send.
func warningsOf(d *policy.Decision) string {
	if len(d.Warnings) == 0 { // as nearly always
		return ""
	}
	ids := make([]string, len(d.Warnings))
	for i := range d.Warnings {
		ids[i] = d.Warnings[i].Rule
	}
	return strings.Join(ids, ", ")
}

// untold are the tags without those that tell a stranger of the person. The log has
// all of them.
func (t *tags) untold() *tags {
	told := *t
	told[tagRule], told[tagCategory], told[tagRuleID], told[tagWarning], told[tagFallback] = "", "", "", "", ""
	told[tagPrice], told[tagPriceType], told[tagHint] = "", "", "" // they depend on the window
	return &told
}

// setHeader puts the tags in place of headers of the same name.
func (t *tags) setHeader(h http.Header) {
	values := [inHeader]string(t[:inHeader]) // other handlers may change a header, but not the log
	for i, name := range tagNames[:inHeader] {
		switch {
		case values[i] == "":
			delete(h, name.header)
		default:
			h[name.header] = values[i : i+1 : i+1]
		}
	}
}

// MarshalLogObject makes the tags one field of the access log that reads as
// several.
func (t *tags) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for i, name := range tagNames {
		if t[i] != "" || i < tagRuleID || i >= inHeader { // those between hardly anything has, or they have no price
			enc.AddString(name.logField, t[i])
		}
	}
	return nil
}

// tag makes the decision known to the sender, to other handlers and to the
// access log, before anything behind has seen the request. rec is the held answer,
// nil where there is none.
func (g *Guard) tag(w http.ResponseWriter, r *http.Request, sends []gateway.Judged, rec *answer) {
	t := g.tagLog(r, sends)
	if t == nil {
		return
	}
	if rec != nil {
		rec.tags = t
	} else {
		t.setHeader(w.Header())
	}
	vars, ok := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any) // as caddyhttp.SetVar does for each
	if !ok {
		return
	}
	for i, name := range tagNames {
		switch i {
		case tagDecision, tagRule, tagCategory, tagInitiation:
			vars[name.placeholder] = wordValue(t[i])
		case tagMarket, tagPriceType, tagCurrency, tagCard:
			if t[i] != "" {
				vars[name.placeholder] = wordValue(t[i])
			}
		case tagRuleID, tagWarning, tagFallback, tagPrice, tagHint, tagTag:
			if t[i] != "" {
				vars[name.placeholder] = t[i]
			}
		default:
			vars[name.placeholder] = t[i]
		}
	}
}

// wordValues are the words that a decision can be known by, as values of variables:
// made once, and not for every request.
var wordValues = func() map[string]any {
	values := map[string]any{"monitor": "monitor"}
	add := func(word string) { values[word] = word }
	add(string(policy.Allow))
	add(string(policy.Refuse))
	add(string(policy.ByUser))
	add(string(policy.ByBusiness))
	for _, rule := range slices.Concat(policy.AllowRules, policy.Refusals()) {
		add(string(rule))
	}
	for _, category := range slices.Concat(policy.BilledCategories, []policy.Category{policy.CategoryNone, policy.CategoryUnknown}) {
		add(string(category))
	}
	return values
}()

func wordValue(word string) any {
	if v, ok := wordValues[word]; ok {
		return v
	}
	return word
}

// tagLog makes the decision known to metrics and the access log alone, for a request
// that has passed: variables may not be set any more, see [guarding]. Of a batch the
// first send that was refused speaks, or the first. It is nil where nothing was decided.
func (g *Guard) tagLog(r *http.Request, sends []gateway.Judged) *tags {
	if len(sends) == 0 {
		return nil
	}
	speaks := 0
	for i := len(sends) - 1; i >= 0; i-- {
		// Those that fell with another one don't say why.
		if e := sends[i].Entry; e.Violation() && e.Decision.Rule != policy.RuleBatch {
			speaks = i
		}
		g.app.metrics.decided(sends[i].Entry)
	}
	t := tagsOf(&sends[speaks])
	traceDecision(r, t, &sends[speaks], len(sends))
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Add(zap.Inline(t))
	}
	return t
}
