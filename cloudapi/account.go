package cloudapi

import (
	"net/http"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
)

// AccountCall is a request that is no send, but tells or changes what the
// gateway knows of the account's templates.
type AccountCall uint8

const (
	// OtherCall is any other request.
	OtherCall AccountCall = iota
	// TemplateCreation is POST /{waba}/message_templates.
	TemplateCreation
	// TemplateDeletion is DELETE /{waba}/message_templates.
	TemplateDeletion
	// TemplateUpsert is POST /{waba}/upsert_message_templates, which makes or
	// changes an authentication template in many languages.
	TemplateUpsert
	// TemplateMaking makes templates in bulk; which ones its answer doesn't say.
	TemplateMaking
	// NodeRead, NodeEdit and NodeDeletion concern one object by its id, which may
	// be a template: GET, POST and DELETE /{id}.
	NodeRead
	NodeEdit
	NodeDeletion
)

// ReadAccountCall recognises an account call of the Cloud API, and the object it
// names.
func ReadAccountCall(method, path string) (call AccountCall, id string) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return OtherCall, ""
	}
	_, rest = cutVersion(rest)
	id, edge, _ := strings.Cut(rest, "/")
	if !identity.IsNode(id) {
		return OtherCall, ""
	}
	switch {
	case edge == "message_templates" && method == http.MethodPost:
		return TemplateCreation, id
	case edge == "message_templates" && method == http.MethodDelete:
		return TemplateDeletion, id
	case edge == "upsert_message_templates" && method == http.MethodPost:
		return TemplateUpsert, id
	case edge == "migrate_message_templates" && method == http.MethodPost:
		return TemplateMaking, id
	case edge != "" || strings.HasSuffix(path, "/"):
	case method == http.MethodGet:
		return NodeRead, id
	case method == http.MethodPost:
		return NodeEdit, id
	case method == http.MethodDelete:
		return NodeDeletion, id
	}
	return OtherCall, ""
}
