// Package graphsim is a stand-in for Meta's Graph API, good enough to run real WhatsApp senders against.
//
// It refuses to be a policy engine: it answers as Meta answers, and a send that Meta would accept and drop later is
// accepted here and dropped later. Acceptance is never proof that a window was open.
//
// Three facts to know before use:
//
//   - A [Sim] is an [net/http.Handler]. Put it behind an httptest.Server and give its URL to the sender as API base.
//   - It keeps a truth of its own: which user wrote when, who stopped marketing, which templates exist. The truth is
//     fed by the webhooks the Sim itself emits ([Sim.Inbound], [Sim.UserPreference], ...) and by the API calls it gets.
//   - Webhooks go out only when the caller says so: Inbound and its kin post at once and return the receiver's answer,
//     statuses of accepted sends wait for [Sim.DeliverStatuses]. [Options.Background] turns that into a live feed.
//
// Where Meta's behaviour is not established the Sim takes the generous reading for requests (query parameters, form
// bodies, batches and method override all reach a send) because a gateway in front of it must not rely on Meta being
// strict. Each such choice is named where it is made.
package graphsim
