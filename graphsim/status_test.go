package graphsim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// Acceptance says nothing about the window: 200 and a wamid first, the refusal later.
func TestClosedWindowFailsLater(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(ana, graphsim.Text("hi"))
	w.clock.Add(24*time.Hour - time.Second)
	w.text("4915112345678")
	if got := w.failure(); got != 0 {
		t.Errorf("one second before the end: failed with %d", got)
	}
	w.clock.Add(time.Second)
	id := w.text("4915112345678")
	all := w.statuses()
	if len(all) != 1 {
		t.Fatalf("%d statuses, want 1", len(all))
	}
	s := all[0]
	if s["id"] != id || s["status"] != "failed" || num(at(s, "errors", 0, "code")) != 131047 || s["pricing"] != nil {
		t.Errorf("status = %v", s)
	}
	if at(s, "errors", 0, "title") != at(s, "errors", 0, "message") || at(s, "errors", 0, "error_data", "details") == nil {
		t.Errorf("error = %v", at(s, "errors", 0))
	}
	if at(w.receiver.only(), "value", "contacts") != nil || s["recipient_user_id"] != nil || s["recipient_id"] != "4915112345678" {
		t.Errorf("a failed status to a phone number shows phone only, no contacts: %v", w.receiver.only())
	}
}

func TestWindowIsPerNumber(t *testing.T) {
	w := newWorld(t, graphsim.Options{Numbers: []graphsim.Number{
		{ID: numberID, Display: "+49 30 555123"}, {ID: "2", Display: "+49 30 555124"},
	}})
	if _, err := w.Inbound(t.Context(), "2", ana, graphsim.Text("hi")); err != nil {
		t.Fatal(err)
	}
	w.text("4915112345678")
	if got := w.failure(); got != 131047 {
		t.Errorf("failed with %d, want 131047: the other number's window counted", got)
	}
}

// A person met under a phone and under a user id is one person as soon as a webhook shows both.
func TestAliasesAreJoined(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(graphsim.User{UserID: ana.UserID}, graphsim.Text("hi"))
	if err := w.AddUser(graphsim.User{Phone: ana.Phone}); err != nil {
		t.Fatal(err)
	}
	w.text("4915112345678")
	if got := w.failure(); got != 131047 {
		t.Errorf("before: failed with %d, want 131047", got)
	}
	if err := w.AddUser(ana); err != nil {
		t.Fatal(err)
	}
	w.text("4915112345678")
	if got := w.failure(); got != 0 {
		t.Errorf("after: failed with %d", got)
	}
}

func TestSilentAndUndeliverable(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.send(`"to":"DE.5566778899","text":{"body":"x"}`) // swallowed
	if got := w.statuses(); len(got) != 0 {
		t.Errorf("statuses = %v, want none", got)
	}
	w.send(`"recipient":"DE.99","text":{"body":"x"}`)
	if got := w.failure(); got != 131026 {
		t.Errorf("unknown user id: failed with %d, want 131026", got)
	}
}

func TestStatusFlow(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(ana, graphsim.Text("hi"))
	id := w.send(`"to":"4915112345678","text":{"body":"x"},"biz_opaque_callback_data":"order-1"`)
	if got := w.Waiting(); got != 2 {
		t.Errorf("%d updates wait, want 2", got)
	}
	all := w.statuses()
	for i, want := range []string{"sent", "delivered"} {
		s := all[i]
		if s["id"] != id || s["status"] != want || s["recipient_id"] != "4915112345678" || s["recipient_user_id"] != ana.UserID ||
			s["biz_opaque_callback_data"] != "order-1" || s["pricing"] == nil || s["conversation"] != nil {
			t.Errorf("status %d = %v, want %s", i, s, want)
		}
	}
	w.receiver.clear()
	ctx := t.Context()
	if err := w.Status(ctx, id, "read"); err != nil {
		t.Fatal(err)
	}
	if got := w.receiver.statuses()[0]; got["status"] != "read" || got["pricing"] != nil {
		t.Errorf("status = %v; pricing comes with delivered or read, not both", got)
	}
	w.receiver.clear()
	if err := w.Fail(ctx, id, 131049); err != nil {
		t.Fatal(err)
	}
	if got := num(at(w.receiver.statuses()[0], "errors", 0, "code")); got != 131049 {
		t.Errorf("code = %d, want 131049", got)
	}
	if err := w.Status(ctx, "wamid.none", "read"); !errors.Is(err, graphsim.ErrUnknownMessage) {
		t.Errorf("err = %v, want ErrUnknownMessage", err)
	}
	if err := w.Status(ctx, id, "dreaming"); !errors.Is(err, graphsim.ErrUnknownStatus) {
		t.Errorf("err = %v, want ErrUnknownStatus", err)
	}
}

func TestOutcome(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	for _, tt := range []struct {
		name    string
		outcome graphsim.Outcome
		want    []string
	}{
		{"read-only", graphsim.Outcome{Statuses: []string{"read"}}, []string{"read"}},
		{"backwards", graphsim.Outcome{Statuses: []string{"delivered", "sent"}}, []string{"delivered", "sent"}},
		{"delivered-and-failed", graphsim.Outcome{Statuses: []string{"delivered"}, Code: 131026}, []string{"delivered", "failed"}},
		{"silence", graphsim.Outcome{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.SetOutcome(func(s graphsim.Send) graphsim.Outcome {
				if s.Template != "sale" || s.Category != "marketing" {
					t.Errorf("send = %+v", s)
				}
				return tt.outcome
			})
			w.template("4915112345678", "sale")
			var got []string
			for _, s := range w.statuses() {
				got = append(got, str(s["status"]))
			}
			if len(got) != len(tt.want) {
				t.Fatalf("statuses = %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("statuses = %v, want %v", got, tt.want)
				}
			}
		})
	}
	w.SetOutcome(nil)
	w.text("4915112345678")
	if got := w.failure(); got != 131047 {
		t.Errorf("verdict after SetOutcome(nil): failed with %d, want 131047", got)
	}
}

func TestReactionIsOnlySent(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(ana, graphsim.Text("hi"))
	w.send(`"to":"4915112345678",` + accepted["reaction"])
	if all := w.statuses(); len(all) != 1 || all[0]["status"] != "sent" {
		t.Errorf("statuses = %v, want sent only", all)
	}
}

func TestHeldTemplate(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	id := w.template("4915112345678", "held")
	if got := w.statuses(); len(got) != 0 {
		t.Errorf("statuses = %v, want none while held", got)
	}
	if err := w.Fail(t.Context(), id, 132015); err != nil {
		t.Fatal(err)
	}
	if got := num(at(w.receiver.statuses()[0], "errors", 0, "code")); got != 132015 {
		t.Errorf("code = %d, want 132015", got)
	}
}

func TestWebhookURLSetLater(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	url := w.receiver.url
	w.SetWebhookURL("")
	if _, err := w.Inbound(t.Context(), numberID, ana, graphsim.Text("hi")); err != nil {
		t.Errorf("Inbound without a receiver: %v", err)
	}
	w.text("4915112345678")
	if got := w.statuses(); len(got) != 0 || w.Waiting() != 2 {
		t.Errorf("%d posted, %d wait; want 0 and 2", len(got), w.Waiting())
	}
	w.SetWebhookURL(url)
	if got := w.statuses(); len(got) != 2 {
		t.Errorf("%d posted, want 2", len(got))
	}
}

func TestPending(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(ana, graphsim.Text("hi"))
	id := w.text("4915112345678")
	updates := w.Pending()
	if len(updates) != 2 || updates[0].ID != id || w.Waiting() != 0 {
		t.Fatalf("updates = %+v", updates)
	}
	body, err := w.Payload(updates...)
	if err != nil || len(body) == 0 {
		t.Errorf("payload = %s, %v", body, err)
	}
	if got := len(w.receiver.all()); got != 0 {
		t.Errorf("Pending posted %d webhooks", got)
	}
}
