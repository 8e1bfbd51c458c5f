package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Figures are what Meta says that it charges an account for on a day.
type Figures struct {
	WABA string
	// Day is the date where the account is.
	Day string
	// At is when Meta said so.
	At policy.Moment
	// Currency is the account's, "" where nobody told.
	Currency billing.Currency
	Points   []billing.AnalyticsPoint
}

// figuresRecord is a part of an account's figures of a day: the points from one on. There is
// a first part also where there are no points.
type figuresRecord struct {
	WABA string        `cbor:"1,keyasint"`
	Day  string        `cbor:"2,keyasint"`
	At   policy.Moment `cbor:"3,keyasint,omitempty"`
	// Parts is how many there are; in the first one.
	Parts    int              `cbor:"4,keyasint,omitempty"`
	Currency billing.Currency `cbor:"5,keyasint,omitempty"`
	Points   []figurePoint    `cbor:"6,keyasint,omitempty"`
}

// figurePoint is a [billing.AnalyticsPoint]. Its times are Unix ones.
type figurePoint struct {
	Start    int64             `cbor:"1,keyasint"`
	End      int64             `cbor:"2,keyasint"`
	Phone    string            `cbor:"3,keyasint,omitempty"`
	Country  string            `cbor:"4,keyasint,omitempty"`
	Category billing.Category  `cbor:"5,keyasint,omitempty"`
	Type     billing.PriceType `cbor:"6,keyasint,omitempty"`
	Tier     string            `cbor:"7,keyasint,omitempty"`
	Volume   int               `cbor:"8,keyasint,omitempty"`
	Cost     billing.Amount    `cbor:"9,keyasint,omitempty"`
}

const (
	// figuresAtOnce is how many points a part has at most, and mostFigureParts how many
	// parts a day.
	figuresAtOnce   = 1000
	mostFigureParts = 16
)

func figuresOf(waba string) []byte { return digestKey(figuresPrefix, waba) }

// figuresKey is that of a part. The days of an account stand one after another.
func figuresKey(waba, day string, part int) []byte {
	return binary.BigEndian.AppendUint16(append(figuresOf(waba), day...), uint16(part))
}

// PutFigures keeps what Meta says that it charges for on a day, in place of what it said
// before, as long as the ledger.
func (s *Book) PutFigures(ctx context.Context, f *Figures) error {
	day, err := time.Parse(time.DateOnly, f.Day)
	if err != nil {
		return err
	}
	var parts []figuresRecord
	for points := range slices.Chunk(f.Points, figuresAtOnce) {
		part := figuresRecord{WABA: f.WABA, Day: f.Day, Currency: f.Currency}
		for _, p := range points {
			part.Points = append(part.Points, figurePoint{p.Start.Unix(), p.End.Unix(), p.Phone, p.Country, p.Category, p.Type, p.Tier, p.Volume, p.Cost})
		}
		parts = append(parts, part)
	}
	switch {
	case len(parts) == 0:
		parts = []figuresRecord{{WABA: f.WABA, Day: f.Day, Currency: f.Currency}}
	case len(parts) > mostFigureParts:
		return fmt.Errorf("what Meta charges account %s for on %s has %d points, more than the %d that are kept of a day", f.WABA, f.Day, len(f.Points), mostFigureParts*figuresAtOnce)
	}
	parts[0].At, parts[0].Parts = f.At, len(parts)
	keep := s.keepSince(policy.MomentOf(day))
	err = s.updateBulk(ctx, len(parts), func(t *tx) error {
		before, err := readRecord[figuresRecord](t, figuresKey(f.WABA, f.Day, 0))
		if err != nil {
			return err
		}
		for i := range parts {
			value, err := encode(&parts[i])
			if err == nil {
				err = t.Put(figuresKey(f.WABA, f.Day, i), value, keep)
			}
			if err != nil {
				return err
			}
		}
		for i := len(parts); i < before.Parts; i++ {
			if err := t.Delete(figuresKey(f.WABA, f.Day, i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping what Meta charges: %w", err)
	}
	return nil
}

// Figures are what Meta says that it charges an account for, of the days from one on and
// before another that it was asked about, by day.
func (s *Book) Figures(ctx context.Context, waba, from, to string) (days []*Figures, err error) {
	err = s.view(ctx, func(r *reading) error {
		days = nil
		oldest := s.oldest(s.options.LedgerRetention)
		return r.Scan(figuresOf(waba), func(_, value []byte) (enough bool, err error) {
			var part figuresRecord
			if err := decode(value, &part); err != nil {
				return false, err
			}
			day, err := time.Parse(time.DateOnly, part.Day)
			if err != nil {
				return false, fmt.Errorf("%w: %w", ErrUnreadable, err)
			}
			if part.Day < from || policy.MomentOf(day.AddDate(0, 0, 1)) < oldest {
				return false, nil
			}
			if part.Day >= to {
				return true, nil
			}
			if len(days) == 0 || days[len(days)-1].Day != part.Day {
				days = append(days, &Figures{WABA: part.WABA, Day: part.Day, At: part.At, Currency: part.Currency})
			}
			f := days[len(days)-1]
			for _, p := range part.Points {
				f.Points = append(f.Points, billing.AnalyticsPoint{
					Start: time.Unix(p.Start, 0).UTC(), End: time.Unix(p.End, 0).UTC(), Phone: p.Phone, Country: p.Country,
					Category: p.Category, Type: p.Type, Tier: p.Tier, Volume: p.Volume, Cost: p.Cost,
				})
			}
			return false, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading what Meta charges: %w", err)
	}
	return days, nil
}
