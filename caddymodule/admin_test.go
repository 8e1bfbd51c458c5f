package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// Every route that clients know is served, and no other.
func TestAdminRoutes(t *testing.T) {
	for _, route := range adminapi.Routes {
		if adminHandles[route] == nil {
			t.Errorf("nothing handles %s", route.Path)
		}
	}
	if got, want := len(adminAPI{}.Routes()), len(adminapi.Routes); got != want {
		t.Errorf("%d routes are served, %d are listed", got, want)
	}
}

// Caddy logs each error of its admin endpoint. Whoever asked is told what was wrong with
// what they wrote; the log isn't, since it can be somebody's address, or a number in the
// wrong field.
func TestAdminErrorsAsLogged(t *testing.T) {
	for _, tt := range []struct{ err, logged string }{
		{"at is missing", "at is missing"},
		{`ip is "203.0.113.9, +4915112345678"; it must be an IP address`, `ip is "..."; it must be an IP address`},
		{fmt.Sprintf("at is %q and source is %q", "+49\"15112345678\\", "+4915112345678"), `at is "..." and source is "..."`},
		{`an end is missing: "+4915112345678`, `an end is missing: "..."`},
	} {
		err := adminFailure(&gateway.Problem{Kind: gateway.Misasked, Err: errors.New(tt.err)})
		if e, ok := errors.AsType[caddy.APIError](err); !ok || e.Error() != tt.logged || e.Message != tt.err || e.HTTPStatus != http.StatusBadRequest {
			t.Errorf("%s\n is logged as %v, want %s\nanswered as %#v", tt.err, err, tt.logged, e)
		}
		rec := &recorder{header: make(http.Header)}
		var answer struct{ Error string }
		if rec.fail(err); json.Unmarshal(rec.body.Bytes(), &answer) != nil || answer.Error != tt.err {
			t.Errorf("%s\n is answered on a socket as %s", tt.err, rec.body.String())
		}
	}
}

// TestProblemStatus: each of the gateway's problems has a status of its own, as whoever asks
// tells them apart: that something else runs is no failure of the store.
func TestProblemStatus(t *testing.T) {
	t.Parallel()
	for kind := gateway.Misasked; kind <= gateway.Busy; kind++ {
		if problemStatus[kind] == 0 {
			t.Errorf("problem %d has no status", kind)
		}
	}
	var told caddy.APIError
	if err := adminFailure(&gateway.Problem{Kind: gateway.Busy, Err: errors.New("another one runs")}); !errors.As(err, &told) || told.HTTPStatus != http.StatusConflict {
		t.Errorf("while another one runs it is %+v", told)
	}
}
