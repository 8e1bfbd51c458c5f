package gateway

import (
	"context"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// reportStrayed reports the sends that went to somebody else than they were
// judged by, as Meta's answer and what the store knows show together.
func (d *Sends) reportStrayed(ctx context.Context, st store.Store, sends []Judged) {
	for i := range sends {
		j := &sends[i]
		if !j.Outcome.Elsewhere || j.Entry == nil {
			continue
		}
		e, err := st.Entry(lasting(ctx), j.Entry.ID)
		if err != nil || !e.SentToAnother() {
			continue // settle has logged what failed
		}
		d.Observer.SentToAnother()
		reason, remedy := policy.SentToAnother(j.Send)
		d.Log.Warn("send went to another person",
			zap.Stringer("id", e.ID),
			zap.String("rule", string(policy.RuleSentToAnother)),
			zap.String("reason", reason),
			zap.String("remedy", remedy),
			zap.String("phone_number_id", e.Send.PhoneNumberID),
			zap.String("business", e.Business),
			zap.String("sender", e.Sender),
			zap.String("sender_token", e.Token),
			zap.String("type", e.Send.Type),
			zap.String("template", e.Send.Template.Name),
			d.Contacts.field("contact", j.Send.For(&e.Decision), e.Contact()),
			d.Contacts.field("reached", j.Outcome.Learned[0], *e.Outcome.ReachedOther),
		)
	}
}

// listenFor notes the messages that Meta accepted, and warns where their webhooks
// don't come.
func (d *Sends) listenFor(ctx context.Context, st store.Store, sends []Judged) {
	for i := range sends {
		if sends[i].Outcome.Wamid == "" {
			continue
		}
		n, warn := d.sent(ctx, st, sends[i].Send.PhoneNumberID)
		if !warn {
			continue
		}
		last := "never"
		if n.LastWebhook != nil {
			last = policy.MomentOf(*n.LastWebhook).String()
		}
		d.Log.Warn("a business phone number sends and gets no webhooks: no opt-out is learned and no window opens; check where Meta sends them",
			zap.String("phone_number_id", n.PhoneNumberID), zap.Time("sends_since", n.SendsSince), zap.String("last_webhook", last))
	}
}
