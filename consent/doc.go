// Package consent says what shows that a person agreed: through which channel they did,
// what they were shown, and what must be on record for each so that it can be proven
// later. It knows nothing of where that is kept.
//
// The rules of a valid opt-in are three: it is made clear that messages come over
// WhatsApp, the business is named, and local law is obeyed. Meta has relaxed the first
// (https://developers.facebook.com/docs/whatsapp/overview/getting-opt-in): whether it is
// demanded is the operator's choice.
package consent
