package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// olderRecord is a record of the history that may be older than the log.
type olderRecord struct {
	at   policy.Moment
	id   RecordID
	name policy.Alias
}

// mostAtOpen is how many of them are entered before a store is open. More are entered
// meanwhile: a million take a minute.
var mostAtOpen = 20_000 // tests open with fewer

// fewOlder reports that the history has no more records than are entered at once.
func (s *Book) fewOlder(ctx context.Context) (few bool, err error) {
	n := 0
	err = s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{historyPrefix}, func([]byte, []byte) (bool, error) {
			n++
			return n > mostAtOpen, ctx.Err()
		})
	})
	return n <= mostAtOpen, err
}

// meanwhile is something that goes on while a store is open. The zero value is nothing.
type meanwhile struct {
	stop context.CancelFunc
	done chan struct{}
}

func (m *meanwhile) begin(run func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	m.stop, m.done = stop, make(chan struct{})
	go func() {
		defer close(m.done)
		run(ctx)
	}()
}

func (m *meanwhile) end() {
	if m.stop != nil {
		m.stop()
		<-m.done
	}
}

// olderAtOnce is how many of them are entered in one transaction.
const olderAtOnce = 256

// enterOlder enters the records that are older than the log, in the order of the time
// they were given at, then of their ids. What was entered before it broke off stays
// where it is. They get leaves like all others, and not one over all of them, so that
// each can be proven, and erased, alone.
func (s *Book) enterOlder(ctx context.Context) error {
	var all []olderRecord
	err := s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{historyPrefix}, func(key, _ []byte) (bool, error) {
			if o, ok := olderOf(key); ok {
				all = append(all, o)
			}
			return false, ctx.Err()
		})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b olderRecord) int {
		return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.id[:], b.id[:]), a.name.Compare(b.name))
	})
	if len(all) > 0 {
		s.log.Info("entering the consent records so far into the log that proves them", zap.Int("records", len(all)))
	}
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 0
		for n < len(all) && (n < olderAtOnce || sameRecord(all[n], all[n-1])) {
			n++
		}
		some := all[:n]
		all = all[n:]
		if err := s.update(ctx, func(t *tx) error { return t.enterOlder(some) }); err != nil {
			return err
		}
	}
	return s.update(ctx, func(t *tx) error {
		l, err := t.log()
		if err != nil {
			return err
		}
		l.Complete, l.changed = true, true
		return nil
	})
}

func sameRecord(a, b olderRecord) bool { return a.at == b.at && a.id == b.id }

// olderOf reads the key of a record of the history.
func olderOf(key []byte) (o olderRecord, ok bool) {
	if len(key) != 33 {
		return o, false
	}
	return olderRecord{policy.Moment(binary.BigEndian.Uint64(key[17:])), RecordID(key[25:]), policy.Alias(key[1:17])}, true
}

func (t *tx) enterOlder(records []olderRecord) error {
	for len(records) > 0 {
		n := 1
		for n < len(records) && sameRecord(records[n], records[0]) {
			n++
		}
		same := records[:n]
		records = records[n:]
		if place, err := t.get(placeKey(same[0].id, same[0].at)); err != nil || place != nil {
			if err != nil {
				return err
			}
			continue
		}
		var copies []copied
		var record ConsentRecord
		for _, o := range same {
			key := historyKey(o.name, o.at, o.id)
			value, err := t.get(key)
			if err != nil {
				return err
			}
			if value == nil {
				continue
			}
			record = ConsentRecord{}
			if err := decode(value, &record); err != nil {
				return err
			}
			copies = append(copies, copied{o.name, key, value})
		}
		if len(copies) == 0 {
			continue
		}
		if err := t.enter(copies, &record, same[0].id, true); err != nil {
			return err
		}
	}
	return nil
}
