package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/decimal"
)

// Meta tells what it charges in the field pricing_analytics of a WhatsApp Business Account:
// points of time, each with how many messages were delivered in it that are alike, and what
// they cost. The figures are those of its own console, and of the invoice but for what Meta
// corrects later; it keeps them for a year. Its documentation (Analytics, June 2026) has the
// fields; that days begin at midnight where the account is, answers show.

// AnalyticsPoint is what Meta charges for the messages of a time that are alike.
type AnalyticsPoint struct {
	Start, End time.Time
	// Phone are the digits of the business's own number, and Country is the ISO code of the
	// people's; "" where nobody asked for them.
	Phone, Country string
	// Category and Type are in the words of this package; "" where nobody asked for them.
	Category Category
	Type     PriceType
	// Tier is the band of a month's volume such as "0:750000"; "" where it is none.
	Tier string
	// Volume is how many messages were delivered, Cost what they cost together.
	Volume int
	Cost   Amount
}

// where tells a point from the others.
func (p *AnalyticsPoint) where() AnalyticsPoint {
	w := *p
	w.Volume, w.Cost = 0, 0
	return w
}

// Analytics are Meta's figures on an account.
type Analytics struct {
	// WABA is the account's id, and Currency the one that it is billed in; "" where nobody
	// told.
	WABA     string
	Currency Currency
	Points   []AnalyticsPoint
	// Phones, Countries, Categories, Types: the points say those. What they don't is not
	// compared.
	Phones, Countries, Categories, Types bool
	// Rounded is how many costs had more decimals than an amount has, and were rounded to
	// the last of those.
	Rounded int
	// Covers reports whether they have all of a day, so that what they don't have wasn't
	// delivered then. Nil: they have the days from the first of their points to the last.
	Covers func(day string) bool
}

// LargestAnalytics is how large a file of Meta's figures may be.
const LargestAnalytics = 32 << 20

// longestDay is the longest day there is, when clocks are put back, with room to spare.
// Points that are longer are months.
const longestDay = 36 * time.Hour

// analyticsAnswer is an answer of Meta's: of the account, with the field in it, or of the
// field alone, as later pages are.
type analyticsAnswer struct {
	ID       string           `json:"id"`
	Currency string           `json:"currency"`
	Field    *analyticsField  `json:"pricing_analytics"`
	Data     []analyticsBlock `json:"data"`
	Error    json.RawMessage  `json:"error"`
}

type analyticsField struct {
	Data []analyticsBlock `json:"data"`
}

type analyticsBlock struct {
	Points []analyticsPoint `json:"data_points"`
}

// analyticsPoint is a point as it is told. Numbers are kept as they are written.
type analyticsPoint struct {
	Start    textOrNumber `json:"start"`
	End      textOrNumber `json:"end"`
	Phone    textOrNumber `json:"phone_number"`
	Country  string       `json:"country"`
	Category string       `json:"pricing_category"`
	Type     string       `json:"pricing_type"`
	Tier     string       `json:"tier"`
	Volume   json.Number  `json:"volume"`
	Cost     json.Number  `json:"cost"`
}

// textOrNumber is what one writer puts in quotes and another doesn't; "" for null.
type textOrNumber string

// UnmarshalJSON takes either as it is written.
func (t *textOrNumber) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	if raw[0] != '"' {
		*t = textOrNumber(raw)
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// ReadAnalytics reads answers of Meta's to a question for pricing_analytics: one or several
// after another, or a list of them. A later answer beats an earlier one about the same.
func ReadAnalytics(data []byte) (*Analytics, error) {
	if len(data) > LargestAnalytics {
		return nil, fmt.Errorf("the file is larger than %d MiB; ask Meta for less at once", LargestAnalytics>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	a := new(Analytics)
	at := make(map[AnalyticsPoint]int)
	dec := json.NewDecoder(bytes.NewReader(data))
	answers := 0
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			at := int64(len(data))
			if broken, ok := errors.AsType[*json.SyntaxError](err); ok {
				at = broken.Offset
			}
			return nil, fmt.Errorf("line %d: it is no JSON as Meta answers: %w", 1+bytes.Count(data[:min(at, int64(len(data)))], []byte("\n")), err)
		}
		several := []json.RawMessage{raw}
		if raw[0] == '[' {
			if err := json.Unmarshal(raw, &several); err != nil {
				return nil, err
			}
		}
		for _, one := range several {
			answers++
			if err := a.read(one, at); err != nil {
				return nil, fmt.Errorf("answer %d: %w", answers, err)
			}
		}
	}
	if answers == 0 {
		return nil, errors.New("it is empty; it should be what Meta answers to a question for pricing_analytics")
	}
	return a, nil
}

// read adds an answer. at is where the points are that others told.
func (a *Analytics) read(raw []byte, at map[AnalyticsPoint]int) error {
	var answer analyticsAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("it is no answer of Meta's: %w", err)
	}
	blocks := answer.Data
	switch {
	case answer.Error != nil:
		return errors.New("it is an error of Meta's, and no figures")
	case answer.Field != nil:
		blocks = answer.Field.Data
	case answer.ID == "" && answer.Data == nil:
		return errors.New("it has no pricing_analytics")
	}
	if answer.ID != "" && a.WABA != "" && answer.ID != a.WABA {
		return fmt.Errorf("it is of the account %s, and those before are of %s: compare one account at a time", answer.ID, a.WABA)
	}
	if answer.ID != "" {
		a.WABA = answer.ID
	}
	if answer.Currency != "" {
		var err error
		if a.Currency, err = ParseCurrency(answer.Currency); err != nil {
			return err
		}
	}
	mine := make(map[AnalyticsPoint]bool)
	n := 0
	for _, b := range blocks {
		for i := range b.Points {
			n++
			p, rounded, err := b.Points[i].read()
			if err != nil {
				return fmt.Errorf("data point %d: %w", n, err)
			}
			if rounded {
				a.Rounded++
			}
			if err := a.take(p, at, mine); err != nil {
				return fmt.Errorf("data point %d: %w", n, err)
			}
		}
	}
	return nil
}

// take adds a point. What one answer says twice it says of different messages, which it was
// not asked to tell apart.
func (a *Analytics) take(p AnalyticsPoint, at map[AnalyticsPoint]int, mine map[AnalyticsPoint]bool) (err error) {
	a.Phones, a.Countries = a.Phones || p.Phone != "", a.Countries || p.Country != ""
	a.Categories, a.Types = a.Categories || p.Category != "", a.Types || p.Type != ""
	where := p.where()
	i, told := at[where]
	switch {
	case !told:
		at[where] = len(a.Points)
		a.Points = append(a.Points, p)
	case mine[where]:
		a.Points[i].Volume += p.Volume
		a.Points[i].Cost, err = a.Points[i].Cost.Plus(p.Cost)
	default:
		a.Points[i] = p
	}
	mine[where] = true
	return err
}

// largestVolume bounds how many messages a point may have.
const largestVolume = 1 << 40

func (p *analyticsPoint) read() (point AnalyticsPoint, rounded bool, err error) {
	start, err := strconv.ParseInt(string(p.Start), 10, 64)
	if err != nil {
		return point, false, fmt.Errorf("its start %q is no Unix time in seconds", p.Start)
	}
	end, err := strconv.ParseInt(string(p.End), 10, 64)
	if err != nil || end <= start {
		return point, false, fmt.Errorf("its end %q is no Unix time in seconds after its start", p.End)
	}
	volume, err := strconv.Atoi(string(p.Volume))
	if err != nil || volume < 0 || volume > largestVolume {
		return point, false, fmt.Errorf("its volume %q is no number of messages; ask Meta for metric_types VOLUME and COST", p.Volume)
	}
	point = AnalyticsPoint{
		Start: time.Unix(start, 0).UTC(), End: time.Unix(end, 0).UTC(), Volume: volume,
		Phone: digitsOf(string(p.Phone)), Country: strings.ToUpper(p.Country), Tier: p.Tier,
		Category: Category(wordOf(p.Category)), Type: PriceType(wordOf(p.Type)),
	}
	if point.Category == "ai_bot" { // as statuses call it
		point.Category = GeneralPurposeAI
	}
	switch {
	case p.Cost != "":
		point.Cost, rounded, err = ReadCost(string(p.Cost))
	case volume > 0 && !strings.HasPrefix(string(point.Type), "free"):
		err = errors.New("it has no cost; ask Meta for metric_types VOLUME and COST")
	}
	return point, rounded, err
}

// wordOf is a word of Meta's enumerations as this package writes it.
func wordOf(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

const (
	// longestCost is how many characters a cost may have, and largestCost how much it may
	// be: sums of any number of them are still checked.
	longestCost        = 64
	largestCost Amount = 1_000_000_000 * decimal.Unit
)

// ReadCost reads a cost as JSON writes numbers. Meta's are sums of prices with at most six
// decimals; one with more comes of adding in binary (11.959999999999999), and is rounded to
// the sixth.
func ReadCost(s string) (cost Amount, changed bool, err error) {
	exact, ok := new(big.Rat), false
	if len(s) <= longestCost && !strings.ContainsAny(s, "/_xXpP") && !hugeExponent(s) {
		exact, ok = exact.SetString(s)
	}
	if !ok {
		return 0, false, fmt.Errorf("its cost %q is no amount of money", s)
	}
	millionths := new(big.Rat).Mul(exact, new(big.Rat).SetInt64(decimal.Unit))
	n, err := rounded(millionths)
	if err == nil && max(n, -n) > int64(largestCost) {
		err = ErrOverflow
	}
	if err != nil {
		return 0, false, fmt.Errorf("its cost %q: %w", s, err)
	}
	return Amount(n), !millionths.IsInt(), nil
}

// hugeExponent reports an exponent of more than two digits, which would take memory to
// write out.
func hugeExponent(s string) bool {
	_, exponent, ok := strings.Cut(strings.ToLower(s), "e")
	return ok && len(strings.TrimLeft(exponent, "+-0")) > 2
}

// Monthly reports that they are by months, so that days can't be told apart.
func (a *Analytics) Monthly() bool {
	return slices.ContainsFunc(a.Points, func(p AnalyticsPoint) bool { return p.End.Sub(p.Start) > longestDay })
}

// Span is from when to when their points are; zero where there are none.
func (a *Analytics) Span() (from, to time.Time) {
	for i := range a.Points {
		if p := &a.Points[i]; from.IsZero() || p.Start.Before(from) {
			from = p.Start
		}
		if p := &a.Points[i]; p.End.After(to) {
			to = p.End
		}
	}
	return from, to
}

// Day is the date of a point where the account is. Its middle tells, since days can begin a
// little earlier or later at Meta.
func (p *AnalyticsPoint) Day(zone *time.Location) string {
	return Day(p.Start.Add(p.End.Sub(p.Start)/2), zone)
}

// laterBand reports a tier that isn't the first band of a month.
func laterBand(tier string) bool {
	from, _, ok := strings.Cut(tier, ":")
	n, err := strconv.Atoi(from)
	return ok && err == nil && n > 1
}
