package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("whatsapp", parseApp)
	httpcaddyfile.RegisterHandlerDirective("whatsapp_guard", parseGuard)
	httpcaddyfile.RegisterDirectiveOrder("whatsapp_guard", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("whatsapp_webhook", parseWebhook)
	httpcaddyfile.RegisterDirectiveOrder("whatsapp_webhook", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("whatsapp_consent", parseConsentAPI)
	httpcaddyfile.RegisterHandlerDirective("whatsapp_console", parseConsole)
	httpcaddyfile.RegisterDirectiveOrder("whatsapp_console", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterDirectiveOrder("whatsapp_consent", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("whatsapp_health", parseHealth)
	httpcaddyfile.RegisterDirectiveOrder("whatsapp_health", httpcaddyfile.Before, "metrics")
}

// parser reads the arguments and block of one subdirective.
type parser func(d *caddyfile.Dispenser) error

// parseBlock reads the block the dispenser stands before. A subdirective that
// is not known, or occurs twice, is an error: a typo must not switch a rule off.
func parseBlock(d *caddyfile.Dispenser, known map[string]parser, repeated ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		parse, ok := known[name]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			hint := ""
			if meant := nearest(name, names); meant != "" {
				hint = ", which may be meant to be " + meant
			} else if usages[name] != "" {
				hint = ", which is an option of another block"
			}
			return d.Errf("unknown subdirective %q%s; known here are: %s", name, hint, strings.Join(names, ", "))
		}
		if seen[name] && !slices.Contains(repeated, name) {
			return d.Errf("%s is given twice", name)
		}
		seen[name] = true
		if err := checkPlaceholders(d); err != nil {
			return err
		}
		at := *d
		if err := parse(d); err != nil {
			if usage := usages[name]; usage != "" && argumentsWrong.MatchString(err.Error()) {
				if ahead := at; !ahead.NextArg() {
					usage += "; if you wrote {$NAME}, that variable is empty"
				}
				return at.Errf("write %s", usage)
			}
			return err
		}
	}
	return nil
}

// nearest is the name that a misspelt one was meant to be; "" where none is near.
func nearest(name string, names []string) (meant string) {
	least := min(3, (len(name)+1)/3+1) // a letter or two, and of short names less
	for _, other := range names {
		if d := edits(name, other); d < least {
			meant, least = other, d
		}
	}
	return meant
}

// edits is how many letters must be put in, taken out or changed to make one word of another.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func stringInto(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if !d.AllArgs(to) {
			return d.ArgErr()
		}
		return nil
	}
}

func durationInto(to **caddy.Duration) parser {
	return func(d *caddyfile.Dispenser) error {
		var arg string
		name := d.Val()
		if !d.AllArgs(&arg) {
			return d.ArgErr()
		}
		parsed, err := caddy.ParseDuration(arg)
		if err != nil {
			return d.Errf("%s is %q; it must be a duration such as 30s, 24h or 90d", name, arg)
		}
		*to = new(caddy.Duration(parsed))
		return nil
	}
}

// positiveInto reads a duration that can't be none.
func positiveInto(to **caddy.Duration) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if err := durationInto(to)(d); err != nil {
			return err
		}
		if **to <= 0 {
			return d.Errf("%s is %s; it must be longer than 0s. Write a duration such as 60s, or leave the option out for its default", name, time.Duration(**to))
		}
		return nil
	}
}

// numberInto reads a number between two others; example ends the sentence that says so.
func numberInto(to *int, least, most int, example string) parser {
	return func(d *caddyfile.Dispenser) error {
		var arg string
		name := d.Val()
		if !d.AllArgs(&arg) {
			return d.ArgErr()
		}
		n, err := strconv.Atoi(arg)
		if err != nil || n < least || n > most {
			return d.Errf("%s is %q; it must be a number from %d to %d%s", name, arg, least, most, example)
		}
		*to = n
		return nil
	}
}

func zoneInto(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if !d.AllArgs(to) || *to == "" {
			return d.ArgErr()
		}
		if _, err := zoneNamed(*to); err != nil {
			return d.Err(err.Error())
		}
		return nil
	}
}

func (p *Policy) parseCurrency(d *caddyfile.Dispenser) error {
	if !d.AllArgs(&p.Currency) || p.Currency == "" {
		return d.ArgErr()
	}
	if _, err := currencyNamed(p.Currency); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

func listInto(to *[]string) parser {
	return func(d *caddyfile.Dispenser) error {
		*to = append(*to, d.RemainingArgs()...)
		if len(*to) == 0 {
			return d.ArgErr()
		}
		return nil
	}
}

// atStart is a setting with the values its placeholders have when the gateway starts;
// what names it in the sentence for who has to write it otherwise.
func atStart(setting, what string) (string, error) {
	text, err := caddy.NewReplacer().ReplaceOrErr(setting, true, true)
	if err != nil {
		return "", fmt.Errorf("%s has no value when the gateway starts: set the variable, or write %s without a placeholder", placeholder.FindString(setting), what)
	}
	return text, nil
}

// parseApp reads the global option. Syntax:
//
//	whatsapp {
//		store badger [<path>] {
//			ledger_retention    <duration>
//			violation_retention <duration>
//			witness             <file>
//			accept_loss         <code>
//			encryption_key      <key>
//		}
//		# or, instead
//		store postgres <address> {
//			pseudonym_key       <key>
//			auto_migrate        on|off
//			pool_size           <number>
//			timeout             <duration>
//			statements          prepared|unprepared
//			ledger_retention    <duration>
//			violation_retention <duration>
//			audit_origin        <name>
//		}
//		business <phone_number_id>|* {
//			name   <business name>
//			waba   <id>
//			number <phone number>
//			mode   enforce|monitor
//			enforce <percent>%
//			# and every subdirective of policy
//		}
//		policy {
//			window_margin       <duration>
//			in_window_consent   implied|required
//			opted_out_replies   allow|refuse
//			groups              allow|refuse
//			direct_send         allow|refuse
//			time_zone           <name>
//			currency            <code>
//			authentication_international <day> all|<country>...
//			ai_provider         [on|off]
//			bare_numbers        international|both|refuse
//			consent_expires     <scope> <period>
//			countries           refuse|only <scope> <country>...
//			country_pack        on|off
//			quiet_hours         <scope> <from> <to> [<time zone>|recipient]
//			consent_request_templates <name>...
//			consent_request_limit     <number> <period>
//			session_only        [on|off]
//			post_session_followup [on|off]
//			otp_on_request      <duration>
//			rule                <id> refuse|warn <expression> <reason>
//			frequency_cap       <scope> <number> <period>
//			fallback_template   <name> [<language>] {
//				text_as body 1
//			}
//			essential_templates <name>...
//			transaction_prefix  <prefix>...
//			confirmation_texts  <text>...
//			opt_out_reach       number|waba|all
//			opt_in_reach        number|waba|all
//			consent_skew        <duration>
//			opt_in_evidence       relaxed|strict
//			opt_in_names_whatsapp required|optional
//			opt_in_confirmation   optional|required
//			opt_in_off_whatsapp   optional|required
//			start_opts_in       <scope>...|none
//			opt_in_questions    <scope> <template>...
//			shadow <name> {
//				enforce <percent>%
//				# and the subdirectives of policy by which sends are judged
//			}
//		}
//		opt_out_words    <scope> <word>...
//		opt_in_words     <scope> <word>...
//		opt_out_payloads <scope> <payload>...
//		opt_in_payloads  <scope> <payload>...
//		suspected_words  <word>...
//		ignored_words    <word>...
//		entry            <source> <text>...
//		tag              <name> [<value>...]
//		rate_card        <file>...
//		budget <name> {
//			amount     <amount> <currency>
//			per        month
//			of         tag <name>=<value>|business <number or name>|category <category>|everything
//			warn       <percent>%|off
//			when_spent refuse|warn
//		}
//		ledger           strict|overlap
//		body_budget      <size>
//		body_timeout     <duration>
//		gc_percent       <number>
//		template_sync {
//			token <token>
//			every <duration>
//		}
//		reconcile {
//			token       <token>
//			every       <duration>
//			alert_below <percent>%|off
//		}
//		notify <name> <url> {
//			secret        <secret>...
//			types         <type>...
//			contacts      pseudonym|none
//			window_ending <duration>
//			network       public|private
//			keep_dead     <duration>
//		}
//		log_contacts     pseudonym|masked|clear
//		decision_log     <writer> [{ <the writer's options> }]
//	}
func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next() // consume the option's name
	if existing != nil {
		return nil, d.Err("the whatsapp block is given twice")
	}
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	app := new(App)
	var budgets budgetAt
	err := parseBlock(d, map[string]parser{
		"store": func(d *caddyfile.Dispenser) error { return parseStore(d, app) },
		"business": func(d *caddyfile.Dispenser) error {
			at := *d
			b, err := parseBusiness(d)
			for _, other := range app.Businesses {
				if err == nil && other.PhoneNumberID == b.PhoneNumberID {
					err = at.Errf("business %s is given twice", b.PhoneNumberID)
				}
			}
			app.Businesses = append(app.Businesses, b)
			return err
		},
		"policy": func(d *caddyfile.Dispenser) error {
			if d.NextArg() {
				return d.ArgErr()
			}
			at := *d
			if err := parseBlock(d, app.Policy.subdirectives(), repeatable...); err != nil {
				return err
			}
			if err := app.Policy.check(); err != nil {
				return at.Errf("policy: %v", err)
			}
			return nil
		},
		"opt_out_words":    func(d *caddyfile.Dispenser) error { return parseWords(d, app, "opt_out", false) },
		"opt_in_words":     func(d *caddyfile.Dispenser) error { return parseWords(d, app, "opt_in", false) },
		"opt_out_payloads": func(d *caddyfile.Dispenser) error { return parseWords(d, app, "opt_out", true) },
		"opt_in_payloads":  func(d *caddyfile.Dispenser) error { return parseWords(d, app, "opt_in", true) },
		"entry":            app.parseEntry,
		"tag":              app.parseTag,
		"rate_card":        app.parseRateCard,
		"budget": func(d *caddyfile.Dispenser) error {
			budgets = append(budgets, *d)
			b, err := parseBudget(d)
			app.Budgets = append(app.Budgets, b)
			return err
		},
		"ledger":          chooseLedger.into(&app.Ledger),
		"body_budget":     app.parseBodyBudget,
		"body_timeout":    app.parseBodyTimeout,
		"gc_percent":      numberInto(&app.GCPercent, leastGCPercent, highGCPercent, fmt.Sprintf(", such as %d", goGCPercent)),
		"template_sync":   app.parseSync,
		"reconcile":       app.parseReconcile,
		"notify":          app.parseNotify,
		"log_contacts":    chooseLogContacts.into(&app.LogContacts),
		"decision_log":    app.parseDecisionLog,
		"suspected_words": func(d *caddyfile.Dispenser) error { return parseTakenWords(d, app, "suspected") },
		"ignored_words":   func(d *caddyfile.Dispenser) error { return parseTakenWords(d, app, "ignored") },
	}, "business", "entry", "tag", "rate_card", "budget", "notify", "opt_out_words", "opt_in_words", "suspected_words", "ignored_words", "opt_out_payloads", "opt_in_payloads")
	if err != nil {
		return nil, err
	}
	if err := budgets.check(app); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "whatsapp", Value: caddyconfig.JSON(app, nil)}, nil
}

func parseStore(d *caddyfile.Dispenser, app *App) error {
	if !d.NextArg() {
		return d.ArgErr()
	}
	name := d.Val()
	if _, err := caddy.GetModule("whatsapp.stores." + name); err != nil {
		return d.Errf("there is no store %s in this version; write store badger [<path>] or store postgres <address>", name)
	}
	unmarshaled, err := caddyfile.UnmarshalModule(d, "whatsapp.stores."+name)
	if err != nil {
		return err
	}
	if _, ok := unmarshaled.(StoreProvider); !ok {
		return d.Errf("%s is not a store", name)
	}
	app.StoreRaw = caddyconfig.JSONModuleObject(unmarshaled, "module", name, nil)
	return nil
}

func parseBusiness(d *caddyfile.Dispenser) (*Business, error) {
	b := new(Business)
	if !d.AllArgs(&b.PhoneNumberID) {
		return b, d.ArgErr()
	}
	at := *d
	if err := b.checkID(); err != nil {
		return b, at.Errf("business %s: %v", b.PhoneNumberID, err)
	}
	// checked is an option that is looked at where its line is known.
	checked := func(to *string) parser {
		return func(d *caddyfile.Dispenser) error {
			if err := stringInto(to)(d); err != nil {
				return err
			}
			if _, err := b.account(); err != nil {
				return d.Errf("business %s: %v", b.PhoneNumberID, err)
			}
			return nil
		}
	}
	known := b.Policy.subdirectives()
	known["name"] = stringInto(&b.Name)
	known["waba"] = checked(&b.WABA)
	known["portfolio"] = checked(&b.Portfolio)
	known["number"] = checked(&b.Number)
	known["mode"] = chooseMode.into(&b.Mode)
	known["enforce"] = shareInto(&b.Enforce)
	if err := parseBlock(d, known, repeatable...); err != nil {
		return b, err
	}
	// What can be checked without the rest of the configuration is checked here,
	// where the line is known.
	if _, err := b.resolve(new(Policy)); err != nil {
		return b, at.Errf("business %s: %v", b.PhoneNumberID, err)
	}
	return b, nil
}

func (p *Policy) subdirectives() map[string]parser {
	return map[string]parser{
		"window_margin":                durationInto(&p.WindowMargin),
		"in_window_consent":            chooseInWindowConsent.into(&p.InWindowConsent),
		"opted_out_replies":            chooseOptedOutReplies.into(&p.OptedOutReplies),
		"groups":                       chooseGroups.into(&p.Groups),
		"direct_send":                  chooseDirectSend.into(&p.DirectSend),
		"time_zone":                    zoneInto(&p.TimeZone),
		"currency":                     p.parseCurrency,
		"authentication_international": p.parseInternational,
		"ai_provider":                  chooseAIProvider.onInto(&p.AIProvider),
		"bare_numbers":                 chooseBareNumbers.into(&p.BareNumbers),
		"countries":                    p.parseCountries,
		"country_pack":                 chooseCountryPack.into(&p.CountryPack),
		"quiet_hours":                  p.parseQuietHours,
		"consent_request_templates":    listInto(&p.ConsentRequestTemplates),
		"consent_request_limit":        p.parseRequestLimit,
		"consent_expires":              p.parseExpiry,
		"session_only":                 chooseSessionOnly.onInto(&p.SessionOnly),
		"post_session_followup":        chooseFollowup.onInto(&p.PostSessionFollowup),
		"otp_on_request":               durationInto(&p.OTPOnRequest),
		"meta_backoff":                 chooseBackOff.onInto(&p.MetaBackOff),
		"campaign_switch_off":          chooseSwitchOff.onInto(&p.CampaignSwitchOff),
		"pair_rate":                    choosePairRate.onInto(&p.PairRate),
		"messaging_limit":              p.parseMessagingLimit,
		"category_drift":               chooseDrift.into(&p.CategoryDrift),
		"rule":                         p.parseRule,
		"frequency_cap":                p.parseCap,
		"fallback_template":            p.parseFallback,
		"essential_templates":          listInto(&p.EssentialTemplates),
		"transaction_prefix":           listInto(&p.TransactionPrefix),
		"confirmation_texts":           listInto(&p.ConfirmationTexts),
		"opt_out_reach":                chooseOptOutReach.into(&p.OptOutReach),
		"opt_in_reach":                 chooseOptInReach.into(&p.OptInReach),
		"consent_skew":                 durationInto(&p.ConsentSkew),
		"opt_in_evidence":              chooseOptInEvidence.into(&p.OptInEvidence),
		"opt_in_names_whatsapp":        chooseNamesWhatsApp.into(&p.OptInNamesWhatsApp),
		"opt_in_off_whatsapp":          chooseOffWhatsApp.into(&p.OptInOffWhatsApp),
		"opt_in_confirmation":          chooseConfirmation.into(&p.OptInConfirmation),
		"start_opts_in":                listInto(&p.StartOptsIn),
		"opt_in_questions":             p.parseQuestions,
		"shadow":                       p.parseShadow,
	}
}

func (p *Policy) parseQuestions(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.ArgErr()
	}
	p.OptInQuestions = append(p.OptInQuestions, Question{Scope: args[0], Templates: args[1:]})
	return nil
}

// parseTakenWords parses words that are taken from the built-in lists.
func parseTakenWords(d *caddyfile.Dispenser, app *App, means string) error {
	w := Words{Means: means, Words: d.RemainingArgs()}
	if len(w.Words) == 0 {
		return d.ArgErr()
	}
	if _, err := compileWords([]Words{w}); err != nil {
		return d.Err(err.Error())
	}
	app.Words = append(app.Words, w)
	return nil
}

func parseWords(d *caddyfile.Dispenser, app *App, means string, payloads bool) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.ArgErr()
	}
	w := Words{Means: means, Scope: args[0]}
	if payloads {
		w.Payloads = args[1:]
	} else {
		w.Words = args[1:]
	}
	if _, err := compileWords([]Words{w}); err != nil {
		return d.Err(err.Error())
	}
	app.Words = append(app.Words, w)
	return nil
}
