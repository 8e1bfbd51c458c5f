package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store/postgres"
)

// choice is an option that takes one of several words.
type choice struct {
	name  string
	words []string
	// unset is the word that holds where the option is not set.
	unset string
}

// The options that are choices.
var (
	chooseLedger         = choice{"ledger", []string{"strict", onDiskMeanwhile}, "strict"}
	chooseAutoMigrate    = choice{"auto_migrate", onOrOff, "on"}
	chooseStatements     = choice{"statements", []string{string(postgres.Prepared), string(postgres.Unprepared)}, string(postgres.Prepared)}
	chooseLogContacts    = choice{"log_contacts", []string{string(gateway.Pseudonym), string(gateway.Masked), string(gateway.Clear)}, string(gateway.Pseudonym)}
	chooseMode           = choice{"mode", []string{"enforce", modeMonitor}, "enforce"}
	chooseDialect        = choice{"dialect", []string{"cloud", "360dialog", "on_premises"}, "cloud"}
	chooseWebhookChanges = choice{"webhook_changes", []string{"log", webhookChangesRefuse}, "log"}

	chooseInWindowConsent = choice{"in_window_consent", []string{"implied", "required"}, "implied"}
	chooseOptedOutReplies = choice{"opted_out_replies", []string{"allow", "refuse"}, "allow"}
	chooseGroups          = choice{"groups", []string{"allow", "refuse"}, "refuse"}
	chooseDirectSend      = choice{"direct_send", []string{"allow", "refuse"}, "refuse"}
	chooseAIProvider      = choice{"ai_provider", onOrOff, "off"}
	chooseCountryPack     = choice{"country_pack", onOrOff, "on"}
	chooseSessionOnly     = choice{"session_only", onOrOff, "off"}
	chooseFollowup        = choice{"post_session_followup", onOrOff, "off"}
	chooseBackOff         = choice{"meta_backoff", onOrOff, "on"}
	chooseSwitchOff       = choice{"campaign_switch_off", onOrOff, "on"}
	choosePairRate        = choice{"pair_rate", onOrOff, "off"}
	chooseDrift           = choice{"category_drift", []string{"note", "hold"}, "note"}
	chooseBareNumbers     = choice{"bare_numbers", []string{policy.BareFirst.String(), policy.BareBoth.String(), policy.BareRefuse.String()}, policy.BareFirst.String()}
	chooseOptOutReach     = choice{"opt_out_reach", reaches, policy.ReachWABA.String()}
	chooseOptInEvidence   = choice{"opt_in_evidence", []string{"relaxed", "strict"}, "relaxed"}
	chooseConfirmation    = choice{"opt_in_confirmation", []string{"optional", "required"}, "optional"}
	chooseNamesWhatsApp   = choice{"opt_in_names_whatsapp", []string{"required", "optional"}, "required"}
	chooseOffWhatsApp     = choice{"opt_in_off_whatsapp", []string{"optional", "required"}, "optional"}
	chooseOptInReach      = choice{"opt_in_reach", reaches, policy.ReachNumber.String()}
)

// onOrOff are the words of what can be turned on. In a Caddyfile its name alone does.
var onOrOff = []string{"on", "off"}

// reaches are the words of both reaches.
var reaches = []string{policy.ReachNumber.String(), policy.ReachWABA.String(), policy.ReachAll.String()}

// Words that something depends on.
const (
	onDiskMeanwhile      = "overlap" // ledger: when a send is on disk
	modeMonitor          = "monitor"
	webhookChangesRefuse = "refuse"
)

// check reports a value that is none of the words.
func (c choice) check(value string) error {
	if value == "" || slices.Contains(c.words, value) {
		return nil
	}
	last := len(c.words) - 1
	return fmt.Errorf("%s is %q; it must be %s or %s", c.name, value, strings.Join(c.words[:last], ", "), c.words[last])
}

// of is the first of the values that is set, or the word that holds without.
func (c choice) of(values ...string) (string, error) {
	for _, value := range values {
		if value != "" {
			return value, c.check(value)
		}
	}
	return c.unset, nil
}

// onInto is into, for what its name alone turns on.
func (c choice) onInto(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if d.CountRemainingArgs() == 0 {
			*to = "on"
			return nil
		}
		return c.into(to)(d)
	}
}

// into reads the option from a Caddyfile.
func (c choice) into(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if !d.AllArgs(to) {
			return d.ArgErr()
		}
		if *to == "" || c.check(*to) != nil {
			return d.Errf("%s is %q; it must be one of: %s", c.name, *to, strings.Join(c.words, ", "))
		}
		return nil
	}
}
