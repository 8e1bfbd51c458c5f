package webhook

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// accountUpdate is what webhooks about accounts, numbers and templates carry.
// They are many and differ by field; each has a few of these.
type accountUpdate struct {
	Event    loosejson.String `json:"event"`
	Decision loosejson.String `json:"decision"`
	Status   loosejson.String `json:"status"`
	Display  loosejson.String `json:"display_phone_number"`

	// Limits, under the names of several versions.
	CurrentLimit       loosejson.String `json:"current_limit"`
	OldLimit           loosejson.String `json:"old_limit"`
	DailyConversations loosejson.String `json:"max_daily_conversations_per_business"`
	DailyPerPhone      loosejson.String `json:"max_daily_conversation_per_phone"`
	NumbersPerBusiness loosejson.String `json:"max_phone_numbers_per_business"`
	NumbersPerWABA     loosejson.String `json:"max_phone_numbers_per_waba"`
	Country            loosejson.String `json:"country"`
	RejectionReason    loosejson.String `json:"rejection_reason"`
	Reason             loosejson.String `json:"reason"`
	PreviousQuality    loosejson.String `json:"previous_quality_score"`
	NewQuality         loosejson.String `json:"new_quality_score"`
	TemplateName       loosejson.String `json:"message_template_name"`
	TemplateLanguage   loosejson.String `json:"message_template_language"`
	PreviousCategory   loosejson.String `json:"previous_category"`
	NewCategory        loosejson.String `json:"new_category"`
	CorrectCategory    loosejson.String `json:"correct_category"`
	CategoryUpdate     stamp            `json:"category_update_timestamp"`
	EntityType         loosejson.String `json:"entity_type"`
	EntityID           loosejson.String `json:"entity_id"`
	accountAlert                        // older versions have the alert here
	AlertInfo          accountAlert     `json:"alert_info"`
	Restrictions       []restriction    `json:"restriction_info"`
	Errors             []accountError   `json:"errors"`
	Metadata           struct {
		PhoneNumberID loosejson.String `json:"phone_number_id"`
	} `json:"metadata"`
	WABA struct {
		ID loosejson.String `json:"waba_id"`
	} `json:"waba_info"`
	Ban struct {
		State loosejson.String `json:"waba_ban_state"`
		Date  loosejson.String `json:"waba_ban_date"`
	} `json:"ban_info"`
	Violation struct {
		Type loosejson.String `json:"violation_type"`
	} `json:"violation_info"`
	VolumeTier struct {
		Month    loosejson.String `json:"effective_month"`
		Category loosejson.String `json:"pricing_category"`
		Region   loosejson.String `json:"region"`
		Tier     loosejson.String `json:"tier"`
		Updated  stamp            `json:"tier_update_time"`
	} `json:"volume_tier_info"`
	Disabled struct {
		Date loosejson.String `json:"disable_date"`
	} `json:"disable_info"`
	Other struct {
		Title loosejson.String `json:"title"`
	} `json:"other_info"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
}

type accountAlert struct {
	AlertType     loosejson.String `json:"alert_type"`
	AlertStatus   loosejson.String `json:"alert_status"`
	AlertSeverity loosejson.String `json:"alert_severity"`
	AlertText     loosejson.String `json:"alert_description"`
}

type restriction struct {
	Type       loosejson.String `json:"restriction_type"`
	Expiration loosejson.String `json:"expiration"`
}

type accountError struct {
	Code  loosejson.String `json:"code"`
	Title loosejson.String `json:"title"`
}

// accountEvent notes what a change tells operators: about the quality, the
// limits and the standing of an account, its numbers and its templates. It is in
// addition to what the change teaches about people and templates, so what can't
// be read here is not counted as skipped. Who at Meta or in the business did
// something is left out.
func (r *reader) accountEvent(field string, raw json.RawMessage) {
	read := accountFields[field]
	if read == nil || len(raw) == 0 || raw[0] != '{' {
		return
	}
	if (field == "messages" || field == "standby") && !bytes.Contains(raw, []byte(`"errors"`)) {
		return // they needn't be read twice
	}
	var u accountUpdate
	_ = json.Unmarshal(raw, &u) // what doesn't fit is left out
	e := policy.AccountEvent{
		At: r.told(0), WABA: r.waba, PhoneNumberID: string(u.Metadata.PhoneNumberID), Kind: policy.AccountEventKind(field),
		Template: policy.TemplateRef{Name: shown(string(u.TemplateName), longText), Language: shown(identity.Language(string(u.TemplateLanguage)), shortText)},
	}
	if u.WABA.ID != "" { // the entry of a partner's event is the partner's
		e.WABA = string(u.WABA.ID)
	}
	if e.PhoneNumberID == "" {
		e.Display = phone.Digits(string(u.Display))
	}
	if u.NewQuality != "" {
		read = templateQuality // also under a wrong field, as in one of Meta's examples
	}
	if e.At == 0 {
		// The time of each delivery would make repeated ones differ.
		e.At = r.now - r.now%policy.Moment(time.Hour.Milliseconds())
	}
	if read(&u, &e); e.Name == "" {
		return
	}
	for _, s := range []*string{&e.Name, &e.WABA, &e.PhoneNumberID, &e.Display} {
		*s = shown(*s, shortText)
	}
	r.add(e)
	if s, ok := campaignSwitch(&e, &u); ok {
		r.add(s)
	}
	if n, ok := messagingLimit(&e, &u); ok {
		r.add(policy.MessagingLimitTold{WABA: e.WABA, ToldLimit: policy.ToldLimit{Number: n, At: e.At}})
	}
	if t, ok := volumeTier(&e, &u); ok {
		r.add(t)
	}
}

// campaignSwitch is what an event means for marketing: what makes Meta restrict the account,
// or rate a number low, switches it off until that ends.
func campaignSwitch(e *policy.AccountEvent, u *accountUpdate) (policy.CampaignSwitched, bool) {
	s := policy.CampaignSwitched{PhoneNumberID: e.PhoneNumberID, Display: e.Display, WABA: e.WABA, Off: true, Switch: policy.Switch{At: e.At}}
	name := strings.ToUpper(e.Name)
	switch e.Kind {
	case "phone_number_quality_update":
		s.Cause, s.Says = policy.CauseQuality, "Meta rates the quality of the number as low ("+name+")"
		switch {
		case name == "UNFLAGGED", u.NewQuality == "GREEN":
			s.Off, s.Says = false, "Meta rates the quality of the number as good again ("+name+")"
		case name != "FLAGGED" && u.NewQuality != "RED" && u.NewQuality != "LOW":
			return s, false
		}
		return s, true
	case "account_update":
		switch {
		case name == "ACCOUNT_RESTRICTION":
			s.Cause, s.Says = policy.CauseRestriction, "Meta has restricted the account (ACCOUNT_RESTRICTION"
			endless, applies := false, len(u.Restrictions) == 0
			for _, r := range u.Restrictions {
				if r.Type != "" && !strings.Contains(string(r.Type), "MESSAGING") {
					continue // on adding numbers, for example
				}
				applies = true
				var until stamp
				_ = until.UnmarshalJSON([]byte(r.Expiration))
				if until == 0 {
					endless = true
				} else {
					s.Until = max(s.Until, until.moment())
				}
				if r.Type != "" {
					s.Says += ", " + shown(string(r.Type), shortText)
				}
			}
			if s.Says += ")"; endless {
				s.Until = 0
			}
			return s, applies
		case name == "DISABLED_UPDATE" && u.Ban.State == "REINSTATE":
			s.Cause, s.Off, s.Says = policy.CauseDisabled, false, "Meta has reinstated the account"
			return s, true
		case name == "DISABLED_UPDATE" && u.Ban.State != "SCHEDULE_FOR_DISABLE", name == "ACCOUNT_DELETED":
			s.Cause, s.Says = policy.CauseDisabled, "Meta has disabled the account ("+name+")"
			return s, true
		}
	}
	return s, false
}

// accountFields read what a field tells into an event. One that leaves Name
// empty makes none.
var accountFields = map[string]func(*accountUpdate, *policy.AccountEvent){
	"phone_number_quality_update":        numberQuality,
	"business_capability_update":         capability,
	"account_update":                     accountChanged,
	"account_alerts":                     alerted,
	"account_review_update":              reviewed,
	"phone_number_name_update":           named,
	"business_username_update":           named,
	"payment_configuration_update":       happened,
	"security":                           security,
	"message_template_status_update":     templateStatus,
	"message_template_quality_update":    templateQuality,
	"message_template_components_update": templateComponents,
	"template_category_update":           templateCategory,
	"messages":                           failing,
	"standby":                            failing,
}

func numberQuality(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = string(u.Event)
	switch u.Event {
	case "FLAGGED", "DOWNGRADE":
		e.Severity = policy.Warning
	}
	e.Detail = clauses("limit", first(u.CurrentLimit, u.DailyConversations), "before", u.OldLimit)
}

func capability(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = "LIMITS"
	e.Detail = clauses("conversations a day", first(u.DailyConversations, u.DailyPerPhone), "numbers", first(u.NumbersPerBusiness, u.NumbersPerWABA))
}

// accountSeverity is how bad the events of account_update are. Others are good
// to know.
var accountSeverity = map[loosejson.String]policy.Severity{
	"DISABLED_UPDATE": policy.Critical, "ACCOUNT_RESTRICTION": policy.Critical, "ACCOUNT_DELETED": policy.Critical,
	"ACCOUNT_VIOLATION": policy.Warning, "PARTNER_REMOVED": policy.Warning, "PARTNER_APP_UNINSTALLED": policy.Warning, "ACCOUNT_OFFBOARDED": policy.Warning,
}

func accountChanged(u *accountUpdate, e *policy.AccountEvent) {
	e.Name, e.Severity = string(u.Event), accountSeverity[u.Event]
	if u.Ban.State == "REINSTATE" {
		e.Severity = policy.Info
	}
	pairs := []any{
		"state", u.Ban.State, "on", day(u.Ban.Date), "for", u.Violation.Type, "country", u.Country,
		"tier", u.VolumeTier.Tier, "in", u.VolumeTier.Region, "for", u.VolumeTier.Category, "from", u.VolumeTier.Month,
	}
	for _, r := range u.Restrictions {
		pairs = append(pairs, "restriction", r.Type, "until", day(r.Expiration))
	}
	e.Detail = clauses(pairs...)
}

func alerted(u *accountUpdate, e *policy.AccountEvent) {
	a := u.AlertInfo
	if a == (accountAlert{}) {
		a = u.accountAlert
	}
	e.Name = string(first(a.AlertType, "ALERT"))
	switch strings.ToUpper(string(a.AlertSeverity)) {
	case "CRITICAL":
		e.Severity = policy.Critical
	case "WARNING":
		e.Severity = policy.Warning
	}
	if u.EntityType == "PHONE_NUMBER" {
		e.PhoneNumberID = string(u.EntityID)
	}
	e.Detail = clauses("status", a.AlertStatus, "", prose(a.AlertText))
}

func reviewed(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = string(u.Decision)
	switch u.Decision {
	case "REJECTED":
		e.Severity = policy.Critical
	case "DEFERRED", "PENDING":
		e.Severity = policy.Warning
	}
	e.Detail = clauses("because of", prose(u.RejectionReason))
}

// named is what Meta decided on the name or username of a number.
func named(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = string(first(first(u.Decision, u.Status), u.Event))
	if e.Name == "REJECTED" {
		e.Severity = policy.Warning
	}
	e.Detail = clauses("because of", prose(u.RejectionReason))
}

func happened(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = string(first(first(u.Event, u.Status), "CHANGED"))
}

// security events tell of a changed or asked-for PIN, with which a number is
// taken elsewhere.
func security(u *accountUpdate, e *policy.AccountEvent) {
	e.Name, e.Severity = string(u.Event), policy.Warning
}

func templateStatus(u *accountUpdate, e *policy.AccountEvent) {
	e.Name = strings.ToUpper(string(u.Event))
	switch policy.TemplateStatus(e.Name) {
	case "REJECTED", "PAUSED", "DISABLED", "FLAGGED", "LOCKED", "LIMIT_EXCEEDED":
		e.Severity = policy.Warning
	}
	if u.Reason == "NONE" {
		u.Reason = ""
	}
	e.Detail = clauses("because of", prose(u.Reason), "", prose(u.Other.Title), "from", day(u.Disabled.Date))
}

func templateQuality(u *accountUpdate, e *policy.AccountEvent) {
	e.Kind, e.Name = "message_template_quality_update", string(u.NewQuality)
	if e.Name == "RED" || e.Name == "YELLOW" {
		e.Severity = policy.Warning
	}
	e.Detail = clauses("before", u.PreviousQuality)
}

func templateComponents(_ *accountUpdate, e *policy.AccountEvent) { e.Name = "COMPONENTS_CHANGED" }

// templateCategory tells a change, or the notice of one; see the reader's method
// of the same name.
func templateCategory(u *accountUpdate, e *policy.AccountEvent) {
	becomes := first(u.CorrectCategory, u.NewCategory)
	if becomes == "" {
		return
	}
	e.Name, e.Detail = "CATEGORY_CHANGED", clauses("now", u.NewCategory, "before", u.PreviousCategory)
	if u.CorrectCategory != "" {
		e.Name, e.Detail = "CATEGORY_CHANGES", clauses("now", u.NewCategory, "to become", u.CorrectCategory)
		if u.CategoryUpdate != 0 {
			e.Detail += " at " + u.CategoryUpdate.moment().String()
		}
	}
	if policy.ParseCategory(string(becomes)) == policy.CategoryMarketing {
		e.Severity = policy.Warning // it costs more, and needs more consent
	}
}

// failing are errors of the account or the app, beside no message and no status.
func failing(u *accountUpdate, e *policy.AccountEvent) {
	if len(u.Errors) == 0 || len(u.Messages)+len(u.Statuses) > 0 {
		return
	}
	e.Name, e.Severity = "ERROR", policy.Warning
	e.Detail = clauses("code", u.Errors[0].Code, "", prose(u.Errors[0].Title))
}

// How long the texts of an event may be. Meta's own are shorter.
const (
	shortText = 64
	longText  = 200
)

// prose is a text Meta wrote for people, or that others chose.
type prose loosejson.String

// clauses joins pairs of a label and what Meta said, a code or a prose, leaving
// out what it didn't.
func clauses(pairs ...any) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		var said string
		switch v := pairs[i+1].(type) {
		case loosejson.String:
			said = shown(string(v), shortText)
		case prose:
			said = shown(longDigits.ReplaceAllString(string(v), "…"), longText)
		}
		if said != "" {
			parts = append(parts, strings.TrimSpace(pairs[i].(string)+" "+said))
		}
	}
	return shown(strings.Join(parts, ", "), 2*longText)
}

// longDigits is what could be a phone number or an id in a text.
var longDigits = regexp.MustCompile(`\+?[0-9](?:[ ()./-]*[0-9]){5,}`)

// shown is a text as it may be shown in a table: on one line and not too long.
func shown(s string, longest int) string {
	fields := strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) })
	short := []rune(strings.Join(fields, " "))
	return string(short[:min(len(short), longest)])
}

// day is a date as Meta writes it, or the time where it writes Unix seconds.
func day(s loosejson.String) loosejson.String {
	var t stamp
	if _ = t.UnmarshalJSON([]byte(s)); t != 0 {
		return loosejson.String(t.moment().String())
	}
	return s
}
