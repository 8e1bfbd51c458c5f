// Package cloudapi knows the wire of the WhatsApp Cloud API: which requests are
// sends, what a send says, how Meta answers and what its webhooks tell.
//
// It reads sends strictly and webhooks leniently. A send that can be read in two
// ways is refused, since another reader may take the other one; a webhook comes
// signed by Meta, and what is not understood in it is skipped. The package knows
// no store and no Caddy, and decides nothing: what it reads it hands to package
// policy.
//
// The facts about WhatsApp in its comments come from Meta's documentation, where
// not said otherwise.
package cloudapi
