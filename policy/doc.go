// Package policy decides whether a WhatsApp send may leave.
//
// It is pure: no clock, no disk, no network, no logger. Whoever asks brings the
// send, the facts known about its recipient and the time; the answer is a
// [Decision] that can be computed again a year later from what was stored.
//
// The package owns the domain's words. A *customer service window* is the 24
// hours after a person last wrote to or called one business phone number. An
// *opt-in* is a person's consent to be messaged by the business, for a [Scope].
// A *template* is a message text approved by Meta, with a [Category] that sets
// its price. A *wamid* is Meta's id of a message.
package policy
