package graphsim

import (
	"net/http"
	"sync"
	"time"
)

// Request is one HTTP request as it arrived, before any judgement.
type Request struct {
	At         time.Time
	Method     string
	RequestURI string
	Proto      string
	Host       string
	Remote     string
	Header     http.Header
	Body       []byte
}

// Send is one send the Sim accepted.
type Send struct {
	At time.Time
	// ID is the wamid given out.
	ID string
	// PhoneNumberID is the sending business number.
	PhoneNumberID string
	// Endpoint is EndpointMessages or EndpointMarketing.
	Endpoint Endpoint
	// To and Recipient are the recipient fields as sent; To may be a group id.
	To, Recipient string
	// WaID is the canonical number of the recipient, empty for sends by user id only and for groups.
	WaID string
	// Type is the message type, "text" if the body named none; Interactive the interactive subtype.
	Type, Interactive string
	// Template and Language name the template of a template send.
	Template, Language string
	// Category is what the send is billed as: "marketing", "marketing_lite", "utility", "authentication" or
	// "service".
	Category string
	// DirectSend reports a utility or authentication send without template.
	DirectSend bool
	// ContextID is the wamid the send quotes.
	ContextID string
	// Callback is biz_opaque_callback_data.
	Callback string
	// WindowOpen reports whether the customer service window was open when the send was accepted.
	WindowOpen bool
	// Outcome is what the platform will report about this send.
	Outcome Outcome
	// Body is the raw body that carried the send. For a batch element, the element's body.
	Body []byte
}

// recorder keeps the newest requests and sends.
type recorder struct {
	mu       sync.Mutex // guards both rings
	requests ring[Request]
	sends    ring[Send]
	on       bool
}

func newRecorder(limit int) *recorder {
	return &recorder{on: limit > 0, requests: ring[Request]{limit: limit}, sends: ring[Send]{limit: limit}}
}

func (r *recorder) request(req Request) {
	r.mu.Lock()
	r.requests.add(req)
	r.mu.Unlock()
}

func (r *recorder) send(snd Send) {
	r.mu.Lock()
	r.sends.add(snd)
	r.mu.Unlock()
}

// Requests are the newest requests, oldest first. Header and Body are shared: do not change them.
func (s *Sim) Requests() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.requests.all()
}

// Sends are the newest accepted sends, oldest first. Body is shared: do not change it.
func (s *Sim) Sends() []Send {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.sends.all()
}

// Reset forgets recorded requests and sends. Windows, templates, waiting statuses and faults stay.
func (s *Sim) Reset() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.requests.clear()
	s.record.sends.clear()
}

// ring keeps the newest limit items.
type ring[T any] struct {
	limit int
	items []T
	next  int // where the next item goes once the ring is full
}

// add stores item and returns the one it displaced, if any.
func (r *ring[T]) add(item T) (old T, displaced bool) {
	if r.limit <= 0 {
		return item, true
	}
	if len(r.items) < r.limit {
		r.items = append(r.items, item)
		return old, false
	}
	old = r.items[r.next]
	r.items[r.next] = item
	r.next = (r.next + 1) % r.limit
	return old, true
}

func (r *ring[T]) all() []T {
	out := make([]T, 0, len(r.items))
	out = append(out, r.items[r.next:]...)
	return append(out, r.items[:r.next]...)
}

func (r *ring[T]) clear() { r.items, r.next = nil, 0 }
