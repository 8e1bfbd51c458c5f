package storetest

import (
	"fmt"
	"testing"

	"github.com/waguard/waguard/policy"
)

// testCallers: that Meta accepted an access token is remembered for that token
// and that number alone, across restarts, until it is forgotten.
func testCallers(t *testing.T, open Open) {
	f := newFixture(t, open)
	want := func(what, number, token string, at policy.Moment) {
		t.Helper()
		if got := f.AcceptedAt(number, token); got != at {
			t.Errorf("%s: accepted at %d, want %d", what, got, at)
		}
	}
	want("before", number1, "EAAG", 0)
	f.Accepted(number1, "EAAG", start)
	f.Accepted("", "EAAG", start+1)
	f.Accepted(number1, "", start)
	for _, reopened := range []string{"", "reopened: "} {
		want(reopened+"the token", number1, "EAAG", start)
		want(reopened+"the token, for any number", "", "EAAG", start+1)
		want(reopened+"another number", number2, "EAAG", 0)
		want(reopened+"another token", number1, "EAAH", 0)
		want(reopened+"a part of the token", number1, "EAA", 0)
		want(reopened+"no token", number1, "", 0)
		f.reopen()
	}
	f.Accepted(number1, "EAAG", start+minute)
	want("again", number1, "EAAG", start+minute)
	f.Accepted(number1, "EAAG", start+2*day)
	f.reopen()
	want("again, days later", number1, "EAAG", start+2*day)
	f.Unaccepted(number1, "EAAG")
	f.Unaccepted(number1, "EAAH")
	want("forgotten", number1, "EAAG", 0)
	f.reopen()
	want("forgotten, reopened", number1, "EAAG", 0)
	want("forgotten for one number", "", "EAAG", start+1)

	// Thousands of good tokens for one number push out each other, and nobody else.
	f.Accepted(number2, "honest", start)
	for i := range 1000 {
		f.Accepted(number3, fmt.Sprint("many", i), start+policy.Moment(i)+day)
	}
	want("another number's", number2, "honest", start)
	want("the first of many", number3, "many0", 0)
	want("the last of many", number3, "many999", start+999+day)
	f.reopen()
	want("another number's, reopened", number2, "honest", start)
	want("the first of many, reopened", number3, "many0", 0)
	want("the last of many, reopened", number3, "many999", start+999+day)
}
