package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// gateways are books over one space, as several processes keep them.
type gateways struct {
	books []*store.Book
	now   atomic.Int64
}

func openGateways(t testing.TB, n int) *gateways {
	t.Helper()
	g := new(gateways)
	g.now.Store(testTime.UnixMilli())
	now := func() time.Time { return time.UnixMilli(g.now.Load()) }
	space := memory.NewSpace()
	for range n {
		b, err := store.Open(t.Context(), space.Open(now), store.Options{Now: now}, nil)
		if err != nil {
			t.Fatal(err)
		}
		g.books = append(g.books, b)
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return g
}

func said(who policy.Identity, state policy.ConsentState, at policy.Moment) policy.Event {
	return policy.ConsentChanged{PhoneNumberID: testNumber, Who: []policy.Identity{who}, At: at, State: state, Scopes: policy.AllScopes, Source: policy.SourceKeyword, General: state == policy.OptedOut, Recorded: at}
}

func marketing(t testing.TB, b *store.Book, who policy.Identity) policy.ConsentState {
	t.Helper()
	f, err := b.Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{who}})
	if err != nil {
		t.Fatal(err)
	}
	return f.Persons[0].Consent[policy.Marketing].State
}

// What one gateway has acknowledged counts for the very next request at another.
func TestOptOutElsewhere(t *testing.T) {
	g := openGateways(t, 3)
	at := policy.MomentOf(testTime)
	for i := range 50 {
		who := phone(fmt.Sprint(15550100000 + i))
		told, asked := g.books[i%3], g.books[(i+1)%3]
		apply(t, told, said(who, policy.OptedIn, at))
		if got := marketing(t, asked, who); got != policy.OptedIn {
			t.Fatalf("the other gateway has the person as %s", got)
		}
		apply(t, told, said(who, policy.OptedOut, at+1))
		if got := marketing(t, asked, who); got != policy.OptedOut {
			t.Fatalf("the person opted out at one gateway and is %s at another", got)
		}
		// A window, a template and a number learned by one are known to all.
		apply(t, told,
			policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: []policy.Identity{who}, At: at},
			policy.NumberSeen{PhoneNumberID: testNumber, WABA: "waba", Display: "1555", At: at},
			policy.TemplateChanged{WABA: "waba", Template: policy.TemplateRef{Name: "hello", Language: "en"}, ID: "900800", Status: policy.TemplateApproved, At: at})
		f, err := asked.Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{who}, Template: policy.TemplateRef{Name: "hello", Language: "en"}})
		if err != nil || f.Persons[0].Opened != at || !f.Template.Found || f.Template.Status != policy.TemplateApproved {
			t.Fatalf("the other gateway knows %+v, %v", f, err)
		}
		found, err := asked.TemplateByID(t.Context(), "900800")
		named, errNamed := asked.TemplatesNamed(t.Context(), "waba", "hello")
		number, errNumber := asked.Number(t.Context(), testNumber)
		if err := errors.Join(err, errNamed, errNumber); err != nil || found.WABA != "waba" || len(named) != 1 || number.WABA != "waba" {
			t.Fatalf("the other gateway finds %+v, %+v, %+v: %v", found, named, number, err)
		}
	}
}

// The one confirmation of an opt-out leaves once, however many gateways want to
// send it at once.
func TestClaimElsewhere(t *testing.T) {
	g := openGateways(t, 3)
	for i := range 20 {
		who := phone(fmt.Sprint(15550100000 + i))
		apply(t, g.books[0], said(who, policy.OptedOut, policy.MomentOf(testTime)))
		var taken atomic.Int64
		var all sync.WaitGroup
		for n := range 9 {
			all.Go(func() {
				b := g.books[n%3]
				e := newEntry(testTime.Add(time.Second), b.Pseudonym(who))
				e.Decision = policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConfirmation, Category: policy.CategoryService}
				e.Decision.Claims = []policy.Claim{{Key: b.Pseudonym(who), Limit: 1}}
				switch err := b.Reserve(t.Context(), e).Wait(); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, store.ErrClaimed):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := taken.Load(); n != 1 {
			t.Errorf("%d confirmations left, want one", n)
		}
	}
}

// A send of a gateway that has ended is unknown at the others, once it is older
// than any send can take; they can settle it all the same.
func TestReservationElsewhere(t *testing.T) {
	g := openGateways(t, 2)
	e := newEntry(testTime, g.books[0].Pseudonym(phone("15550100001")))
	if err := g.books[0].Reserve(t.Context(), e).Wait(); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]store.OutcomeState{0: store.Reserved, 9 * time.Minute: store.Reserved, 11 * time.Minute: store.Unknown} {
		g.now.Store(testTime.Add(after).UnixMilli())
		got, err := g.books[1].Entry(t.Context(), e.ID)
		if err != nil || got.Outcome.State != want {
			t.Errorf("after %s: %+v, %v, want %s", after, got, err, want)
		}
	}
	if err := g.books[1].Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait(); err != nil {
		t.Fatal(err)
	}
	if got, err := g.books[0].Entry(t.Context(), e.ID); err != nil || got.Outcome.State != store.Accepted {
		t.Errorf("settled by the other: %+v, %v", got, err)
	}
}

// Webhooks that come twice, each time to another gateway and in another order,
// lead to the state that one gateway had.
func TestWebhooksElsewhere(t *testing.T) {
	at := policy.MomentOf(testTime)
	random := rand.New(rand.NewPCG(1, 2))
	var events []policy.Event
	people := make([]policy.Identity, 12)
	for i := range people {
		people[i] = phone(fmt.Sprint(15550100000 + i))
	}
	for range 600 {
		who, when := people[random.IntN(len(people))], at+policy.Moment(random.IntN(1000))
		switch random.IntN(5) {
		case 0:
			events = append(events, said(who, policy.OptedIn, when))
		case 1:
			events = append(events, said(who, policy.OptedOut, when))
		case 2:
			events = append(events, policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: []policy.Identity{who}, At: when})
		case 3:
			i := random.IntN(len(people)-1) / 3 * 3 // in threes, so that not all become one
			events = append(events, policy.IdentityLinked{Who: people[i : i+2], At: when})
		case 4:
			events = append(events, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: fmt.Sprint("wamid.", random.IntN(30)), Who: []policy.Identity{who}, At: when, Status: policy.StatusRead})
		}
	}
	one := openGateways(t, 1).books[0]
	apply(t, one, events...)
	g := openGateways(t, 3)
	var all sync.WaitGroup
	for n := range g.books {
		order := random.Perm(len(events))
		all.Go(func() {
			for _, i := range order {
				if i%3 == n {
					continue // each comes to two of the three
				}
				if err := g.books[n].Apply(t.Context(), events[i:i+1]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, who := range people {
		want, err := one.Person(t.Context(), who, testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range g.books {
			got, err := b.Person(t.Context(), who, testNumber, nil)
			if err != nil {
				t.Fatal(err)
			}
			// Each space has a key of its own, and so other pseudonyms.
			if got.Contact, want.Contact = (policy.ContactID{}), (policy.ContactID{}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: one gateway had %+v, three have %+v", who, want, got)
			}
		}
	}
}
