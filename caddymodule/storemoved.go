package caddymodule

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
)

// refusedStore is the newest store that was not opened because it knows less than
// it did, until one is opened: a reload was refused, and the old configuration
// goes on.
var refusedStore atomic.Pointer[leftBehind]

// leftBehind is what a store isn't opened for: it knows less than it did, or than the
// one that is open.
type leftBehind struct {
	kind string // one of badger's
	error
}

// noteRefused counts a store that was not opened because it knows less than it
// did.
func noteRefused(err error) error {
	refused, ok := errors.AsType[*leftBehind](err)
	if loss, known := errors.AsType[*badger.Loss](err); known {
		refused, ok = &leftBehind{loss.Kind, loss}, true
	}
	if ok {
		storeRefused.WithLabelValues(refused.kind).Inc()
		refusedStore.Store(refused)
	}
	return err
}

// moved refuses a reload that would begin with nothing: the gateway has a store
// open, and where the new configuration looks for one there is none. It reports
// whether one is to be begun there.
func (b *BadgerStore) moved() (begun bool, err error) {
	elsewhere, open, remedy := "", false, ""
	stores.Range(func(path, value any) bool {
		if path == b.path {
			open = true
		} else {
			elsewhere = value.(pooledStore).place
			if _, database := value.(pooledStore).openedStore.(*postgres.Store); database {
				remedy = "; `waguard store copy` takes it along"
			}
		}
		return true
	})
	if open || elsewhere == "" {
		return false, nil
	}
	vacant, err := badger.Vacant(b.path)
	if err != nil || !vacant {
		return false, err
	}
	return true, b.refuse(badger.NewLoss(b.path, badger.KindEmpty, fmt.Sprintf("there is no store yet, and the gateway has one open in %s, which a reload would leave behind%s", elsewhere, remedy)))
}

// another refuses a reload to the store of another installation.
func (b *BadgerStore) another(s store.Store) (err error) {
	stores.Range(func(path, value any) bool {
		if other := value.(pooledStore); path != b.path && other.Installation() != s.Installation() {
			err = b.refuse(badger.NewLoss(b.path, badger.KindOther, fmt.Sprintf("it is another installation's than the one the gateway has open in %s, and knows other people", other.place)))
		}
		return err == nil
	})
	return err
}

func (b *BadgerStore) refuse(loss *badger.Loss) error {
	if loss.Code == b.AcceptLoss {
		b.logger.Error("going on with another store, as accept_loss says: " + loss.Found[0])
		return nil
	}
	return loss
}
