package store

import (
	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// column is one thing that sums tell apart: a text or a number of an [Alike].
type column struct {
	text func(*Alike) string
	// number is nil for texts.
	number func(*Alike) uint64
	// One of them sets it.
	setText   func(*Alike, string)
	setNumber func(*Alike, uint64)
}

// sumColumns is how many columns there are.
const sumColumns = 24

// columns are all of them. What varies most comes first: records say of each sum only
// which columns differ from the sum before. New ones come last; in records from before
// they are empty or zero.
var columns = [sumColumns]column{
	number(func(a *Alike) *int { return &a.DeliveredAfter }),
	text(func(a *Alike) *policy.DeliveryStatus { return &a.Status }),
	text(func(a *Alike) *string { return &a.Market }),
	text(func(a *Alike) *billing.PriceType { return &a.Told }),
	truth(func(a *Alike) *bool { return &a.Charged }),
	text(func(a *Alike) *policy.Category { return &a.Category }),
	number(func(a *Alike) *billing.Amount { return &a.Price.Unit }),
	number(func(a *Alike) *billing.Amount { return &a.Price.List }),
	text(func(a *Alike) *OutcomeState { return &a.State }),
	text(func(a *Alike) *billing.PriceType { return &a.Price.Type }),
	text(func(a *Alike) *string { return &a.Template }),
	text(func(a *Alike) *billing.Tags { return &a.Tags }),
	text(func(a *Alike) *policy.Category { return &a.Estimated }),
	text(func(a *Alike) *billing.Category { return &a.Price.Category }),
	text(func(a *Alike) *string { return &a.PhoneNumberID }),
	text(func(a *Alike) *string { return &a.Business }),
	text(func(a *Alike) *string { return &a.Tag }),
	text(func(a *Alike) *policy.Initiation { return &a.Initiation }),
	number(func(a *Alike) *policy.Kind { return &a.Kind }),
	truth(func(a *Alike) *bool { return &a.MarketEstimated }),
	truth(func(a *Alike) *bool { return &a.Price.Known }),
	text(func(a *Alike) *billing.Currency { return &a.Price.Currency }),
	text(func(a *Alike) *string { return &a.Price.Card }),
	text(func(a *Alike) *billing.Part { return &a.Part }),
}

// numbers says of columns whether they are numbers.
var numbers = func() (numbers [sumColumns]bool) {
	for i := range columns {
		numbers[i] = columns[i].number != nil
	}
	return numbers
}()

const (
	deliveredColumn = 0
	templateColumn  = 10
	tagsColumn      = 11
	partColumn      = 23
)

func text[T ~string](of func(*Alike) *T) column {
	return column{text: func(a *Alike) string { return string(*of(a)) }, setText: func(a *Alike, s string) { *of(a) = T(s) }}
}

func number[T ~int | ~int64 | ~uint8](of func(*Alike) *T) column {
	return column{number: func(a *Alike) uint64 { return zigzag(int64(*of(a))) }, setNumber: func(a *Alike, n uint64) { *of(a) = T(unzigzag(n)) }}
}

func truth(of func(*Alike) *bool) column {
	return column{
		number: func(a *Alike) uint64 {
			if *of(a) {
				return 1
			}
			return 0
		},
		setNumber: func(a *Alike, n uint64) { *of(a) = n != 0 },
	}
}

// zigzag makes small numbers of those near zero.
func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }
