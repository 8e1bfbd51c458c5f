package cloudapi

import (
	"net/url"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/internal/strictjson"
)

// Request is a request, or an element of a batch, that is no send.
type Request struct {
	// Method and Path as they came; Query without its question mark.
	Method, Path, Query string
	ContentType         string
	// Body is nil where it was not read.
	Body []byte
}

// WebhookChange is a request that would change where Meta sends the account's
// webhooks. Once they go elsewhere, the gateway learns of no opt-out.
type WebhookChange struct {
	// Name says what is asked for: SUBSCRIBE, UNSUBSCRIBE, OVERRIDE, APP_CALLBACK,
	// or UPLOAD for settings in a form that is not read.
	Name string
	// WABA, PhoneNumberID and App are what it is about, one of them; all are empty
	// where the path names none plainly.
	WABA, PhoneNumberID, App string
	// Host is where webhooks are to go, as far as the request says so plainly.
	Host string
}

// The fields that say where webhooks go, and the edges that do, as lookalike
// leaves them.
var (
	webhookFields = []string{"webhookconfiguration", "overridecallbackuri"}
	webhookEdges  = map[string]bool{"subscribedapps": true, "subscriptions": true}
)

// FindWebhookChange looks for a change of webhooks in any spelling that some
// reader could take for one. It finds a little too much rather than too little.
func FindWebhookChange(r *Request) (WebhookChange, bool) {
	if isSafe(r.Method) {
		return WebhookChange{}, false
	}
	var c WebhookChange
	edge := webhookEdge(r.Path)
	switch id := firstID(r.Path); edge {
	case "subscribedapps":
		c.WABA = id
	case "subscriptions":
		c.App = id
	default:
		c.PhoneNumberID = id
	}
	fields, _ := fieldsOf(r.Query, r.ContentType, r.Body)
	c.Host = hostOf(fields)
	call, _ := ReadAccountCall(r.Method, r.Path)
	inFields := setsWebhooks(r)
	switch {
	case edge == "subscribedapps" && r.Method == "DELETE":
		c.Name = "UNSUBSCRIBE"
	case edge == "subscriptions", edge == "webhook", edge == "application" && mentions(r.Body, "webhooks"):
		c.Name = "APP_CALLBACK"
	case inFields:
		c.Name = "OVERRIDE"
	case edge == "subscribedapps":
		c.Name = "SUBSCRIBE"
	case call == NodeEdit && parseContentType(r.ContentType).format == formatMultipart:
		c.Name = "UPLOAD"
	default:
		return WebhookChange{}, false
	}
	return c, true
}

// webhookEdge is the edge in a path that says where webhooks go, folded; "" for
// none. 360dialog has one of its own,
// configs/webhook, and the On-Premises API settings/application.
func webhookEdge(path string) string {
	before := ""
	for segment := range strings.FieldsFuncSeq(unescape(unescape(path)), func(r rune) bool { return strings.ContainsRune("/\\;?#", r) }) {
		name := lookalike.Fold(segment)
		if webhookEdges[name] || before == "configs" && name == "webhook" || before == "settings" && name == "application" {
			return name
		}
		before = name
	}
	return ""
}

// firstID is the object a path begins with.
func firstID(path string) string {
	_, rest := cutVersion(strings.TrimPrefix(path, "/"))
	id, _, _ := strings.Cut(rest, "/")
	if !identity.IsNode(id) {
		return ""
	}
	return id
}

// setsWebhooks reports whether the query or the body has a field that says where
// webhooks go, and a reader could find it.
func setsWebhooks(r *Request) bool {
	for name := range looseForm(r.Query) {
		if isWebhookField(name) {
			return true
		}
	}
	found := false
	for _, field := range webhookFields {
		found = found || mentions(r.Body, field)
	}
	if !found {
		return false
	}
	if !startsLikeJSON(r.Body) {
		for name := range looseForm(string(r.Body)) {
			if isWebhookField(name) {
				return true
			}
		}
		return false
	}
	root, err := strictjson.Parse(r.Body)
	if err != nil {
		return true // some reader may find in it what it mentions
	}
	for key := range root.Members() {
		if isWebhookField(key.String()) {
			return true
		}
	}
	for name := range looseFormInJSON(r.Body) {
		if isWebhookField(name) {
			return true
		}
	}
	return false
}

// isWebhookField also knows webhook_configuration[override_callback_uri].
func isWebhookField(name string) bool {
	folded := lookalike.Fold(name)
	for _, field := range webhookFields {
		if strings.HasPrefix(folded, field) {
			return true
		}
	}
	return false
}

// hostOf is the host webhooks are to go to.
func hostOf(fields map[string]string) string {
	target := fields["override_callback_uri"]
	if target == "" {
		target = fields["callback_url"]
	}
	if target == "" {
		if root, err := strictjson.Parse([]byte(fields["webhook_configuration"])); err == nil && root.Kind() == strictjson.Object {
			target, _ = root.Get("override_callback_uri").Text()
		}
	}
	u, err := url.Parse(target)
	if err != nil || len(u.Hostname()) > 253 {
		return ""
	}
	return u.Hostname()
}

// elementRequest is the element of a batch as a request.
func elementRequest(method, address, body string) Request {
	path, query, _ := strings.Cut(strings.TrimPrefix(address, "/"), "?")
	r := Request{Method: method, Path: "/" + path, Query: query}
	if body != "" {
		r.Body = []byte(body)
		if !startsLikeJSON(r.Body) {
			r.ContentType = "application/x-www-form-urlencoded"
		}
	}
	return r
}
