package caddymodule

import (
	"context"
	"errors"
	"net/http"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// auditing handles a route about the log of consent records. Stores that keep none
// answer 501.
func auditing[Request, Answer any](ask func(context.Context, store.Audited, *Request) (Answer, error)) adminHandle {
	return func(_ *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		audited, ok := st.(store.Audited)
		if !ok {
			return adminError(http.StatusNotImplemented, errors.New("this store keeps no log of consent records"))
		}
		request := new(Request)
		if err := adminapi.ReadRequest(r, request); err != nil {
			return adminFailure(err)
		}
		answer, err := ask(r.Context(), audited, request)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return adminError(http.StatusNotFound, err)
		case err != nil:
			return adminFailure(err)
		}
		return jsonAnswer(w, answer)
	}
}

func auditVerify(ctx context.Context, st store.Audited, r *adminapi.AuditRequest) (*audit.Report, error) {
	var kept []byte
	if r.Checkpoint != "" {
		kept = []byte(r.Checkpoint)
	}
	return st.VerifyLog(ctx, kept)
}

func auditCheckpoint(ctx context.Context, st store.Audited, _ *struct{}) (*audit.Signed, error) {
	return st.Checkpoint(ctx)
}

func auditProof(ctx context.Context, st store.Audited, r *adminapi.AuditProofRequest) (*audit.Proof, error) {
	id, err := store.ParseRecordID(r.Record)
	if err != nil {
		return nil, &adminapi.Error{Status: http.StatusBadRequest, Err: err}
	}
	proof, err := st.ProveRecord(ctx, id)
	if err == nil && !r.Opening {
		proof.Opening = nil
	}
	return proof, err
}
