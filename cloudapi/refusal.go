package cloudapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/waguard/waguard/policy"
)

// Refusal says that a request must not reach the upstream, and how to tell the
// client.
type Refusal struct {
	Rule   policy.Rule
	Reason string // what was found; names no person and quotes no message text
	Remedy string // what to do instead
	// RuleID names the rule of the operator's own that refused.
	RuleID string
	// RetryAt is from when on the same send may pass; nil where that is no matter of
	// time.
	RetryAt *time.Time
	// Alternatives are the templates that would pass in its place.
	Alternatives []Alternative
	// Elements are the refusals of a batch's elements.
	Elements []Element
	// Outcome is what became of a send that was allowed: not_sent where it may be
	// sent again, unknown where it must not be blindly. Empty where it was refused.
	Outcome string
	// Monitored: a send with an outcome would have been refused, but for monitor mode.
	Monitored bool
	// Unrecorded: the store could not take it, so that no list has it.
	Unrecorded bool
}

// Error lets a Refusal travel as an error inside this package.
func (r *Refusal) Error() string { return string(r.Rule) + ": " + r.Reason }

// refusef is a refusal whose reason is formatted.
func refusef(rule policy.Rule, remedy, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Reason: fmt.Sprintf(format, args...), Remedy: remedy}
}

// graphError is how Meta's own API answers in the same case: HTTP status, error
// code and title, as its pages on error codes have them.
type graphError struct {
	status int
	code   int
	title  string
}

var invalidParameter = graphError{http.StatusBadRequest, 100, "Invalid parameter"}

var graphErrors = map[policy.Rule]graphError{
	policy.RuleSenderUnknown:       {http.StatusBadRequest, 33, "Business phone number unknown"},
	policy.RuleWindowClosed:        {http.StatusBadRequest, 131047, "Re-engagement message"},
	policy.RuleWindowUnknown:       {http.StatusBadRequest, 131047, "Re-engagement message"},
	policy.RuleNoConsent:           {http.StatusForbidden, 131005, "Access denied: no opt-in"},
	policy.RuleNoConsentCategory:   {http.StatusForbidden, 131005, "Access denied: no opt-in for this category"},
	policy.RuleConsentPending:      {http.StatusForbidden, 131005, "Access denied: opt-in not confirmed"},
	policy.RuleOptedOut:            {http.StatusForbidden, 131005, "Access denied: user opted out"},
	policy.RuleOptedOutMarketing:   {http.StatusBadRequest, 131050, "User has stopped marketing messages"},
	policy.RuleFrequencyCap:        {http.StatusBadRequest, 131049, "Frequency cap reached"},
	policy.RuleConsentExpired:      {http.StatusForbidden, 131005, "Access denied: opt-in lapsed"},
	policy.RuleCountryBlock:        {http.StatusBadRequest, 130497, "Business account is restricted from messaging users in this country"},
	policy.RuleQuietHours:          {http.StatusBadRequest, 131049, "Quiet hours of the recipient"},
	policy.RuleConsentRequestLimit: {http.StatusBadRequest, 131049, "Consent was asked for already"},
	policy.RuleFollowupLimit:       {http.StatusBadRequest, 131049, "The follow-up after the window was sent already"},
	policy.RuleFollowupFormat:      {http.StatusForbidden, 131005, "Access denied: a follow-up is plain text"},
	policy.RuleCampaignOff:         {http.StatusBadRequest, 131048, "Spam rate limit: marketing is switched off"},
	policy.RuleThroughput:          {http.StatusTooManyRequests, 130429, "Rate limit hit"},
	policy.RuleMarketingLimit:      {http.StatusBadRequest, 131049, "Meta chose not to deliver marketing to this user"},
	policy.RulePairRate:            {http.StatusBadRequest, 131056, "Pair rate limit hit"},
	policy.RuleMessagingLimit:      {http.StatusBadRequest, 80007, "Rate limit issues: the messaging limit is reached"},
	policy.RuleBudgetSpent:         {http.StatusBadRequest, 131042, "Business eligibility payment issue: a budget is spent"},
	policy.RuleCustom:              {http.StatusForbidden, 131005, "Access denied: a rule of this business"},
	policy.RuleError:               {http.StatusServiceUnavailable, 131016, "Service unavailable: a rule of this business fails"},
	policy.RuleSessionOnly:         {http.StatusForbidden, 131005, "Access denied: this business sends no templates"},
	policy.RuleOptOutSuspected:     {http.StatusBadRequest, 131050, "User may have stopped marketing messages"},
	policy.RuleCategoryUnknown:     {http.StatusForbidden, 131005, "Access denied: template category not known"},
	policy.RuleTemplateUnknown:     {http.StatusNotFound, 132001, "Template does not exist"},
	policy.RuleTemplateNotApproved: {http.StatusNotFound, 132001, "Template not approved"},
	policy.RuleTemplatePaused:      {http.StatusBadRequest, 132015, "Template is paused"},
	policy.RuleTemplateDisabled:    {http.StatusBadRequest, 132016, "Template is disabled"},
	policy.RuleCategoryChanged:     {http.StatusBadRequest, 132015, "Template is held: its category changed"},
	policy.RuleMarketingOnly:       {http.StatusBadRequest, 131055, "Method not allowed"},
	policy.RuleGroupsRefused:       {http.StatusForbidden, 131005, "Access denied: group messages"},
	policy.RuleCallNotPermitted:    {http.StatusBadRequest, 138006, "No approved call permission"},
	policy.RuleRecipientConflict:   invalidParameter,
	policy.RuleUnreadable:          invalidParameter,
	policy.RuleTooLarge:            {http.StatusRequestEntityTooLarge, 100, "Request too large"},
	policy.RuleEncoding:            {http.StatusUnsupportedMediaType, 100, "Unsupported content type or encoding"},
	policy.RulePath:                invalidParameter,
	policy.RuleMethod:              invalidParameter,
	policy.RuleEncrypted:           {http.StatusForbidden, 131005, "Access denied: encrypted message"},
	policy.RuleBatch:               invalidParameter,
	policy.RuleParameter:           invalidParameter,
	policy.RuleRecipientInvalid:    invalidParameter,
	policy.RuleMissingParam:        {http.StatusBadRequest, 131008, "Required parameter is missing"},
	policy.RuleStore:               {http.StatusServiceUnavailable, 131016, "Service unavailable"},
	policy.RuleSetup:               {http.StatusServiceUnavailable, 131016, "Service unavailable"},
	policy.RuleWebhooks:            {http.StatusForbidden, 10, "Permission denied: the account's webhooks"},
	policy.RuleUnrecorded:          {http.StatusInternalServerError, 131000, "Something went wrong"},
	policy.RuleUnconfirmed:         {http.StatusInternalServerError, 131000, "Something went wrong: outcome unknown"},
	policy.RuleUnanswered:          {http.StatusBadGateway, 131016, "Service unavailable"},
	policy.RuleCaller:              {http.StatusUnauthorized, 190, "Access token not accepted by the gateway"},
	policy.RuleStranger:            {http.StatusTooManyRequests, 130429, "Rate limit hit"},
	policy.RuleNotSent:             {http.StatusServiceUnavailable, 131016, "Service unavailable"},
	policy.RuleInFlight:            {http.StatusConflict, 131016, "The same request is being sent"},
	policy.RuleKeyReused:           {http.StatusUnprocessableEntity, 100, "Idempotency key used for another request"},
	policy.RuleMisconfigured:       {http.StatusBadGateway, 131000, "Something went wrong: the gateway's configuration"},
	policy.RuleAdminPath:           {http.StatusNotFound, 2500, "Unknown path components: this is no path of the Graph API"},
	policy.RuleOverloaded:          {http.StatusServiceUnavailable, 131016, "Service unavailable"},
}

// Status is the HTTP status Meta's API would answer with.
func Status(rule policy.Rule) int { return errorFor(rule).status }

// Code is the error code Meta's API would answer with.
func Code(rule policy.Rule) int { return errorFor(rule).code }

func errorFor(rule policy.Rule) graphError {
	if e, ok := graphErrors[rule]; ok {
		return e
	}
	return graphError{http.StatusForbidden, 131005, "Access denied"}
}

// ErrorBody is the answer to a refused request: an error in the shape of the
// Graph API, with the decision beside it where clients ignore what they don't
// know.
type ErrorBody struct {
	Error ErrorObject `json:"error"`
}

// ErrorObject is the error member of a Graph answer.
type ErrorObject struct {
	Message     string    `json:"message"`
	Type        string    `json:"type"`
	Code        int       `json:"code"`
	ErrorData   ErrorData `json:"error_data"`
	IsTransient bool      `json:"is_transient,omitempty"`
	FBTraceID   string    `json:"fbtrace_id"`
	Waguard     Verdict   `json:"waguard"`
}

// ErrorData carries what people read.
type ErrorData struct {
	MessagingProduct string `json:"messaging_product"`
	Details          string `json:"details"`
}

// Verdict is the gateway's own part of a refusal.
type Verdict struct {
	Decision string      `json:"decision"`
	ID       string      `json:"id"`
	Rule     policy.Rule `json:"rule"`
	// RuleID names the rule of the operator's own, where one refused.
	RuleID  string     `json:"rule_id,omitempty"`
	Reason  string     `json:"reason"`
	Remedy  string     `json:"remedy,omitempty"`
	RetryAt *time.Time `json:"retry_at,omitempty"`
	// Alternatives are approved templates that would have passed in place of the send,
	// cheapest first. Whether one says what is to be said is the sender's judgement.
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// Outcome is unknown or not_sent for a send that was allowed and got no answer;
	// for one whose record was lost, what Meta answered.
	Outcome string `json:"outcome,omitempty"`
	// Unrecorded: the store could not take the refusal, so that the id is in no list.
	Unrecorded bool `json:"unrecorded,omitempty"`
	// Elements has the refusals of a batch's elements.
	Elements []Element `json:"elements,omitempty"`
}

// Element is the refusal of one element of a batch.
type Element struct {
	Index  int         `json:"index"` // from 0
	Rule   policy.Rule `json:"rule"`
	RuleID string      `json:"rule_id,omitempty"`
	Reason string      `json:"reason"`
	Remedy string      `json:"remedy,omitempty"`
	// RetryAt and Alternatives are as in a [Verdict].
	RetryAt      *time.Time    `json:"retry_at,omitempty"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Alternative is a template that would pass now.
type Alternative struct {
	Name     string          `json:"name"`
	Language string          `json:"language"`
	Category policy.Category `json:"category"`
	// Rule is the one by which it would pass: CONSENT_REQUEST is a question for consent.
	Rule policy.Rule `json:"rule"`
	// LanguageFrom says how its language was chosen: template for that of the template
	// the send names, country for a guess from the number, other where there is none in
	// such a language.
	LanguageFrom string `json:"language_from"`
}

// RenderError is the status and JSON body that answers a refused request. The
// id of the decision stands where Graph puts its trace id, so that it turns up
// in the logs of clients that know nothing of this gateway.
func RenderError(r *Refusal, id string, elements []Element) (int, []byte) {
	e := errorFor(r.Rule)
	details := r.Reason
	if r.Remedy != "" {
		details += ". What to do: " + r.Remedy
	}
	decision := string(policy.Refuse)
	switch {
	case r.Outcome != "" && r.Monitored:
		decision = "monitor"
	case r.Outcome != "":
		decision = string(policy.Allow)
	}
	body, err := json.Marshal(ErrorBody{ErrorObject{
		Message:     fmt.Sprintf("(#%d) %s", e.code, e.title),
		Type:        "OAuthException",
		Code:        e.code,
		ErrorData:   ErrorData{MessagingProduct: "whatsapp", Details: details + ". [waguard " + string(r.Rule) + " " + id + "]"},
		IsTransient: e.status == http.StatusServiceUnavailable || e.status == http.StatusConflict || e.status == http.StatusTooManyRequests,
		FBTraceID:   id,
		Waguard:     Verdict{Decision: decision, ID: id, Rule: r.Rule, RuleID: r.RuleID, Reason: r.Reason, Remedy: r.Remedy, RetryAt: r.RetryAt, Alternatives: r.Alternatives, Outcome: r.Outcome, Unrecorded: r.Unrecorded, Elements: elements},
	}})
	if err != nil {
		// Every field is a string, a number or a bool.
		panic("encoding a refusal: " + err.Error())
	}
	return e.status, body
}
