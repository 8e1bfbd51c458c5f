package export

import (
	"fmt"
	"time"

	"github.com/waguard/waguard/billing"
)

// Charge is what was delivered on a day, in the columns of FOCUS 1.2, the FinOps Open Cost and
// Usage Specification. Those that begin with x_ are ours, as it has it. It allows no cost to be
// unknown, so that what has no known price is in no charge.
type Charge struct {
	Place               `export:"-"`
	BilledCost          billing.Amount    `json:"BilledCost" parquet:"BilledCost,decimal(6:18)"`
	EffectiveCost       billing.Amount    `json:"EffectiveCost" parquet:"EffectiveCost,decimal(6:18)"`
	ListCost            billing.Amount    `json:"ListCost" parquet:"ListCost,decimal(6:18)"`
	ContractedCost      billing.Amount    `json:"ContractedCost" parquet:"ContractedCost,decimal(6:18)"`
	ListUnitPrice       *billing.Amount   `json:"ListUnitPrice,omitempty" parquet:"ListUnitPrice,decimal(6:18)"`
	ContractedUnitPrice *billing.Amount   `json:"ContractedUnitPrice,omitempty" parquet:"ContractedUnitPrice,decimal(6:18)"`
	BillingCurrency     string            `json:"BillingCurrency" parquet:"BillingCurrency,dict"`
	BillingAccountID    string            `json:"BillingAccountId" parquet:"BillingAccountId,dict"`
	BillingAccountName  string            `json:"BillingAccountName,omitempty" parquet:"BillingAccountName,optional,dict"`
	SubAccountID        string            `json:"SubAccountId,omitempty" parquet:"SubAccountId,optional,dict"`
	SubAccountName      string            `json:"SubAccountName,omitempty" parquet:"SubAccountName,optional,dict"`
	BillingPeriodStart  time.Time         `json:"BillingPeriodStart" parquet:"BillingPeriodStart,timestamp(microsecond)"`
	BillingPeriodEnd    time.Time         `json:"BillingPeriodEnd" parquet:"BillingPeriodEnd,timestamp(microsecond)"`
	ChargePeriodStart   time.Time         `json:"ChargePeriodStart" parquet:"ChargePeriodStart,timestamp(microsecond)"`
	ChargePeriodEnd     time.Time         `json:"ChargePeriodEnd" parquet:"ChargePeriodEnd,timestamp(microsecond)"`
	ChargeCategory      string            `json:"ChargeCategory" parquet:"ChargeCategory,dict"`
	ChargeClass         string            `json:"ChargeClass,omitempty" parquet:"ChargeClass,optional,dict"`
	ChargeDescription   string            `json:"ChargeDescription" parquet:"ChargeDescription,dict"`
	ChargeFrequency     string            `json:"ChargeFrequency" parquet:"ChargeFrequency,dict"`
	ConsumedQuantity    int               `json:"ConsumedQuantity" parquet:"ConsumedQuantity"`
	ConsumedUnit        string            `json:"ConsumedUnit" parquet:"ConsumedUnit,dict"`
	PricingQuantity     int               `json:"PricingQuantity" parquet:"PricingQuantity"`
	PricingUnit         string            `json:"PricingUnit" parquet:"PricingUnit,dict"`
	PricingCategory     string            `json:"PricingCategory" parquet:"PricingCategory,dict"`
	ProviderName        string            `json:"ProviderName" parquet:"ProviderName,dict"`
	PublisherName       string            `json:"PublisherName" parquet:"PublisherName,dict"`
	InvoiceIssuerName   string            `json:"InvoiceIssuerName" parquet:"InvoiceIssuerName,dict"`
	ServiceCategory     string            `json:"ServiceCategory" parquet:"ServiceCategory,dict"`
	ServiceSubcategory  string            `json:"ServiceSubcategory" parquet:"ServiceSubcategory,dict"`
	ServiceName         string            `json:"ServiceName" parquet:"ServiceName,dict"`
	SkuID               string            `json:"SkuId" parquet:"SkuId,dict"`
	SkuPriceID          string            `json:"SkuPriceId" parquet:"SkuPriceId,dict"`
	RegionID            string            `json:"RegionId,omitempty" parquet:"RegionId,optional,dict"`
	RegionName          string            `json:"RegionName,omitempty" parquet:"RegionName,optional,dict"`
	Tags                map[string]string `json:"Tags,omitempty" parquet:"Tags"`

	Category        string `json:"x_Category" parquet:"x_Category,dict"`
	PriceType       string `json:"x_PriceType" parquet:"x_PriceType,dict"`
	Template        string `json:"x_Template,omitempty" parquet:"x_Template,optional,dict"`
	Decision        string `json:"x_Decision" parquet:"x_Decision,dict"`
	Card            string `json:"x_Card,omitempty" parquet:"x_Card,optional,dict"`
	MarketEstimated bool   `json:"x_MarketEstimated,omitempty" parquet:"x_MarketEstimated"`
	Billable        int    `json:"x_BillableQuantity" parquet:"x_BillableQuantity"`
	TimeZone        string `json:"x_TimeZone" parquet:"x_TimeZone,dict"`
}

// Issuer is who sends the invoice, where no provider does.
const Issuer = "Meta"

// UnknownAccount is the account of numbers of which nobody knows it.
const UnknownAccount = "unknown"

// Charging makes charges of lines.
type Charging struct {
	Issuer string
	// Cards are what the lines are priced by: they have the prices before volume tiers.
	Cards *billing.Cards
	zones map[string]*time.Location
	// Unpriced is how many delivered messages are in no charge.
	Unpriced int
}

// Of is the charge of a line; false for none: nothing of it was delivered, or nobody knows what
// it cost.
func (c *Charging) Of(l *Line) (Charge, bool, error) {
	if l.Delivered == 0 {
		return Charge{}, false, nil
	}
	if l.Actual == nil || l.PriceType == "" {
		c.Unpriced += l.Delivered
		return Charge{}, false, nil
	}
	market := l.Market
	if market == "" {
		market = "unknown"
	}
	charge := Charge{
		Place: l.Place, BilledCost: *l.Actual, EffectiveCost: *l.Actual, ContractedCost: *l.Actual, ContractedUnitPrice: l.UnitPrice, ListUnitPrice: l.UnitPrice,
		BillingCurrency: l.Currency, BillingAccountID: l.WABA, SubAccountID: l.PhoneNumberID, SubAccountName: l.BusinessName,
		ChargeCategory: "Usage", ChargeFrequency: "Usage-Based", ChargeDescription: fmt.Sprintf("%s messages to %s, %s", l.Category, market, l.PriceType),
		ConsumedQuantity: l.Delivered, ConsumedUnit: "Messages", PricingQuantity: l.Delivered, PricingUnit: "Messages", PricingCategory: "Standard",
		ProviderName: Issuer, PublisherName: Issuer, InvoiceIssuerName: c.Issuer,
		ServiceCategory: "Business Applications", ServiceSubcategory: "Other (Business Applications)", ServiceName: "WhatsApp Business Platform",
		SkuID: l.Category + "/" + market, SkuPriceID: l.Category + "/" + market + "/" + l.PriceType, RegionID: l.Market, RegionName: l.Market, Tags: l.Tags,
		Category: l.Category, PriceType: l.PriceType, Template: l.Template, Decision: l.Decision, Card: l.Card, MarketEstimated: l.MarketEstimated,
		Billable: l.Billable, TimeZone: l.TimeZone,
	}
	if charge.BillingAccountID == "" {
		charge.BillingAccountID = UnknownAccount
	}
	if charge.InvoiceIssuerName == "" {
		charge.InvoiceIssuerName = Issuer
	}
	if l.Charged > 0 {
		if card := c.Cards.Find(l.Card); card != nil {
			if list, ok := card.Rate(billing.Market(l.Market), billing.Category(l.Category)); ok {
				charge.ListUnitPrice = &list
			}
		}
	}
	charge.ListCost = charge.BilledCost
	var err error
	if charge.ListUnitPrice != nil {
		charge.ListCost, err = charge.ListUnitPrice.Times(l.Charged)
	}
	if err == nil {
		err = c.periods(&charge, l)
	}
	return charge, true, err
}

// periods are the day and the month of a charge, where the account is.
func (c *Charging) periods(charge *Charge, l *Line) error {
	zone := c.zones[l.TimeZone]
	if zone == nil {
		var err error
		if zone, err = time.LoadLocation(l.TimeZone); err != nil {
			return fmt.Errorf("the time zone %s is not known here: %w", l.TimeZone, err)
		}
		if c.zones == nil {
			c.zones = make(map[string]*time.Location)
		}
		c.zones[l.TimeZone] = zone
	}
	day, err := time.Parse(time.DateOnly, l.Day)
	if err != nil {
		return fmt.Errorf("%q is no day: %w", l.Day, err)
	}
	month := day.AddDate(0, 0, 1-day.Day())
	for date, at := range map[time.Time]*time.Time{day: &charge.ChargePeriodStart, day.AddDate(0, 0, 1): &charge.ChargePeriodEnd} {
		if *at, err = billing.Midnight(date.Format(time.DateOnly), zone); err != nil {
			return err
		}
		*at = at.UTC()
	}
	for date, at := range map[time.Time]*time.Time{month: &charge.BillingPeriodStart, month.AddDate(0, 1, 0): &charge.BillingPeriodEnd} {
		if *at, err = billing.Midnight(date.Format(time.DateOnly), zone); err != nil {
			return err
		}
		*at = at.UTC()
	}
	return nil
}
