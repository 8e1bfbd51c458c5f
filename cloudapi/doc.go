// Package cloudapi knows the wire of the WhatsApp Cloud API as senders see it:
// which requests are sends, what a send says, and how Meta answers.
//
// It reads sends strictly. A send that can be read in two ways is refused, since
// another reader may take the other one. The package knows no store and no Caddy,
// and decides nothing: what it reads it hands to package policy. Webhooks are read
// by package webhook.
//
// The facts about WhatsApp in its comments come from Meta's documentation, where
// not said otherwise.
package cloudapi
