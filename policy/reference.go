package policy

import "strings"

// References tell what a sender's own reference (biz_opaque_callback_data) looks
// like when it names an order or another transaction: a prefix and an id, such
// as order:1234.
type References []string

// DefaultReferences are the references of a sender whose operator named none.
var DefaultReferences = References{
	"order:", "txn:", "transaction:", "booking:", "invoice:", "shipment:", "payment:", "reservation:",
	"ticket:", "appointment:", "delivery:", "return:", "refund:",
}

// separators stand between a prefix and its id. A prefix that ends in one of
// them may be written with any other.
const separators = ":-#_/"

// longestReference is Meta's limit for biz_opaque_callback_data.
const longestReference = 512

// Name reports whether opaque names a transaction: one of the prefixes, in any
// case, and an id with a digit in it. Blanks, control characters and whatever
// isn't seen are in no id.
func (r References) Name(opaque string) bool {
	if len(opaque) > longestReference {
		return false
	}
	for _, prefix := range r {
		if rest, ok := afterPrefix(opaque, prefix); ok && isReferenceID(rest) {
			return true
		}
	}
	return false
}

func afterPrefix(opaque, prefix string) (rest string, ok bool) {
	n := len(prefix)
	if n == 0 || len(opaque) <= n {
		return "", false
	}
	last := n - 1
	if strings.IndexByte(separators, prefix[last]) < 0 {
		// Nothing parts it from the id, so the id must begin with a digit: order is
		// not ORD and an id.
		return opaque[n:], strings.EqualFold(opaque[:n], prefix) && '0' <= opaque[n] && opaque[n] <= '9'
	}
	return opaque[n:], strings.EqualFold(opaque[:last], prefix[:last]) && strings.IndexByte(separators, opaque[last]) >= 0
}

func isReferenceID(id string) bool {
	digit := false
	for i, c := range []byte(id) {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && strings.IndexByte(separators+".|", c) >= 0:
		default:
			return false
		}
	}
	return digit
}
