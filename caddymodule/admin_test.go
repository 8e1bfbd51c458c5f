package caddymodule

import (
	"testing"

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
