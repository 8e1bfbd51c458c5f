package cloudapi

import (
	"net/http"

	"github.com/waguard/waguard/policy"
)

// Dialect is how senders address the API behind the gateway.
type Dialect uint8

const (
	// Cloud is Meta's Cloud API: /{version}/{phone_number_id}/messages.
	Cloud Dialect = iota
	// Dialog360 is 360dialog's Cloud API host: /messages, where the key selects
	// the business phone number.
	Dialog360
	// OnPremises is the retired On-Premises API, still spoken by 360dialog's old
	// host and by compatible gateways: /v1/messages.
	OnPremises
)

// Class is what has to happen to a request before it may pass.
type Class uint8

const (
	// Pass: it is no send and can't become one. It streams through untouched.
	Pass Class = iota
	// SendEdge: its body must be read as a send.
	SendEdge
	// Inspect: it goes elsewhere, but its body must be read and searched for a
	// batch or for a parameter that makes it another request.
	Inspect
	// StreamInspect: as Inspect, but the body can be large and is searched while
	// it streams, by [NewStreamGuard].
	StreamInspect
	// TemplateList: it passes, and the answer lists templates.
	TemplateList
)

// Route is where a request goes, as far as that shows without its body.
type Route struct {
	Class Class
	// Edge is the send edge, also in a refusal if one could be told; 0 elsewhere.
	Edge policy.Edge
	// PhoneNumberID is the id in the path of a send edge, or the configured one
	// where paths name none.
	PhoneNumberID string
	// WABA is the id in the path of a TemplateList.
	WABA string
	// Version is the API version in the path, such as "v25.0", "" where none is.
	Version string

	dialect    Dialect
	method     string
	configured string // the number's id where paths name none
	// loose marks a path in which some reader could find a send edge.
	loose bool
	// batch is the batch that the query holds.
	batch *string
	// receiptOnly marks the On-Premises way to send a read receipt,
	// PUT /v1/messages/{id}.
	receiptOnly bool
}

// Classify tells what has to happen to a request, from its method, address and
// header alone. configuredNumber is the phone number id for dialects whose
// paths name none. A request that is refused here must not reach the upstream
// whatever its body; the Route that comes with the refusal has what could be
// told.
func Classify(d Dialect, r *http.Request, configuredNumber string) (Route, *Refusal) {
	rt := Route{dialect: d, method: r.Method, configured: configuredNumber}
	header, refusal := checkMethod(r)
	if refusal != nil {
		return rt, refusal
	}
	if r.URL.Opaque != "" {
		return rt, refusef(RulePath, "write the target as a path that starts with a slash",
			"the request target is not a path")
	}
	// The escaped path is what a proxy writes on the wire, rewritten or not.
	if refusal := rt.address(r.URL.EscapedPath(), r.URL.RawQuery); refusal != nil {
		return rt, refusal
	}
	return rt, rt.bodyClass(header, hasBody(r))
}

// address fills in what method, path and query tell. It serves whole requests
// and the elements of batches alike.
func (rt *Route) address(path, query string) *Refusal {
	post := rt.method == http.MethodPost
	safe := isSafe(rt.method)
	exact, isEdge := rt.exactEdge(path)
	hidden, refusal := ambiguousPath(path, isEdge)
	if refusal != nil && !safe {
		return refusal
	}
	rt.loose = isEdge || refusal != nil
	q, refusal := readQuery(query, hidden, rt.loose)
	if refusal != nil {
		return refusal
	}
	if q.batch != nil && !post {
		return refusef(RuleBatch, "send a batch with POST",
			"the query holds a batch, but the method is not POST")
	}
	if isEdge && !safe {
		return rt.sendEdge(exact, q)
	}
	if rt.method == http.MethodGet {
		rt.templateList(path)
	}
	if rt.batch = q.batch; rt.batch != nil {
		rt.Class = Inspect
	}
	return nil
}

// sendEdge takes over a path that is written exactly as a send edge.
func (rt *Route) sendEdge(exact sendPath, q queryReading) *Refusal {
	rt.Edge, rt.PhoneNumberID, rt.Version, rt.receiptOnly = exact.edge, exact.number, exact.version, exact.receipt
	switch {
	case exact.encrypted:
		return refusef(RuleEncrypted, "send the message to /messages as plain JSON; the connection to the gateway and to Meta is encrypted anyway",
			"an encrypted message can't be read, so it can't be judged")
	case q.batch != nil:
		return batchOnSendEdge()
	case rt.method != http.MethodPost && !exact.receipt:
		return refusef(RuleMethod, "send with POST", "%s on a send edge is no request of the API", rt.method)
	case rt.PhoneNumberID == "":
		return refusef(RuleSetup, "configure phone_number_id for this route",
			"the path names no business phone number and the gateway has none configured")
	}
	rt.Class = SendEdge
	return nil
}

func batchOnSendEdge() *Refusal {
	return refusef(RuleBatch, "post the batch to the root of the API, or send the messages one by one",
		"a batch on a send edge could be read as a batch and as a send")
}
