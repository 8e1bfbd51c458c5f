package store

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// sumsRecord holds the sums of a quarter's ledger entries, so that nobody need read
// those to count them. With its corrections it says what reading them would come to:
// whatever changes what an entry counts as leaves one (sumskept.go).
type sumsRecord struct {
	// Chain is the start of the store since which every waguard that wrote to it knew
	// of these records.
	Chain uint64 `cbor:"1,keyasint"`
	// Texts, Numbers and Open are what earlier versions kept. Those are made anew.
	Texts   []string `cbor:"2,keyasint,omitempty"`
	Numbers []uint64 `cbor:"3,keyasint,omitempty"`
	Open    []ID     `cbor:"4,keyasint,omitempty"`
	// Method is sumsMethod, when it was written.
	Method uint64 `cbor:"5,keyasint"`
	// Packed are the sums as tally.pack writes them, N of how many entries.
	Packed []byte `cbor:"6,keyasint,omitempty"`
	N      uint64 `cbor:"7,keyasint,omitempty"`
	// Look is set while several gateways share the records and one of them sums up the
	// quarter.
	Look *sumsLook `cbor:"8,keyasint,omitempty"`
}

// sumsLook is what one gateway asks all others to tell it.
type sumsLook struct {
	// Of tells the look from all others, Began is when it did.
	Of    ID            `cbor:"1,keyasint"`
	Began policy.Moment `cbor:"2,keyasint"`
	// Touched are the entries to which something has happened since.
	Touched []ID `cbor:"3,keyasint,omitempty"`
}

// sumsMethod grows when the same entries come to other sums than before, or the sums are
// looked after in another way.
const sumsMethod = 5

// chainRecord says, under the first byte of the keys alone, by which start of the store
// the sums were last looked after, and how.
type chainRecord struct {
	Chain  uint64 `cbor:"1,keyasint"`
	Start  uint64 `cbor:"2,keyasint"`
	Method uint64 `cbor:"3,keyasint,omitempty"`
}

// correctionRecord says of an entry that it counts otherwise than the sums of its quarter
// have it. Whoever counts takes away what it was and adds what it is, which is read.
type correctionRecord struct {
	// Was is nil where the entry is in no sum.
	Was *countedAs `cbor:"1,keyasint,omitempty"`
	// Copies are those of a message to a group that are in the sum as well.
	Copies []countedCopy `cbor:"2,keyasint,omitempty"`
}

// newCorrection says what an entry counts as now.
func newCorrection(c *counted) (r correctionRecord) {
	r.Was = newCountedAs(&c.Alike)
	for i := range c.copies {
		a := &c.copies[i]
		r.Copies = append(r.Copies, countedCopy{*newCountedAs(a), a.Market, a.MarketEstimated})
	}
	return r
}

// was is what an entry counted as of which it is known what it counts as now.
func (c *correctionRecord) was(is *counted) counted {
	was := counted{at: is.at, Alike: is.Alike}
	c.Was.of(&was.Alike)
	for i := range c.Copies {
		a := is.Alike
		c.Copies[i].As.of(&a)
		a.Market, a.MarketEstimated = c.Copies[i].Market, c.Copies[i].Estimated
		was.copies = append(was.copies, a)
	}
	return was
}

// countedCopy is how a copy counted.
type countedCopy struct {
	As        countedAs `cbor:"1,keyasint"`
	Market    string    `cbor:"2,keyasint,omitempty"`
	Estimated bool      `cbor:"3,keyasint,omitempty"`
}

// countedAs is what can change of how an entry counts.
type countedAs struct {
	Category  policy.Category       `cbor:"1,keyasint,omitempty"`
	State     OutcomeState          `cbor:"2,keyasint,omitempty"`
	Status    policy.DeliveryStatus `cbor:"3,keyasint,omitempty"`
	Charged   bool                  `cbor:"4,keyasint,omitempty"`
	Told      billing.PriceType     `cbor:"5,keyasint,omitempty"`
	Delivered int                   `cbor:"6,keyasint,omitempty"`
	Part      billing.Part          `cbor:"7,keyasint,omitempty"`
}

func newCountedAs(a *Alike) *countedAs {
	return &countedAs{a.Category, a.State, a.Status, a.Charged, a.Told, a.DeliveredAfter, a.Part}
}

// of makes what an entry counts as what it counted as.
func (c *countedAs) of(a *Alike) {
	a.Category, a.State, a.Status, a.Charged, a.Told, a.DeliveredAfter, a.Part = c.Category, c.State, c.Status, c.Charged, c.Told, c.Delivered, c.Part
}

// correction is the one of an entry.
type correction struct {
	id ID
	correctionRecord
}

func decodeCorrection(id ID, value []byte) (correction, error) {
	c := correction{id: id}
	return c, decode(value, &c.correctionRecord)
}

var errUnevenSums = errors.New("its sums are incomplete")

// A quarter's sums stand under its number since 1970, in an id's place, so that the
// engine finds them by time as it does entries. Their corrections stand behind them,
// under the entry's id and a zero.

// SumsBefore is the end of the keys of sums of entries that are all older than a time. They
// begin with [SumsPrefix].
func SumsBefore(at time.Time) []byte {
	id := FirstID(policy.MomentOf(at))
	return append([]byte{SumsPrefix}, id[:]...)
}

func sumsKey(q int64) []byte {
	id := FirstID(beginOf(q))
	return append([]byte{SumsPrefix}, id[:]...)
}

func correctionKey(id ID) []byte {
	return append(append(make([]byte, 0, 2+len(id)), SumsPrefix), append(id[:], 0)...)
}

// quarterIn is the quarter in a key that sumsKey made; false for any other.
func quarterIn(key []byte) (q int64, ok bool) {
	if len(key) != 1+len(ID{}) {
		return 0, false
	}
	return numberOf(ID(key[1:]).Moment()), binary.BigEndian.Uint64(key[9:]) == 0
}

// correctedIn is the entry in a key that correctionKey made; false for any other.
func correctedIn(key []byte) (id ID, ok bool) {
	if len(key) != 2+len(id) || key[1+len(id)] != 0 {
		return id, false
	}
	return ID(key[1:]), true
}

// numberOf is the number of the quarter a moment lies in, and beginOf when it begins.
func numberOf(at policy.Moment) int64 { return int64(max(at, 0) / quarter) }

func beginOf(q int64) policy.Moment { return policy.Moment(q) * quarter }

// checkSums checks a record of sums.
func checkSums(_ func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) == 1 {
		return decode(value, new(chainRecord))
	}
	if id, ok := correctedIn(key); ok {
		_, err := decodeCorrection(id, value)
		return err
	}
	q, ok := quarterIn(key)
	if !ok {
		return errors.New("its key is not that of a quarter of an hour")
	}
	var r sumsRecord
	if err := decode(value, &r); err != nil {
		return err
	}
	if r.Method != sumsMethod { // another version's, which nobody reads
		return nil
	}
	t := newTally()
	if err := t.addPacked(q, r.Packed); err != nil {
		return err
	}
	n := 0
	for _, sum := range t.counts {
		n += sum
	}
	if n != int(r.N) {
		return errUnevenSums
	}
	return nil
}

// heldSums is a quarter's record of sums, nil where it doesn't hold, or can't be read.
func (s *Book) heldSums(value []byte) *sumsRecord {
	var record sumsRecord
	if value == nil || s.sums == nil || decode(value, &record) != nil || record.Chain != s.sums.chain || record.Method != sumsMethod {
		return nil
	}
	return &record
}
