package caddymodule

import (
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// doors are the handlers of a configuration that serves, and the servers they are
// on.
type doors struct {
	guards   []*Guard
	webhooks []*Webhook
	// shared are the listeners of servers that have both.
	shared []string

	// named are the routes of a server that an invoke can name; each is looked at
	// once.
	named map[string]*caddyhttp.Route
	seen  []string
}

// doorsOf finds the handlers of a configuration, in its routes and theirs.
func doorsOf(ctx caddy.Context) (*doors, error) {
	mod, err := ctx.AppIfConfigured("http")
	if err != nil {
		return nil, err
	}
	all := new(doors)
	servers := mod.(*caddyhttp.App).Servers
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		here := doors{named: servers[name].NamedRoutes}
		here.walk(servers[name].Routes)
		all.guards, all.webhooks = append(all.guards, here.guards...), append(all.webhooks, here.webhooks...)
		if len(here.guards) > 0 && len(here.webhooks) > 0 {
			all.shared = append(all.shared, servers[name].Listen...)
		}
	}
	return all, nil
}

func (d *doors) walk(routes caddyhttp.RouteList) {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			switch h := handler.(type) {
			case *Guard:
				d.guards = append(d.guards, h)
			case *Webhook:
				d.webhooks = append(d.webhooks, h)
			case *caddyhttp.Subroute:
				d.walk(h.Routes)
			case *caddyhttp.Invoke:
				if route := d.named[h.Name]; route != nil && !slices.Contains(d.seen, h.Name) {
					d.seen = append(d.seen, h.Name)
					d.walk(caddyhttp.RouteList{*route})
				}
			}
		}
	}
}

// unset are the empty placeholders in matchers of senders.
func (d *doors) unset() (unset []string) {
	for _, g := range d.guards {
		if g.Senders != nil {
			unset = append(unset, g.Senders.unset...)
		}
	}
	return unset
}
