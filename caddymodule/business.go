package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // for time_zone, also where the system has none

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// Business is one business phone number, or all that are not listed.
type Business struct {
	// The id of the business phone number at Meta, as in the path of a send;
	// `*` for all numbers that are not listed. Required.
	PhoneNumberID string `json:"phone_number_id"`

	// The name of the business, for people who read logs and reports.
	Name string `json:"name,omitempty"`

	// The WhatsApp Business Account the number belongs to: which templates it has,
	// and which other numbers an opt-out reaches.
	// Default: learned from webhooks.
	WABA string `json:"waba,omitempty"`

	// The business's own phone number with plus and country code. It decides how
	// recipients without a plus are read.
	// Default: learned from webhooks.
	Number string `json:"number,omitempty"`

	// The name of the business portfolio the number belongs to: all numbers with the same one
	// count together under `messaging_limit`.
	// Default: the numbers of the same WhatsApp Business Account do.
	Portfolio string `json:"portfolio,omitempty"`

	// `enforce` refuses what the policy refuses; `monitor` judges, logs and
	// records, but lets everything pass.
	// Default: `enforce`.
	Mode string `json:"mode,omitempty"`

	// For which part of the people the policy is enforced in monitor mode, such as `10%`.
	// Who belongs to it is told by a keyed hash, and belongs to every larger one.
	// Default: for nobody.
	Enforce string `json:"enforce,omitempty"`

	Policy
}

// Policy is what the operator decides. Fields that are not set take the value
// of the app's policy, and there the default.
type Policy struct {
	// Closes the customer service window this much earlier than WhatsApp does.
	// Default: 0s.
	WindowMargin *caddy.Duration `json:"window_margin,omitempty"`

	// Whether a reply inside an open customer service window needs an opt-in:
	// `implied` by the person's own message, or `required`.
	// Default: `implied`.
	InWindowConsent string `json:"in_window_consent,omitempty"`

	// Whether a person who opted out and then wrote again may be answered:
	// `allow` or `refuse`.
	// Default: `allow`.
	OptedOutReplies string `json:"opted_out_replies,omitempty"`

	// Whether messages to groups may be sent, whose members' consent can't be
	// seen: `allow` or `refuse`.
	// Default: `refuse`.
	Groups string `json:"groups,omitempty"`

	// Whether a free-form body with a top-level category is judged like a
	// template of that category: `allow` if Meta has enabled Direct Send for the
	// WABA, or `refuse` to judge it as free-form.
	// Default: `refuse`.
	DirectSend string `json:"direct_send,omitempty"`

	// The time zone of the WhatsApp Business Account, by its IANA name such as
	// `Europe/Berlin`: Meta bills by its days, and so do reports.
	// Default: `UTC`.
	TimeZone string `json:"time_zone,omitempty"`

	// The currency that Meta bills the WhatsApp Business Account in, by its code such as
	// `EUR`: sends are priced by its rate card.
	// Default: `USD`.
	Currency string `json:"currency,omitempty"`

	// Since when, and to which countries, Meta charges the business the international rate
	// for authentication templates, as its e-mail and webhook of eligibility say. A
	// business's own take the place of the policy's.
	// Default: nowhere.
	AuthenticationInternational []InternationalRate `json:"authentication_international,omitempty"`

	// Whether the business offers a general-purpose assistant, which Meta charges for what it
	// sends beside templates in countries where it must admit such: `on` or `off`.
	// Default: `off`.
	AIProvider string `json:"ai_provider,omitempty"`

	// What a recipient without plus sign means that can be read in two ways:
	// `international` for the number with country code, which is what webhooks and
	// most programs write, and a national number only where that is none; `both` to
	// judge both and let the stricter answer hold; `refuse` to take numbers with a
	// plus sign only.
	// Default: `international`.
	BareNumbers string `json:"bare_numbers,omitempty"`

	// After how long an opt-in lapses of somebody who doesn't write.
	// Default: never.
	ConsentExpires []ConsentExpiry `json:"consent_expires,omitempty"`

	// To which countries templates of a kind go.
	// Default: to all.
	Countries []Countries `json:"countries,omitempty"`

	// Whether templates are refused that Meta is known not to deliver to a country: `on`
	// or `off`.
	// Default: `on`.
	CountryPack string `json:"country_pack,omitempty"`

	// Hours of the day at which templates of a kind don't leave.
	// Default: none.
	QuietHours []QuietHours `json:"quiet_hours,omitempty"`

	// Names of templates that ask for consent. They may go to people who haven't agreed
	// and haven't said no.
	// Default: none.
	ConsentRequestTemplates []string `json:"consent_request_templates,omitempty"`

	// How often one person is asked with such templates at most within a rolling period.
	// Default: once in 30 days.
	ConsentRequestLimit *RequestLimit `json:"consent_request_limit,omitempty"`

	// Whether the business only answers: `on` refuses all templates, also to people who
	// opted in, or `off`.
	// Default: `off`.
	SessionOnly string `json:"session_only,omitempty"`

	// Whether a person who wrote and has not opted in may be sent one template of plain
	// text after the customer service window has closed, until they write again: `on` or
	// `off`.
	// Default: `off`.
	PostSessionFollowup string `json:"post_session_followup,omitempty"`

	// For how long, from one minute to a day, a recorded request of a person lets one-time
	// codes through to them, also if they opted out before.
	// Default: not at all.
	OTPOnRequest *caddy.Duration `json:"otp_on_request,omitempty"`

	// Whether sends wait as long as Meta asks after it has said that it sends less: no
	// marketing to a person for a day and longer after error 131049, and no message for some
	// seconds after 131056 (to that person) and 130429, 80007 and 4 (of the number). `on` or
	// `off`.
	// Default: `on`.
	MetaBackOff string `json:"meta_backoff,omitempty"`

	// Whether marketing of a number is switched off after errors 131048, 368 and 131031, a
	// restriction of the account or a quality that falls to low, until that ends or somebody
	// switches it on with `waguard campaign on`: `on` or `off`.
	// Default: `on`.
	CampaignSwitchOff string `json:"campaign_switch_off,omitempty"`

	// Whether messages to one person that are faster than Meta delivers them, one in six
	// seconds and up to 45 at once, are refused before Meta does: `on` or `off`.
	// Default: `off`.
	PairRate string `json:"pair_rate,omitempty"`

	// How many different people the numbers of the portfolio write to outside of customer
	// service windows within 24 hours at most: Meta's messaging limit.
	// Default: off.
	MessagingLimit *MessagingLimit `json:"messaging_limit,omitempty"`

	// What becomes of a template whose category has changed: `hold` refuses it until
	// somebody accepts the new one with `waguard templates accept`, `note` only shows it.
	// Default: `note`.
	CategoryDrift string `json:"category_drift,omitempty"`

	// Rules of the operator's own, which refuse what all others let through, or warn of it.
	// A business has those of the policy as well, and its own in place of those of the same
	// name.
	// Default: none.
	Rules []CustomRule `json:"rules,omitempty"`

	// How many template messages of a kind one person gets at most within a rolling
	// period.
	// Default: none.
	FrequencyCaps []FrequencyCap `json:"frequency_caps,omitempty"`

	// The template that is sent in place of a text which a closed customer service window
	// refuses, if it may be sent to that person.
	// Default: none.
	FallbackTemplate *FallbackTemplate `json:"fallback_template,omitempty"`

	// Names of utility and authentication templates that may go to people who
	// opted out, if the send names its transaction in biz_opaque_callback_data.
	// Default: none.
	EssentialTemplates []string `json:"essential_templates,omitempty"`

	// How a reference in biz_opaque_callback_data begins that names a transaction.
	// An id with a digit must follow. A prefix that ends in one of `:-#_/` may be
	// written with any of them.
	// Default: `order:`, `txn:`, `transaction:`, `booking:`, `invoice:`,
	// `shipment:`, `payment:`, `reservation:`, `ticket:`, `appointment:`,
	// `delivery:`, `return:` and `refund:`.
	TransactionPrefix []string `json:"transaction_prefix,omitempty"`

	// The texts that may confirm an opt-out, and no others; case, accents and
	// punctuation don't matter.
	// Default: a short text that says so, without link, price or offer.
	ConfirmationTexts []string `json:"confirmation_texts,omitempty"`

	// How far an opt-out goes beyond the number it was told to: `number` nowhere,
	// `waba` to the numbers of the same WhatsApp Business Account and to those of
	// which it isn't known, `all` to every number of the gateway.
	// Default: `waba`.
	OptOutReach string `json:"opt_out_reach,omitempty"`

	// The same for an opt-in; `waba` only to numbers that are known to be of the
	// same account.
	// Default: `number`.
	OptInReach string `json:"opt_in_reach,omitempty"`

	// By how much WhatsApp's clock and that of opt-ins from elsewhere may differ:
	// an opt-in that isn't later than an opt-out by more doesn't lift it.
	// Default: 60s.
	ConsentSkew *caddy.Duration `json:"consent_skew,omitempty"`

	// The scopes a word for everything, such as START, opts somebody in to who
	// never said anything: `marketing`, `transactional`, `authentication`, `all`
	// or `none`. To others it gives back what STOP took.
	// Default: `transactional`.
	StartOptsIn []string `json:"start_opts_in,omitempty"`

	// What becomes of an opt-in that lacks what it needs to be valid: `relaxed` records
	// it, marked as incomplete, `strict` does not.
	// Default: `relaxed`.
	OptInEvidence string `json:"opt_in_evidence,omitempty"`

	// Whether a valid opt-in needs that it was made clear that messages come over
	// WhatsApp: `required` or `optional`.
	// Default: `required`.
	OptInNamesWhatsApp string `json:"opt_in_names_whatsapp,omitempty"`

	// Whether opt-ins that operators record must have been given elsewhere than on
	// WhatsApp: `optional` or `required`.
	// Default: `optional`.
	OptInOffWhatsApp string `json:"opt_in_off_whatsapp,omitempty"`

	// Whether an opt-in that an operator records counts at once, or is `required` to be
	// confirmed by the person first: until then they are only asked.
	// Default: `optional`.
	OptInConfirmation string `json:"opt_in_confirmation,omitempty"`

	// Templates that ask for consent. To the person who got one, an ordinary word
	// such as "yes" is an opt-in for seven days.
	// Default: none.
	OptInQuestions []Question `json:"opt_in_questions,omitempty"`

	// A policy on trial, which judges what is sent beside this one.
	// Default: none.
	Shadow *Shadow `json:"shadow,omitempty"`
}

// FrequencyCap bounds how many messages one person gets.
type FrequencyCap struct {
	// Of which kind: `marketing`, `transactional`, `authentication` or `all`. Required.
	Scope string `json:"scope"`
	// How many at most. Required.
	Limit int `json:"limit"`
	// Within which time, up to 90 days. Required.
	Period caddy.Duration `json:"period"`
}

// Question are templates that ask for consent.
type Question struct {
	// What for: `marketing`, `transactional`, `authentication` or `all`. Required.
	Scope string `json:"scope"`
	// Names of templates. Required.
	Templates []string `json:"templates"`
}

// Words are additional opt-in or opt-out words.
type Words struct {
	// What the words mean: `opt_in`, `opt_out`, `suspected` (an opt-out that waits for
	// somebody to decide) or `ignored` (nothing, in place of what the built-in lists
	// say). Required.
	Means string `json:"means"`
	// For which messages: `marketing`, `transactional`, `authentication` or
	// `all`. Required for opt_in and opt_out.
	Scope string `json:"scope,omitempty"`
	// Whole messages, in which case, accents and punctuation don't matter; and
	// payloads and ids of buttons and rows, exactly as written.
	Words []string `json:"words,omitempty"`
	// Payloads and ids of buttons and rows that are no words, exactly as written.
	// Words or payloads are required.
	Payloads []string `json:"payloads,omitempty"`
}

// everyOther stands for all business phone numbers that are not listed.
const everyOther = "*"

// resolveBusinesses checks the configured businesses and merges their policies
// with the app's.
func (a *App) resolveBusinesses() (err error) {
	if a.gateway.Businesses, err = a.businesses(); err != nil {
		return err
	}
	a.gateway.Budgets, err = budgetsOf(a.Budgets, a.Tags, &a.gateway.Businesses, func(_ int, err error) error { return err })
	return err
}

// businesses are the business phone numbers that are served.
func (a *App) businesses() (businesses gateway.Businesses, err error) {
	businesses = gateway.Businesses{Listed: make(map[string]*gateway.Business, len(a.Businesses))}
	list := a.Businesses
	if len(list) == 0 {
		list = []*Business{{PhoneNumberID: everyOther}}
	}
	wabas := make(map[string]string)
	accounts := make(map[string][]string)
	for _, b := range list {
		if b.WABA != "" {
			wabas[b.PhoneNumberID] = b.WABA
			if b.Portfolio != "" && !slices.Contains(accounts[b.Portfolio], b.WABA) {
				accounts[b.Portfolio] = append(accounts[b.Portfolio], b.WABA)
			}
		}
	}
	for _, b := range list {
		resolved, err := b.resolve(&a.Policy)
		if err != nil {
			return businesses, fmt.Errorf("business %s: %w", b.PhoneNumberID, err)
		}
		resolved.Terms.WABA, resolved.Accounts = wabas, accounts[b.Portfolio]
		if b.PhoneNumberID == everyOther {
			if businesses.Others != nil {
				return businesses, errors.New("business * is configured twice")
			}
			businesses.Others = resolved
			continue
		}
		if _, twice := businesses.Listed[b.PhoneNumberID]; twice {
			return businesses, fmt.Errorf("business %s is configured twice", b.PhoneNumberID)
		}
		businesses.Listed[b.PhoneNumberID] = resolved
	}
	return businesses, nil
}

// resolve checks a business and merges its policy with the defaults.
func (b *Business) resolve(defaults *Policy) (*gateway.Business, error) {
	if err := b.checkID(); err != nil {
		return nil, err
	}
	r, err := b.account()
	if err != nil {
		return nil, err
	}
	if err := chooseMode.check(b.Mode); err != nil {
		return nil, err
	}
	r.Monitor = b.Mode == modeMonitor
	if r.Policy, err = b.Policy.resolve(defaults); err != nil {
		return nil, err
	}
	if len(r.Policy.Rules) > 0 {
		r.Policy.BusinessName = b.Name
	}
	if r.Share, err = b.share(); err != nil {
		return nil, err
	}
	if r.Shadow, err = b.shadow(defaults); err != nil {
		return nil, err
	}
	r.Zone, err = zoneNamed(b.TimeZone, defaults.TimeZone)
	if err != nil {
		return nil, err
	}
	if r.Currency, err = currencyNamed(b.Currency, defaults.Currency); err != nil {
		return nil, err
	}
	if r.Account.International, err = internationalRates(either(b.AuthenticationInternational, defaults.AuthenticationInternational), r.Number); err != nil {
		return nil, err
	}
	assistant, err := chooseAIProvider.of(b.AIProvider, defaults.AIProvider)
	if err != nil {
		return nil, err
	}
	r.Account.AIProvider = assistant == "on"
	return r, b.Policy.resolveConsent(defaults, r)
}

// checkID checks which number a business is.
func (b *Business) checkID() error {
	switch {
	case b.PhoneNumberID == "":
		return errors.New("phone_number_id is missing")
	case b.PhoneNumberID != everyOther && !isDigits(b.PhoneNumberID):
		return errors.New("a phone number id consists of digits; it is shown in Meta's app dashboard beside the phone number, and is not the number itself. All numbers that are not listed are `*`")
	}
	return nil
}

// account checks what is said of a business's account and number.
func (b *Business) account() (*gateway.Business, error) {
	if b.PhoneNumberID == everyOther && (b.Number != "" || b.WABA != "") {
		return nil, errors.New("number and waba belong to one business phone number, not to *")
	}
	if b.WABA != "" && !isDigits(b.WABA) {
		return nil, fmt.Errorf("waba is %q; the id of a WhatsApp Business Account consists of digits, and is shown in Meta's business settings", b.WABA)
	}
	if err := checkPortfolio(b.Portfolio); err != nil {
		return nil, err
	}
	r := &gateway.Business{Name: b.Name, WABA: b.WABA, Portfolio: b.Portfolio}
	if b.Number != "" {
		if r.Home = phone.CallingCode(b.Number); r.Home == "" {
			return nil, fmt.Errorf("number %q is not a phone number with plus and country code", b.Number)
		}
		r.Number = phone.Digits(b.Number)
	}
	return r, nil
}

// zoneNamed is the time zone with the first of the names that is one. Names of
// the machine's own zone are none, since Meta doesn't know the machine.
func zoneNamed(names ...string) (*time.Location, error) {
	for _, name := range names {
		if name == "" {
			continue
		}
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			return nil, fmt.Errorf("time_zone is %q; it must be a name such as Europe/Berlin, as in Meta's account settings", name)
		}
		return zone, nil
	}
	return time.UTC, nil
}

// currencyNamed is the first of the currencies that is one.
func currencyNamed(codes ...string) (billing.Currency, error) {
	for _, code := range codes {
		if code == "" {
			continue
		}
		currency, err := billing.ParseCurrency(code)
		if err != nil {
			return "", fmt.Errorf("currency is %q; it must be the code of the one that Meta bills the account in, such as USD or EUR", code)
		}
		return currency, nil
	}
	return "USD", nil
}

// resolve gives each field p leaves open the value of defaults.
func (p *Policy) resolve(defaults *Policy) (policy.Policy, error) {
	var r policy.Policy
	margin := p.WindowMargin
	if margin == nil {
		margin = defaults.WindowMargin
	}
	if margin != nil {
		if r.WindowMargin = time.Duration(*margin); r.WindowMargin < 0 || r.WindowMargin >= policy.WindowLength {
			return r, fmt.Errorf("window_margin is %s; it must be at least 0s and less than 24h", r.WindowMargin)
		}
	}
	for _, set := range []struct {
		choice
		own, other string
		field      *bool // set by the word that doesn't hold without
	}{
		{chooseInWindowConsent, p.InWindowConsent, defaults.InWindowConsent, &r.RequireInWindowConsent},
		{chooseOptedOutReplies, p.OptedOutReplies, defaults.OptedOutReplies, &r.RefuseOptedOutReplies},
		{chooseGroups, p.Groups, defaults.Groups, &r.AllowGroups},
		{chooseDirectSend, p.DirectSend, defaults.DirectSend, &r.DirectSend},
		{chooseCountryPack, p.CountryPack, defaults.CountryPack, &r.NoCountryPack},
		{chooseSessionOnly, p.SessionOnly, defaults.SessionOnly, &r.SessionOnly},
		{chooseFollowup, p.PostSessionFollowup, defaults.PostSessionFollowup, &r.Followup},
		{chooseBackOff, p.MetaBackOff, defaults.MetaBackOff, &r.NoBackOff},
		{chooseSwitchOff, p.CampaignSwitchOff, defaults.CampaignSwitchOff, &r.NoSwitchOff},
		{choosePairRate, p.PairRate, defaults.PairRate, &r.PairRate},
		{chooseDrift, p.CategoryDrift, defaults.CategoryDrift, &r.HoldDrift},
	} {
		value, err := set.of(set.own, set.other)
		if err != nil {
			return r, err
		}
		*set.field = value != set.unset
	}
	onRequest := p.OTPOnRequest
	if onRequest == nil {
		onRequest = defaults.OTPOnRequest
	}
	if onRequest != nil {
		r.CodeOnRequest = time.Duration(*onRequest)
		if r.CodeOnRequest != 0 && (r.CodeOnRequest < time.Minute || r.CodeOnRequest > 24*time.Hour) {
			return r, fmt.Errorf("otp_on_request is %s; it must be 1 minute to 24 hours, or 0s for not at all", r.CodeOnRequest)
		}
	}
	messaging := p.MessagingLimit
	if messaging == nil {
		messaging = defaults.MessagingLimit
	}
	var err error
	if r.Messaging, err = messaging.resolve(); err != nil {
		return r, err
	}
	if _, err := zoneNamed(p.TimeZone); err != nil {
		return r, err
	}
	if _, err := currencyNamed(p.Currency); err != nil {
		return r, err
	}
	if _, err := internationalRates(p.AuthenticationInternational, ""); err != nil {
		return r, err
	}
	if err := chooseAIProvider.check(p.AIProvider); err != nil {
		return r, err
	}
	bare, err := chooseBareNumbers.of(p.BareNumbers, defaults.BareNumbers)
	if err != nil {
		return r, err
	}
	if err := r.BareNumbers.UnmarshalText([]byte(bare)); err != nil {
		return r, err
	}
	if r.Caps, err = capsOf(either(p.FrequencyCaps, defaults.FrequencyCaps)); err != nil {
		return r, err
	}
	if r.ConsentExpires, err = expiries(either(p.ConsentExpires, defaults.ConsentExpires)); err != nil {
		return r, err
	}
	if r.Countries, err = countryRules(either(p.Countries, defaults.Countries)); err != nil {
		return r, err
	}
	if r.QuietHours, err = quietHours(either(p.QuietHours, defaults.QuietHours)); err != nil {
		return r, err
	}
	if r.Rules, err = customRules(p.Rules, defaults.Rules); err != nil {
		return r, err
	}
	if err := p.resolveRequests(defaults, &r); err != nil {
		return r, err
	}
	r.EssentialTemplates = p.EssentialTemplates
	if r.EssentialTemplates == nil {
		r.EssentialTemplates = defaults.EssentialTemplates
	}
	return r, nil
}

func compileWords(lists []Words) (*policy.Words, error) {
	compiled := policy.NewWords()
	states := map[string]policy.ConsentState{"opt_in": policy.OptedIn, "opt_out": policy.OptedOut}
	fewer := map[string]func(string) error{"suspected": compiled.Suspect, "ignored": compiled.Ignore}
	for _, list := range lists {
		if take, ok := fewer[list.Means]; ok {
			if err := takeWords(take, &list); err != nil {
				return nil, fmt.Errorf("%s_words: %w", list.Means, err)
			}
			continue
		}
		state, ok := states[list.Means]
		if !ok {
			return nil, fmt.Errorf("words mean %q; it must be opt_in, opt_out, suspected or ignored", list.Means)
		}
		scopes, ok := policy.ParseScope(list.Scope)
		if !ok {
			return nil, fmt.Errorf("%s_words are for %q; it must be marketing, transactional, authentication or all", list.Means, list.Scope)
		}
		if len(list.Words)+len(list.Payloads) == 0 {
			return nil, fmt.Errorf("%s_words has neither words nor payloads", list.Means)
		}
		for _, payload := range list.Payloads {
			if err := compiled.AddPayload(payload, state, scopes); err != nil {
				return nil, fmt.Errorf("%s_payloads: %w", list.Means, err)
			}
		}
		for _, word := range list.Words {
			if err := compiled.Add(word, state, scopes); err != nil {
				return nil, fmt.Errorf("%s_words: %w", list.Means, err)
			}
		}
	}
	return compiled, nil
}

// takeWords takes words from the built-in lists.
func takeWords(take func(string) error, list *Words) error {
	switch {
	case list.Scope != "":
		return errors.New("they have no scope: as suspected a word holds marketing back, as ignored it means nothing")
	case len(list.Payloads) > 0:
		return errors.New("payloads mean only what is configured; leave out what shall mean nothing")
	case len(list.Words) == 0:
		return errors.New("there are none")
	}
	for _, word := range list.Words {
		if err := take(word); err != nil {
			return err
		}
	}
	return nil
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
