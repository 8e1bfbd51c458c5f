package store

import (
	"maps"
	"sync"
	"sync/atomic"
)

// texts are those that stand in the records of contacts: ids of business phone
// numbers and sources of consent. There are few of them and they are read with every
// send, so each is made once.
var texts sharedTexts

const (
	// mostTexts bounds how many are kept. What an operator names sources is up to
	// them; whatever is one too many is made for each record.
	mostTexts = 256
	// longestText is in bytes.
	longestText = 64
)

// sharedTexts are strings made of bytes, each once.
type sharedTexts struct {
	known atomic.Pointer[map[string]string] // never changed, but replaced
	// mu guards that one adds at a time.
	mu sync.Mutex
}

func (t *sharedTexts) of(b []byte) string {
	known := t.known.Load()
	if known != nil {
		if s, ok := (*known)[string(b)]; ok {
			return s
		}
	}
	s := string(b)
	if len(s) <= longestText && (known == nil || len(*known) < mostTexts) {
		t.add(s)
	}
	return s
}

func (t *sharedTexts) add(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	more := make(map[string]string)
	if known := t.known.Load(); known != nil {
		if len(*known) >= mostTexts {
			return
		}
		maps.Copy(more, *known)
	}
	more[s] = s
	t.known.Store(&more)
}
