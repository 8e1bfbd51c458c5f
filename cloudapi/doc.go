// Package cloudapi knows the wire of the WhatsApp Cloud API as senders see it:
// which requests are sends, what a send says, and how Meta answers.
//
// It reads sends strictly. A send that can be read in two ways is refused, since
// another reader may take the other one. The package knows no store and no Caddy,
// and decides nothing: what it reads it hands to package policy. Webhooks are read
// by package webhook.
//
// Its files are called by what they do: route*.go tell where a request goes and
// send*.go what it sends; suspect*.go look for what some other reader could find
// in it; answer.go and template*.go read what Meta answers; refusal.go says no.
//
// The facts about WhatsApp in its comments come from Meta's documentation, where
// not said otherwise.
package cloudapi
