package policy

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	if got := MomentOf(time.Time{}); got != 0 {
		t.Errorf("the zero time is %d, want never", got)
	}
	if got := Moment(0).Time(); !got.IsZero() {
		t.Errorf("never is %s", got)
	}
	if got := MomentOf(noon.Time().Add(999 * time.Microsecond)); got != noon {
		t.Errorf("got %d, want %d rounded down", got, noon)
	}
	if got := MomentOf(noon.Time().In(time.FixedZone("", 3600))); got != noon {
		t.Errorf("the time zone moves it to %s", got)
	}
	if got := noon.Add(1500 * time.Microsecond); got != noon+1 {
		t.Errorf("got %d, want %d", got, noon+1)
	}
	if got, want := noon.String(), "2026-11-20T12:00:00Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Moment(0).String(); got != "never" {
		t.Errorf("got %s, want never", got)
	}
}
