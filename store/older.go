package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// olderWindows counts the windows whose newest opening is older than the backup that
// the store was restored from: nobody knows whether they were opened since.
type olderWindows struct {
	meanwhile
	windows atomic.Int64
}

// countOlder counts those there are. It returns when nothing that is committed from
// then on is among them.
func countOlder(s *Book) *olderWindows {
	o := new(olderWindows)
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	o.begin(func(ctx context.Context) {
		defer begin()
		err := s.view(ctx, func(r *reading) error {
			return r.Scan([]byte{contactPrefix}, func(_, value []byte) (bool, error) {
				begin() // what is scanned is of this moment
				record, err := decodeContact(value)
				if err == nil && record.Contact != nil {
					o.windows.Add(s.olderOf(record.Contact))
				}
				return false, errors.Join(err, ctx.Err())
			})
		})
		if err != nil && ctx.Err() == nil {
			s.log.Error("the windows from before the restore can't be counted", zap.Error(err))
		}
	})
	<-begun
	return o
}

func (o *olderWindows) count() int64 {
	if o == nil {
		return 0
	}
	return o.windows.Load()
}

// olderOf is how many windows of a contact are older than the backup: one for each
// business phone number the person was in touch with.
func (s *Book) olderOf(c *policy.Contact) (n int64) {
	newest := make(map[string]policy.Moment)
	for i := range c.Members {
		for j := range c.Members[i].Numbers {
			r := &c.Members[i].Numbers[j]
			newest[r.PhoneNumberID] = max(newest[r.PhoneNumberID], r.Opened)
		}
	}
	for _, opened := range newest {
		if opened != 0 && opened <= s.restored {
			n++
		}
	}
	return n
}

// countOlder counts what changes by a contact that takes the place of old ones.
func (t *tx) countOlder(c *policy.Contact, old []replaced) error {
	o := t.s.older
	if o == nil || o.count() == 0 && len(old) == 0 {
		return nil
	}
	change := t.s.olderOf(c)
	for i := range old {
		r, err := decodeContact(old[i].record)
		if err != nil {
			return err
		}
		change -= t.s.olderOf(r.Contact)
	}
	if change != 0 {
		t.Committed(func() { o.windows.Add(change) })
	}
	return nil
}
