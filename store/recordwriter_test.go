package store

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
)

// TestEncodeEntry checks that entries are written as the general encoder writes
// them.
func TestEncodeEntry(t *testing.T) {
	entries := rapid.Make[Entry]()
	rapid.Check(t, func(t *rapid.T) {
		e := entries.Draw(t, "entry")
		if rapid.Bool().Draw(t, "new") {
			e.Delivery = Delivery{}
		}
		// Most fields of an entry are zero.
		fields := reflect.ValueOf(&e).Elem()
		for i := range fields.NumField() {
			if rapid.Bool().Draw(t, "zero") {
				fields.Field(i).SetZero()
			}
		}
		want, err := encode(&e)
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeEntry(&e); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

// TestEncodeFullPolicy checks a map of more members than a byte can count beside its kind,
// with each number of them.
func TestEncodeFullPolicy(t *testing.T) {
	var fill func(f reflect.Value)
	fill = func(f reflect.Value) {
		switch f.Kind() {
		case reflect.Struct:
			for i := range f.NumField() {
				fill(f.Field(i))
			}
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("x")
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Uint8:
			f.SetUint(1)
		default:
			f.SetInt(1)
		}
	}
	var e Entry
	fields := reflect.ValueOf(&e.Policy).Elem()
	for i := range fields.NumField() {
		fill(fields.Field(i))
		want, err := encode(&e)
		if err != nil {
			t.Fatal(err)
		}
		got := encodeEntry(&e)
		if !bytes.Equal(got, want) {
			t.Fatalf("with %d fields: got %x\nwant %x", i+1, got, want)
		}
		var general Entry
		if err := decode(got, &general); err != nil || !reflect.DeepEqual(general.Policy, e.Policy) {
			t.Fatalf("with %d fields it reads as %+v, %v", i+1, general.Policy, err)
		}
	}
}

// TestEncodeSettlement checks the same of what became of them.
func TestEncodeSettlement(t *testing.T) {
	settlements := rapid.Make[settlement]()
	rapid.Check(t, func(t *rapid.T) {
		s := settlements.Draw(t, "settlement")
		want, err := encode(&s)
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeSettlement(&s); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

// TestEncodeContact checks the same of contacts.
func TestEncodeContact(t *testing.T) {
	contacts := rapid.Make[policy.Contact]()
	rapid.Check(t, func(t *rapid.T) {
		c := contacts.Draw(t, "contact")
		want, err := encode(contactRecord{Contact: &c})
		if err != nil {
			t.Fatal(err)
		}
		if got := appendContact([]byte("before"), &c); !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

// TestStatusRecord checks that what became of a message is written as the general
// encoder writes it, and reads as that reads it.
func TestStatusRecord(t *testing.T) {
	statuses := rapid.Make[statusRecord]()
	rapid.Check(t, func(t *rapid.T) {
		r := statuses.Draw(t, "status")
		want, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendStatus(nil, &r); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
		compareStatuses(t, want)
	})
	id := ID{1}
	r := &statusRecord{Entry: &id, Status: reached{policy.StatusRead, 3}, Failed: failure{2, 131026}, Priced: toldPrice{3, &policy.Pricing{Category: "utility", Type: "regular", Model: "PMP", Billable: true}}}
	if c := (recordReader{rest: appendStatus(nil, r)}); func() bool { c.readStatusRecord(new(statusRecord)); return c.unusual || len(c.rest) > 0 }() {
		t.Error("an ordinary record is left to the general decoder")
	}
}

// TestMeterRecord checks the same of how far a meter is.
func TestMeterRecord(t *testing.T) {
	meters := rapid.Make[meterRecord]()
	rapid.Check(t, func(t *rapid.T) {
		r := meters.Draw(t, "meter")
		want, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendMeter(nil, &r); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
		got, err := decodeMeter(want)
		if again, failed := encode(got); err != nil || failed != nil || !bytes.Equal(again, want) {
			t.Fatalf("%x reads as %+v, %v, %v; want %+v", want, got, err, failed, r)
		}
	})
	r := &meterRecord{Kind: meterBudget, Of: "crm", Month: "2026-10", Messages: 4, Spent: 136_500, Told: toldWarning, Changes: 9}
	if c := (recordReader{rest: appendMeter(nil, r)}); func() bool { c.readMeterRecord(new(meterRecord)); return c.unusual || len(c.rest) > 0 }() {
		t.Error("an ordinary record is left to the general decoder")
	}
	m := &statusRecord{Status: reached{policy.StatusSent, 1}, Metered: &Metering{Month: "2026-10", Service: true, Budgets: []string{"crm"}, Price: 136_500}}
	if c := (recordReader{rest: appendStatus(nil, m)}); func() bool { c.readStatusRecord(new(statusRecord)); return c.unusual || len(c.rest) > 0 }() {
		t.Error("an ordinary status of a message that counts is left to the general decoder")
	}
}

func compareStatuses(t interface{ Errorf(string, ...any) }, value []byte) {
	var want statusRecord
	wantErr := decode(value, &want)
	got, err := decodeStatus(value)
	if (err != nil) != (wantErr != nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("%x: got %+v, %v; want %+v, %v", value, got, err, want, wantErr)
	}
}

func FuzzDecodeStatus(f *testing.F) {
	id := ID{1}
	for _, r := range []statusRecord{{}, {Entry: &id, Status: reached{policy.StatusRead, 3}, Failed: failure{2, -1}, Priced: toldPrice{3, &policy.Pricing{Category: "utility", Billable: true}}}} {
		f.Add(appendStatus(nil, &r))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := decodeStatus(value)
		if err != nil {
			return
		}
		// Of what encode doesn't write, such as a key that repeats, any reading will do.
		if bytes.Equal(appendStatus(nil, &r), value) {
			compareStatuses(t, value)
		}
	})
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := newEntry(testTime, [16]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		encodeEntry(e)
	}
}

// BenchmarkKeepEntry makes what is kept of sends under a policy, and says how many
// bytes that is for each.
func BenchmarkKeepEntry(b *testing.B) {
	reply := newEntry(testTime, [16]byte{1})
	refused := newEntry(testTime, [16]byte{1})
	refused.Send.Kind, refused.Send.Type, refused.Send.Template = policy.TemplateMessage, "template", policy.TemplateRef{Name: "sale", Language: "en"}
	refused.Facts.Template = policy.TemplateFacts{Listed: true, Found: true, Status: policy.TemplateApproved, Category: policy.CategoryMarketing, ReadAt: refused.At, ListedAt: refused.At}
	for name, p := range map[string]policy.Policy{
		"default":    {},
		"configured": {WindowMargin: time.Minute, DirectSend: true, EssentialTemplates: []string{"shipped", "delivered", "appointment_reminder"}},
	} {
		for kind, e := range map[string]*Entry{"reply": reply, "refused": refused} {
			e.Policy = p
			e.Decision, e.Decided = policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time()), true
			b.Run(kind+"/"+name, func(b *testing.B) {
				s := &Book{policies: newPolicies()}
				kept := *e
				if r := s.abridge(e, &kept); r != nil {
					if _, err := s.policies.remember(r.digest, r.value); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					kept := *e
					s.abridge(e, &kept)
					encodeEntry(&kept)
				}
				b.ReportMetric(float64(len(encodeEntry(e))), "bytes-whole")
				b.ReportMetric(float64(len(encodeEntry(&kept))), "bytes-kept")
			})
		}
	}
}
