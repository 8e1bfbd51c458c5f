package caddymodule

import (
	"context"

	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// elsewhere reports that the names Meta's answer gave are not those of anybody the
// send was judged by.
func (j *judged) elsewhere(learned []policy.Identity) bool {
	named := j.send.Identities()
	for _, i := range policy.Judged(j.send, &j.entry.Facts, &j.entry.Policy) {
		if i < len(named) && named[i].Kind == policy.Phone && !cloudapi.Elsewhere(learned, named[i]) {
			return false
		}
	}
	return len(j.send.To) > 0 && !j.send.Group
}

// reportStrayed reports the sends that went to somebody else than they were
// judged by, as Meta's answer and what the store knows show together.
func (g *Guard) reportStrayed(ctx context.Context, st store.Store, sends []judged) {
	for i := range sends {
		j := &sends[i]
		if !j.outcome.Elsewhere || j.entry == nil {
			continue
		}
		e, err := st.Entry(context.WithoutCancel(ctx), j.entry.ID)
		if err != nil || !e.SentToAnother() {
			continue // settle has logged what failed
		}
		sentToAnother.Inc()
		reason, remedy := policy.SentToAnother(j.send)
		g.logger.Warn("send went to another person",
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
			g.app.contactField("contact", j.send.For(&e.Decision), e.Contact()),
			g.app.contactField("reached", j.outcome.Learned[0], *e.Outcome.ReachedOther),
		)
	}
}

// listenFor notes the messages that Meta accepted, and warns where their webhooks
// don't come.
func (g *Guard) listenFor(st store.Store, sends []judged) {
	for i := range sends {
		if sends[i].outcome.Wamid == "" {
			continue
		}
		n, warn := g.app.gateway.Sent(st, sends[i].send.PhoneNumberID)
		if !warn {
			continue
		}
		last := "never"
		if n.LastWebhook != nil {
			last = policy.MomentOf(*n.LastWebhook).String()
		}
		g.logger.Warn("a business phone number sends and gets no webhooks: no opt-out is learned and no window opens; check where Meta sends them",
			zap.String("phone_number_id", n.PhoneNumberID), zap.Time("sends_since", n.SendsSince), zap.String("last_webhook", last))
	}
}
