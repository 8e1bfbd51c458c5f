package badger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Kinds of Loss.
const (
	// KindDamaged: files are missing or damaged.
	KindDamaged = "damaged"
	// KindOlder: the store has lost its newest transactions, or is an older copy.
	KindOlder = "older"
	// KindEmpty: there is no store any more.
	KindEmpty = "empty"
	// KindOther: it is another store.
	KindOther = "other"
)

// Loss is the error of a store that isn't opened because it knows less than it
// did. Nothing was changed in its directory.
type Loss struct {
	Dir  string
	Kind string
	// Found says what is wrong, in words.
	Found []string
	// Code accepts the loss, and no other; see [Options.AcceptLoss]. Empty: the
	// store can't be opened as it is.
	Code string
}

func (l *Loss) Error() string {
	var b strings.Builder
	what := map[string]string{
		KindDamaged: "is damaged", KindOlder: "knows less than it did", KindEmpty: "is gone", KindOther: "is another one than it was",
	}[l.Kind]
	fmt.Fprintf(&b, "the store in %s %s, and is not opened: %s. Nothing was changed. ", l.Dir, what, strings.Join(l.Found, "; "))
	if l.Kind == KindDamaged {
		b.WriteString("Put back the files as they were, or move the directory away and restore a backup (waguard restore)")
	} else {
		b.WriteString("Put back the directory as it was, or move it away and restore a backup (waguard restore)")
	}
	if l.Code != "" {
		fmt.Fprintf(&b, ". To go on without what is lost, opt-outs among it, write \"accept_loss %s\" into the store's block: it accepts this loss and no other", l.Code)
	}
	return b.String()
}

// NewLoss is a loss that can be accepted.
func NewLoss(dir, kind, found string) *Loss {
	return (&Loss{Dir: dir, Kind: kind, Found: []string{found}}).acceptable()
}

// acceptable gives the loss its code.
func (l *Loss) acceptable() *Loss {
	sum := sha256.Sum256([]byte(l.Kind + "\n" + strings.Join(l.Found, "\n")))
	l.Code = hex.EncodeToString(sum[:4])
	return l
}
