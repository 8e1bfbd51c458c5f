package caddymodule

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Caddy runs handle, route, invoke and respond before whatsapp_guard, in whatever
// order they are written, and of several handle blocks only one. A reverse_proxy in
// such a place takes sends past the guard. It may be meant so, for another upstream:
// the configuration is loaded, and says it.

// past finds what takes sends past the guards of a list of routes.
func (w *walk) past(list caddyhttp.RouteList, top bool) {
	if w.depth++; w.depth > deepest {
		return
	}
	defer func() { w.depth-- }()
	for i := range list {
		hs := handlersOf(&list[i])
		for j := range hs {
			w.past(w.within(&hs[j]), false)
		}
		line, at := w.guarded(hs)
		if at < 0 || !mayBeSends(&list[i]) {
			continue // a guard below a path of its own leaves the others to others
		}
		for j := range list {
			beside := list[j].Group != "" && list[j].Group == list[i].Group
			if j == i || j > i && !beside || top && hosted(&list[j]) || w.covered(list, j) {
				continue
			}
			w.leak(&list[j], handlersOf(&list[j]), line, j < i && !beside)
		}
		if !w.covered(list, i) {
			w.leak(&caddyhttp.Route{}, hs[:at], line, true)
		}
	}
}

// covered reports whether a guard or webhook stands before the route of an index.
func (w *walk) covered(list caddyhttp.RouteList, index int) bool {
	for i := range list[:index] {
		if list[i].Group != "" && list[i].Group == list[index].Group || !mayBeSends(&list[i]) {
			continue
		}
		if w.takes(handlersOf(&list[i])) {
			return true
		}
	}
	return false
}

// takes reports whether a guard or webhook is among handlers or in them.
func (w *walk) takes(hs []handler) bool {
	_, at := w.guarded(hs)
	return at >= 0 || slices.ContainsFunc(hs, func(h handler) bool { return h.name == "whatsapp_webhook" })
}

// guarded is the first of handlers that is a guard or has one in it, and the guard's
// line; -1 if none is.
func (w *walk) guarded(hs []handler) (line string, at int) {
	if w.depth++; w.depth <= deepest {
		for i := range hs {
			if hs[i].name == "whatsapp_guard" {
				w.depth--
				return hs[i].line, i
			}
			for _, route := range w.within(&hs[i]) {
				if line, within := w.guarded(handlersOf(&route)); within >= 0 {
					w.depth--
					return line, i
				}
			}
		}
	}
	w.depth--
	return "", -1
}

// leak tells of a route that takes sends past the guard at line.
func (w *walk) leak(r *caddyhttp.Route, hs []handler, line string, before bool) {
	if _, at := w.guarded(hs); at >= 0 || !mayBeSends(r) {
		return // one with a guard in it is looked at by itself
	}
	guard := guardAt(line)
	requests := "requests"
	if patterns, _ := pathsOf(r); len(patterns) > 0 {
		requests += " for " + strings.Join(patterns, ", ")
	} else if matched(r) {
		requests += " that another matcher takes"
	}
	switch {
	case w.proxies(hs):
		w.tell(requests + " go past " + guard + " to a reverse_proxy, unjudged: move whatsapp_guard into that handle as well, or put both into one `route` block in the order they are to run")
	case before && !matched(r) && slices.ContainsFunc(hs, func(h handler) bool { return h.name == "static_response" }):
		w.tell(requests + " are answered by a respond before they come to " + guard + ", unjudged: give the respond a matcher, or put both into one `route` block in the order they are to run")
	}
}

// tell keeps what was found, once.
func (w *walk) tell(what string) {
	if !slices.Contains(w.found, what) {
		w.found = append(w.found, what)
	}
}

// proxies reports whether a send may come from handlers to a reverse_proxy with
// neither a guard nor a webhook before it.
func (w *walk) proxies(hs []handler) bool {
	if w.depth++; w.depth > deepest {
		w.depth--
		return false
	}
	defer func() { w.depth-- }()
	for i := range hs {
		switch hs[i].name {
		case "whatsapp_guard", "whatsapp_webhook":
			return false
		case "reverse_proxy":
			if !hs[i].asks() {
				return true
			}
		}
		list := w.within(&hs[i])
		for j := range list {
			if mayBeSends(&list[j]) && !w.covered(list, j) && w.proxies(handlersOf(&list[j])) {
				return true
			}
		}
	}
	return false
}

// matched reports whether a route has matchers.
func matched(r *caddyhttp.Route) bool { return len(r.MatcherSets)+len(r.MatcherSetsRaw) > 0 }

// hosted reports whether a route is for some hosts only, as a site is.
func hosted(r *caddyhttp.Route) bool {
	for _, set := range r.MatcherSetsRaw {
		if _, ok := set["host"]; !ok {
			return false
		}
	}
	for _, set := range r.MatcherSets {
		if !slices.ContainsFunc(set, func(m any) bool { _, ok := m.(*caddyhttp.MatchHost); return ok }) {
			return false
		}
	}
	return matched(r)
}

// pathsOf are the paths of a route that may be those of sends. It is certain that no
// send comes to the route if none is and every matcher set has paths.
func pathsOf(r *caddyhttp.Route) (sends []string, all bool) {
	all = matched(r)
	weigh := func(paths caddyhttp.MatchPath) {
		for _, pattern := range paths {
			if mayBeSend(pattern) {
				sends = append(sends, pattern)
			}
		}
	}
	for _, set := range r.MatcherSetsRaw {
		var paths caddyhttp.MatchPath
		if raw, ok := set["path"]; !ok || json.Unmarshal(raw, &paths) != nil {
			all = false
		}
		weigh(paths)
	}
	if len(r.MatcherSetsRaw) > 0 {
		return sends, all
	}
	for _, set := range r.MatcherSets {
		has := false
		for _, m := range set {
			if paths, ok := m.(*caddyhttp.MatchPath); ok {
				has = true
				weigh(*paths)
			}
		}
		all = all && has
	}
	return sends, all
}

// mayBeSends reports whether sends may come to a route.
func mayBeSends(r *caddyhttp.Route) bool {
	sends, all := pathsOf(r)
	return !all || len(sends) > 0
}

// sendPaths are the paths of sends and batches; # stands for digits and dots.
var sendPaths = []string{
	"/", "/v#", "/v#/", "/messages", "/v1/messages", "/#/messages", "/v#/#/messages", "/#/marketing_messages", "/v#/#/marketing_messages",
}

// mayBeSend reports whether a pattern of Caddy's path matcher may match the path of
// a send. In doubt it may.
func mayBeSend(pattern string) bool {
	if strings.ContainsAny(pattern, "{[\\%") {
		return true
	}
	pattern = strings.ToLower(pattern)
	return slices.ContainsFunc(sendPaths, func(path string) bool { return meet(pattern, path) })
}

// meet reports whether a pattern with * and ? and a path with # have a text in
// common.
func meet(pattern, path string) bool {
	type pair struct{ pattern, path int }
	seen := make(map[pair]bool)
	var from func(i, j int) bool
	from = func(i, j int) bool {
		if seen[pair{i, j}] {
			return false
		}
		seen[pair{i, j}] = true
		if i == len(pattern) {
			return j == len(path)
		}
		if pattern[i] == '*' && from(i+1, j) {
			return true
		}
		if j == len(path) {
			return false
		}
		fits := pattern[i] == '*' || pattern[i] == '?' || pattern[i] == path[j] ||
			path[j] == '#' && (pattern[i] == '.' || '0' <= pattern[i] && pattern[i] <= '9')
		if !fits {
			return false
		}
		next := i + 1
		if pattern[i] == '*' {
			next = i
		}
		return from(next, j+1) || path[j] == '#' && from(next, j)
	}
	return from(0, 0)
}
