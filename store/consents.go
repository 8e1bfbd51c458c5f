package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// ConsentFilter selects consent records. Zero fields select everything.
type ConsentFilter struct {
	PhoneNumberID string
	State         policy.ConsentState
	Source        policy.Source
	// Incomplete selects opt-ins that lacked what would have made them valid.
	Incomplete bool
	// From and To bound when the gateway heard of it: From inclusive, To exclusive.
	From, To policy.Moment
}

func (f *ConsentFilter) selects(r *ConsentRecord) bool {
	switch {
	case f.PhoneNumberID != "" && r.PhoneNumberID != f.PhoneNumberID,
		f.State != policy.ConsentUnknown && (r.State != f.State || r.Handover != ""),
		f.Source != "" && r.Source != f.Source,
		f.Incomplete && len(r.Lacks) == 0,
		f.From != 0 && r.Recorded < f.From,
		f.To != 0 && r.Recorded >= f.To:
		return false
	}
	return true
}

// Shards are the parts that the names of people fall into, by their first byte: a list of
// all consent records is read part by part, each at one moment.
const Shards = 256

// Consents are the consent records under names of one shard that match, in the order of
// the names, newest first; a record that came with several names stands under one of them.
func (s *Book) Consents(ctx context.Context, shard byte, f *ConsentFilter) (records []*ConsentRecord, err error) {
	err = s.view(ctx, func(r *reading) error {
		var under policy.Alias
		var contact *policy.Contact
		return r.Scan([]byte{historyPrefix, shard}, func(key, value []byte) (bool, error) {
			var w ConsentRecord
			if err := decode(value, &w); err != nil {
				return false, err
			}
			if !f.selects(&w) {
				return false, nil
			}
			if contact == nil || under != w.Alias {
				var err error
				if contact, err = r.contact(w.Alias); err != nil {
					return false, err
				}
				under = w.Alias
			}
			again, err := underSmaller(r, contact, &w, key)
			if err != nil || again {
				return false, err
			}
			w.ID = RecordID(key[len(key)-len(w.ID):])
			w.Former = w.Handover == "" && !contact.Counts(under, w.State, w.At, w.Recorded)
			records = append(records, &w)
			return false, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading consent records: %w", err)
	}
	return records, nil
}

// underSmaller reports that a record stands under a smaller name of the same person, too.
func underSmaller(r *reading, c *policy.Contact, w *ConsentRecord, key []byte) (bool, error) {
	for i := range c.Members {
		name := c.Members[i].Alias
		if bytes.Compare(name[:], w.Alias[:]) >= 0 {
			break // they are sorted
		}
		other := bytes.Clone(key)
		copy(other[1:], name[:])
		if value, err := r.get(other); err != nil || value != nil {
			return value != nil, err
		}
	}
	return false, nil
}
