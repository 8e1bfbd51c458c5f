package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/forward"
)

const (
	// askTimeout is how long an answer of Meta's to what the gateway asks by itself may take.
	askTimeout = 30 * time.Second
	// dueLook is how often it is looked whether something is due.
	dueLook = time.Second
)

// metaAsk asks Meta what the gateway wants to know by itself, with a token of its own.
type metaAsk struct {
	option, token string
	by            *Upstream
}

// get asks with the same proxy, trust and header as sends have.
func (m *metaAsk) get(ctx context.Context, target string) (status int, body []byte, err error) {
	token, err := resolveSecret(m.option+": token", m.token)
	if err != nil {
		return 0, nil, err
	}
	ctx = context.WithValue(ctx, caddy.ReplacerCtxKey, caddy.NewReplacer()) // for header_up
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return 0, nil, err
	}
	r.Host = m.by.client.Host()
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "waguard")
	request := forward.Request{Method: r.Method, Target: target, Deadline: time.Now().Add(askTimeout)}
	request.Fields = m.by.header(&request, nil, r)
	resp, err := m.by.client.Do(ctx, &request)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, largestListing+1))
	switch {
	case err != nil:
		return 0, nil, err
	case len(body) > largestListing:
		return 0, nil, errors.New("the answer is larger than any that Meta gives")
	}
	return resp.StatusCode, body, nil
}

// repeated is what is looked at time and again while a configuration serves.
type repeated struct {
	// cancel ends the looks, done is done when they have ended.
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// repeat has due looked at from now on.
func (r *repeated) repeat(ctx context.Context, due func(context.Context)) {
	ctx, r.cancel = context.WithCancel(ctx)
	r.done.Go(func() {
		look := time.NewTicker(dueLook)
		defer look.Stop()
		for ctx.Err() == nil {
			due(ctx)
			select {
			case <-ctx.Done():
			case <-look.C:
			}
		}
	})
}

// stop ends the looks, and waits until they have ended.
func (r *repeated) stop() {
	if r.cancel != nil {
		r.cancel()
		r.done.Wait()
	}
}
