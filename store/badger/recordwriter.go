package badger

import (
	"encoding/binary"

	"github.com/klauspost/compress/s2"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// encodeEntry writes a ledger entry byte for byte as encode does, which takes
// four times as long for it: every send is one.
func encodeEntry(e *store.Entry) ([]byte, error) {
	if e.Delivery != (store.Delivery{}) {
		return encode(e) // no entry is entered with a delivery
	}
	w := recordWriter{make([]byte, 0, 384)}
	o := w.object()
	w.key(o, 1)
	w.bytes(e.ID[:])
	w.key(o, 2)
	w.int(int64(e.At))
	w.text(o, 3, e.Business)
	w.key(o, 4)
	w.send(&e.Send)
	w.key(o, 5)
	w.facts(&e.Facts)
	w.key(o, 6)
	w.policy(&e.Policy)
	w.key(o, 7)
	w.decision(&e.Decision)
	w.flag(o, 8, e.Monitored)
	w.flag(o, 9, e.Unread)
	w.text(o, 10, e.Market)
	w.flag(o, 11, e.MarketEstimated)
	w.key(o, 12)
	w.outcome(&e.Outcome)
	w.key(o, 13)
	w.object()
	w.key(o, 14)
	w.bytes(e.Opaque[:])
	w.text(o, 15, e.Sender)
	w.text(o, 16, e.Token)
	return w.out, nil
}

// The major types of CBOR (RFC 8949, section 3.1) that occur, and true.
const (
	cborUint     = 0
	cborNegative = 1
	cborBytes    = 2
	cborText     = 3
	cborArray    = 4
	cborMap      = 5
	cborTrue     = 0xf5
)

// recordWriter writes CBOR (RFC 8949). Its methods mirror the structs they
// write, key by key. Methods that take an object and a key write a member of the
// object, or nothing if the value is zero.
type recordWriter struct{ out []byte }

// encodePage writes a page byte for byte as encode does, and compresses it:
// entries are much alike, and what isn't written needn't be synced, sorted and
// written again by Badger.
func encodePage(p pageRecord) []byte {
	var w recordWriter
	o := w.object()
	w.key(o, 1)
	w.head(cborUint, p.Start)
	w.key(o, 2)
	w.head(cborArray, uint64(len(p.Entries)))
	for _, e := range p.Entries {
		w.ledgerEntry(e)
	}
	return s2.Encode(nil, w.out)
}

func (w *recordWriter) ledgerEntry(e *ledgerEntry) {
	o := w.object()
	w.key(o, 1)
	w.bytes(e.ID[:])
	w.key(o, 2)
	w.bytes(e.Entry)
	if len(e.Claims) > 0 {
		w.key(o, 3)
		w.head(cborArray, uint64(len(e.Claims)))
		for i := range e.Claims {
			c := w.object()
			w.key(c, 1)
			w.bytes(e.Claims[i].Key[:])
			w.key(c, 2)
			w.int(int64(e.Claims[i].At))
			w.number(c, 3, int64(e.Claims[i].Before))
			w.number(c, 4, int64(e.Claims[i].Kind))
		}
	}
	if e.Settled != nil {
		w.key(o, 4)
		s := w.object()
		w.key(s, 1)
		w.outcome(&e.Settled.Outcome)
		if e.Settled.Wamid != nil {
			w.key(s, 2)
			w.bytes(e.Settled.Wamid[:])
		}
	}
	if e.Attempt != nil {
		w.key(o, 5)
		w.bytes(e.Attempt[:])
	}
}

func (w *recordWriter) send(s *policy.Send) {
	o := w.object()
	w.number(o, 1, int64(s.Edge))
	w.text(o, 2, s.PhoneNumberID)
	w.number(o, 3, int64(s.Kind))
	w.text(o, 4, s.Type)
	if s.Template != (policy.TemplateRef{}) {
		w.key(o, 5)
		t := w.object()
		w.text(t, 1, s.Template.Name)
		w.text(t, 2, s.Template.Language)
	}
	w.text(o, 6, string(s.Stated))
	w.flag(o, 7, s.Transaction)
	w.flag(o, 8, s.Group)
	w.flag(o, 9, s.TwoNames)
	w.number(o, 10, int64(s.Bare))
	w.flag(o, 11, s.Confirms)
}

func (w *recordWriter) facts(f *policy.Facts) {
	o := w.object()
	if len(f.Persons) > 0 {
		w.key(o, 1)
		w.head(cborArray, uint64(len(f.Persons)))
		for i := range f.Persons {
			w.person(&f.Persons[i])
		}
	}
	w.flag(o, 2, f.OnePerson)
	if t := &f.Template; *t != (policy.TemplateFacts{}) {
		w.key(o, 3)
		o := w.object()
		w.flag(o, 1, t.Listed)
		w.flag(o, 2, t.Found)
		w.text(o, 3, string(t.Status))
		w.text(o, 4, string(t.Category))
		w.text(o, 5, string(t.Next))
		w.number(o, 6, int64(t.NextFrom))
		w.number(o, 7, int64(t.ReadAt))
		w.number(o, 8, int64(t.ListedAt))
		w.flag(o, 9, t.NoAccount)
	}
	w.number(o, 4, int64(f.Shown))
	w.flag(o, 5, f.NoBusiness)
	w.number(o, 6, int64(f.Rival))
	w.flag(o, 7, f.SiblingRefused)
}

func (w *recordWriter) person(p *policy.PersonFacts) {
	o := w.object()
	w.key(o, 1)
	w.bytes(p.Contact[:])
	w.number(o, 2, int64(p.Opened))
	w.key(o, 3)
	w.head(cborArray, uint64(len(p.Consent)))
	for i := range p.Consent {
		c := &p.Consent[i]
		o := w.object()
		w.number(o, 1, int64(c.State))
		w.number(o, 2, int64(c.Since))
		w.text(o, 3, string(c.Source))
		w.number(o, 4, int64(c.LastOptIn))
	}
	w.number(o, 4, int64(p.Confirmed))
	w.number(o, 5, int64(p.CallUntil))
	w.flag(o, 6, p.Known)
	w.number(o, 7, int64(p.Spoke))
}

func (w *recordWriter) policy(p *policy.Policy) {
	o := w.object()
	w.number(o, 1, int64(p.WindowMargin))
	w.flag(o, 2, p.RequireInWindowConsent)
	w.flag(o, 3, p.RefuseOptedOutReplies)
	w.flag(o, 4, p.AllowGroups)
	w.flag(o, 5, p.DirectSend)
	if len(p.EssentialTemplates) > 0 {
		w.key(o, 6)
		w.head(cborArray, uint64(len(p.EssentialTemplates)))
		for _, name := range p.EssentialTemplates {
			w.string(name)
		}
	}
	w.number(o, 7, int64(p.BareNumbers))
}

func (w *recordWriter) decision(d *policy.Decision) {
	o := w.object()
	w.key(o, 1)
	w.string(string(d.Verdict))
	w.key(o, 2)
	w.string(string(d.Rule))
	w.text(o, 3, d.Reason)
	w.text(o, 4, d.Remedy)
	w.key(o, 5)
	w.string(string(d.Category))
	w.text(o, 6, string(d.Initiation))
	w.number(o, 8, int64(d.Person))
}

func (w *recordWriter) outcome(oc *store.Outcome) {
	o := w.object()
	w.key(o, 1)
	w.string(string(oc.State))
	w.number(o, 2, int64(oc.At))
	w.number(o, 3, int64(oc.HTTPStatus))
	w.number(o, 4, int64(oc.ErrorCode))
	if oc.ReachedOther != nil {
		w.key(o, 5)
		w.bytes(oc.ReachedOther[:])
	}
}

// object begins a map of fewer than 24 members and returns where its head is.
func (w *recordWriter) object() int {
	w.out = append(w.out, cborMap<<5)
	return len(w.out) - 1
}

// key begins a member of the object. It must be followed by one value. Keys are
// below 24.
func (w *recordWriter) key(object int, key byte) {
	w.out[object]++
	w.out = append(w.out, key)
}

func (w *recordWriter) text(object int, key byte, s string) {
	if s != "" {
		w.key(object, key)
		w.string(s)
	}
}

func (w *recordWriter) number(object int, key byte, n int64) {
	if n != 0 {
		w.key(object, key)
		w.int(n)
	}
}

func (w *recordWriter) flag(object int, key byte, v bool) {
	if v {
		w.key(object, key)
		w.out = append(w.out, cborTrue)
	}
}

func (w *recordWriter) string(s string) {
	w.head(cborText, uint64(len(s)))
	w.out = append(w.out, s...)
}

func (w *recordWriter) bytes(b []byte) {
	w.head(cborBytes, uint64(len(b)))
	w.out = append(w.out, b...)
}

func (w *recordWriter) int(n int64) {
	if n < 0 {
		w.head(cborNegative, uint64(^n))
		return
	}
	w.head(cborUint, uint64(n))
}

func (w *recordWriter) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		w.out = append(w.out, major|byte(n))
	case n < 1<<8:
		w.out = append(w.out, major|24, byte(n))
	case n < 1<<16:
		w.out = binary.BigEndian.AppendUint16(append(w.out, major|25), uint16(n))
	case n < 1<<32:
		w.out = binary.BigEndian.AppendUint32(append(w.out, major|26), uint32(n))
	default:
		w.out = binary.BigEndian.AppendUint64(append(w.out, major|27), n)
	}
}
