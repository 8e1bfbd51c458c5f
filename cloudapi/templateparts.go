package cloudapi

import (
	"encoding/json"
	"strings"

	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// filledParts tells from what a send fills into a template whether that has a header of
// media or a place, and whether it has buttons. Buttons that are always the same need
// nothing filled in, and don't show. What isn't known may be either.
func filledParts(components strictjson.Value) (media, buttons bool) {
	if !components.Given() {
		return false, false
	}
	if components.Kind() != strictjson.Array {
		return true, true
	}
	for component := range components.Elements() {
		kind, _ := enumValue(component.Get("type"))
		switch kind {
		case "body":
		case "header":
			media = media || headerOfMedia(component.Get("parameters"))
		case "button", "buttons":
			buttons = true
		default: // carousels, offers and what is to come
			media, buttons = true, true
		}
	}
	return media, buttons
}

func headerOfMedia(parameters strictjson.Value) bool {
	if parameters.Kind() != strictjson.Array {
		return parameters.Given()
	}
	for p := range parameters.Elements() {
		if kind, _ := enumValue(p.Get("type")); kind != "text" {
			return true
		}
	}
	return false
}

// listedParts are the parts of a template as a list of templates shows them.
func listedParts(raw json.RawMessage) policy.TemplateParts {
	var components []struct {
		Type   loosejson.String `json:"type"`
		Format loosejson.String `json:"format"`
	}
	if json.Unmarshal(raw, &components) != nil || len(components) == 0 {
		return policy.TemplateParts{}
	}
	parts := policy.TemplateParts{Known: true}
	for _, c := range components {
		switch strings.ToUpper(string(c.Type)) {
		case "BODY", "FOOTER":
		case "HEADER":
			parts.Media = parts.Media || c.Format != "" && !strings.EqualFold(string(c.Format), "TEXT")
		case "BUTTONS":
			parts.Buttons = true
		default:
			parts.Media, parts.Buttons = true, true
		}
	}
	return parts
}
