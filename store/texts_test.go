package store

import (
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Texts are what they were made of, however many there are, and no more than some are
// kept.
func TestSharedTexts(t *testing.T) {
	var texts sharedTexts
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 4 * mostTexts {
				b := []byte(strconv.Itoa(i % (2 * mostTexts)))
				want := string(b)
				got := texts.of(b)
				clear(b) // the bytes are somebody else's
				if got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	all.Wait()
	texts.of([]byte(strings.Repeat("x", longestText+1)))
	if n := len(*texts.known.Load()); n != mostTexts {
		t.Errorf("%d texts are kept", n)
	}
	b := []byte("1")
	if n := testing.AllocsPerRun(100, func() { texts.of(b) }); n != 0 {
		t.Errorf("a text that is known takes %v allocations", n)
	}
}
