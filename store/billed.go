package store

import (
	"cmp"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// What Meta bills a message under is the category its template had when it was
// sent, whatever anybody believed. A status tells it and names only the message,
// so that both halves are kept for a while, in memory: which template a message
// was made from, and what was billed for a message that nobody has claimed yet.
// After a restart, or where the two come to different processes, the next message
// teaches the same.
type bills struct {
	// mu guards that one half is entered and the other one looked for in one step.
	mu     sync.Mutex
	sent   *lru.Cache[policy.Alias, sentTemplate]
	priced *lru.Cache[policy.Alias, priced]
}

// priced is what was billed for a message that nobody has claimed yet, without the time
// of sending: the newest word, and the categories of older ones.
type priced struct {
	bill
	before []string
}

func (p *priced) tell(word bill) {
	was := p.bill
	p.set(word)
	for _, c := range []string{was.Category, word.Category} {
		if c != "" && c != p.Category && !slices.Contains(p.before, c) {
			p.before = append(slices.Clone(p.before), c)
		}
	}
	p.before = slices.DeleteFunc(slices.Clone(p.before), func(c string) bool { return c == p.Category })
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

func newBills() *bills {
	sent, err := lru.New[policy.Alias, sentTemplate](billsKept)
	if err != nil {
		panic(err) // the size is positive
	}
	unclaimed, err := lru.New[policy.Alias, priced](billsKept)
	if err != nil {
		panic(err)
	}
	return &bills{sent: sent, priced: unclaimed}
}

// sentTemplate is the template of a message, and when that was sent by our clock.
type sentTemplate struct {
	name templateName
	at   policy.Moment
}

// sentTemplate is the template of a send; nil where it has none or nobody knows
// whose it is.
func (t *tx) sentTemplate(r *reservation) (*sentTemplate, error) {
	if r.kind != policy.TemplateMessage {
		return nil, nil
	}
	if r.waba == "" {
		n, err := t.number(r.head.Send.PhoneNumberID)
		if err != nil || n.WABA == "" {
			return nil, err
		}
		return &sentTemplate{templateName{n.WABA, r.template}, r.at}, nil
	}
	return &sentTemplate{templateName{r.waba, r.template}, r.at}, nil
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

// sentFrom notes that a message is made from a template, and is what was billed
// for it so far.
func (b *bills) sentFrom(wamid policy.Alias, from sentTemplate) (told priced, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent.Add(wamid, from)
	return b.priced.Peek(wamid)
}

// tell notes what was billed for a message, and is the template it is made from,
// if that is known by now.
func (b *bills) tell(wamid policy.Alias, word bill) (from sentTemplate, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if from, ok := b.sent.Peek(wamid); ok {
		return from, true
	}
	told, _ := b.priced.Peek(wamid)
	told.tell(word)
	b.priced.Add(wamid, told)
	return sentTemplate{}, false
}

// messageFrom learns from what was billed for a message of the entry.
func (t *tx) messageFrom(h *entryHead, wamid policy.Alias) error {
	if h.template == nil {
		return nil
	}
	told, ok := t.s.bills.sentFrom(wamid, *h.template)
	if !ok {
		return nil
	}
	for _, category := range told.before { // so that it doesn't matter what comes first
		if err := t.templateBilled(h.template, bill{Category: category}); err != nil {
			return err
		}
	}
	return t.templateBilled(h.template, told.bill)
}

// priced learns from the price of a message.
func (t *tx) priced(wamid policy.Alias, at policy.Moment, p *policy.Pricing) error {
	if p == nil {
		return nil
	}
	word := bill{Told: at, Category: billedCategory(p)}
	if word.Category == "" {
		return nil
	}
	if from, ok := t.s.bills.tell(wamid, word); ok {
		return t.templateBilled(&from, word)
	}
	return nil
}

// templateBilled records under which category Meta billed a template, and warns
// once where that is another than was known.
func (t *tx) templateBilled(from *sentTemplate, word bill) error {
	word.Sent = from.at
	var before, after string
	err := t.editTemplate(from.name, func(r *templateRecord) {
		before, _ = r.category()
		r.Billed.set(word)
		r.saw(string(word.Category), word.Sent, FromBilling)
		after, _ = r.category()
	})
	if err != nil || before == after || before == "" {
		return err
	}
	name, s := from.name, t.s
	t.Committed(func() {
		s.log.Warn("Meta bills a template under another category than it told; it is judged by that from now on",
			zap.String("waba", name.WABA), zap.String("template", name.Ref.Name), zap.String("language", name.Ref.Language),
			zap.String("known_category", before), zap.String("billed_category", after))
		if s.options.Recategorised != nil {
			s.options.Recategorised()
		}
	})
	return nil
}
