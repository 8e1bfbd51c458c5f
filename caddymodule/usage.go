package caddymodule

import (
	"regexp"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// usages are how options are written. Who gives one too few or too many arguments is
// shown its line.
var usages = map[string]string{ // #nosec G101 -- how secrets are written, and none of them
	"store": "store badger [<path>] or store postgres <address>", "ledger_retention": "ledger_retention <duration>, such as 400d",
	"violation_retention": "violation_retention <duration>, such as 400d", "witness": "witness <file>", "accept_loss": "accept_loss <code>", "encryption_key": "encryption_key {file.<path>}",
	"pseudonym_key": "pseudonym_key {file.<path>}, or {env.<name>}", "auto_migrate": "auto_migrate on|off", "pool_size": "pool_size <number>, such as 8", "timeout": "timeout <duration>, such as 2s", "statements": "statements prepared|unprepared",
	"business": "business <phone_number_id>, or business *",
	"name":     "name <business name>, in quotes if it has spaces", "waba": "waba <id>", "number": "number <phone number>, with plus and country code and without spaces, or in quotes",
	"mode": "mode enforce|monitor", "enforce": "enforce <percent>%, such as enforce 10%", "shadow": "shadow <name> { … }, such as shadow stricter", "window_margin": "window_margin <duration>, such as 5m",
	"in_window_consent": "in_window_consent implied|required", "opted_out_replies": "opted_out_replies allow|refuse",
	"groups": "groups allow|refuse", "direct_send": "direct_send allow|refuse", "time_zone": "time_zone <name>, such as Europe/Berlin", "currency": "currency <code>, such as EUR", "authentication_international": "authentication_international <day> all|<country>..., such as authentication_international 2026-08-01 IN ID", "ai_provider": "ai_provider [on|off]",
	"rate_card": "rate_card <file>..., such as rate_card /etc/waguard/usd-2027-01.csv",
	"tag":       "tag <name> [<value>...], such as tag team crm support",
	"budget":    "budget <name> { amount 500 USD … }, such as budget crm-marketing", "amount": "amount <amount> <currency>, such as amount 500 USD", "per": "per month", "of": "of tag <name>=<value>, of business <number or name>, of category <category> or of everything", "warn": "warn <percent>%|off, such as warn 80%", "when_spent": "when_spent refuse|warn",
	"bare_numbers": "bare_numbers international|both|refuse", "consent_expires": "consent_expires <scope> <period>, such as consent_expires marketing 365d", "countries": "countries refuse|only <scope> <country>..., such as countries only marketing DE AT CH", "country_pack": "country_pack on|off", "quiet_hours": "quiet_hours <scope> <from> <to> [<time zone>|recipient], such as quiet_hours marketing 21:00 08:00", "consent_request_templates": "consent_request_templates <name>...", "consent_request_limit": "consent_request_limit <number> <period>, such as consent_request_limit 1 30d", "session_only": "session_only [on|off]", "post_session_followup": "post_session_followup [on|off]", "otp_on_request": "otp_on_request <duration>, such as 10m", "meta_backoff": "meta_backoff [on|off]", "campaign_switch_off": "campaign_switch_off [on|off]", "pair_rate": "pair_rate [on|off]", "category_drift": "category_drift note|hold", "messaging_limit": "messaging_limit <number>|learn|off [reserve <number>], such as messaging_limit 1000 reserve 100", "portfolio": "portfolio <name>",
	"rule": "rule <id> refuse|warn <expression> <reason>, the last two in quotes or backquotes; rule <id> off in a business that doesn't have one of the policy", "frequency_cap": "frequency_cap <scope> <number> <period>, such as frequency_cap marketing 2 7d", "fallback_template": "fallback_template <name> [<language>], such as fallback_template we_wrote_back en", "text_as": "text_as body 1",
	"template_sync": "template_sync { token <token> }, without a word before the brace", "token": "token <access token>, such as token {file./run/secrets/meta-token}", "every": "every <duration>, such as every 1h",
	"reconcile": "reconcile { token <token> }, without a word before the brace", "alert_below": "alert_below <percent>%|off, such as alert_below 99.5%",
	"notify": "notify <name> <url> { secret … }, such as notify crm https://crm.example.com/hooks/waguard", "secret": "secret <secret>..., such as secret {file./run/secrets/waguard-crm}", "types": "types <type>..., such as types violation consent budget",
	"contacts": "contacts pseudonym|none", "window_ending": "window_ending <duration>, such as 2h", "network": "network public|private", "keep_dead": "keep_dead <duration>, such as 30d",
	"essential_templates": "essential_templates <name>...",
	"transaction_prefix":  "transaction_prefix <prefix>...", "confirmation_texts": "confirmation_texts <text>..., each in quotes",
	"opt_out_reach": "opt_out_reach number|waba|all", "opt_in_reach": "opt_in_reach number|waba|all", "consent_skew": "consent_skew <duration>, such as 60s",
	"opt_in_confirmation": "opt_in_confirmation optional|required", "opt_in_evidence": "opt_in_evidence relaxed|strict", "opt_in_names_whatsapp": "opt_in_names_whatsapp required|optional", "opt_in_off_whatsapp": "opt_in_off_whatsapp optional|required",
	"start_opts_in": "start_opts_in <scope>...|none", "opt_in_questions": "opt_in_questions <scope> <template>...",
	"opt_out_words": "opt_out_words <scope> <word>...", "opt_in_words": "opt_in_words <scope> <word>...",
	"opt_out_payloads": "opt_out_payloads <scope> <payload>...", "opt_in_payloads": "opt_in_payloads <scope> <payload>...",
	"suspected_words": "suspected_words <word>...", "ignored_words": "ignored_words <word>...",
	"entry":  "entry <source> <text>..., each text in quotes, such as entry qr:window \"Hello from the window\"",
	"ledger": "ledger strict|overlap", "body_budget": "body_budget <size>, such as 64MiB", "body_timeout": "body_timeout <duration>, such as 30s", "gc_percent": "gc_percent <number>, such as 100",
	"allow": "allow consent|erase..., such as allow consent", "user": "user <placeholder>, such as user {http.request.header.Remote-User}",
	"origins": "origins <origin>..., such as https://www.example.com", "rate": "rate <number>, such as 50",
	"form_rate": "form_rate <number>, such as 20", "form": "form <id>, such as form newsletter", "scope": "scope marketing|transactional|authentication|all",
	"legal_basis": "legal_basis <ground>, such as consent", "jurisdiction": "jurisdiction <country>, such as DE", "confirm": "confirm whatsapp|off", "country_code": "country_code <code>, such as +49",
	"text": "text <language>, such as text de", "privacy": "privacy <url>, such as https://www.example.com/privacy", "categories": "categories <category>..., each in quotes if it has spaces",
	"frequency": "frequency <text>, in quotes", "word": "word <name> <text>, the text in quotes",
	"log_contacts": "log_contacts pseudonym|masked|clear", "policy": "policy { … }, without a word before the brace",
	"dialect": "dialect cloud|360dialog|on_premises", "phone_number_id": "phone_number_id <id>", "max_body": "max_body <size>, such as 1MiB",
	"send_timeout": "send_timeout <duration>, such as 60s", "idempotency_window": "idempotency_window <duration>, such as 24h",
	"upstream": "upstream <url>, such as https://graph.facebook.com", "dial_timeout": "dial_timeout <duration>, such as 3s",
	"max_connections": "max_connections <number>, such as 512", "trust": "trust <file>", "header_up": "header_up [+|-]<field> [<value> [<replacement>]]",
	"webhook_changes": "webhook_changes log|refuse", "sender": "sender <text with placeholders>, in quotes if it has spaces",
	"app_secret": "app_secret <secret>...", "verify_token": "verify_token <token>",
	"auth": "auth header <name> <secret>, auth basic <user> <password>, auth path <secret> or auth turn <secret>",
}

// argumentsWrong tells errors of a wrong number of arguments, which Caddy words.
var argumentsWrong = regexp.MustCompile(`^wrong argument count or unexpected line ending`)

// withPlaceholders are the options whose placeholders are replaced, when the gateway
// starts or for each request.
var withPlaceholders = []string{"store", "witness", "encryption_key", "pseudonym_key", "app_secret", "verify_token", "auth", "sender", "user", "senders", "decision_log", "token", "upstream", "trust", "header_up", "rate_card", "notify", "secret"}

// runtimePlaceholder is one that Caddy replaces when a configuration runs.
var runtimePlaceholder = regexp.MustCompile(`\{(env|file|system|http|time|vars)\.[^{}]*\}`)

// checkPlaceholders refuses placeholders in an option that would take them as they
// are written. The dispenser stands at the option's name, and stays there.
func checkPlaceholders(d *caddyfile.Dispenser) error {
	name := d.Val()
	if slices.Contains(withPlaceholders, name) {
		return nil
	}
	for ahead := *d; ahead.NextArg(); {
		if found := runtimePlaceholder.FindString(ahead.Val()); found != "" {
			return d.Errf("%s takes no placeholder such as %s: write the value, or {$NAME} for the environment's when the file is read", name, found)
		}
	}
	return nil
}
