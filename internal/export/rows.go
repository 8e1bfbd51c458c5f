package export

import (
	"time"

	"github.com/waguard/waguard/billing"
)

// Place is the folder of a row: the day and the business that it belongs to. Where rows
// aren't in folders, they are its first columns.
type Place struct {
	// Day is the date where the account is: of the decision for a send, and for a line of the
	// bill as in reports.
	Day string `json:"day" parquet:"-" export:"folder"`
	// Business is the configured name of the business phone number, or else its id at Meta.
	Business string `json:"business,omitempty" parquet:"-" export:"folder,optional"`
}

// In is the place of a row.
func (p *Place) In() *Place { return p }

// Send is a ledger entry: a send that was seen, what was decided and expected, and what is
// known of it by now.
type Send struct {
	Place
	ID            string    `json:"id" parquet:"id"`
	Time          time.Time `json:"time" parquet:"time,timestamp(microsecond)"`
	TimeZone      string    `json:"time_zone" parquet:"time_zone,dict"`
	PhoneNumberID string    `json:"phone_number_id,omitempty" parquet:"phone_number_id,optional,dict"`
	BusinessName  string    `json:"business_name,omitempty" parquet:"business_name,optional,dict"`
	WABA          string    `json:"waba,omitempty" parquet:"waba,optional,dict"`
	Sender        string    `json:"sender,omitempty" parquet:"sender,optional,dict"`
	SenderToken   string    `json:"sender_token,omitempty" parquet:"sender_token,optional,dict"`
	Contact       string    `json:"contact,omitempty" parquet:"contact,optional"`

	Decision string `json:"decision" parquet:"decision,dict"`
	Rule     string `json:"rule" parquet:"rule,dict"`
	RuleID   string `json:"rule_id,omitempty" parquet:"rule_id,optional,dict"`

	Type         string `json:"type,omitempty" parquet:"type,optional,dict"`
	Template     string `json:"template,omitempty" parquet:"template,optional,dict"`
	Language     string `json:"language,omitempty" parquet:"language,optional,dict"`
	FallbackRule string `json:"fallback_rule,omitempty" parquet:"fallback_rule,optional,dict"`
	FallbackType string `json:"fallback_type,omitempty" parquet:"fallback_type,optional,dict"`
	Initiation   string `json:"initiation,omitempty" parquet:"initiation,optional,dict"`
	MessageClass string `json:"message_class,omitempty" parquet:"message_class,optional,dict"`
	EntrySource  string `json:"entry_source,omitempty" parquet:"entry_source,optional,dict"`

	Outcome string `json:"outcome" parquet:"outcome,dict"`
	// OutcomeTime is when it was known, and StatusTime and DeliveredTime are Meta's.
	OutcomeTime     *time.Time `json:"outcome_time,omitempty" parquet:"outcome_time,timestamp(microsecond)"`
	HTTPStatus      int        `json:"http_status,omitempty" parquet:"http_status,optional"`
	ErrorCode       int        `json:"error_code,omitempty" parquet:"error_code,optional"`
	ReachedOther    string     `json:"reached_other,omitempty" parquet:"reached_other,optional"`
	Status          string     `json:"status,omitempty" parquet:"status,optional,dict"`
	StatusTime      *time.Time `json:"status_time,omitempty" parquet:"status_time,timestamp(microsecond)"`
	StatusErrorCode int        `json:"status_error_code,omitempty" parquet:"status_error_code,optional"`
	DeliveredTime   *time.Time `json:"delivered_time,omitempty" parquet:"delivered_time,timestamp(microsecond)"`

	Market             string          `json:"market,omitempty" parquet:"market,optional,dict"`
	MarketEstimated    bool            `json:"market_estimated,omitempty" parquet:"market_estimated"`
	Category           string          `json:"category" parquet:"category,dict"`
	EstimatedCategory  string          `json:"estimated_category" parquet:"estimated_category,dict"`
	BilledCategory     string          `json:"billed_category,omitempty" parquet:"billed_category,optional,dict"`
	EstimatedPriceType string          `json:"estimated_price_type,omitempty" parquet:"estimated_price_type,optional,dict"`
	BilledPriceType    string          `json:"billed_price_type,omitempty" parquet:"billed_price_type,optional,dict"`
	Billable           *bool           `json:"billable,omitempty" parquet:"billable"`
	EstimatedPrice     *billing.Amount `json:"estimated_price,omitempty" parquet:"estimated_price,decimal(6:18)"`
	Currency           string          `json:"currency" parquet:"currency,dict"`
	Card               string          `json:"card,omitempty" parquet:"card,optional,dict"`

	Tags map[string]string `json:"tags,omitempty" parquet:"tags"`
}
