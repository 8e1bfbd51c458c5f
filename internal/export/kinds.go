package export

// Kind is what is exported.
type Kind string

// The kinds.
const (
	Ledger Kind = "ledger" // rows are Sends
	Bill   Kind = "bill"   // rows are Lines of the bill
	FOCUS  Kind = "focus"  // rows are Charges
)

// Kinds are all of them.
var Kinds = []string{string(Ledger), string(Bill), string(FOCUS)}

// Schema names the columns that a kind has. Its number grows when one of them changes what it
// means, or goes.
func (k Kind) Schema() string { return "waguard." + string(k) + "/1" }
