package badger

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// said is a word of a person for everything.
func said(digits string, state policy.ConsentState, at policy.Moment) policy.Event {
	return policy.ConsentChanged{
		PhoneNumberID: testNumber, Who: []policy.Identity{phone(digits)}, At: at, State: state, Scopes: policy.AllScopes,
		Source: policy.SourceKeyword, General: true, Recorded: at, Ref: fmt.Sprint(digits, at),
	}
}

// TestSlices: what large deliveries tell of few people means the same however it
// is cut into changes, in whatever order these are written, with sends and other
// deliveries between them, and told twice.
func TestSlices(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		event := rapid.Custom(func(r *rapid.T) policy.Event {
			digits, at := fmt.Sprint(15550100000+rapid.IntRange(0, 3).Draw(r, "who")), policy.Moment(rapid.IntRange(1, 200_000).Draw(r, "at"))
			switch rapid.IntRange(0, 3).Draw(r, "kind") {
			case 0:
				return opened(digits, at)
			case 1:
				return said(digits, policy.OptedIn, at)
			case 2:
				return said(digits, policy.OptedOut, at)
			}
			other := phone(fmt.Sprint(15550100000 + rapid.IntRange(0, 3).Draw(r, "other")))
			return policy.IdentityLinked{Who: []policy.Identity{phone(digits), other}, At: at}
		})
		deliveries := rapid.SliceOfN(rapid.SliceOfN(event, 1, 3*maxBulk), 1, 4).Draw(r, "deliveries")
		one, many := openStore(t, fastDir(t), Options{Now: testNow}), openStore(t, fastDir(t), Options{Now: testNow})
		defer one.Close()
		defer many.Close()
		for _, d := range deliveries {
			for _, e := range d {
				apply(t, one, e)
			}
		}
		var all sync.WaitGroup
		for _, d := range append(deliveries, deliveries[0]) {
			all.Go(func() {
				if err := many.Apply(t.Context(), d); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := many.Reserve(t.Context(), newEntry(testTime, policy.Alias{1})).Wait(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		for i := range 4 {
			who := phone(fmt.Sprint(15550100000 + i))
			a, err := one.Person(t.Context(), who, testNumber, nil)
			if err != nil {
				r.Fatal(err)
			}
			b, err := many.Person(t.Context(), who, testNumber, nil)
			if err != nil {
				r.Fatal(err)
			}
			a.Contact, b.Contact = policy.ContactID{}, policy.ContactID{}
			if !reflect.DeepEqual(a, b) {
				r.Fatalf("person %d told one by one: %+v, in large deliveries: %+v", i, a, b)
			}
		}
	})
}

// TestStopInAStorm: a STOP that was acknowledged counts for the next send, while
// large deliveries with older words of the same people wait to be written, and
// after them.
func TestStopInAStorm(t *testing.T) {
	s := openStore(t, fastDir(t), Options{Now: testNow})
	defer closeStore(t, s)
	stop := make(chan struct{})
	var storm sync.WaitGroup
	for w := range 4 {
		storm.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				events := make([]policy.Event, 200)
				for i := range events {
					events[i] = said(fmt.Sprint(15550100000+i), policy.OptedIn, policy.Moment(1000*w+n))
				}
				if err := s.Apply(t.Context(), events); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	optedOut := func(i int) {
		p, err := s.Person(t.Context(), phone(fmt.Sprint(15550100000+i)), testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Consent[policy.Marketing].State; got != policy.OptedOut {
			t.Errorf("person %d said STOP, which was acknowledged, and is %v", i, got)
		}
	}
	for i := range 100 {
		apply(t, s, said(fmt.Sprint(15550100000+i), policy.OptedOut, 1<<40))
		optedOut(i)
	}
	close(stop)
	storm.Wait()
	for i := range 100 {
		optedOut(i)
	}
}

// TestBulkTurn: large deliveries wait for their turn while there are other
// changes, and for none where there are none.
func TestBulkTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(Engine)
		turn := newBulkTurn(&s.other)
		defer turn.turned.Stop()
		time.Sleep(time.Hour)
		if s.BulkSize() != maxBulk {
			t.Errorf("%d events are applied at once where nothing else is", s.BulkSize())
		}
		began := time.Now()
		time.Sleep(3 * time.Millisecond)
		if turn.took(began, true, false); !turn.now() {
			t.Error("a large delivery alone is put off")
		}
		turn.took(time.Now(), false, true)
		if !turn.now() || s.BulkSize() != stormBulk {
			t.Errorf("a change alone puts off what comes, or %d events are applied at once beside it", s.BulkSize())
		}
		for took, want := range map[time.Duration]time.Duration{3 * time.Millisecond: 6 * time.Millisecond, time.Minute: longestBulkRest} {
			began := time.Now()
			time.Sleep(took)
			turn.took(began, true, true)
			ended := time.Now()
			for !turn.now() {
				<-turn.turned.C
			}
			if got := time.Since(ended); got != want {
				t.Errorf("after %s the next turn is in %s, want %s", took, got, want)
			}
		}
	})
}
