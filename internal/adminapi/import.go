package adminapi

import "context"

// Import is what the import route takes: consent records, of which each is checked by
// itself and all that are good are recorded together.
type Import struct {
	// Records are at most LargestImport.
	Records []ImportRecord `json:"records"`
	// DryRun only checks them.
	DryRun bool `json:"dry_run,omitempty"`
	// Actor is who records them, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// LargestImport is how many records one request takes, LargestImportBody how large its
// body may be.
const (
	LargestImport     = 1000
	LargestImportBody = 8 << 20
)

func (*Import) largestBody() int { return LargestImportBody }

// ImportRecord is a consent record, and where it comes from. Its actor is the import's.
type ImportRecord struct {
	// Line names it in the answer.
	Line int `json:"line"`
	// State is opted_in, the default, or opted_out.
	State string `json:"state,omitempty"`
	ConsentRequest
}

// Imported is what became of the records.
type Imported struct {
	// Recorded is how many were, or would be in a dry run; one that was recorded before
	// is one of them, and changes nothing.
	Recorded int `json:"recorded"`
	// OptedOut are the lines of opt-ins that change nothing for whoever they are of,
	// since those have opted out after it.
	OptedOut []int `json:"opted_out,omitempty"`
	// Incomplete are the lines of opt-ins that lack what would make them valid.
	Incomplete []int `json:"incomplete,omitempty"`
	// UnknownNumbers are business phone numbers that records are about and that neither
	// the configuration nor any webhook names.
	UnknownNumbers []string `json:"unknown_numbers,omitempty"`
	// Rejected are those that were not recorded, and why.
	Rejected []Rejected `json:"rejected,omitempty"`
}

// Rejected is a record that was not taken.
type Rejected struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// Import records consent.
func (c *Client) Import(ctx context.Context, i *Import) (*Imported, error) {
	return answer[Imported](ctx, c, RouteImport, i)
}
