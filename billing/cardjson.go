package billing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/waguard/waguard/internal/strictjson"
)

// cardReader reads a card as waguard writes it.
type cardReader struct {
	*CardFile
	text []byte
}

// readCardJSON reads a card as waguard writes it: what it doesn't know is refused, and what has
// two meanings.
func readCardJSON(text []byte) (*CardFile, error) {
	whole, err := strictjson.Parse(text)
	if broken, ok := errors.AsType[*strictjson.Error](err); ok {
		return nil, wrongAt(lineOf(text, min(broken.Offset, len(text))), "the file is no rate card in JSON: %s", broken.Problem)
	}
	if err != nil {
		return nil, wrongAt(0, "the file is no rate card in JSON: %v", err)
	}
	r := &cardReader{&CardFile{Card: new(Card), lines: make(map[Market]int), names: make(map[string]int)}, text}
	if err := r.card(whole); err != nil {
		return nil, err
	}
	r.noteMarkets()
	return r.CardFile, nil
}

func (r *cardReader) wrong(at strictjson.Value, format string, args ...any) error {
	return wrongAt(lineOf(r.text, at.Offset()), format, args...)
}

func (r *cardReader) card(whole strictjson.Value) (err error) {
	for _, needed := range []string{"currency", "from", "rates"} {
		if !whole.Get(needed).Given() {
			return wrongAt(0, "the card has no %q", needed)
		}
	}
	for key, v := range whole.Members() {
		switch key.String() {
		case "currency":
			var code string
			if code, err = r.string(key, v); err == nil {
				if r.Card.Currency, err = ParseCurrency(code); err != nil {
					err = r.wrong(v, "%v", err)
				}
			}
		case "from":
			if r.Card.From, err = r.string(key, v); err == nil {
				if _, broken := time.Parse(time.DateOnly, r.Card.From); broken != nil {
					err = r.wrong(v, "from is %q; it must be the first day of the card, such as 2026-10-01", r.Card.From)
				}
			}
		case "source":
			r.Card.Source, err = r.string(key, v)
		case "unofficial":
			if r.Card.Unofficial = v.Kind() == strictjson.True; !r.Card.Unofficial && v.Kind() != strictjson.False {
				err = r.wrong(v, "unofficial is %s; it must be true or false", v.Kind())
			}
		case "rates":
			err = r.rates(key, v)
		case "tiers": // their rates are compared with the list, which may stand below
		default:
			err = r.wrong(key.Value, "a card has no %q", key)
		}
		if err != nil {
			return err
		}
	}
	if tiers := whole.Get("tiers"); tiers.Kind() != strictjson.Absent {
		return r.tiers(tiers)
	}
	return nil
}

func (r *cardReader) string(key strictjson.Key, v strictjson.Value) (string, error) {
	text, ok := v.Text()
	if !ok {
		return "", r.wrong(v, "%s is %s; it must be text", key, v.Kind())
	}
	return text, nil
}

func (r *cardReader) object(what string, v strictjson.Value) error {
	if v.Kind() != strictjson.Object {
		return r.wrong(v, "%s are %s; they must be an object", what, v.Kind())
	}
	return nil
}

func (r *cardReader) rates(key strictjson.Key, v strictjson.Value) error {
	if err := r.object(key.String(), v); err != nil {
		return err
	}
	r.Card.Rates = make(map[Market]map[Category]Amount)
	for name, of := range v.Members() {
		row := tableRow{cells: []string{name.String()}}
		if row.name(0) == "" {
			return r.wrong(name.Value, "a market has no name")
		}
		market, err := r.market(row.name(0), lineOf(r.text, name.Offset()))
		if err != nil {
			return err
		}
		if err := r.object(fmt.Sprintf("the rates of %s", market), of); err != nil {
			return err
		}
		rates := make(map[Category]Amount)
		for column, v := range of.Members() {
			category := Category(column.String())
			if !slices.Contains(Columns, category) {
				return r.wrong(column.Value, "%s: %q is no category of a rate card", market, category)
			}
			if rates[category], err = r.amount(fmt.Sprintf("the rate of %s for %s", category, market), v); err != nil {
				return err
			}
		}
		r.Card.Rates[market] = rates
	}
	if len(r.Card.Rates) == 0 {
		return r.wrong(v, "the card has no rates")
	}
	return nil
}

// amount reads a price. null is none: what there isn't is left out.
func (r *cardReader) amount(what string, v strictjson.Value) (Amount, error) {
	text, ok := v.Text()
	if !ok {
		return 0, r.wrong(v, "%s is %s; it must be text, such as \"0.0618\", and is left out where there is none", what, v.Kind())
	}
	a, err := numberStyle{points: true}.amount(text)
	if err != nil {
		return 0, r.wrong(v, "%s: %v", what, err)
	}
	return a, nil
}

func (r *cardReader) tiers(v strictjson.Value) error {
	if err := r.object("tiers", v); err != nil {
		return err
	}
	r.Card.Tiers = make(map[Market]map[Category][]Tier)
	for name, of := range v.Members() {
		row := tableRow{cells: []string{name.String()}}
		market, known := knownMarkets[foldMarket(row.name(0))]
		if !known {
			market = Market(row.name(0))
		}
		if r.Card.Rates[market] == nil || r.Card.Tiers[market] != nil {
			return r.wrong(name.Value, "the tiers of %s: there are no rates of it, or tiers of it already", market)
		}
		if err := r.object(fmt.Sprintf("the tiers of %s", market), of); err != nil {
			return err
		}
		r.Card.Tiers[market] = make(map[Category][]Tier)
		for column, list := range of.Members() {
			category := Category(column.String())
			what := fmt.Sprintf("the tiers of %s for %s", category, market)
			tiers, err := r.bands(what, list)
			if err == nil {
				if broken := checkTiers(tiers); broken != nil {
					err = r.wrong(list, "%s: %v", what, broken)
				}
			}
			if err != nil {
				return err
			}
			if list, ok := r.Card.Rate(market, category); !ok || list != tiers[0].Rate {
				return r.wrong(column.Value, "%s begin with the rate %s, and the list rate is %s", what, tiers[0].Rate, rateText(list, ok))
			}
			r.Card.Tiers[market][category] = tiers
		}
	}
	return nil
}

func (r *cardReader) bands(what string, list strictjson.Value) (tiers []Tier, err error) {
	for band := range list.Elements() {
		var t Tier
		for key, v := range band.Members() {
			switch key.String() {
			case "to":
				if t.To, err = strconv.Atoi(string(v.Raw())); err != nil || v.Kind() != strictjson.Number || t.To <= 0 {
					return nil, r.wrong(v, "%s: a band ends with a number of messages, or has no \"to\"", what)
				}
			case "rate":
				if t.Rate, err = r.amount(what, v); err != nil {
					return nil, err
				}
			default:
				return nil, r.wrong(key.Value, "%s: a band has no %q", what, key)
			}
		}
		if !band.Get("rate").Given() {
			return nil, r.wrong(band, "%s: a band has no rate", what)
		}
		tiers = append(tiers, t)
	}
	return tiers, nil
}
