package badger

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A log that is written to while it is verified is not told to have been changed.
func TestVerifyWhileRecording(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(fastDir(t), "store"), Options{Now: testNow})
	written := make(chan error, 1)
	go func() {
		for i := range 2000 {
			err := s.Apply(t.Context(), []policy.Event{policy.ConsentChanged{
				PhoneNumberID: testNumber, Who: []policy.Identity{phone(fmt.Sprint(15550200000 + i))}, At: policy.MomentOf(testTime) + policy.Moment(i), State: policy.OptedIn, Scopes: policy.AllScopes, Source: "website",
			}})
			if err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	verified := 0
	for writing := true; writing; {
		r, err := s.VerifyLog(t.Context(), nil)
		switch {
		case errors.Is(err, store.ErrLogBusy):
		case err != nil:
			t.Fatal(err)
		case !r.Sound():
			t.Fatalf("it is told that the log was changed: %+v", r.Findings)
		default:
			verified++
		}
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			writing = false
		default:
		}
	}
	if r, err := s.VerifyLog(t.Context(), nil); err != nil || !r.Sound() || r.Records == 0 {
		t.Errorf("when nobody writes: %+v, %v", r, err)
	}
	t.Logf("verified %d times meanwhile", verified)
}
