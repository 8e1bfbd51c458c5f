package graphsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

const plainText = `{"messaging_product":"whatsapp","to":"4915112345678","text":{"body":"x"}}`

// try posts a message and gives status, body and error, each as the client sees it.
func (w *world) try() (status int, body []byte, err error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "POST", w.url+"/"+numberID+"/messages", strings.NewReader(plainText))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func TestFaultAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  graphsim.Fault
		status int
	}{
		{"unknown", graphsim.Fault{Code: 131000}, 500},
		{"down", graphsim.Fault{Code: 2}, 503},
		{"throttled", graphsim.Fault{Code: 130429}, 400},
		{"throttled/429", graphsim.Fault{Code: 130429, Status: 429}, 429},
		{"pair", graphsim.Fault{Code: 131056}, 400},
		{"token", graphsim.Fault{Code: 190}, 401},
		{"locked", graphsim.Fault{Code: 131031}, 403},
		{"unheard-of", graphsim.Fault{Code: 999999}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{})
			w.Inject(tt.fault)
			status, body, err := w.try()
			if err != nil || status != tt.status {
				t.Fatalf("answer %d %s, %v; want %d", status, body, err, tt.status)
			}
			var answer map[string]any
			if err := json.Unmarshal(body, &answer); err != nil || num(at(answer, "error", "code")) != tt.fault.Code {
				t.Errorf("body = %s, want code %d", body, tt.fault.Code)
			}
			if status, _, err := w.try(); err != nil || status != 200 {
				t.Errorf("next request: %d, %v; want 200", status, err)
			}
			if got := len(w.Sends()); got != 1 {
				t.Errorf("%d sends accepted, want the second only", got)
			}
		})
	}
}

func TestFaultBreaks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		at    graphsim.Break
		sends int
		want  error
	}{
		{"before", graphsim.BreakBefore, 0, syscall.ECONNRESET},
		{"after", graphsim.BreakAfter, 1, syscall.ECONNRESET},
		{"mid-answer", graphsim.BreakMidAnswer, 1, io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{})
			w.Inject(graphsim.Fault{Break: tt.at})
			_, _, err := w.try()
			// EOF is how a reset shows when the client's read came first.
			if err == nil || (!errors.Is(err, tt.want) && !errors.Is(err, io.EOF)) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
			if got := len(w.Sends()); got != tt.sends {
				t.Errorf("%d sends took effect, want %d", got, tt.sends)
			}
			if len(w.Requests()) == 0 {
				t.Error("the request was not recorded")
			}
		})
	}
}

func TestFaultWrongJSON(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.Inject(graphsim.Fault{WrongJSON: true})
	status, body, err := w.try()
	if err != nil || status != 200 || json.Valid(body) {
		t.Errorf("answer %d %s, %v; want 200 with something that is not JSON", status, body, err)
	}
	if got := len(w.Sends()); got != 1 {
		t.Errorf("%d sends took effect, want 1", got)
	}
}

func TestFaultDelay(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	w.Inject(graphsim.Fault{Delay: func(ctx context.Context) {
		close(arrived)
		select {
		case <-release:
		case <-ctx.Done():
		}
	}})
	done := make(chan int)
	go func() {
		status, _, _ := w.try()
		done <- status
	}()
	<-arrived
	select {
	case status := <-done:
		t.Fatalf("answered %d before the delay was over", status)
	default:
	}
	if got := len(w.Sends()); got != 0 {
		t.Errorf("%d sends took effect during the delay", got)
	}
	close(release)
	if status := <-done; status != 200 {
		t.Errorf("status = %d, want 200", status)
	}
}

func TestFaultScope(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.Inject(graphsim.Fault{Endpoint: graphsim.EndpointTemplates, Code: 80007, Times: 2})
	w.Inject(graphsim.Fault{Endpoint: graphsim.EndpointMessages, Code: 2, Times: -1})
	list := func() int {
		status, _ := w.call("GET", "/"+waba+"/message_templates", "")
		return status
	}
	if got := []int{list(), list(), list()}; got[0] != 400 || got[1] != 400 || got[2] != 200 {
		t.Errorf("listing answered %v, want 400, 400, 200", got)
	}
	for range 3 {
		if status, _, err := w.try(); err != nil || status != 503 {
			t.Errorf("send: %d, %v; want 503", status, err)
		}
	}
	w.ClearFaults()
	if status, _, err := w.try(); err != nil || status != 200 {
		t.Errorf("after ClearFaults: %d, %v; want 200", status, err)
	}
}

func TestWebhookFaults(t *testing.T) {
	say := func(w *world, text string) {
		w.t.Helper()
		if _, err := w.Inbound(w.t.Context(), numberID, ana, graphsim.Text(text)); err != nil {
			w.t.Fatal(err)
		}
	}
	heard := func(w *world) string {
		var all []string
		for _, change := range w.receiver.values() {
			all = append(all, str(at(change, "value", "messages", 0, "text", "body")))
		}
		return strings.Join(all, " ")
	}
	for _, tt := range []struct {
		name  string
		fault graphsim.WebhookFault
		want  string
	}{
		{"duplicate", graphsim.WebhookFault{Duplicate: true}, "one one two three"},
		{"reorder", graphsim.WebhookFault{Hold: true}, "two one three"},
		{"reorder/two", graphsim.WebhookFault{Hold: true, Times: 2}, "three one two"},
		{"bad-signature", graphsim.WebhookFault{BadSignature: true}, "one two three"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{})
			w.InjectWebhook(tt.fault)
			say(w, "one")
			say(w, "two")
			say(w, "three")
			if got := heard(w); got != tt.want {
				t.Errorf("heard %q, want %q", got, tt.want)
			}
			for i, p := range w.receiver.all() {
				good := p.signature == graphsim.Sign(secret, p.body)
				if want := !tt.fault.BadSignature || i > 0; good != want {
					t.Errorf("post %d: signature good = %t, want %t", i, good, want)
				}
			}
		})
	}
	t.Run("reorder/released-by-flush", func(t *testing.T) {
		w := newWorld(t, graphsim.Options{})
		w.InjectWebhook(graphsim.WebhookFault{Hold: true})
		say(w, "one")
		if got := heard(w); got != "" {
			t.Errorf("heard %q too early", got)
		}
		if _, err := w.DeliverStatuses(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := heard(w); got != "one" {
			t.Errorf("heard %q, want one", got)
		}
	})
}

// A receiver that cannot store answers 503; Meta comes back with the same bytes.
func TestRedeliver(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.receiver.answer(503)
	_, err := w.Inbound(t.Context(), numberID, ana, graphsim.Text("hi"))
	if refused, found := errors.AsType[*graphsim.NotAccepted](err); !found || refused.Status != 503 {
		t.Fatalf("err = %v, want NotAccepted 503", err)
	}
	if _, err := w.Redeliver(t.Context()); err == nil {
		t.Error("Redeliver: no error while the receiver still refuses")
	}
	w.receiver.answer(200)
	deliveries, err := w.Redeliver(t.Context())
	if err != nil || len(deliveries) != 1 || deliveries[0].Status != 200 {
		t.Fatalf("deliveries = %+v, %v", deliveries, err)
	}
	posts := w.receiver.all()
	if len(posts) != 3 || string(posts[0].body) != string(posts[2].body) || posts[0].signature != posts[2].signature {
		t.Errorf("posts = %q", posts)
	}
	if again, err := w.Redeliver(t.Context()); err != nil || len(again) != 0 {
		t.Errorf("a delivered webhook came again: %+v, %v", again, err)
	}
}
