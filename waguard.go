// Package waguard is a gateway that keeps companies out of trouble on WhatsApp. It
// stands between the programs that send and Meta's Graph API: it judges every send
// by WhatsApp's policy (the 24-hour customer service window, opt-ins, opt-outs,
// templates), refuses what must not leave with an error that SDKs understand, learns
// from Meta's webhooks, and keeps a ledger of every send.
//
// It is a set of modules for [Caddy]. Importing this package adds them and the
// commands that work with them to a build of Caddy, which is what
//
//	xcaddy build --with github.com/waguard/waguard
//
// does. github.com/waguard/waguard/cmd/waguard is such a build with a demonstration:
//
//	go install github.com/waguard/waguard/cmd/waguard@latest
//	waguard demo
//
// Two handlers in a Caddyfile make a gateway. Senders use its address in place of
// https://graph.facebook.com, and Meta's app dashboard has its /webhook:
//
//	http://127.0.0.1:8080 {
//		whatsapp_guard {
//			upstream https://graph.facebook.com
//		}
//		reverse_proxy https://graph.facebook.com
//	}
//	hooks.example.com {
//		whatsapp_webhook /webhook {
//			app_secret   {env.WA_APP_SECRET}
//			verify_token {env.WA_VERIFY_TOKEN}
//		}
//	}
//
// What each option does is in the [reference of options], what is refused and how to
// get it through in the [reference of refusals], and how to put it between, step by
// step, in the [documentation].
//
// [Caddy]: https://caddyserver.com
// [reference of options]: https://github.com/waguard/waguard/blob/main/docs/reference/options.md
// [reference of refusals]: https://github.com/waguard/waguard/blob/main/docs/reference/refusals.md
// [documentation]: https://github.com/waguard/waguard/tree/main/docs
package waguard

import (
	_ "github.com/waguard/waguard/caddymodule" // the modules
	_ "github.com/waguard/waguard/command"     // waguard violations, consent, report …
)
