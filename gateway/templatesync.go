package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// TemplateSync lists the templates of every account by itself, so that the gateway knows
// them also where no sender lists them: when it starts, then every so often, and soon
// after a webhook told of one.
type TemplateSync struct {
	*Gateway
	Log *zap.Logger
	// Every is how often an account is listed.
	Every time.Duration
	// Get asks Meta for what stands at a target of its API.
	Get func(ctx context.Context, target string) (status int, body []byte, err error)

	// mu guards accounts and what they hold.
	mu       sync.Mutex
	accounts map[string]*synced
	// listing: one at a time lists.
	listing turn
}

// synced is how it stands with an account.
type synced struct {
	// due is when it is listed next.
	due time.Time
	// tried is when it was listed last, done when that came to its end; err says why the
	// last time didn't, failures how often in a row.
	tried, done time.Time
	err         error
	failures    int
	// templates is how many there were.
	templates int
}

// Synced is how it stands with an account.
type Synced struct {
	WABA string
	// Tried is when it was listed last, Done when it was to the end; zero where it never
	// was. Err says why it was not the last time.
	Tried, Done time.Time
	Err         error
	// Templates is how many there were the last time.
	Templates int
	// Next is when it is listed next.
	Next time.Time
}

const (
	// firstRetry is how long after a failure an account is listed again, and twice as
	// long after each further one, until it is Every.
	firstRetry = time.Minute
	// soon is how long after a webhook an account is listed: webhooks come in groups.
	soon = 20 * time.Second
	// leastBetween is how much later at least than the last time.
	leastBetween = 2 * time.Minute
	// mostPages bounds a listing: an account has 6,000 templates at most.
	mostPages = 100
	// syncPage is how many templates are asked for at once.
	syncPage = 100
)

// Due lists the accounts whose time has come.
func (s *TemplateSync) Due(ctx context.Context) {
	accounts, err := s.known(ctx)
	if err != nil {
		s.Often.Log(s.Now(), s.Log, zap.WarnLevel, "could not find out whose templates to list", zap.Error(err))
		return
	}
	for _, waba := range accounts {
		s.mu.Lock()
		due := !s.Now().Before(s.accounts[waba].due)
		s.mu.Unlock()
		if due && ctx.Err() == nil {
			_ = s.list(ctx, waba) // which logs what fails
		}
	}
}

// All lists every account now.
func (s *TemplateSync) All(ctx context.Context) ([]Synced, error) {
	accounts, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	for _, waba := range accounts {
		_ = s.list(ctx, waba) // it is in what is told
	}
	return s.State(), ctx.Err()
}

// State is how it stands with each account, in the order of their ids.
func (s *TemplateSync) State() []Synced {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Synced, 0, len(s.accounts))
	for waba, a := range s.accounts {
		list = append(list, Synced{WABA: waba, Tried: a.tried, Done: a.done, Err: a.err, Templates: a.templates, Next: a.due})
	}
	slices.SortFunc(list, func(a, b Synced) int { return cmp.Compare(a.WABA, b.WABA) })
	return list
}

// told has the accounts listed soon of whose templates webhooks told.
func (s *TemplateSync) told(events []policy.Event) {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e, ok := e.(policy.TemplateChanged); ok && !e.Read {
			if a := s.accounts[e.WABA]; a != nil {
				at := now.Add(soon)
				if least := a.tried.Add(leastBetween); at.Before(least) {
					at = least
				}
				if at.Before(a.due) {
					a.due = at
				}
			}
		}
	}
}

// known are the accounts of the businesses served, each once however many numbers it has.
// One that is new is due, unless its list was read not long ago: a reload reads none
// again.
func (s *TemplateSync) known(ctx context.Context) ([]string, error) {
	st, err := s.Open()
	if err != nil {
		return nil, err
	}
	told, err := st.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	wabas := make(map[string]bool)
	for id, b := range s.Businesses.Listed {
		if waba := cmp.Or(b.WABA, told[id].WABA); waba != "" {
			wabas[waba] = true
		}
	}
	if s.Businesses.Others != nil {
		for _, n := range told {
			if n.WABA != "" {
				wabas[n.WABA] = true
			}
		}
	}
	for waba := range wabas {
		s.mu.Lock()
		known := s.accounts[waba] != nil
		s.mu.Unlock()
		if known {
			continue
		}
		a := &synced{due: s.Now()}
		c, err := st.Templates(ctx, waba, 1)
		if err != nil {
			return nil, err
		}
		for _, listed := range c.Accounts {
			if at := listed.ListedAt.Time(); listed.WABA == waba && listed.ListedAt != 0 && at.Add(s.Every).After(s.Now()) {
				a.done, a.due = at, at.Add(s.Every)
			}
		}
		s.mu.Lock()
		if s.accounts == nil {
			s.accounts = make(map[string]*synced)
		}
		s.accounts[waba] = a
		s.mu.Unlock()
	}
	return slices.Sorted(maps.Keys(wabas)), nil
}

// list lists an account, and says when to again.
func (s *TemplateSync) list(ctx context.Context, waba string) error {
	if err := s.listing.take(ctx); err != nil {
		return err
	}
	defer s.listing.give()
	now := s.Now()
	n, err := s.pages(ctx, waba)
	if ctx.Err() != nil {
		return ctx.Err() // the configuration is gone: that is no failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[waba]
	a.tried, a.err = now, err
	if err == nil {
		a.done, a.failures, a.templates, a.due = now, 0, n, now.Add(jittered(s.Every))
		s.Log.Debug("listed the templates of an account", zap.String("waba", waba), zap.Int("templates", n))
		return nil
	}
	wait := min(firstRetry<<min(a.failures, 20), s.Every)
	a.failures++
	a.due = now.Add(jittered(wait))
	s.Log.Warn("could not list the templates of an account", zap.String("waba", waba), zap.Error(err), zap.Time("again", a.due))
	return err
}

// jittered is a time with up to a tenth more, so that many gateways don't ask at once.
func jittered(d time.Duration) time.Duration {
	return d + rand.N(d/10+1) // #nosec G404 -- nobody gains by knowing it
}

// pages reads all pages of a list. What they teach counts as what senders list does.
func (s *TemplateSync) pages(ctx context.Context, waba string) (templates int, err error) {
	of := Listing{WABA: waba, Token: sha256.Sum256([]byte("template_sync"))}
	query := url.Values{"fields": {"id,name,language,status,category,components"}, "limit": {fmt.Sprint(syncPage)}}
	for range mostPages {
		page := s.TemplateList(of, query.Encode())
		status, body, err := s.Get(ctx, "/v25.0/"+waba+"/message_templates?"+query.Encode())
		if err != nil {
			return templates, fmt.Errorf("asking Meta for the templates: %w", err)
		}
		if status != http.StatusOK {
			return templates, refusedList("template_sync", status, body)
		}
		read := cloudapi.ReadTemplateList(waba, page.query, body, page.at)
		if !read.Valid {
			return templates, errors.New("the answer is no list of templates")
		}
		if err := page.Learn(ctx, &AccountAnswer{Status: status, Whole: true, Body: body}); err != nil {
			return templates, fmt.Errorf("recording what the list says: %w", err)
		}
		templates += len(read.Templates)
		if read.Next == "" {
			return templates, nil
		}
		query.Set("after", read.Next)
	}
	return templates, fmt.Errorf("the list has more than %d pages", mostPages)
}

// refusedList says why Meta doesn't answer what an option of ours asks. Its own words are left
// out: nobody knows what is in them.
func refusedList(option string, status int, body []byte) error {
	var said struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // where it is none there is no code
	switch code := said.Error.Code; {
	case code == cloudapi.CodeTokenInvalid:
		return fmt.Errorf("meta answers %d with code %d: the access token has expired, or was revoked; put a new one where the token of %s comes from", status, code, option)
	case code == 10 || code >= 200 && code < 300:
		return fmt.Errorf("meta answers %d with code %d: the access token may not see this account; it needs whatsapp_business_management for it", status, code)
	case code != 0:
		return fmt.Errorf("meta answers %d with code %d", status, code)
	}
	return fmt.Errorf("meta answers %d", status)
}
