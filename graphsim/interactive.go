package graphsim

import "strings"

// interactiveRule is what one interactive subtype needs.
type interactiveRule struct {
	// action is the fixed action.name, empty where the subtype has none or its name is not documented.
	action string
	paths  []string // as for require
	extra  func(*outgoing, object) *graphError
}

// interactiveTypes are the values of interactive.type.
var interactiveTypes = map[string]interactiveRule{
	"button": {paths: []string{"body.text", "action.buttons[]"}, extra: checkButtons},
	"list":   {paths: []string{"body.text", "action.button", "action.sections[]"}, extra: checkList},
	"cta_url": {action: "cta_url", paths: []string{
		"body.text", "action.parameters.display_text", "action.parameters.url",
	}},
	"flow":                     {action: "flow", paths: []string{"body.text", "action.parameters.flow_cta"}, extra: checkFlow},
	"product":                  {paths: []string{"action.catalog_id", "action.product_retailer_id"}},
	"product_list":             {paths: []string{"header.text", "body.text", "action.catalog_id", "action.sections[]"}},
	"catalog_message":          {action: "catalog_message", paths: []string{"body.text"}},
	"carousel":                 {paths: []string{"body.text", "action.cards[]"}, extra: checkCards},
	"location_request_message": {action: "send_location", paths: []string{"body.text"}},
	"address_message":          {action: "address_message", paths: []string{"body.text", "action.parameters.country"}},
	"voice_call":               {action: "voice_call", paths: []string{"body.text"}, extra: checkVoiceCall},
	"call_permission_request":  {action: "call_permission_request"},
	"request_contact_info":     {paths: []string{"body.text"}},
	"contact_request":          {paths: []string{"body.text"}}, // its name before July 2026
	"order_details":            {action: "review_and_pay", paths: []string{"body.text", "action.parameters.reference_id"}},
	"order_status":             {action: "review_order", paths: []string{"body.text", "action.parameters.reference_id"}},
}

func checkInteractive(out *outgoing, interactive object) *graphError {
	if e := require("interactive", interactive, "type"); e != nil {
		return e
	}
	out.subtype = strings.ToLower(textAt(interactive, "type")) // SDKs write capitals, as Meta's error texts do
	rule, known := interactiveTypes[out.subtype]
	if !known {
		return fail(131009, "interactive.type '"+out.subtype+"' is not known")
	}
	if e := require("interactive", interactive, append([]string{"action{}"}, rule.paths...)...); e != nil {
		return e
	}
	if rule.action != "" {
		if e := require("interactive", interactive, "action.name"); e != nil {
			return e
		}
		if textAt(interactive, "action.name") != rule.action {
			return fail(131009, "interactive.action.name must be "+rule.action)
		}
	}
	bodyLimit := maxInteractive
	if out.subtype == "list" {
		bodyLimit = maxListBody
	}
	if e := firstOf(
		atMost("interactive", interactive, "body.text", bodyLimit),
		atMost("interactive", interactive, "header.text", maxHeader),
		atMost("interactive", interactive, "footer.text", maxFooter),
	); e != nil {
		return e
	}
	if rule.extra == nil {
		return nil
	}
	return rule.extra(out, interactive)
}

// Counts of interactive parts. Ten buttons are for Direct Send; classic messages are held to three by classicButtons,
// once the top-level category has told the two apart.
const (
	maxButtons       = 3
	maxDirectButtons = 10
	maxSections      = 10
	maxRows          = 10
	minCards         = 2
	maxCards         = 10
)

func checkButtons(_ *outgoing, interactive object) *graphError {
	buttons, _ := lookup(interactive, "action.buttons")
	list := buttons.([]any) // require has seen it
	if len(list) > maxDirectButtons {
		return fail(131009, "interactive.action.buttons holds too many buttons")
	}
	seen := map[string]bool{}
	for _, item := range list {
		button, isObject := item.(object)
		if !isObject {
			return fail(100, "interactive.action.buttons must hold objects")
		}
		switch button["type"] {
		case "reply":
		case "cta_url": // mixed buttons exist with Direct Send only
			continue
		default:
			return fail(131009, "interactive.action.buttons.type must be reply")
		}
		if e := firstOf(
			require("interactive.action.buttons", button, "reply.id", "reply.title"),
			atMost("interactive.action.buttons", button, "reply.id", maxButtonID),
			atMost("interactive.action.buttons", button, "reply.title", maxButtonTitle),
		); e != nil {
			return e
		}
		id := textAt(button, "reply.id")
		if seen[id] {
			return fail(131009, "interactive.action.buttons.reply.id is used twice")
		}
		seen[id] = true
	}
	return nil
}

// classicButtons holds an ordinary button message to what it may carry without Direct Send.
func classicButtons(interactive object) *graphError {
	buttons, _ := lookup(interactive, "action.buttons")
	list, _ := buttons.([]any)
	if len(list) > maxButtons {
		return fail(131009, "interactive.action.buttons holds more than 3 buttons")
	}
	for _, item := range list {
		if button, _ := item.(object); button["type"] != "reply" {
			return fail(131009, "interactive.action.buttons.type must be reply")
		}
	}
	return nil
}

func checkList(_ *outgoing, interactive object) *graphError {
	sections, _ := lookup(interactive, "action.sections")
	list := sections.([]any) // require has seen it
	if len(list) > maxSections {
		return fail(131009, "interactive.action.sections holds more than 10 sections")
	}
	total := 0
	for _, item := range list {
		section, isObject := item.(object)
		if !isObject {
			return fail(100, "interactive.action.sections must hold objects")
		}
		if e := require("interactive.action.sections", section, "rows[]"); e != nil {
			return e
		}
		rows := section["rows"].([]any)
		total += len(rows)
		for _, row := range rows {
			entry, isObject := row.(object)
			if !isObject {
				return fail(100, "interactive.action.sections.rows must hold objects")
			}
			if e := firstOf(
				require("interactive.action.sections.rows", entry, "id", "title"),
				atMost("interactive.action.sections.rows", entry, "title", maxRowTitle),
			); e != nil {
				return e
			}
		}
	}
	if total > maxRows {
		return fail(131009, "interactive.action.sections hold more than 10 rows")
	}
	return nil
}

// checkFlow: a Flow is named by id or by name.
func checkFlow(_ *outgoing, interactive object) *graphError {
	_, byID := lookup(interactive, "action.parameters.flow_id")
	_, byName := lookup(interactive, "action.parameters.flow_name")
	if !byID && !byName {
		return fail(131008, "interactive.action.parameters.flow_id or flow_name is required")
	}
	return nil
}

func checkCards(_ *outgoing, interactive object) *graphError {
	cards, _ := lookup(interactive, "action.cards")
	if list := cards.([]any); len(list) < minCards || len(list) > maxCards { // require has seen it
		return fail(131009, "interactive.action.cards must hold 2 to 10 cards")
	}
	return nil
}

func checkVoiceCall(_ *outgoing, interactive object) *graphError {
	minutes, _ := lookup(interactive, "action.parameters.ttl_minutes")
	return between("interactive.action.parameters.ttl_minutes", minutes, 1, 43200)
}
