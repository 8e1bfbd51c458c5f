package store

import (
	"encoding/binary"
	"errors"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// sumsRecord holds the sums of a quarter's ledger entries, so that nobody need read
// those to count them. It is there only as long as it says what reading them would:
// whatever changes one of them deletes it (sumskept.go).
type sumsRecord struct {
	// Chain is the start of the store since which every waguard that wrote to it knew
	// of these records.
	Chain uint64 `cbor:"1,keyasint"`
	// Texts are those of the sums, and Numbers sumWidth of each sum.
	Texts   []string `cbor:"2,keyasint,omitempty"`
	Numbers []uint64 `cbor:"3,keyasint,omitempty"`
	// Open are entries of which others say what became of them. They are in no sum,
	// and read each time.
	Open []ID `cbor:"4,keyasint,omitempty"`
	// Method is sumsMethod, when it was written.
	Method uint64 `cbor:"5,keyasint"`
}

// sumsMethod grows when the same entries come to other sums than before.
const sumsMethod = 2

// sumTexts is how many texts a sum has, and sumWidth how many numbers: N, where the texts
// are, the kind, flags, the two prices, and when it was delivered.
const (
	sumTexts     = 16
	sumWidth     = 1 + sumTexts + 5
	sumEstimated = 1
	sumCharged   = 2
	sumKnown     = 4
)

// chainRecord says, under the first byte of the keys alone, by which start of the store
// the sums were last looked after.
type chainRecord struct {
	Chain uint64 `cbor:"1,keyasint"`
	Start uint64 `cbor:"2,keyasint"`
}

// texts are all those of a.
func (a *Alike) texts() [sumTexts]string {
	return [...]string{
		a.PhoneNumberID, a.Business, string(a.Category), a.Tag, a.Market, string(a.State), string(a.Status), string(a.Initiation),
		string(a.Estimated), string(a.Told), string(a.Price.Category), string(a.Price.Type), string(a.Price.Currency), a.Price.Card, a.Template, string(a.Tags),
	}
}

// newSumsRecord holds the sums of one quarter.
func newSumsRecord(chain uint64, sums map[Alike]int, open []ID) *sumsRecord {
	r := &sumsRecord{Chain: chain, Open: open, Method: sumsMethod}
	where := make(map[string]uint64)
	for a, n := range sums {
		r.Numbers = append(r.Numbers, uint64(n))
		for _, text := range a.texts() {
			if _, known := where[text]; !known {
				where[text] = uint64(len(r.Texts))
				r.Texts = append(r.Texts, text)
			}
			r.Numbers = append(r.Numbers, where[text])
		}
		var flags uint64
		if a.MarketEstimated {
			flags |= sumEstimated
		}
		if a.Charged {
			flags |= sumCharged
		}
		if a.Price.Known {
			flags |= sumKnown
		}
		r.Numbers = append(r.Numbers, uint64(a.Kind), flags, uint64(a.Price.Unit), uint64(a.Price.List), uint64(a.DeliveredAfter))
	}
	return r
}

// sums are those that r holds.
func (r *sumsRecord) sums() (map[Alike]int, error) {
	sums := make(map[Alike]int, len(r.Numbers)/sumWidth)
	for rest := r.Numbers; len(rest) > 0; rest = rest[sumWidth:] {
		if len(rest) < sumWidth {
			return nil, errUnevenSums
		}
		var texts [sumTexts]string
		for i := range texts {
			at := rest[1+i]
			if at >= uint64(len(r.Texts)) {
				return nil, errUnevenSums
			}
			texts[i] = r.Texts[at]
		}
		numbers := rest[1+sumTexts : sumWidth]
		sums[Alike{
			PhoneNumberID: texts[0], Business: texts[1], Category: policy.Category(texts[2]), Tag: texts[3], Market: texts[4],
			State: OutcomeState(texts[5]), Status: policy.DeliveryStatus(texts[6]), Initiation: policy.Initiation(texts[7]),
			Estimated: policy.Category(texts[8]), Told: billing.PriceType(texts[9]), Template: texts[14], Tags: billing.Tags(texts[15]),
			Price: billing.Quote{
				Category: billing.Category(texts[10]), Type: billing.PriceType(texts[11]), Currency: billing.Currency(texts[12]), Card: texts[13],
				Unit: billing.Amount(numbers[2]), List: billing.Amount(numbers[3]), Known: numbers[1]&sumKnown != 0,
			},
			Kind: policy.Kind(numbers[0]), MarketEstimated: numbers[1]&sumEstimated != 0, Charged: numbers[1]&sumCharged != 0,
			DeliveredAfter: int(numbers[4]),
		}] += int(rest[0])
	}
	return sums, nil
}

var errUnevenSums = errors.New("its sums are incomplete")

// A quarter's sums stand under its number since 1970, in an id's place, so that the
// engine finds them by time as it does entries.

func sumsKey(q int64) []byte {
	id := FirstID(beginOf(q))
	return append([]byte{SumsPrefix}, id[:]...)
}

// quarterIn is the quarter in a key that sumsKey made; false for any other.
func quarterIn(key []byte) (q int64, ok bool) {
	if len(key) != 1+len(ID{}) {
		return 0, false
	}
	return numberOf(ID(key[1:]).Moment()), binary.BigEndian.Uint64(key[9:]) == 0
}

// numberOf is the number of the quarter a moment lies in, and beginOf when it begins.
func numberOf(at policy.Moment) int64 { return int64(max(at, 0) / quarter) }

func beginOf(q int64) policy.Moment { return policy.Moment(q) * quarter }

// checkSums checks a record of sums.
func checkSums(_ func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) == 1 {
		return decode(value, new(chainRecord))
	}
	if _, ok := quarterIn(key); !ok {
		return errors.New("its key is not that of a quarter of an hour")
	}
	var r sumsRecord
	if err := decode(value, &r); err != nil {
		return err
	}
	if r.Method != sumsMethod { // another version's, which nobody reads
		return nil
	}
	_, err := r.sums()
	return err
}
