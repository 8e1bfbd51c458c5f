package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// toldTier is a volume tier that Meta told of, and when it was reached.
type toldTier struct {
	At   policy.Moment `cbor:"1,keyasint,omitempty"`
	From int           `cbor:"2,keyasint,omitempty"`
	To   int           `cbor:"3,keyasint,omitempty"`
}

func (a toldTier) compare(b toldTier) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// mostTiers bounds how many tiers of a month are kept: Meta has six.
const mostTiers = 64

// tierTold notes a volume tier that Meta told of, in a market and category that have some.
func (t *tx) tierTold(e *policy.VolumeTierTold) error {
	market, ok := billing.MarketNamed(e.Region)
	volume := volumeOf(billing.Category(e.Category).Column())
	if !ok || volume == "" {
		return nil
	}
	told := toldTier{e.At, e.From, e.To}
	return t.changeMeter(meterSubject{Kind: meterTier, Of: e.WABA, Month: e.Month, Market: market, Volume: volume}, func(r *meterRecord) {
		i, known := slices.BinarySearchFunc(r.Tiers, told, toldTier.compare)
		if known {
			return
		}
		r.Tiers = slices.Insert(slices.Clone(r.Tiers), i, told)
		r.Tiers = r.Tiers[max(0, len(r.Tiers)-mostTiers):]
	})
}

// tiersOf are those that were told of an account or of others of its portfolio.
func tiersOf(waba string, others []string, told func(account string) []toldTier) billing.ToldTiers {
	var all []toldTier
	if waba != "" {
		all = told(waba)
	}
	for _, account := range others {
		if account != waba {
			all = slices.Concat(all, told(account))
		}
	}
	return readTiers(all)
}

func readTiers(told []toldTier) billing.ToldTiers {
	if len(told) == 0 {
		return nil
	}
	tiers := make([]billing.ToldTier, len(told))
	for i, t := range told {
		tiers[i] = billing.ToldTier{At: t.At.Time(), From: t.From, To: t.To}
	}
	return billing.NewToldTiers(tiers...)
}

// MonthMeter is how far a meter of a month is.
type MonthMeter struct {
	// Number is the business phone number whose allowance it is; Group is whose volume, as
	// in [Meters].
	Number, Group string
	Month         string
	Market        billing.Market
	Volume        billing.Category
	// Messages are those that count.
	Messages int
	// WABA is the account that Tiers were told of.
	WABA  string
	Tiers billing.ToldTiers
}

// MonthMeters are the allowances and volumes of a month, and the tiers that were told of it,
// in no order.
func (s *Book) MonthMeters(ctx context.Context, month string) (list []MonthMeter, err error) {
	take := func(r *meterRecord) {
		m := MonthMeter{Month: r.Month, Market: r.Market, Volume: r.Volume, Messages: r.Messages}
		switch {
		case month != "" && month != r.Month:
			return
		case r.Kind == meterAllowance:
			m.Number = r.Of
		case r.Kind == meterVolume:
			m.Group = r.Of
		case r.Kind == meterTier:
			m.WABA, m.Tiers = r.Of, readTiers(r.Tiers)
		default:
			return
		}
		list = append(list, m)
	}
	if k := s.known; k != nil {
		k.mu.RLock()
		defer k.mu.RUnlock()
		for _, r := range k.meters {
			take(&r)
		}
		return list, nil
	}
	err = s.view(ctx, func(r *reading) error {
		list = nil
		return r.Scan([]byte{meterPrefix}, func(_, value []byte) (bool, error) {
			m, err := decodeMeter(value)
			if err == nil {
				take(&m)
			}
			return ctx.Err() != nil, err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the meters of a month: %w", err)
	}
	return list, ctx.Err()
}
