package cloudapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// benchBodies are sends of the sizes that come: a text, a template with a card,
// and the largest anybody has a reason to send.
var benchBodies = []struct {
	name string
	body []byte
}{
	{"text-400B", []byte(start + `"recipient_type":"individual","to":` + german + `,"type":"text","text":{"preview_url":false,"body":"` +
		strings.Repeat("Your parcel is on its way. ", 9) + `"},"biz_opaque_callback_data":"order-8812/line-3"}`)},
	{"template-2KiB", []byte(start + `"to":` + german + `,"type":"template","template":{"name":"parcel_ready","language":{"code":"de"},"components":[` +
		strings.Repeat(`{"type":"body","parameters":[{"type":"text","text":"DHL"},{"type":"text","text":"Stra\u00dfe 5"}]},`, 19) + `{"type":"footer"}]}}`)},
	{"document-64KiB", []byte(start + `"to":` + german + `,"type":"contacts","contacts":[` +
		strings.Repeat(`{"name":{"formatted_name":"A. Example","first_name":"A"},"phones":[{"phone":"+15550100","type":"WORK"}]},`, 630) + `{}]}`)},
}

// BenchmarkReadSend is what the gateway does with a body.
func BenchmarkReadSend(b *testing.B) {
	rt := Route{Class: SendEdge, Edge: policy.EdgeMessages, PhoneNumberID: "123456", method: "POST"}
	for _, bb := range benchBodies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.body)))
			for b.Loop() {
				if _, refusal := ReadSends(rt, "application/json", bb.body, noHome); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

// BenchmarkReadAndDecide is what a text of 400 bytes costs until it is decided, with the
// facts at hand, by how its number is written.
func BenchmarkReadAndDecide(b *testing.B) {
	rt := Route{Class: SendEdge, Edge: policy.EdgeMessages, PhoneNumberID: "123456", method: "POST"}
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	wrote := policy.PersonFacts{Contact: policy.ContactID{1}, Opened: policy.MomentOf(now) - 1000}
	facts := [...]policy.Facts{{}, {Persons: []policy.PersonFacts{wrote}}, {Persons: []policy.PersonFacts{wrote, wrote}}}
	inForce := new(policy.Policy)
	home := func(string) string { return "49" }
	for name, to := range map[string]string{"plus": "+4915112345678", "bare": "4915112345678", "bare-abroad": "919876543210", "national": "15123456789"} {
		body := bytes.Replace(benchBodies[0].body, []byte(german), []byte(strconv.Quote(to)), 1)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				reading, refusal := ReadSends(rt, "application/json", body, home)
				if refusal != nil {
					b.Fatal(refusal)
				}
				s := &reading.Sends[0]
				if d := policy.Decide(s, &facts[len(s.To)], inForce, now); d.Verdict != policy.Allow {
					b.Fatal(d)
				}
			}
		})
	}
}

// BenchmarkParse is the strict scanner alone.
func BenchmarkParse(b *testing.B) {
	for _, bb := range benchBodies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.body)))
			for b.Loop() {
				if _, err := strictjson.Parse(bb.body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodingJSON decodes the same fields into a struct, without any of
// the checks.
func BenchmarkEncodingJSON(b *testing.B) {
	type body struct {
		Product  string `json:"messaging_product"`
		To       string `json:"to"`
		Type     string `json:"type"`
		Opaque   string `json:"biz_opaque_callback_data"`
		Template struct {
			Name     string `json:"name"`
			Language struct {
				Code string `json:"code"`
			} `json:"language"`
		} `json:"template"`
	}
	for _, bb := range benchBodies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.body)))
			for b.Loop() {
				var v body
				if err := json.Unmarshal(bb.body, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	r := wire{Cloud, "POST", "/v25.0/123456/messages", "Content-Type: application/json\r\nAuthorization: Bearer x\r\nUser-Agent: x\r\nAccept: */*\r\n", []byte("{}")}.parse()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := Classify(Cloud, r, ""); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
