package adminapi

import (
	"context"

	"github.com/waguard/waguard/audit"
)

// AuditRequest is what the route takes that verifies the log of consent records.
type AuditRequest struct {
	// Checkpoint is one that was kept elsewhere, with the verifier key below it or
	// without.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// AuditProofRequest is what the route takes that proves a consent record.
type AuditProofRequest struct {
	// Record is its id in the history.
	Record string `json:"record"`
	// Opening: what opens the leaf is wanted, too. It has all that the record says.
	Opening bool `json:"opening,omitempty"`
}

// Audit has the log of consent records verified while the gateway serves.
func (c *Client) Audit(ctx context.Context, r AuditRequest) (*audit.Report, error) {
	return answer[audit.Report](ctx, c, RouteAuditVerify, r)
}

// AuditCheckpoint is the newest signed checkpoint of the log of consent records.
func (c *Client) AuditCheckpoint(ctx context.Context) (*audit.Signed, error) {
	return answer[audit.Signed](ctx, c, RouteAuditCheckpoint, struct{}{})
}

// AuditProof is the proof that a consent record is in the log.
func (c *Client) AuditProof(ctx context.Context, r AuditProofRequest) (*audit.Proof, error) {
	return answer[audit.Proof](ctx, c, RouteAuditProof, r)
}
