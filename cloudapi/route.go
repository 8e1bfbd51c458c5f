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
	// Edge is the send edge that the path names, 0 elsewhere.
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

	// exact marks a path that is written exactly as a send edge, loose one in
	// which some reader could find a send edge.
	exact, loose bool
	// encrypted marks messages_encrypted, an edge that policy never sees.
	encrypted bool
	// receiptOnly marks the On-Premises way to send a read receipt,
	// PUT /v1/messages/{id}.
	receiptOnly bool
	// uploads marks a path that takes a file as it is.
	uploads bool
	// batch is the batch that the query holds.
	batch *string
}

// Classify tells what has to happen to a request, from its method, address and
// header alone. configuredNumber is the phone number id for dialects whose
// paths name none. A request that is refused here must not reach the upstream
// whatever its body; the Route that comes with the refusal has what could be
// told.
func Classify(d Dialect, r *http.Request, configuredNumber string) (Route, *Refusal) {
	rt := Route{dialect: d, method: r.Method, configured: configuredNumber}
	// The escaped path is what a proxy writes on the wire, rewritten or not.
	path := r.URL.EscapedPath()
	rt.readEdge(path)
	header, refusal := checkMethod(r)
	if refusal != nil {
		return rt, refusal
	}
	if r.URL.Opaque != "" {
		return rt, refusef(policy.RulePath, "write the target as a path that starts with a slash", "the request target is not a path")
	}
	if refusal := rt.readAddress(path, r.URL.RawQuery); refusal != nil {
		return rt, refusal
	}
	if header.upgrade && (rt.loose || !isSafe(rt.method)) {
		return rt, refuseUpgrade()
	}
	if refusal := rt.checkCookies(header.cookies); refusal != nil {
		return rt, refusal
	}
	return rt, rt.bodyClass(header, hasBody(r))
}

// readAddress judges a path that readEdge has read, and its query. It serves
// whole requests and the elements of batches alike.
func (rt *Route) readAddress(path, query string) *Refusal {
	safe, hidden := isSafe(rt.method), ""
	if !safe && !isPlainPath(path) {
		return refusef(policy.RulePath, "write the path in plain ASCII", "the path holds a character that is not ASCII, escaped or not, and servers read it differently")
	}
	if rt.loose = rt.exact; !rt.exact {
		if rt.loose, hidden = looseEdge(path); rt.loose && !safe {
			return refusef(policy.RulePath, writeAs[rt.dialect], "the path could be read as a send, but is not written as one")
		}
	}
	rt.uploads = rt.isUpload(path)
	batch, refusal := rt.readQuery(query, hidden)
	switch {
	case refusal != nil:
		return refusal
	case batch != nil && rt.method != http.MethodPost:
		return refusef(policy.RuleBatch, "send a batch with POST", "the query holds a batch, but the method is not POST")
	case batch != nil && rt.exact:
		return batchOnSendEdge()
	case rt.exact && !safe:
		return rt.sendEdge()
	case batch != nil:
		rt.Class, rt.batch = Inspect, batch
	case rt.method == http.MethodGet:
		rt.readTemplateList(path)
	}
	return nil
}

// sendEdge refuses what no send edge takes.
func (rt *Route) sendEdge() *Refusal {
	switch {
	case rt.encrypted:
		return refusef(policy.RuleEncrypted, "send the message to /messages as plain JSON; the connection to the gateway and to Meta is encrypted anyway",
			"an encrypted message can't be read, so it can't be judged")
	case rt.method != http.MethodPost && !rt.receiptOnly:
		return refusef(policy.RuleMethod, "send with POST", "%s on a send edge is no request of the API", rt.method)
	case rt.PhoneNumberID == "":
		return refusef(policy.RuleSetup, "configure phone_number_id for this route",
			"the path names no business phone number and the gateway has none configured")
	}
	rt.Class = SendEdge
	return nil
}

// writeAs tells how the path of a send is written.
var writeAs = [...]string{
	Cloud:      "write it exactly as /v25.0/<phone number id>/messages: the id in digits, one slash between parts, nothing escaped, nothing after it",
	Dialog360:  "write it exactly as /messages: nothing before it, nothing escaped, nothing after it",
	OnPremises: "write it exactly as /v1/messages: one slash between parts, nothing escaped, nothing after it",
}

func batchOnSendEdge() *Refusal {
	return refusef(policy.RuleBatch, "post the batch to the root of the API, or send the messages one by one",
		"a batch on a send edge could be read as a batch and as a send")
}
