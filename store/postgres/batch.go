package postgres

import (
	"bytes"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/waguard/waguard/store"
)

// batch is what goes into one statement: changes that come one after the other, as
// far as they know of each other.
type batch struct {
	members []*member
	writes  map[string]write
	lines   map[lineName]*store.Line
	settled map[lineName]settlement
	// touched says which member was the first to write a row.
	touched map[any]int
	// absent are records that weren't there when somebody who changes others looked.
	absent map[string]int
	// parent joins members that touch the same rows into a group: see group.
	parent []int
	// claimed are the rows that nobody else is to write meanwhile.
	claimed map[any]bool
}

// settlement is what became of a line, and the same in a word.
type settlement struct {
	settled []byte
	outcome string
}

// withOutcome are columns that say another outcome.
func withOutcome(c *store.Columns, outcome string) *store.Columns {
	if c == nil {
		return nil
	}
	told := *c
	told.Outcome = outcome
	return &told
}

// member is a change in a batch.
type member struct {
	*pending
	t *tx
}

func newBatch() *batch {
	return &batch{
		writes: make(map[string]write), lines: make(map[lineName]*store.Line), settled: make(map[lineName]settlement),
		touched: make(map[any]int), absent: make(map[string]int),
	}
}

// group is that of a member.
func (b *batch) group(i int) int {
	for b.parent[i] != i {
		i = b.parent[i]
	}
	return i
}

// join puts two members into one group: both are written, or neither.
func (b *batch) join(i, j int) { b.parent[max(b.group(i), b.group(j))] = min(b.group(i), b.group(j)) }

// crosses reports that the transaction has read what members of the batch write, and
// so must run again to see it.
func (b *batch) crosses(t *tx) bool {
	for row := range t.looked() {
		if _, ok := b.touched[row]; ok {
			return true
		}
	}
	for key := range t.peeked {
		if _, ok := b.touched[key]; ok {
			return true
		}
	}
	return false
}

// add takes what a transaction leaves, which has seen what the batch does.
func (b *batch) add(p *pending, t *tx) {
	i := len(b.members)
	b.members, b.parent = append(b.members, &member{p, t}), append(b.parent, i)
	for row := range t.leant {
		b.join(i, b.touched[row])
	}
	touch := func(row any) {
		if first, ok := b.touched[row]; ok {
			b.join(i, first)
		} else {
			b.touched[row] = i
		}
	}
	for key, w := range t.writes {
		touch(key)
		b.writes[key] = w
		if first, ok := b.absent[key]; ok { // what is written says that there was nothing
			b.join(i, first)
		}
	}
	if t.changes() {
		for key, r := range t.read {
			if r.version != 0 {
				continue
			}
			if first, ok := b.absent[key]; ok {
				b.join(i, first)
			} else {
				b.absent[key] = i
			}
		}
	}
	for name, l := range t.lines {
		touch(name)
		entered := *l
		b.lines[name] = &entered
	}
	for name, settled := range t.settled {
		touch(name)
		if l, ok := b.lines[name]; ok {
			l.Settled, l.Columns = settled.settled, withOutcome(l.Columns, settled.outcome)
		} else {
			b.settled[name] = settled
		}
	}
}

// statement is the one that writes the batch.
func (b *batch) statement() *statement {
	for _, m := range b.members {
		for _, rows := range []iter.Seq[any]{m.t.rows(), m.t.looked()} {
			for row := range rows {
				if name, ok := row.(lineName); ok && name.journal == store.Violations {
					return &commits.all
				}
			}
		}
	}
	return &commits.ledger
}

// arguments are those of commit.sql, by their names there:
//
//	id                                   of the statement
//	least                                the least version of what is written
//	held_shard, held_key                 records that are held, in the order of their keys
//	read_group, …_key, …_version         what was read of them; version 0 is none
//	peeked_group, …_shard, …             what was looked at without holding it
//	write_group, …_shard, …_key, …_value, …_until, …_shown   records that are written
//	held_ledger_at, …_id                 lines that are held, in the order of their ids
//	read_ledger_group, …_id, …_version   what was read of them
//	settle_ledger_group, …               lines that are settled
//	enter_ledger_group, …                lines that are entered
//
// and the same of violations.
func (b *batch) arguments(to *statement, id [16]byte, least int64, until time.Time) []any {
	named := map[string]any{"id": id, "least": least}
	b.writtenRecords(named, until)
	b.readRecords(named)
	b.peekedRecords(named)
	for journal, name := range journalNames {
		b.readLines(named, journal, name)
		b.settledLines(named, journal, name)
		b.enteredLines(named, journal, name)
	}
	arguments := make([]any, len(to.arguments))
	for i, name := range to.arguments {
		arguments[i] = named[name]
	}
	return arguments
}

func (b *batch) writtenRecords(named map[string]any, until time.Time) {
	var group []int32
	var shard, keys, values [][]byte
	var ends []*time.Time
	var shown []string
	enter := func(member int, key string, w write) {
		group, shard, keys = append(group, int32(b.group(member))), append(shard, shardOf([]byte(key))), append(keys, []byte(key))
		values, shown = append(values, w.value), append(shown, w.shown)
		if w.until.IsZero() {
			ends = append(ends, nil)
		} else {
			ends = append(ends, &w.until)
		}
	}
	for key, w := range b.writes {
		enter(b.touched[key], key, w)
	}
	for key, first := range b.absent {
		if _, ok := b.writes[key]; !ok {
			enter(first, key, write{until: until})
		}
	}
	named["write_group"], named["write_shard"], named["write_key"] = group, shard, keys
	named["write_value"], named["write_until"], named["write_shown"] = values, ends, shown
}

// readRecords are those that were read or are written.
func (b *batch) readRecords(named map[string]any) {
	held := make(map[string]bool)
	var group []int32
	var keys [][]byte
	var versions []int64
	for i, m := range b.members {
		for key, r := range m.t.read {
			if m.t.leant[key] {
				continue
			}
			held[key] = true
			group, keys, versions = append(group, int32(b.group(i))), append(keys, []byte(key)), append(versions, r.version)
		}
	}
	for key := range b.writes {
		held[key] = true
	}
	var shards, all [][]byte
	for _, key := range slices.Sorted(maps.Keys(held)) {
		shards, all = append(shards, shardOf([]byte(key))), append(all, []byte(key))
	}
	named["held_shard"], named["held_key"] = shards, all
	named["read_group"], named["read_key"], named["read_version"] = group, keys, versions
}

func (b *batch) peekedRecords(named map[string]any) {
	var group []int32
	var shards, keys [][]byte
	var versions []int64
	for i, m := range b.members {
		for key, r := range m.t.peeked {
			if m.t.leant[key] {
				continue
			}
			group, versions = append(group, int32(b.group(i))), append(versions, r.version)
			shards, keys = append(shards, shardOf([]byte(key))), append(keys, []byte(key))
		}
	}
	named["peeked_group"], named["peeked_shard"], named["peeked_key"], named["peeked_version"] = group, shards, keys, versions
}

// readLines are those that were read or are settled.
func (b *batch) readLines(named map[string]any, j store.Journal, journal string) {
	held := make(map[store.ID]bool)
	var group []int32
	var ids [][16]byte
	var versions []int64
	for i, m := range b.members {
		for name, f := range m.t.found {
			if name.journal != j || m.t.leant[name] {
				continue
			}
			held[name.id] = true
			group, ids, versions = append(group, int32(b.group(i))), append(ids, name.id), append(versions, f.version)
		}
	}
	for name := range b.settled {
		if name.journal == j {
			held[name.id] = true
		}
	}
	var at []time.Time
	var all [][16]byte
	for _, id := range slices.SortedFunc(maps.Keys(held), func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) }) {
		at, all = append(at, timeOf(id)), append(all, id)
	}
	named["held_"+journal+"_at"], named["held_"+journal+"_id"] = at, all
	read := "read_" + journal
	named[read+"_group"], named[read+"_id"], named[read+"_version"] = group, ids, versions
}

func (b *batch) settledLines(named map[string]any, j store.Journal, journal string) {
	var group []int32
	var ids [][16]byte
	var settled [][]byte
	var outcomes []string
	for name, s := range b.settled {
		if name.journal == j {
			group, ids = append(group, int32(b.group(b.touched[name]))), append(ids, name.id)
			settled, outcomes = append(settled, s.settled), append(outcomes, s.outcome)
		}
	}
	settle := "settle_" + journal
	named[settle+"_group"], named[settle+"_id"], named[settle+"_settled"], named[settle+"_outcome"] = group, ids, settled, outcomes
}

func (b *batch) enteredLines(named map[string]any, j store.Journal, journal string) {
	var group []int32
	var at []time.Time
	var ids [][16]byte
	var data, settled [][]byte
	texts := make([][]string, len(columns))
	for name, l := range b.lines {
		if name.journal != j {
			continue
		}
		group, at = append(group, int32(b.group(b.touched[name]))), append(at, timeOf(name.id))
		ids, data, settled = append(ids, name.id), append(data, l.Data), append(settled, l.Settled)
		for i, text := range columnsOf(l.Columns) {
			texts[i] = append(texts[i], text)
		}
	}
	enter := "enter_" + journal
	named[enter+"_group"], named[enter+"_at"], named[enter+"_id"], named[enter+"_data"], named[enter+"_settled"] = group, at, ids, data, settled
	for i, c := range columns {
		named[enter+"_"+c.Name] = texts[i]
	}
}

// columnsOf are in the order of columns.
func columnsOf(c *store.Columns) [14]string {
	if c == nil {
		c = new(store.Columns)
	}
	price := ""
	if c.Price.Known {
		price = c.Price.Unit.String()
	}
	return [...]string{
		c.PhoneNumberID, c.Business, c.WABA, c.Rule, c.Template, c.Sender, c.Token,
		c.Category, c.Market, c.Verdict, c.Outcome, price, string(c.Price.Currency), string(c.Tags),
	}
}
