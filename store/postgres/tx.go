package postgres

import (
	"context"
	"time"

	"github.com/waguard/waguard/store"
)

// maxChange is about how many bytes a transaction has room for.
const maxChange = 8 << 20

// tx collects what a change leaves, and which versions of what it has read.
type tx struct {
	e   *Engine
	ctx context.Context
	// own are the lines that the change enters or follows.
	own []store.ID
	// under is what changes before this one, which go into the same statement, have
	// left; nil where there are none.
	under *batch

	writes map[string]write
	lines  map[lineName]*store.Line
	// settled are those of lines that others entered.
	settled map[lineName]settlement
	// read and found are what was read from the database, for the first time.
	read  map[string]record
	found map[lineName]foundLine
	// peeked are those that need not be held.
	peeked map[string]record
	// basis is what the line was entered on that the change follows; nil before it is
	// looked for.
	basis map[string]record
	// leant are rows that were read of what changes before have left.
	leant map[any]bool
	after []func()
	size  int
	trips int
	// unsure: something was not read but taken for granted.
	unsure bool
	// tries is how often the change has run before on other versions.
	tries int
}

// write is what becomes of a record.
type write struct {
	value []byte // nil: it is deleted
	shown string // JSON; empty for nothing
	until time.Time
}

func (e *Engine) newTx(ctx context.Context, own []store.ID) *tx {
	return &tx{
		e: e, ctx: ctx, own: own, writes: make(map[string]write), lines: make(map[lineName]*store.Line), settled: make(map[lineName]settlement),
		read: make(map[string]record), peeked: make(map[string]record), found: make(map[lineName]foundLine),
	}
}

// again is the transaction before its change has run, with what it has read so far.
func (t *tx) again(under *batch) *tx {
	n := t.e.newTx(t.ctx, t.own)
	n.tries, n.unsure = t.tries, t.unsure
	n.read, n.peeked, n.found, n.under, n.leant = t.read, t.peeked, t.found, under, make(map[any]bool)
	return n
}

func (t *tx) Get(keys ...[]byte) ([][]byte, error) { return t.get(t.read, keys) }

// Peek is like Get for records that need only be as they were when the change is
// committed: not against others that are committed at the same time.
func (t *tx) Peek(keys ...[]byte) ([][]byte, error) { return t.get(t.peeked, keys) }

// Rest has the transaction rest on what a decision was made on. The first time the
// statement that commits it compares; once that has found a difference, it is looked
// for here.
func (t *tx) Rest(on *store.Basis) error {
	if t.tries == 0 {
		for key, r := range on.Read {
			t.peeked[key] = record{r.Version, r.Value}
		}
		return nil
	}
	keys := make([][]byte, 0, len(on.Read))
	for key := range on.Read {
		keys = append(keys, []byte(key))
	}
	if _, err := t.Peek(keys...); err != nil {
		return err
	}
	for key, r := range on.Read {
		if t.peeked[key].version != r.Version {
			return store.ErrOutdated
		}
	}
	return nil
}

func (t *tx) get(as map[string]record, keys [][]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var missing [][]byte
	for i, key := range keys {
		value, known := t.known(as, key)
		if !known {
			if r, ok := t.presumed(as, key); ok {
				as[string(key)], value, known = r, r.value, true
			}
		}
		if values[i] = value; !known {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return values, nil
	}
	t.trips++
	remembered := t.e.recent.versions(missing)
	l, err := t.e.lookUp(t.ctx, missing, nil, t.own)
	if err != nil {
		return nil, err
	}
	for i, key := range missing {
		t.e.recent.found(string(key), remembered[i], l.records[i].version)
		if _, again := as[string(key)]; !again {
			as[string(key)] = l.records[i]
		}
	}
	for i, key := range keys {
		if values[i] == nil {
			values[i], _ = t.known(as, key)
		}
	}
	return values, nil
}

// presumed is a record as it was read or written before. The first time a change runs, the
// statement that commits it finds out whether that holds.
func (t *tx) presumed(as map[string]record, key []byte) (r record, ok bool) {
	if r, ok := t.peeked[string(key)]; ok { // from now on it is held
		return r, true
	}
	if t.tries > 0 {
		return r, false
	}
	if t.basis == nil && len(t.own) == 1 {
		t.basis = t.e.recent.basisOf(t.own[0])
	}
	r, ok = t.basis[string(key)]
	if last, newer := t.e.recent.newer(string(key), r.version); newer {
		r, ok = last, true
	}
	t.unsure = t.unsure || ok
	return r, ok
}

// overtaken brings what was read up to what this process has written since, and reports
// whether there was any.
func (t *tx) overtaken() (any bool) {
	for key, r := range t.read {
		if last, newer := t.e.recent.newer(key, r.version); newer {
			t.read[key], any = last, true
		}
	}
	return any
}

// known is the value of a record without a look into the database.
func (t *tx) known(as map[string]record, key []byte) (value []byte, known bool) {
	if w, ok := t.writes[string(key)]; ok {
		return w.value, true
	}
	if t.under != nil {
		if w, ok := t.under.writes[string(key)]; ok {
			t.leant[string(key)] = true
			return w.value, true
		}
	}
	r, ok := as[string(key)]
	return r.value, ok
}

func (t *tx) Find(j store.Journal, id store.ID) (*store.Line, error) {
	name := lineName{j, id}
	if l, ok := t.lines[name]; ok {
		found := *l
		return &found, nil
	}
	if t.under != nil {
		if l, ok := t.under.lines[name]; ok {
			t.leant[name] = true
			found := *l
			return t.settledAs(name, &found), nil
		}
	}
	f, ok := t.found[name]
	if !ok && t.tries == 0 {
		if recent, known := t.e.recent.lines.Get(name); known {
			f, ok = recent.foundLine, true
			t.found[name], t.unsure = f, true
		}
	}
	if !ok {
		t.trips++
		look := t.e.lookUp
		if t.under != nil {
			look = t.e.lookUpNow // what it would wait for may wait for this
		}
		l, err := look(t.ctx, nil, []lineName{name}, t.own)
		if err != nil {
			return nil, err
		}
		f = l.lines[0]
		t.found[name] = f
	}
	l := lineOf(id, &f)
	if l == nil {
		return nil, nil
	}
	if t.under != nil {
		if settled, ok := t.under.settled[name]; ok {
			t.leant[name] = true
			l.Settled = settled.settled
		}
	}
	return t.settledAs(name, l), nil
}

// settledAs is a line as this change has settled it.
func (t *tx) settledAs(name lineName, l *store.Line) *store.Line {
	if settled, ok := t.settled[name]; ok {
		l.Settled = settled.settled
	}
	return l
}

// Presume takes it that there is nothing under keys. The statement that commits compares;
// once that has found something, they are read.
func (t *tx) Presume(keys ...[]byte) {
	if t.tries > 0 {
		return
	}
	for _, key := range keys {
		if _, known := t.known(t.read, key); known {
			continue
		}
		r, ok := t.presumed(t.read, key)
		if !ok {
			t.unsure = true
		}
		t.read[string(key)] = r
	}
}

// forgotten is when a row can go that only says that there is nothing.
const forgotten = 24 * time.Hour

func (t *tx) Put(key, value []byte, keep time.Duration) error {
	shown := store.Shown(key, value)
	w := write{value: value, shown: string(shown)}
	if keep > 0 {
		w.until = t.e.o.Now().Add(keep)
	}
	t.writes[string(key)] = w
	return t.grow(len(key) + len(value) + len(shown))
}

func (t *tx) Delete(key []byte) error {
	t.writes[string(key)] = write{until: t.e.o.Now().Add(forgotten)}
	return t.grow(len(key))
}

func (t *tx) Append(j store.Journal, l *store.Line) error {
	entered := *l
	t.lines[lineName{j, l.ID}] = &entered
	return t.grow(len(l.Data))
}

func (t *tx) Settle(j store.Journal, id store.ID, settled []byte, outcome string) error {
	name := lineName{j, id}
	if l, ok := t.lines[name]; ok {
		l.Settled, l.Columns = settled, withOutcome(l.Columns, outcome)
	} else {
		t.settled[name] = settlement{settled, outcome}
	}
	return t.grow(len(settled))
}

func (t *tx) Committed(f func()) { t.after = append(t.after, f) }

func (t *tx) grow(n int) error {
	if t.size += n; t.size > maxChange {
		return store.ErrTooBig
	}
	return nil
}

// undo leaves nothing of what the change did, but what it has read.
func (t *tx) undo() {
	clear(t.writes)
	clear(t.lines)
	clear(t.settled)
	t.after, t.size = nil, 0
}

// certain reports that all that was read was so at one moment.
func (t *tx) certain() bool { return t.trips <= 1 && !t.unsure }

// changes reports that the transaction leaves anything.
func (t *tx) changes() bool { return len(t.writes)+len(t.lines)+len(t.settled) > 0 }
