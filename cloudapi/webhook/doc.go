// Package webhook knows the webhooks of the WhatsApp Cloud API: how a delivery
// proves where it comes from, and what it tells, as events of package policy.
//
// It reads leniently: a webhook comes from Meta, and what is not understood in it
// is skipped and counted. It knows no store and no Caddy, and decides nothing but
// what a message means.
//
// The facts about WhatsApp in its comments come from Meta's documentation, where
// not said otherwise.
package webhook
