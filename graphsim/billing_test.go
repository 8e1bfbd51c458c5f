package graphsim_test

import (
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// From October 2026 a number delivers 1,000 service messages a month for free; the count starts again each month.
func TestThousandFreeServiceMessages(t *testing.T) {
	w := newWorld(t, graphsim.Options{BatchSize: 1000})
	w.clock.Add(time.Date(2026, time.October, 30, 12, 0, 0, 0, time.UTC).Sub(newYear2026))
	w.hears(ana, graphsim.Text("hi"))
	for range 1001 {
		w.text("4915112345678")
	}
	free, billable := 0, 0
	for _, s := range w.statuses() {
		if s["status"] != "delivered" {
			continue
		}
		if at(s, "pricing", "billable") == true {
			billable++
		} else {
			free++
		}
	}
	if free != 1000 || billable != 1 {
		t.Errorf("%d free and %d billable, want 1000 and 1", free, billable)
	}
	w.clock.Add(48 * time.Hour) // into November
	w.hears(ana, graphsim.Text("hi"))
	w.text("4915112345678")
	if got := at(w.statuses()[1], "pricing", "type"); got != "free_customer_service" {
		t.Errorf("type in the next month = %v, want free_customer_service", got)
	}
}

// The first reply to a message through an ad starts 72 free hours, for templates also when the window has closed.
func TestFreeEntryPoint(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	w.hears(ana, graphsim.Text("hi").FromAd("1200", "Aff"))
	w.text("4915112345678")
	all := w.statuses()
	for _, s := range all {
		if at(s, "pricing", "type") != "free_entry_point" || at(s, "conversation", "origin", "type") != "referral_conversion" {
			t.Errorf("status = %v", s)
		}
	}
	if at(all[0], "conversation", "expiration_timestamp") != "1767528000" { // 72 h later
		t.Errorf("conversation = %v", all[0]["conversation"])
	}
	if all[1]["conversation"].(map[string]any)["expiration_timestamp"] != nil {
		t.Error("expiration_timestamp comes with sent only")
	}
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{{72*time.Hour - time.Second, "free_entry_point"}, {time.Second, "regular"}} {
		w.clock.Add(tt.after)
		w.template("4915112345678", "sale")
		if got := at(w.statuses()[1], "pricing", "type"); got != tt.want {
			t.Errorf("type = %v, want %s", got, tt.want)
		}
	}
}

// A reply later than 24 hours starts nothing, and a post is not an ad.
func TestNoFreeEntryPoint(t *testing.T) {
	late := func(w *world) {
		w.hears(ana, graphsim.Text("hi").FromAd("1200", "Aff"))
		w.clock.Add(24 * time.Hour)
	}
	fromPost := func(w *world) {
		m := graphsim.Text("hi")
		m.Referral = &graphsim.Referral{SourceType: "post", SourceID: "1"}
		w.hears(ana, m)
	}
	for name, prepare := range map[string]func(*world){"late": late, "post": fromPost} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{Templates: catalogue})
			prepare(w)
			w.template("4915112345678", "sale")
			if got := at(w.statuses()[0], "pricing", "type"); got != "regular" {
				t.Errorf("type = %v, want regular", got)
			}
		})
	}
}
