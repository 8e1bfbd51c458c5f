package caddymodule

import (
	"errors"
	"net/http"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// adminBackup streams a backup. It is a POST, because it is nothing a stray
// request should set off.
func adminBackup(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	if _, shared := a.provider.(*PostgresStore); shared {
		return adminError(http.StatusNotImplemented, errors.New("the store is in a PostgreSQL database: back up the database by its own means, with an archive of its log (pgBackRest, Barman, or those of its provider), and keep a copy of the pseudonym key in another place. docs/how-to/run-replicas.md says how"))
	}
	backer, ok := st.(store.BackerUp)
	if !ok {
		return adminError(http.StatusNotImplemented, errors.New("this store can't back itself up; use its own tools"))
	}
	request := new(adminapi.BackupRequest)
	if r.ContentLength != 0 { // nothing needs to be said to get everything
		if err := adminapi.ReadRequest(r, request); err != nil {
			return adminFailure(err)
		}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	// Once the stream has begun an error can only break it off; the reader sees
	// that by the checksum at its end.
	return backer.Backup(r.Context(), unstalled{w, http.NewResponseController(w)}, request.Base)
}

// unstalled gives up on a receiver that takes nothing for a minute: the store
// can't be closed while a backup is being written.
type unstalled struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (u unstalled) Write(p []byte) (int, error) {
	if err := u.control.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	return u.ResponseWriter.Write(p)
}
