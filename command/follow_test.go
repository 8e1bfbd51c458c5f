package command

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// What is followed stays in columns.
func TestStream(t *testing.T) {
	var out strings.Builder
	show := printer(&call{format: formatTable, out: streamOf(&out)}, &violations)
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for _, l := range []*adminapi.Line{
		{Time: at, Decision: "refuse", Rule: "WINDOW_CLOSED", Business: "Shop", Sender: "crm", SenderToken: "a1b2c3d4e5", Type: "text", Reason: "too late"},
		{Time: at.Add(time.Second), Decision: "monitor", Rule: "NO_CONSENT", PhoneNumberID: "104455667788", Template: "sale", Reason: "no opt-in"},
	} {
		if err := show([]*adminapi.Line{l}, nil); err != nil {
			t.Fatal(err)
		}
	}
	const want = `TIME                  DECISION  RULE           BUSINESS  SENDER            CONTACT  MESSAGE
2026-11-02 09:00:00Z  refuse    WINDOW_CLOSED  Shop      crm (a1b2c3d4e5)  -        text
    too late
2026-11-02 09:00:01Z  monitor   NO_CONSENT     104455667788  -                 -        template sale
    no opt-in
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestTrend(t *testing.T) {
	for _, test := range []struct {
		now, before int
		want        string
	}{{3, 3, "="}, {0, 0, "="}, {5, 0, "new"}, {0, 4, "gone"}, {6, 4, "+2 (+50 %)"}, {1, 4, "-3 (-75 %)"}} {
		if got := trend(&adminapi.Group{Count: test.now, Before: test.before}); got != test.want {
			t.Errorf("%d after %d is %q, want %q", test.now, test.before, got, test.want)
		}
	}
}
