package caddymodule

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// adminRoot is the first part of the paths of the admin endpoint's own routes.
const adminRoot = "whatsapp"

// adminPath reports whether a path is one of the admin endpoint's, in whatever
// spelling. A command that was given the senders' port asks for it there, with a
// person's number in the body, which is not Meta's to see.
func adminPath(u *url.URL) bool {
	p := strings.ReplaceAll(u.Path, `\`, "/")
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	first, _, _ := strings.Cut(path.Clean(p)[1:], "/")
	return strings.EqualFold(strings.TrimSpace(first), adminRoot)
}

// refuseAdminPath answers a request that belongs to the admin endpoint. Nothing of
// it is read, kept or passed on, whatever the mode.
func (g *Guard) refuseAdminPath(w http.ResponseWriter, r *http.Request) error {
	leaveUnread(w, r, time.Duration(g.app.BodyTimeout))
	return writeRefusal(w, &gateway.Result{ID: store.NewID(policy.MomentOf(g.app.clock.Now())), Refusal: &cloudapi.Refusal{
		Rule:   policy.RuleAdminPath,
		Reason: "this is the port for senders, where /whatsapp is no path: the gateway's own routes are at its admin address, and nothing of this request went on to Meta",
		Remedy: "ask the admin address, which is localhost:2019 unless the Caddyfile says otherwise with `admin`; commands take it from --address, --config or WAGUARD_ADMIN",
	}})
}
