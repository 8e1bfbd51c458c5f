package caddymodule

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/waguard/waguard/store"
)

// adminStoreCheck checks the open store. It is a POST, because it is nothing a
// stray request should set off.
func adminStoreCheck(_ *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	examined, ok := st.(store.Examined)
	if !ok {
		return adminError(http.StatusNotImplemented, errors.New("this store can't check itself; use its own tools"))
	}
	report, err := examined.Examine(r.Context())
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(report)
}
