package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"

	"github.com/waguard/waguard/policy"
)

// A tombstone is what is left of a person whose data was erased: under a name that is
// derived from theirs with a key of its own, when that was. It leads from a name
// somebody shows to the erasure, and from the erasure to nobody; nothing else is named
// so. The key comes from that of the pseudonyms, so that a tombstone that was kept apart
// fits every backup of the installation, older ones too.

// Tombstone is a person's erasure, under the name it is kept by.
type Tombstone struct {
	Name policy.Alias
	policy.Erasure
}

// String is the tombstone on a line: its name, when it was laid, and what was heard last.
// Behind it stands a checksum, so that a line that was torn is none.
func (t Tombstone) String() string {
	text := fmt.Sprintf("%s %d %d", t.Name, t.At, t.Heard)
	return fmt.Sprintf("%s %08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// ParseTombstone reads what String wrote; false where it is nothing that was.
func ParseTombstone(line string) (t Tombstone, ok bool) {
	var name string
	var sum uint32
	if n, err := fmt.Sscanf(line, "%32s %d %d %08x", &name, &t.At, &t.Heard, &sum); n != 4 || err != nil {
		return t, false
	}
	if t.Name.UnmarshalText([]byte(name)) != nil || t.At <= 0 {
		return t, false
	}
	return t, t.String() == line
}

// Tombs is an engine that keeps tombstones beside the records as well, where no backup
// that is restored takes their place.
type Tombs interface {
	// KeepTombstones adds some. They are on disk when it returns.
	KeepTombstones(added []Tombstone) error
	// Tombstones are those that were kept.
	Tombstones() ([]Tombstone, error)
}

// tombstones knows tombstones by name.
type tombstones struct {
	names *pseudonyms
	// any is set once there may be one.
	any atomic.Bool
	// mu guards known: all of them, where the engine is [Sole].
	mu    sync.RWMutex
	known map[policy.Alias]policy.Erasure
}

// learn takes over a tombstone that was read or committed.
func (t *tombstones) learn(name policy.Alias, e policy.Erasure) {
	t.any.Store(true)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[name] = e
}

func (t *tombstones) get(name policy.Alias) policy.Erasure {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.known[name]
}

// tombstoneDomain keeps the key of tombstones apart from every other use of the one it
// is derived from.
const tombstoneDomain = "waguard tombstones 1"

func newTombstones(key []byte) *tombstones {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(tombstoneDomain))
	return &tombstones{names: newPseudonyms(mac.Sum(nil)), known: make(map[policy.Alias]policy.Erasure)}
}

// of is the name of the tombstone of a person's name.
func (t *tombstones) of(a policy.Alias) policy.Alias { return t.names.of('e', string(a[:])) }

func tombstoneKey(name policy.Alias) []byte {
	return append([]byte{erasurePrefix, tombstoneKind}, name[:]...)
}

// nobodyErased reports that there is no tombstone, as far as can be told without a look.
func (s *Book) nobodyErased() bool { return s.sole != nil && !s.tombs.any.Load() }

// erasure is when the data of who has a name was erased; the zero value for never. src
// is nil where the engine is sole and nothing is being changed.
func (s *Book) erasure(src values, a policy.Alias) (policy.Erasure, error) {
	if s.nobodyErased() {
		return policy.Erasure{}, nil
	}
	name := s.tombs.of(a)
	if src == nil {
		return s.tombs.get(name), nil
	}
	return readRecord[policy.Erasure](src, tombstoneKey(name))
}

// loadTombstones reads them all.
func (s *Book) loadTombstones(r *reading) error {
	return r.Scan([]byte{erasurePrefix, tombstoneKind}, func(key, value []byte) (bool, error) {
		var e policy.Erasure
		if err := decode(value, &e); err != nil {
			return false, err
		}
		s.tombs.learn(policy.Alias(key[2:]), e)
		return false, nil
	})
}

// heedErasures notes of people whose data was erased when that was. It reads from r,
// which is nil where the engine is sole.
func (s *Book) heedErasures(src values, people []policy.Named) error {
	if s.nobodyErased() {
		return nil // without a look at each of their names, since this is asked for every send
	}
	for i := range people {
		person := &people[i]
		for _, a := range person.Aliases() {
			e, err := s.erasure(src, a)
			if err != nil {
				return err
			}
			if e.At > person.Contact.NewSince(a) { // else the name is somebody else's by now
				person.Erased = person.Erased.Join(e)
			}
		}
	}
	return nil
}

// lay lays the tombstone of a name, or makes one newer.
func (t *tx) lay(a policy.Alias, e policy.Erasure) error {
	return t.layNamed(t.s.tombs.of(a), e)
}

func (t *tx) layNamed(name policy.Alias, e policy.Erasure) error {
	key := tombstoneKey(name)
	before, err := readRecord[policy.Erasure](t, key)
	if err != nil {
		return err
	}
	after := before.Join(e)
	t.s.tombs.any.Store(true)
	if after == before {
		return nil
	}
	if t.s.sole != nil {
		t.Committed(func() { t.s.tombs.learn(name, after) })
	}
	return t.put(key, after, 0)
}

// ofErased looks at a change about somebody whose data was erased: it reports one that
// is not to be recorded, since it tells of the time before, or makes nobody known by
// itself. Names that it shows to be the person's share the tombstone.
func (t *tx) ofErased(ch *policy.Change) (erased policy.Erasure, gone bool, err error) {
	if t.s.nobodyErased() {
		return erased, false, nil
	}
	known := false
	laid := make([]bool, len(ch.Names))
	for i, a := range ch.Names {
		e, err := t.s.erasure(peeking{t}, a) // whoever erases holds what is known of them
		if err != nil {
			return erased, false, err
		}
		c, err := t.contact(a)
		if err != nil {
			return erased, false, err
		}
		known = known || c.Has(a)
		if e.At > c.NewSince(a) {
			erased, laid[i] = erased.Join(e), true
		}
	}
	if erased.At == 0 {
		return erased, false, nil
	}
	for i, a := range ch.Names {
		if laid[i] || !ch.OnePersons() {
			continue
		}
		if err := t.lay(a, erased); err != nil {
			return erased, false, err
		}
	}
	return erased, erased.Past(ch) || ch.Told() && !known, nil
}
