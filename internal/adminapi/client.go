package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/waguard/waguard/store"
)

// Client talks to the admin endpoint of a running gateway. What it is answered
// other than with success is an *[Error]. It can be used from several goroutines.
type Client struct {
	// Clean, if set, is given every answer before it is read, and what it returns
	// is read instead.
	Clean func(answer []byte) ([]byte, error)

	address string // as it was given
	origin  string
	tcp     bool
	http    http.Client
	// met: what answers there was a gateway's admin endpoint, and has answered
	// since.
	met atomic.Bool
}

// NewClient is a client for an admin endpoint. Its address is a URL with scheme
// http, host and port, or a Unix socket such as unix//run/waguard/admin.sock.
func NewClient(address string) (*Client, error) {
	c := &Client{address: address}
	network, target := "tcp", address
	if path, ok := strings.CutPrefix(address, "unix/"); ok {
		// Permissions may follow the path, as where the endpoint is configured.
		network, c.origin = "unix", "http://127.0.0.1"
		target, _, _ = strings.Cut(path, "|")
	} else {
		rest := strings.TrimPrefix(strings.TrimPrefix(address, "tcp/"), "http://")
		if strings.Contains(rest, "/") {
			return nil, fmt.Errorf("%q is no address of an admin endpoint: write localhost:2019, or unix//run/waguard/admin.sock", address)
		}
		if _, _, err := net.SplitHostPort(rest); err != nil {
			return nil, fmt.Errorf("%q is no address of an admin endpoint: write it with its port, such as localhost:2019", address)
		}
		target, c.origin, c.tcp = rest, "http://"+rest, true
	}
	// A gateway doesn't send its operators elsewhere; something else might.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, target)
		},
		// A reload replaces the endpoint, and ends the connections of the old one
		// at some time later.
		DisableKeepAlives: true,
	}
	return c, nil
}

// Address is that of the admin endpoint, as it was given.
func (c *Client) Address() string { return c.address }

// ask makes a request and reads the answer. A nil request, or one that is query
// parameters, makes it a GET.
func (c *Client) ask(ctx context.Context, route Route, request, answer any) error {
	body, err := c.open(ctx, route, request)
	if err != nil {
		return err
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err == nil && c.Clean != nil {
		raw, err = c.Clean(raw)
	}
	if err == nil {
		err = decode(raw, answer)
	}
	if err != nil {
		return fmt.Errorf("reading the answer of the gateway at %s: %w", c.address, err)
	}
	return nil
}

// decode reads an answer that is one JSON document and has nothing this client
// doesn't know: it would be left out where the answer is shown.
func decode(raw []byte, answer any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(answer); err != nil {
		if strings.Contains(err.Error(), "unknown field") {
			return fmt.Errorf("%w: the gateway is of another version than this program", err)
		}
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows its end")
	}
	return nil
}

// open makes a request and gives the body of the answer, which must be a success.
// Requests tell of people, so it makes sure first whom it asks.
func (c *Client) open(ctx context.Context, route Route, request any) (io.ReadCloser, error) {
	if !c.met.Load() {
		if _, err := c.Version(ctx); err != nil {
			return nil, err
		}
	}
	resp, err := c.do(ctx, route, request)
	if err != nil {
		c.met.Store(false)
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	return nil, c.failure(resp)
}

// largestVersion is how much of an answer to the first question is read.
const largestVersion = 64 << 10

// Version asks which gateway it is. Its error is an *[Unreachable] where nothing
// answers, and a *[Stranger] where something else does.
func (c *Client) Version(ctx context.Context) (*Version, error) {
	resp, err := c.do(ctx, RouteVersion, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	stranger := func(format string, args ...any) error {
		return &Stranger{c.address, fmt.Sprintf(format, args...)}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, stranger("it answers %s with %s", RouteVersion.Path, statusOf(resp.StatusCode))
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, largestVersion))
	if err != nil {
		return nil, &Unreachable{c.address, err}
	}
	// Not strictly: a newer gateway may say more of itself.
	v := new(Version)
	if json.Unmarshal(raw, v) != nil || v.Server != server {
		return nil, stranger("its answer to %s is not a waguard's", RouteVersion.Path)
	}
	c.met.Store(true)
	return v, nil
}

// do makes a request, whatever it is answered.
func (c *Client) do(ctx context.Context, route Route, request any) (*http.Response, error) {
	method, uri, body := http.MethodGet, c.origin+route.Path, io.Reader(nil)
	switch query, ok := request.(url.Values); {
	case ok:
		uri += "?" + query.Encode()
	case request != nil:
		encoded, err := json.Marshal(request)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		method, body = http.MethodPost, bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, uri, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.tcp {
		req.Header.Set("Origin", c.origin) // which the endpoint may ask for
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &Unreachable{c.address, errors.Unwrap(err)}
	}
	return resp, nil
}

// failure is an answer that is no success.
func (c *Client) failure(resp *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the answer of the gateway at %s: %w", c.address, err)
	}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Error == "" {
		said.Error = strings.TrimSpace(string(raw))
	}
	e := &Error{Status: resp.StatusCode, Err: errors.New(said.Error)}
	return fmt.Errorf("the gateway at %s answers %s: %w", c.address, statusOf(e.Status), e)
}

// Health asks whether the gateway serves.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	return answer[Health](ctx, c, RouteHealth, nil)
}

// Page is a page of a list of sends, newest first.
func (c *Client) Page(ctx context.Context, l List, s Selection) (*Page, error) {
	return answer[Page](ctx, c, l.Page, s)
}

// All yields a list of sends from page to page, newest first, up to the first
// error.
func (c *Client) All(ctx context.Context, l List, s Selection) iter.Seq2[*Line, error] {
	if s.Limit == 0 {
		s.Limit = LargestPage
	}
	return func(yield func(*Line, error) bool) {
		for {
			p, err := c.Page(ctx, l, s)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, line := range p.Entries {
				if !yield(line, nil) {
					return
				}
			}
			if s.Before = p.Next; s.Before == "" {
				return
			}
		}
	}
}

// Groups counts what a list of sends has.
func (c *Client) Groups(ctx context.Context, l List, s GroupSelection) (*Groups, error) {
	return answer[Groups](ctx, c, l.Groups, s)
}

// Summary counts the violations of a period among its sends.
func (c *Client) Summary(ctx context.Context, s Selection) (*Summary, error) {
	return answer[Summary](ctx, c, RouteViolationsSummary, s)
}

// Templates is what is known about templates.
func (c *Client) Templates(ctx context.Context, s TemplateSelection) (*Templates, error) {
	return answer[Templates](ctx, c, RouteTemplates, queryOf(&s))
}

// SyncTemplates has the gateway list the templates of its accounts now.
func (c *Client) SyncTemplates(ctx context.Context) (*TemplateSync, error) {
	return answer[TemplateSync](ctx, c, RouteTemplatesSync, struct{}{})
}

// AcceptTemplate accepts the category that a template has now.
func (c *Client) AcceptTemplate(ctx context.Context, a TemplateAcceptance) (*TemplatesAccepted, error) {
	return answer[TemplatesAccepted](ctx, c, RouteTemplatesAccept, a)
}

// Numbers is what is known about the business phone numbers.
func (c *Client) Numbers(ctx context.Context) (*Numbers, error) {
	return answer[Numbers](ctx, c, RouteNumbers, nil)
}

// Diagnose has the gateway look for what is not as it should be.
func (c *Client) Diagnose(ctx context.Context) (*Diagnosis, error) {
	return answer[Diagnosis](ctx, c, RouteDoctor, nil)
}

// Events is a page of account events, newest first.
func (c *Client) Events(ctx context.Context, s EventSelection) (*EventPage, error) {
	return answer[EventPage](ctx, c, RouteEvents, s)
}

// Consent is what is known about a person.
func (c *Client) Consent(ctx context.Context, r ConsentRequest) (*Consent, error) {
	return c.Record(ctx, RouteConsentGet, r)
}

// Record records something about a person by one of the routes that do, and gives
// what is known then.
func (c *Client) Record(ctx context.Context, route Route, r ConsentRequest) (*Consent, error) {
	return answer[Consent](ctx, c, route, r)
}

// Answer tells what a person answered to a challenge.
func (c *Client) Answer(ctx context.Context, r Reply) (*Answered, error) {
	return answer[Answered](ctx, c, RouteConfirm, r)
}

// History is every consent record of a person.
func (c *Client) History(ctx context.Context, r ConsentRequest) (*History, error) {
	return answer[History](ctx, c, RouteHistory, r)
}

// CheckStore has the store checked while the gateway serves.
func (c *Client) CheckStore(ctx context.Context) (*store.CheckReport, error) {
	return answer[store.CheckReport](ctx, c, RouteStoreCheck, struct{}{})
}

// Backup is a copy of the store, or what is new in it since another one; see package
// archive.
func (c *Client) Backup(ctx context.Context, r BackupRequest) (io.ReadCloser, error) {
	return c.open(ctx, RouteBackup, r)
}

// answer asks for an answer of some kind.
func answer[T any](ctx context.Context, c *Client, route Route, request any) (*T, error) {
	a := new(T)
	if err := c.ask(ctx, route, request, a); err != nil {
		return nil, err
	}
	return a, nil
}
