package graphsim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer bounds what is read of a receiver's answer.
const maxAnswer = 1 << 20

// Webhook is one post to the receiver: the exact bytes and the signature over them.
type Webhook struct {
	Body []byte
	// Signature is the value of SignatureHeader, empty without an app secret.
	Signature string
}

// Delivery is what became of one post.
type Delivery struct {
	Webhook Webhook
	// Status and Body are the receiver's answer. Status is 0 if there was none.
	Status int
	Body   []byte
	// Err is a transport error, or *NotAccepted.
	Err error
}

// WebhookFault makes the delivery of webhooks misbehave.
type WebhookFault struct {
	// Times is how many webhooks are affected. 0 means one, negative all until [Sim.ClearFaults].
	Times int
	// Duplicate posts the webhook twice.
	Duplicate bool
	// Hold keeps the webhook back until the next one has gone out, or until DeliverStatuses: reordered delivery.
	Hold bool
	// BadSignature signs with another secret.
	BadSignature bool
}

// InjectWebhook adds a fault for coming webhooks. Faults are used up in the order they were added.
func (s *Sim) InjectWebhook(f WebhookFault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.faults = append(s.outbox.faults, f)
}

// takeFault must be called with the lock held.
func (o *outbox) takeFault() WebhookFault {
	if len(o.faults) == 0 {
		return WebhookFault{}
	}
	f := o.faults[0]
	if f.Times > 0 {
		o.faults[0].Times--
		if o.faults[0].Times == 0 {
			o.faults = o.faults[1:]
		}
	}
	return f
}

// Post delivers updates in one webhook, at once and in the order given. It returns one Delivery per post; a fault can
// make that none or several. Without a WebhookURL nothing is posted.
func (s *Sim) Post(ctx context.Context, updates ...Update) ([]Delivery, error) {
	deliveries, err := s.deliver(ctx, updates)
	if err != nil {
		return nil, err
	}
	return deliveries, failures(deliveries)
}

// deliver serialises, signs and posts updates as one webhook, subject to faults. Its error is a failure to serialise.
func (s *Sim) deliver(ctx context.Context, updates []Update) ([]Delivery, error) {
	body, err := s.Payload(updates...)
	if err != nil {
		return nil, err
	}
	o := s.outbox
	o.mu.Lock()
	if o.url == "" {
		o.mu.Unlock()
		return nil, nil
	}
	fault := o.takeFault()
	w := Webhook{Body: body, Signature: s.sign(body, fault.BadSignature)}
	if fault.Hold {
		o.held = append(o.held, w)
		o.mu.Unlock()
		return nil, nil
	}
	o.mu.Unlock()
	deliveries := []Delivery{s.post(ctx, w)}
	if fault.Duplicate {
		deliveries = append(deliveries, s.post(ctx, w))
	}
	return append(deliveries, s.release(ctx)...), nil
}

// release posts what a fault held back.
func (s *Sim) release(ctx context.Context) []Delivery {
	s.outbox.mu.Lock()
	held := s.outbox.held
	s.outbox.held = nil
	s.outbox.mu.Unlock()
	var deliveries []Delivery
	for _, w := range held {
		deliveries = append(deliveries, s.post(ctx, w))
	}
	return deliveries
}

func (s *Sim) sign(body []byte, badly bool) string {
	switch {
	case badly:
		return Sign(s.opts.AppSecret+" of another app", body)
	case s.opts.AppSecret == "":
		return ""
	default:
		return Sign(s.opts.AppSecret, body)
	}
}

// post sends one webhook and keeps it if it was not accepted.
func (s *Sim) post(ctx context.Context, w Webhook) Delivery {
	o := s.outbox
	d := Delivery{Webhook: w}
	d.Status, d.Body, d.Err = s.roundTrip(ctx, o.target(), w)
	if d.Err != nil {
		o.mu.Lock()
		if len(o.failed) < o.limit {
			o.failed = append(o.failed, w)
		} else {
			o.dropped++
		}
		o.mu.Unlock()
	}
	return d
}

func (s *Sim) roundTrip(ctx context.Context, target string, w Webhook) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(w.Body))
	if err != nil {
		return 0, nil, fmt.Errorf("addressing webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "facebookexternalua")
	if w.Signature != "" {
		req.Header.Set(SignatureHeader, w.Signature)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("posting webhook: %w", err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return resp.StatusCode, answer, fmt.Errorf("reading webhook answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, answer, &NotAccepted{Status: resp.StatusCode}
	}
	return resp.StatusCode, answer, nil
}

// Subscribe does Meta's verification handshake with the WebhookURL: a GET whose challenge must come back bare, with
// status 200.
func (s *Sim) Subscribe(ctx context.Context, verifyToken string) error {
	u, err := url.Parse(s.outbox.target())
	if err != nil {
		return fmt.Errorf("addressing webhook: %w", err)
	}
	challenge := s.ids.object()
	query := u.Query()
	query.Set("hub.mode", "subscribe")
	query.Set("hub.challenge", challenge)
	query.Set("hub.verify_token", verifyToken)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("addressing webhook: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("verifying webhook: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("verifying webhook: %w", err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("verifying webhook: %w", &NotAccepted{Status: resp.StatusCode})
	case string(answer) != challenge:
		return fmt.Errorf("verifying webhook: answer is not the challenge")
	default:
		return nil
	}
}
