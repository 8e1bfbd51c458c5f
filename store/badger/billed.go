package badger

import (
	"cmp"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What Meta bills a message under is the category its template had when it was
// sent, whatever anybody believed. A status tells it and names only the message,
// so that both halves are kept for a while, in memory: which template a message
// was made from, and what was billed for a message that nobody has claimed yet.
// After a restart the next message teaches the same.
//
// It belongs to the writer goroutine.
type bills struct {
	sent   *lru.Cache[policy.Alias, sentTemplate]
	priced *lru.Cache[policy.Alias, bill] // without the time of sending
}

// bill is the category Meta billed a message under: the newest word on the
// message that was sent last.
type bill struct {
	Sent     policy.Moment `cbor:"1,keyasint,omitempty"` // by our clock
	Told     policy.Moment `cbor:"2,keyasint,omitempty"` // by Meta's
	Category string        `cbor:"3,keyasint,omitempty"`
}

func (a *bill) set(b bill) {
	if cmp.Or(cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.Told, b.Told), cmp.Compare(a.Category, b.Category)) < 0 {
		*a = b
	}
}

// billsKept is how many messages are remembered: what the busiest number sends
// in a minute. Statuses with a price follow within seconds.
const billsKept = 1 << 14

func newBills() bills {
	sent, err := lru.New[policy.Alias, sentTemplate](billsKept)
	if err != nil {
		panic(err) // the size is positive
	}
	priced, err := lru.New[policy.Alias, bill](billsKept)
	if err != nil {
		panic(err)
	}
	return bills{sent, priced}
}

// sentTemplate is the template of a message, and when that was sent by our clock.
type sentTemplate struct {
	name templateName
	at   policy.Moment
}

// sentTemplate is the template of the send e; nil where it has none or nobody
// knows whose it is.
func (s *Store) sentTemplate(e *store.Entry) *sentTemplate {
	waba := e.WABA
	if waba == "" {
		waba = s.known.number(e.Send.PhoneNumberID).WABA
	}
	if e.Send.Kind != policy.TemplateMessage || waba == "" {
		return nil
	}
	return &sentTemplate{templateName{waba, e.Send.Template}, e.At}
}

// billedCategory is the category of the template that Meta billed for; "" for
// prices that tell none, such as those in a free entry point.
func billedCategory(p *policy.Pricing) string {
	switch c := policy.BilledCategory(p.Category); c {
	case policy.CategoryMarketing, policy.CategoryMarketingLite, "group_marketing":
		return string(policy.CategoryMarketing)
	case policy.CategoryUtility, "group_utility":
		return string(policy.CategoryUtility)
	case policy.CategoryAuthentication, "authentication_international":
		return string(policy.CategoryAuthentication)
	}
	return ""
}

// tieTemplate notes that the message is made from a template, and learns from
// what was billed for it.
func (b *batch) tieTemplate(h *entryHead, wamid policy.Alias) error {
	if h.template == nil {
		return nil
	}
	b.s.bills.sent.Add(wamid, *h.template)
	if c, ok := b.s.bills.priced.Peek(wamid); ok {
		return b.templateBilled(h.template, c)
	}
	return nil
}

// priced learns from the price of a message.
func (b *batch) priced(wamid policy.Alias, at policy.Moment, p *policy.Pricing) error {
	if p == nil {
		return nil
	}
	word := bill{Told: at, Category: billedCategory(p)}
	if word.Category == "" {
		return nil
	}
	if t, ok := b.s.bills.sent.Peek(wamid); ok {
		return b.templateBilled(&t, word)
	}
	newest, _ := b.s.bills.priced.Peek(wamid)
	newest.set(word)
	b.s.bills.priced.Add(wamid, newest)
	return nil
}

// templateBilled records under which category Meta billed a template, and warns
// once where that is another than was known.
func (b *batch) templateBilled(t *sentTemplate, word bill) error {
	word.Sent = t.at
	var before, after string
	err := b.editTemplate(t.name, func(r *templateRecord) {
		before, _ = r.category()
		r.Billed.set(word)
		after, _ = r.category()
	})
	if err != nil || before == after || before == "" {
		return err
	}
	b.s.log.Warn("Meta bills a template under another category than it told; it is judged by that from now on",
		zap.String("waba", t.name.WABA), zap.String("template", t.name.Ref.Name), zap.String("language", t.name.Ref.Language),
		zap.String("known_category", before), zap.String("billed_category", after))
	if b.s.options.Recategorised != nil {
		b.s.options.Recategorised()
	}
	return nil
}
