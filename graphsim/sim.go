package graphsim

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// defaultKeep bounds what is remembered for inspection: enough for any test, small enough for a long demo.
	defaultKeep = 10_000
	// defaultPostTimeout ends a webhook post nobody answers. Meta's own patience is a few seconds.
	defaultPostTimeout = 15 * time.Second
)

// Options describe the WhatsApp Business Account to simulate. The zero value is a working account with one number.
type Options struct {
	// Clock gives the current time of the simulated platform. Default: time.Now.
	Clock func() time.Time
	// Seed makes all generated ids (wamid, media, template, fbtrace) a function of Seed and call order.
	Seed uint64

	// WABA is the WhatsApp Business Account id. Default: "200300400500".
	WABA string
	// Numbers are the account's business numbers. Default: one, "104455667788" with +49 30 555123.
	Numbers []Number
	// Templates is the initial catalogue. See also [Sim.PutTemplate].
	Templates []Template
	// Created is the status of a template that is created or edited through the API, as the answer says. Default:
	// PENDING.
	Created string
	// Location is the account's time zone: free allowances and price changes start at its midnight. Default: UTC.
	Location *time.Location
	// Currency is the one that the account is billed in. Default: EUR.
	Currency string
	// Rates are what deliveries cost in pricing_analytics, by country and category: {"DE marketing": "0.1365"}. Default:
	// some of Meta's of October 2026 in US dollars, and what the rest of the world costs for all others.
	Rates map[string]string
	// Tokens are the access tokens that are good: others get error 190. Default: all.
	Tokens []string
	// DirectSend lists the categories ("utility", "authentication") Meta has enabled for sends without template.
	// Empty: any such send fails synchronously with error 100. A category missing from a non-empty list is
	// accepted and then fails with 131047, as measured for authentication.
	DirectSend []string
	// ReactionOpensWindow lets a user's reaction open the customer service window. Meta is silent about it; the
	// default, false, is the reading that never flatters a gateway.
	ReactionOpensWindow bool
	// Outcome decides what follows an accepted send. See [Sim.SetOutcome]. Default: Send.Outcome, unchanged.
	Outcome func(Send) Outcome

	// AppSecret signs webhooks. Empty: no signature header, as on deliveries through a business solution provider.
	AppSecret string
	// WebhookURL receives webhooks. Empty: events of users change the truth but are not posted, statuses wait. See
	// [Sim.SetWebhookURL].
	WebhookURL string
	// HTTPClient posts webhooks. Default: a client of its own with a 15 s timeout.
	HTTPClient *http.Client
	// BatchSize is the number of updates per webhook post when several wait, at most Meta's 1,000. Default: 1.
	BatchSize int
	// Background delivers webhooks from a goroutine as soon as they arise; [Sim.Close] stops it.
	Background bool

	// Record is the number of requests, of accepted sends and of messages kept, newest win. Default: 10,000.
	// Negative keeps none, for benchmarks: [Sim.Status] then knows no message.
	Record int
	// QueueLimit is the number of updates that may wait for delivery, and of failed webhooks kept for
	// [Sim.Redeliver]; beyond it new ones are dropped. Default: 10,000. Negative: none wait.
	QueueLimit int
}

// Sim is one simulated WhatsApp Business Account. All methods may be called concurrently.
type Sim struct {
	clock  func() time.Time
	opts   Options
	ids    idSource
	client *http.Client

	truth     *truth
	templates *catalogue
	media     *mediaShelf
	record    *recorder
	outbox    *outbox
	faults    faultList
	outcome   atomic.Pointer[func(Send) Outcome]

	stop context.CancelFunc // ends the background delivery
	done sync.WaitGroup     // waits for it
}

// New returns a Sim for the account described by o. Call Close when o.Background is set.
func New(o Options) *Sim {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.WABA == "" {
		o.WABA = "200300400500"
	}
	if len(o.Numbers) == 0 {
		o.Numbers = []Number{{ID: "104455667788", Display: "+49 30 555123", Name: "Example Shop", CountryCode: "49"}}
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Record == 0 {
		o.Record = defaultKeep
	}
	if o.QueueLimit == 0 {
		o.QueueLimit = defaultKeep
	}
	o.BatchSize = min(max(o.BatchSize, 1), maxUpdates)
	s := &Sim{
		clock:     o.Clock,
		opts:      o,
		ids:       idSource{seed: o.Seed},
		client:    o.HTTPClient,
		truth:     newTruth(o),
		templates: &catalogue{},
		media:     &mediaShelf{},
		record:    newRecorder(o.Record),
		outbox:    newOutbox(o.WebhookURL, o.QueueLimit),
		stop:      func() {},
	}
	if s.client == nil {
		// A transport of its own, so that Close closes nobody else's connections.
		s.client = &http.Client{Timeout: defaultPostTimeout, Transport: &http.Transport{}}
	}
	s.SetOutcome(o.Outcome)
	for _, t := range o.Templates {
		s.PutTemplate(t)
	}
	if o.Background {
		ctx, cancel := context.WithCancel(context.Background())
		s.stop = cancel
		s.done.Go(func() { s.deliverInBackground(ctx) })
	}
	return s
}

// Close stops background delivery, waits for it and closes idle connections to the webhook receiver. What was still
// waiting stays undelivered.
func (s *Sim) Close() error {
	s.stop()
	s.done.Wait()
	if s.opts.HTTPClient == nil {
		s.client.CloseIdleConnections()
	}
	return nil
}

// WABA is the id of the simulated WhatsApp Business Account.
func (s *Sim) WABA() string { return s.opts.WABA }

// Numbers are the business numbers of the account, the default one first.
func (s *Sim) Numbers() []Number { return append([]Number(nil), s.opts.Numbers...) }

// number finds a business number by its phone_number_id.
func (s *Sim) number(id string) (*Number, error) {
	for i := range s.opts.Numbers {
		if s.opts.Numbers[i].ID == id {
			return &s.opts.Numbers[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknownNumber, id)
}
