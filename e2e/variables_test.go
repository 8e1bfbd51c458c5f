package e2e

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/internal/gatewaytest"
)

func init() {
	caddy.RegisterModule(variables{})
	httpcaddyfile.RegisterHandlerDirective("variables", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return variables{}, nil
	})
}

// variables is a handler for before and behind a guard. The one in front looks
// whether variables were changed after the one behind was called.
type variables struct{}

func (variables) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.variables", New: func() caddy.Module { return new(variables) }}
}

type variablesKey struct{}

func notOurs(name string, _ any) bool { return !strings.HasPrefix(name, "whatsapp.") }

// variablesSeen are those of requests that came through both.
var variablesSeen struct {
	sync.Mutex
	requests int
	changed  []map[string]any
}

func (variables) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	all, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	now := maps.Clone(all)
	maps.DeleteFunc(now, notOurs)
	if seen, behind := r.Context().Value(variablesKey{}).(*map[string]any); behind {
		*seen = now
		return next.ServeHTTP(w, r)
	}
	seen := new(map[string]any)
	err := next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), variablesKey{}, seen)))
	if *seen == nil {
		return err
	}
	now = maps.Clone(all)
	maps.DeleteFunc(now, notOurs)
	variablesSeen.Lock()
	defer variablesSeen.Unlock()
	variablesSeen.requests++
	if !reflect.DeepEqual(*seen, now) {
		variablesSeen.changed = append(variablesSeen.changed, now)
	}
	return err
}

// TestVariablesStay: a guard sets no variable of a request that others have seen.
// Caddy's proxy reads them while it connects, for as long as that takes, on a
// goroutine of its own; Go ends a process that reads a map while it is written.
func TestVariablesStay(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("mode monitor"), Caddyfile: behind + "route {\nvariables\nwhatsapp_guard {\nsenders match path *\n}\nvariables\nreverse_proxy {{.Upstream}}\n}\n}\n"}})
	ana.writes("Hello")(t, w)
	text(ana, passes)(t, w)
	w.Post(t, messages, strings.Replace(textBody, "+4915112345678", "+4915199999999", 1)) // who never wrote
	for _, request := range []struct{ method, path, contentType, body string }{
		{"GET", "/v25.0/" + shop, "", ""},
		{"POST", messages, "application/json", `{"messaging_product":"whatsapp"`},
		{"POST", "/v25.0/" + shop + "/media", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + `[{"method":"POST","relative_url":"` + shop + `/messages","body":"to=1"}]` + "\r\n--x--\r\n"},
	} {
		gatewaytest.Do(t, request.method, w.URL+request.path, request.body, http.Header{"Content-Type": {request.contentType}, "Authorization": {"Bearer test-token"}})
	}
	variablesSeen.Lock()
	defer variablesSeen.Unlock()
	if variablesSeen.requests != 5 {
		t.Errorf("%d requests came through", variablesSeen.requests)
	}
	for _, after := range variablesSeen.changed {
		t.Errorf("a variable was changed behind the back of others: %v", after)
	}
}
