package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"
)

// What stands behind a guard is looked at when the configuration is loaded, so that
// a guard that can't pass anything on, or would pass it on twice, is refused before
// it gets a send. A handler nobody here knows may answer, and a matcher may keep a
// request from what it matches: in doubt the configuration is loaded, and what goes
// wrong shows when a request comes; see fault.go.

// step is a handler that a request may come to.
type step struct {
	name string
	// certain: every request that comes so far comes to it, unless somebody answers
	// before.
	certain bool
	// proxy is a reverse_proxy as far as it is of interest.
	proxy *proxy
}

// proxy is what is looked at of a reverse_proxy.
type proxy struct {
	LoadBalancing *struct {
		RetryMatch []map[string]json.RawMessage `json:"retry_match"`
	} `json:"load_balancing"`
	Rewrite *struct {
		Method string `json:"method"`
	} `json:"rewrite"`
	Headers *struct {
		Request json.RawMessage `json:"request"`
	} `json:"headers"`
	HandleResponse []struct {
		Routes caddyhttp.RouteList `json:"routes"`
	} `json:"handle_response"`
}

// passing are the handlers of Caddy that answer nothing themselves.
var passing = []string{
	"encode", "headers", "intercept", "log_append", "map", "push", "request_body", "rewrite", "templates", "tracing", "vars", "whatsapp_guard",
}

// answers reports whether a handler may answer, or hand over to somebody who does.
func (s *step) answers() bool { return !slices.Contains(passing, s.name) }

// checkBehind checks what stands behind the guards of the http app that is being
// loaded. The context is that of one of its handlers.
func (g *Guard) checkBehind(ctx caddy.Context) error {
	modules := ctx.Modules()
	if len(modules) == 0 {
		return nil
	}
	app, ok := modules[0].(*caddyhttp.App)
	if !ok || g.app.behindChecked {
		return nil // somebody else's routes; or the first guard has seen all there are
	}
	g.app.behindChecked = true
	for _, server := range app.Servers {
		walk := &walk{named: server.NamedRoutes, logger: g.logger}
		if err := walk.routes(server.Routes, nil); err != nil {
			return err
		}
		walk.past(server.Routes, true)
		for _, found := range walk.found {
			if slices.Contains(g.app.past, found) {
				continue
			}
			g.app.past = append(g.app.past, found)
			g.logger.Warn(found)
		}
	}
	return nil
}

// walk goes through the routes of a server.
type walk struct {
	named  map[string]*caddyhttp.Route
	depth  int
	logger *zap.Logger
	// found is what takes sends past a guard.
	found []string
}

// deepest bounds how deep routes may lie in each other: a named route can invoke
// itself.
const deepest = 32

// routes checks a list of routes that tail follows.
func (w *walk) routes(list caddyhttp.RouteList, tail []step) error {
	if w.depth++; w.depth > deepest {
		return nil
	}
	defer func() { w.depth-- }()
	for i := range list {
		var rest []step
		if !list[i].Terminal {
			rest = append(w.steps(list[i+1:], list[i].Group), tail...)
		}
		if err := w.handlers(handlersOf(&list[i]), rest); err != nil {
			return err
		}
	}
	return nil
}

// handlers checks the handlers of a route that tail follows.
func (w *walk) handlers(list []handler, tail []step) error {
	for i := range list {
		var rest []step
		for j := range list[i+1:] {
			rest = append(rest, w.stepsOf(&list[i+1+j], true)...)
		}
		rest = append(rest, tail...)
		h := &list[i]
		if h.name == "whatsapp_guard" {
			if err := w.guard(h, rest); err != nil {
				return err
			}
		}
		if err := w.routes(w.within(h), rest); err != nil {
			return err
		}
	}
	return nil
}

// guardAt names the guard of a line of the Caddyfile, if it came from one.
func guardAt(line string) string {
	if line == "" {
		return "whatsapp_guard"
	}
	return "whatsapp_guard at " + line
}

// guard checks what follows a guard.
func (w *walk) guard(h *handler, rest []step) error {
	guard := guardAt(h.line)
	if end := slices.IndexFunc(rest, func(s step) bool { return s.certain && s.answers() }); end >= 0 {
		rest = rest[:end+1] // nothing gets further
	}
	first := slices.IndexFunc(rest, func(s step) bool { return s.answers() })
	if first < 0 && h.forwards {
		return errors.New(guard + " has nothing behind it for what is no send: `upstream` takes sends alone, so put `reverse_proxy https://graph.facebook.com` into the same block. What answers before it leaves requests unjudged: so do handle, route, invoke and respond beside it, and in a `route` block whatever stands above it")
	}
	if first < 0 {
		return errors.New(guard + " has nothing behind it that would pass a request on to Meta: put `reverse_proxy https://graph.facebook.com` into the same block. What answers before it leaves requests unjudged: so do handle, route, invoke and respond beside it, and in a `route` block whatever stands above it")
	}
	if slices.ContainsFunc(rest[:first], func(s step) bool { return s.certain && s.name == "whatsapp_guard" }) {
		second := ""
		if h.line != "" {
			second = ", the first at " + h.line
		}
		return errors.New("a request would come through two whatsapp_guard handlers" + second + ", and be judged and recorded twice: take one of them out, or put each into a `handle` block of its own")
	}
	if h.forwards {
		// Sends don't come to what follows.
		if !h.headerUp && slices.ContainsFunc(rest, func(s step) bool { return s.proxy != nil && s.proxy.Headers != nil && s.proxy.Headers.Request != nil }) {
			w.logger.Warn("header_up of the reverse_proxy behind " + guard + " does not touch sends, which go to `upstream` by themselves: write those lines that concern sends into the block of upstream as well")
		}
		return nil
	}
	for i := range rest {
		if err := w.proxy(guard, &rest[i]); err != nil {
			return err
		}
	}
	return nil
}

// proxy checks a reverse_proxy behind a guard: a send must not be repeated by it.
func (w *walk) proxy(guard string, s *step) error {
	if s.proxy == nil {
		return nil
	}
	retries := never
	if lb := s.proxy.LoadBalancing; lb != nil {
		for _, set := range lb.RetryMatch {
			retries = max(retries, retriesSends(set))
		}
	}
	switch {
	case retries == always && s.certain:
		return errors.New("lb_retry_match of the reverse_proxy behind " + guard + " repeats sends, and every repetition may be a second message: let it match `method GET` only, or take it out; connections that can't be made are tried again without it")
	case retries != never:
		w.logger.Warn("lb_retry_match of a reverse_proxy behind " + guard + " may match sends; a repetition of one is stopped, and its outcome is unknown then. Let it match `method GET` only, or take it out")
	}
	if s.proxy.Rewrite != nil && s.proxy.Rewrite.Method != "" && s.proxy.Rewrite.Method != "POST" {
		return nil // it asks something else, such as forward_auth
	}
	for _, response := range s.proxy.HandleResponse {
		if slices.ContainsFunc(w.steps(response.Routes, ""), func(s step) bool { return s.proxy != nil }) {
			w.logger.Warn("handle_response of a reverse_proxy behind " + guard + " has another reverse_proxy in it; a send that comes to it is stopped, and its outcome is unknown then. Take it out")
		}
	}
	return nil
}

// Whether a matcher set of lb_retry_match has sends repeated.
type repetition int

const (
	never repetition = iota
	perhaps
	always
)

// retriesSends reports whether a matcher set matches sends, which are POST.
func retriesSends(set map[string]json.RawMessage) repetition {
	var methods []string
	if raw, ok := set["method"]; ok {
		if json.Unmarshal(raw, &methods) != nil || !slices.Contains(methods, "POST") {
			return never
		}
		if len(set) == 1 {
			return always
		}
		return perhaps
	}
	if raw, ok := set["expression"]; ok && len(set) == 1 {
		// One that speaks of the answer alone holds for sends as well.
		text := string(raw)
		if (strings.Contains(text, "{rp.") || strings.Contains(text, "{http.reverse_proxy.")) && !strings.Contains(text, "{http.request.") && !strings.Contains(text, "(") {
			return always
		}
	}
	return perhaps
}

// steps are the handlers that a request may come to that comes to a list of routes.
// Those of the same group as a route it came through it does not come to.
func (w *walk) steps(list caddyhttp.RouteList, but string) (steps []step) {
	if w.depth++; w.depth > deepest {
		return nil
	}
	defer func() { w.depth-- }()
	for i := range list {
		r := &list[i]
		if r.Group != "" && r.Group == but {
			continue
		}
		certain := r.Group == "" && len(r.MatcherSets) == 0 && len(r.MatcherSetsRaw) == 0
		hs := handlersOf(r)
		for j := range hs {
			steps = append(steps, w.stepsOf(&hs[j], certain)...)
		}
	}
	return steps
}

// stepsOf are the handlers that a handler is or has in it.
func (w *walk) stepsOf(h *handler, certain bool) []step {
	switch h.name {
	case "subroute", "invoke":
		steps := w.steps(w.within(h), "")
		for i := range steps {
			steps[i].certain = steps[i].certain && certain
		}
		return steps
	}
	s := step{name: h.name, certain: certain}
	if h.name == "reverse_proxy" && h.raw != nil {
		s.proxy = new(proxy)
		if json.Unmarshal(h.raw, s.proxy) != nil {
			s.proxy = nil // loading it says what is wrong
		}
	}
	return []step{s}
}

// within are the routes that a handler has in it.
func (w *walk) within(h *handler) caddyhttp.RouteList {
	if h.name == "invoke" {
		if named := w.named[h.invoked]; named != nil {
			return caddyhttp.RouteList{*named}
		}
	}
	return h.routes
}

// handler is a handler of a route, which may be loaded already.
type handler struct {
	name string
	// raw is its configuration; nil of one that is loaded.
	raw json.RawMessage
	// routes are those of a subroute, invoked is the route that an invoke names.
	routes  caddyhttp.RouteList
	invoked string
	// line is where a guard stands in the Caddyfile; "" where it came from none.
	line string
	// forwards: a guard passes sends on itself; headerUp: it changes their header.
	forwards, headerUp bool
	// method is what a reverse_proxy makes of a request's method; "" where it leaves
	// it.
	method string
}

// asks reports whether a reverse_proxy asks something else than what it was sent,
// such as forward_auth.
func (h *handler) asks() bool { return h.method != "" && h.method != "POST" }

// handlersOf are the handlers of a route. Caddy forgets the configuration of those
// it has loaded.
func handlersOf(r *caddyhttp.Route) (list []handler) {
	for _, raw := range r.HandlersRaw {
		var h struct {
			Handler string              `json:"handler"`
			Routes  caddyhttp.RouteList `json:"routes"`
			Name    string              `json:"name"`
		}
		var name struct {
			Handler string `json:"handler"`
			Line    string `json:"caddyfile_line"`
			// Upstream is a guard's.
			Upstream json.RawMessage `json:"upstream"`
			Rewrite  struct {
				Method string `json:"method"`
			} `json:"rewrite"`
		}
		if json.Unmarshal(raw, &name) == nil && (name.Handler == "subroute" || name.Handler == "invoke") && json.Unmarshal(raw, &h) == nil {
			list = append(list, handler{name: h.Handler, routes: h.Routes, invoked: h.Name})
			continue
		}
		own := handler{name: name.Handler, raw: raw, line: name.Line, method: name.Rewrite.Method}
		if name.Handler == "whatsapp_guard" && name.Upstream != nil {
			var u Upstream
			own.forwards, own.headerUp = true, json.Unmarshal(name.Upstream, &u) == nil && u.HeaderUp != nil
		}
		list = append(list, own)
	}
	if len(r.HandlersRaw) > 0 {
		return list
	}
	for _, loaded := range r.Handlers {
		h := handler{name: strings.TrimPrefix(fmt.Sprint(loaded.(caddy.Module).CaddyModule().ID), "http.handlers.")}
		switch loaded := loaded.(type) {
		case *caddyhttp.Subroute:
			h.routes = loaded.Routes
		case *caddyhttp.Invoke:
			h.invoked = loaded.Name
		case *Guard:
			h.line, h.forwards = loaded.CaddyfileLine, loaded.Upstream != nil
			h.headerUp = h.forwards && loaded.Upstream.HeaderUp != nil
		case *reverseproxy.Handler:
			if loaded.Rewrite != nil {
				h.method = loaded.Rewrite.Method
			}
		}
		list = append(list, h)
	}
	return list
}
