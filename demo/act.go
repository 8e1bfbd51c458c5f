package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// act is something that happens in the story.
type act interface {
	// says who does what, in words.
	says() (who, what string)
	// happen lets it happen on the stage, now, prints what came of it, and
	// counts what was not as wanted.
	happen(ctx context.Context, s *stage, p *printer, w want) (surprises int, err error)
}

// customerWrites: the customer writes to the shop, and WhatsApp tells the
// gateway by webhook.
type customerWrites string

func (c customerWrites) says() (who, what string) {
	return customerName, fmt.Sprintf("writes %q", string(c))
}

func (c customerWrites) happen(ctx context.Context, s *stage, p *printer, _ want) (int, error) {
	wamid, err := s.sim.Inbound(ctx, phoneNumberID, customer, graphsim.Text(string(c)))
	if err != nil {
		return 0, fmt.Errorf("delivering the webhook: %w", err)
	}
	s.lastInbound = wamid
	return 0, s.tellKnown(ctx, p)
}

// shopRecordsOptIn: the shop tells the gateway, through the admin endpoint, of
// an opt-in given elsewhere.
type shopRecordsOptIn struct{ scope, source, reference string }

func (o shopRecordsOptIn) says() (who, what string) {
	return "Shop", fmt.Sprintf("records %s's opt-in to %s, given on its %s (%s)", customerName, o.scope, o.source, o.reference)
}

func (o shopRecordsOptIn) happen(ctx context.Context, s *stage, p *printer, _ want) (int, error) {
	_, err := s.admin.Record(ctx, adminapi.RouteOptIn, adminapi.ConsentRequest{
		PhoneNumberID: phoneNumberID, Contact: customerNumber, Scope: o.scope, Source: o.source, Evidence: consent.Evidence{Reference: o.reference},
	})
	if err != nil {
		return 0, fmt.Errorf("recording the opt-in: %w", err)
	}
	return 0, s.tellKnown(ctx, p)
}

// tellKnown prints what the gateway knows about the customer now.
func (s *stage) tellKnown(ctx context.Context, p *printer) error {
	known, err := s.admin.Consent(ctx, adminapi.ConsentRequest{PhoneNumberID: phoneNumberID, Contact: customerNumber})
	if err != nil {
		return fmt.Errorf("asking what is known: %w", err)
	}
	p.learned(window(known) + "; " + standing(known))
	return nil
}

// window says whether the customer service window is open.
func window(k *adminapi.Consent) string {
	switch {
	case k.WindowUntil == nil:
		return "window never opened"
	case k.WindowOpen:
		return "window open until " + k.WindowUntil.Format(dayAndTime)
	}
	return "window closed since " + k.WindowUntil.Format(dayAndTime)
}

// standing sums up the consent on all scopes.
func standing(k *adminapi.Consent) string {
	var parts []string
	for _, state := range []policy.ConsentState{policy.OptedIn, policy.OptedOut} {
		var scopes []string
		source := ""
		for _, scope := range policy.AllScopes {
			if c := k.Consent[scope.String()]; c.State == state.String() {
				scopes, source = append(scopes, scope.String()), string(c.Source)
			}
		}
		if len(scopes) == 0 {
			continue
		}
		what := strings.Join(scopes, " and ") + " messages"
		if len(scopes) == len(policy.AllScopes) {
			what = "all messages"
		}
		way := "opted in to "
		if state == policy.OptedOut {
			way = "opted out of "
		}
		parts = append(parts, fmt.Sprintf("%s%s (%s)", way, what, source))
	}
	if len(parts) == 0 {
		return "no opt-in on record"
	}
	return strings.Join(parts, ", ")
}

// shopListsTemplates: the shop's program lists its templates at Meta, through
// the gateway, which reads along.
type shopListsTemplates struct{}

func (shopListsTemplates) says() (who, what string) { return "Shop", "lists its templates" }

func (shopListsTemplates) happen(ctx context.Context, s *stage, p *printer, _ want) (int, error) {
	var list struct {
		Data []struct{ Name, Category string }
	}
	if _, err := s.call(ctx, http.MethodGet, "/"+apiVersion+"/"+waba+"/message_templates", nil, &list); err != nil {
		return 0, fmt.Errorf("listing the templates: %w", err)
	}
	var learned []string
	for _, t := range list.Data {
		learned = append(learned, t.Name+" is "+strings.ToLower(t.Category))
	}
	p.learned(strings.Join(learned, ", ") + "; the list passed unchanged")
	return 0, nil
}

// shopSends: the shop sends a message, through the gateway.
type shopSends struct{ message message }

func (m shopSends) says() (who, what string) { return "Shop", m.message.String() }

func (m shopSends) happen(ctx context.Context, s *stage, p *printer, w want) (int, error) {
	before := len(s.sim.Requests())
	a, err := s.send(ctx, m.message)
	if err != nil {
		return 0, err
	}
	reached := len(s.sim.Requests()) - before
	// WhatsApp takes a moment, then tells what became of the message.
	s.clock.Advance(2 * time.Second)
	if _, err := s.sim.DeliverStatuses(ctx); err != nil {
		return 0, fmt.Errorf("delivering statuses: %w", err)
	}
	l, err := s.ledgerLine(ctx, a.id)
	if err != nil {
		return 0, err
	}
	p.judged(a, l)
	surprises := a.compare(w, l, reached, !m.message.receipt())
	for _, surprise := range surprises {
		p.surprise(surprise)
	}
	return len(surprises), nil
}

// play lets the story happen, and counts what was not as wanted.
func (s *stage) play(ctx context.Context, p *printer, story []chapter) (surprises int, err error) {
	for i := range story {
		c := &story[i]
		p.chapter(c)
		for _, step := range c.steps {
			s.clock.Set(c.time(step.at))
			who, what := step.act.says()
			p.step(step.at, who, what)
			n, err := step.act.happen(ctx, s, p, step.want)
			if err != nil {
				return surprises, fmt.Errorf("%s %s, when %q %s: %w", c.date, step.at, who, what, err)
			}
			surprises += n
		}
	}
	return surprises, nil
}
