package caddymodule

import (
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// TestDoors: guards and webhooks are found wherever requests come to, in named
// routes too, each once; not in named routes that nobody invokes.
func TestDoors(t *testing.T) {
	route := func(handlers ...caddyhttp.MiddlewareHandler) caddyhttp.Route {
		return caddyhttp.Route{Handlers: handlers}
	}
	in := func(handlers ...caddyhttp.MiddlewareHandler) *caddyhttp.Subroute {
		return &caddyhttp.Subroute{Routes: caddyhttp.RouteList{route(handlers...)}}
	}
	invoke := func(name string) *caddyhttp.Invoke { return &caddyhttp.Invoke{Name: name} }
	guard, idle, circle, hook := route(new(Guard)), route(new(Guard)), route(in(new(Guard)), invoke("circle")), route(in(new(Webhook)))
	for name, test := range map[string]struct {
		routes           caddyhttp.RouteList
		guards, webhooks int
	}{
		"none":              {caddyhttp.RouteList{route()}, 0, 0},
		"in-a-route":        {caddyhttp.RouteList{route(new(Guard)), route(in(in(new(Webhook))))}, 1, 1},
		"in-a-named-route":  {caddyhttp.RouteList{route(invoke("guard")), route(in(invoke("hook")))}, 1, 1},
		"invoked-twice":     {caddyhttp.RouteList{route(invoke("guard")), route(in(invoke("guard")))}, 1, 0},
		"invokes-itself":    {caddyhttp.RouteList{route(invoke("circle"))}, 1, 0},
		"invokes-what-isnt": {caddyhttp.RouteList{route(invoke("other"))}, 0, 0},
	} {
		d := doors{named: map[string]*caddyhttp.Route{"guard": &guard, "idle": &idle, "circle": &circle, "hook": &hook}}
		d.walk(test.routes)
		if len(d.guards) != test.guards || len(d.webhooks) != test.webhooks {
			t.Errorf("%s: found %d guards and %d webhooks, want %d and %d", name, len(d.guards), len(d.webhooks), test.guards, test.webhooks)
		}
	}
}
