package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// Timeout is how long an endpoint may take to answer.
const Timeout = 15 * time.Second

// Options say how an endpoint is called.
type Options struct {
	// URL is where it is.
	URL string
	// Network says where it may be.
	Network Network
	// Secrets are those that messages are signed with: it is asked for each attempt, so that
	// they may be changed meanwhile.
	Secrets func() ([]Secret, error)
	// Now is the clock for the time of an attempt.
	Now func() time.Time
	// UserAgent says who calls.
	UserAgent string
}

// Endpoint is a receiver of messages.
type Endpoint struct {
	Options
	client *http.Client
}

// CheckURL says why an address is none that messages are sent to.
func CheckURL(address string, network Network) error {
	u, err := url.Parse(address)
	switch {
	case err != nil: // whose error would quote it, and it may have a secret in it
		return errors.New("the address is no URL: write one such as https://crm.example.com/hooks/waguard")
	case u.Scheme == "http" && network == Private:
	case u.Scheme == "http":
		return errors.New("the address begins with http://, and what is sent there could be read and changed on the way: write https://, or `network private` into the block where that is meant")
	case u.Scheme != "https" && u.Host != "":
		return errors.New("the address is not of the web: it must begin with https://")
	case u.Scheme != "https":
		return errors.New("the address is no URL: write one such as https://crm.example.com/hooks/waguard")
	}
	switch {
	case u.Hostname() == "":
		return errors.New("the address names no host: write one such as https://crm.example.com/hooks/waguard")
	case u.User != nil:
		return errors.New("the address has a user in it: leave that out, the receiver knows by the signature who sends")
	case u.Fragment != "":
		return errors.New("the address has a # in it, which is never sent: leave that out")
	}
	// Where a name leads is seen when it is dialled; an address says it at once.
	if to, err := netip.ParseAddr(u.Hostname()); err == nil {
		return checkAddress(network, to)
	}
	return nil
}

// New is an endpoint. Its address was checked.
func New(o Options) *Endpoint {
	dialer := &net.Dialer{Timeout: Timeout / 2, Control: control(o.Network)}
	return &Endpoint{Options: o, client: &http.Client{
		Transport: &http.Transport{
			// No proxy of the environment's: what it connects to, nobody could check.
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        2,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    Timeout / 2,
			ResponseHeaderTimeout:  Timeout,
			MaxResponseHeaderBytes: 32 << 10,
		},
		Timeout: Timeout,
		// An endpoint that has moved is configured anew: whoever answers there could send
		// messages anywhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of connections.
func (e *Endpoint) Close() { e.client.CloseIdleConnections() }

// Answer is what became of an attempt.
type Answer struct {
	// Taken: the endpoint has it.
	Taken bool
	// Gone: it wants no more.
	Gone bool
	// Ours: it was not tried, since something is wrong here that Why says; Never: that will
	// not change for this event.
	Ours, Never bool
	// Status is what it answered, 0 where it didn't.
	Status int
	// RetryAfter is how long it wants to be left alone; 0 where it doesn't say.
	RetryAfter time.Duration
	// Why says what went wrong, without anything that it answered.
	Why string
	// Took is how long it took.
	Took time.Duration
}

// slow reports that the endpoint has too much to do.
func (a *Answer) slow() bool {
	if a == nil {
		return false
	}
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// largestAnswer is how much of an answer is read, so that the connection can be used again.
const largestAnswer = 8 << 10

// Send tries to have an endpoint take a message.
func (e *Endpoint) Send(ctx context.Context, event *Event) *Answer {
	body, err := event.Body()
	if err != nil {
		return &Answer{Ours: true, Never: true, Why: err.Error()}
	}
	secrets, err := e.Secrets()
	if err != nil {
		return &Answer{Ours: true, Why: err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return &Answer{Ours: true, Why: "the address is no URL"}
	}
	r.Header.Set("Content-Type", ContentType)
	r.Header.Set("User-Agent", e.UserAgent)
	timestamp, signature := sign(secrets, event.ID, e.Now(), body)
	r.Header["webhook-id"] = []string{event.ID} // as the specification writes them
	r.Header["webhook-timestamp"] = []string{timestamp}
	r.Header["webhook-signature"] = []string{signature}
	begun := time.Now()
	resp, err := e.client.Do(r)
	if err != nil {
		return &Answer{Why: failure(err), Took: time.Since(begun)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, largestAnswer)) // what it says beside the status is nobody's business
	return e.answer(resp, time.Since(begun))
}

func (e *Endpoint) answer(resp *http.Response, took time.Duration) *Answer {
	a := &Answer{Status: resp.StatusCode, Took: took, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), e.Now())}
	switch {
	case a.Status >= 200 && a.Status < 300:
		a.Taken = true
	case a.Status >= 300 && a.Status < 400:
		a.Why = fmt.Sprintf("the endpoint answers %d, a redirect, which is not followed: write the address it has now", a.Status)
	case a.Status == http.StatusGone:
		a.Gone = true
		a.Why = "the endpoint answers 410: it wants no more events"
	default:
		a.Why = fmt.Sprintf("the endpoint answers %d %s", a.Status, http.StatusText(a.Status))
	}
	return a
}

// retryAfter reads how long an endpoint wants to be left alone.
func retryAfter(s string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(s); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(longestWait/time.Second)))*time.Second, longestWait)
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, min(at.Sub(now), longestWait))
	}
	return 0
}

// quoted is what an error quotes of an answer that is none, in whatever way.
var quoted = regexp.MustCompile(`"(\\.|[^"\\])*("|$)`)

// failure says why there was no answer. The URL stays out of it: there may be a secret in it;
// and so does what came in place of an answer.
func failure(err error) string {
	if e, ok := errors.AsType[*addressError](err); ok {
		return e.why
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsNotFound {
			return "the endpoint's name is not known"
		}
		return "the endpoint's name can't be looked up"
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("the certificate of the endpoint can't be trusted: %v", e.Err)
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return fmt.Sprintf("the endpoint doesn't answer within %s", Timeout)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return "the endpoint doesn't answer: " + quoted.ReplaceAllString(err.Error(), `"..."`)
}
