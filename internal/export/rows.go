package export

import (
	"cmp"
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
	// Copies are those of a message to a group of which statuses told.
	Copies          *int `json:"copies,omitempty" parquet:"copies"`
	CopiesDelivered *int `json:"copies_delivered,omitempty" parquet:"copies_delivered"`

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

// Line is messages of a day that the bill doesn't tell apart. Their counts and sums are those of
// a report by all of its dimensions.
type Line struct {
	Place
	TimeZone          string            `json:"time_zone" parquet:"time_zone,dict"`
	PhoneNumberID     string            `json:"phone_number_id,omitempty" parquet:"phone_number_id,optional,dict"`
	BusinessName      string            `json:"business_name,omitempty" parquet:"business_name,optional,dict"`
	WABA              string            `json:"waba,omitempty" parquet:"waba,optional,dict"`
	Category          string            `json:"category" parquet:"category,dict"`
	EstimatedCategory string            `json:"estimated_category" parquet:"estimated_category,dict"`
	PriceType         string            `json:"price_type,omitempty" parquet:"price_type,optional,dict"`
	Market            string            `json:"market,omitempty" parquet:"market,optional,dict"`
	MarketEstimated   bool              `json:"market_estimated,omitempty" parquet:"market_estimated"`
	Template          string            `json:"template,omitempty" parquet:"template,optional,dict"`
	Decision          string            `json:"decision" parquet:"decision,dict"`
	Initiation        string            `json:"initiation,omitempty" parquet:"initiation,optional,dict"`
	MessageClass      string            `json:"message_class,omitempty" parquet:"message_class,optional,dict"`
	Tags              map[string]string `json:"tags,omitempty" parquet:"tags"`
	Card              string            `json:"card,omitempty" parquet:"card,optional,dict"`
	Currency          string            `json:"currency" parquet:"currency,dict"`
	UnitPrice         *billing.Amount   `json:"unit_price,omitempty" parquet:"unit_price,decimal(6:18)"`

	Sends       int             `json:"sends" parquet:"sends"`
	Accepted    int             `json:"accepted" parquet:"accepted"`
	Failed      int             `json:"failed" parquet:"failed"`
	Unknown     int             `json:"unknown" parquet:"unknown"`
	Refused     int             `json:"refused" parquet:"refused"`
	Estimated   *billing.Amount `json:"estimated,omitempty" parquet:"estimated,decimal(6:18)"`
	Unestimated int             `json:"unestimated" parquet:"unestimated"`
	Delivered   int             `json:"delivered" parquet:"delivered"`
	Billable    int             `json:"billable" parquet:"billable"`
	Charged     int             `json:"charged" parquet:"charged"`
	Free        int             `json:"free" parquet:"free"`
	Actual      *billing.Amount `json:"actual,omitempty" parquet:"actual,decimal(6:18)"`
	Unpriced    int             `json:"unpriced" parquet:"unpriced"`
}

// BilledBy is what a report is grouped by whose rows are lines of the bill.
const BilledBy = "day,business,number,waba,category,estimated_category,price_type,market,template,decision,initiation,message_class,card,unit_price,tags,currency"

// LineOf is a row of such a report as a line of the bill.
func LineOf(r *billing.Row) (l Line, err error) {
	l = Line{
		Place:    Place{Day: r.Day, Business: cmp.Or(r.Business, r.PhoneNumberID)},
		TimeZone: r.TimeZone, PhoneNumberID: r.PhoneNumberID, BusinessName: r.Business, WABA: r.WABA,
		Category: r.Category, EstimatedCategory: r.Key.Estimated, PriceType: r.PriceType, Market: r.Market, MarketEstimated: r.MarketEstimated,
		Template: r.Template, Decision: r.Decision, Initiation: r.Initiation, MessageClass: r.MessageClass, Card: r.Card, Currency: string(r.Currency),
		Sends: r.Sends, Accepted: r.Accepted, Failed: r.Failed, Unknown: r.Unknown, Refused: r.Refused, Unestimated: r.Unestimated,
		Delivered: r.Delivered, Billable: r.Billable, Charged: r.Charged, Free: r.Free, Unpriced: r.Unpriced,
	}
	if r.Key.Tags != "" {
		l.Tags = r.Key.Tags.ByName()
	}
	if r.UnitPrice != "" {
		unit, err := billing.ParseAmount(r.UnitPrice)
		if err != nil {
			return l, err
		}
		l.UnitPrice = &unit
	}
	if r.Unestimated == 0 || r.Counts.Estimated != 0 {
		l.Estimated = new(r.Counts.Estimated)
	}
	if r.Unpriced == 0 || r.Actual != 0 {
		l.Actual = new(r.Actual)
	}
	return l, nil
}
