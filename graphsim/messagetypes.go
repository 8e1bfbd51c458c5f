package graphsim

import "strings"

// Documented length limits in characters.
const (
	maxTextBody    = 4096
	maxCaption     = 1024
	maxInteractive = 1024 // interactive and Direct Send bodies
	maxListBody    = 4096
	maxHeader      = 60
	maxFooter      = 60
	maxButtonID    = 256
	maxButtonTitle = 20
	maxRowTitle    = 24
)

// messageTypes checks the payload of every outbound type.
var messageTypes = map[string]func(*outgoing, object) *graphError{
	"text":        checkText,
	"image":       mediaCheck("image", true),
	"video":       mediaCheck("video", true),
	"document":    mediaCheck("document", true),
	"audio":       mediaCheck("audio", false),
	"sticker":     mediaCheck("sticker", false),
	"location":    checkLocation,
	"contacts":    func(*outgoing, object) *graphError { return nil }, // an array: see checkContacts
	"interactive": checkInteractive,
	"reaction":    checkReaction,
	"template":    checkTemplate,
	"pin":         checkPin,
	"hsm":         checkHSM,
}

func checkText(_ *outgoing, text object) *graphError {
	if v, present := text["preview_url"]; present {
		if flag, _ := scalar(v); flag != "true" && flag != "false" {
			return fail(100, "text.preview_url must be a boolean")
		}
	}
	return firstOf(require("text", text, "body"), atMost("text", text, "body", maxTextBody))
}

// mediaCheck wants an uploaded id or a link, not both. Ids are not looked up: a test may name media it never
// uploaded, but an id that is no number is no media id.
func mediaCheck(kind string, captioned bool) func(*outgoing, object) *graphError {
	return func(_ *outgoing, media object) *graphError {
		id, link := media["id"], textAt(media, "link")
		switch {
		case id == nil && media["link"] == nil:
			return fail(131008, kind+".id or "+kind+".link is required")
		case id != nil && media["link"] != nil:
			return fail(100, kind+" takes id or link, not both")
		case id != nil:
			if text, isScalar := scalar(id); !isScalar || !allDigits(text) {
				return fail(100, kind+".id is not a media id")
			}
		case !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://"):
			return fail(131009, kind+".link is not a URL")
		}
		if media["caption"] != nil && !captioned {
			return fail(100, kind+" has no caption")
		}
		return atMost(kind, media, "caption", maxCaption)
	}
}

func checkLocation(_ *outgoing, location object) *graphError {
	if e := require("location", location, "latitude#", "longitude#"); e != nil {
		return e
	}
	return firstOf(
		inDegrees("location.latitude", location["latitude"], 90),
		inDegrees("location.longitude", location["longitude"], 180),
	)
}

func checkContacts(cards []any) *graphError {
	if len(cards) == 0 {
		return fail(131008, "contacts is empty")
	}
	for _, card := range cards {
		contact, isObject := card.(object)
		if !isObject {
			return fail(100, "contacts must hold objects")
		}
		if e := require("contacts", contact, "name.formatted_name"); e != nil {
			return e
		}
	}
	return nil
}

// checkReaction: an empty emoji removes the reaction, a missing one is an error.
func checkReaction(_ *outgoing, reaction object) *graphError {
	if e := require("reaction", reaction, "message_id"); e != nil {
		return e
	}
	switch emoji := reaction["emoji"].(type) {
	case nil:
		return fail(131008, "reaction.emoji is required")
	case string:
		if isASCII(emoji) && emoji != "" {
			return fail(131009, "reaction.emoji is not an emoji")
		}
		return nil
	default:
		return fail(100, "reaction.emoji must be a string")
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// checkPin: pins exist in groups only.
func checkPin(out *outgoing, pin object) *graphError {
	if !out.group {
		return fail(100, "pin is for groups")
	}
	if e := require("pin", pin, "type", "message_id"); e != nil {
		return e
	}
	switch pin["type"] {
	case "unpin":
		return nil
	case "pin":
		return firstOf(require("pin", pin, "expiration_days#"), between("pin.expiration_days", pin["expiration_days"], 1, 30))
	default:
		return fail(131009, "pin.type must be pin or unpin")
	}
}

// checkTemplate checks the form; whether the template exists and fits is the catalogue's business.
func checkTemplate(_ *outgoing, template object) *graphError {
	if e := require("template", template, "name", "language{}", "language.code"); e != nil {
		return e
	}
	if v := template["components"]; v != nil {
		if _, isList := v.([]any); !isList {
			return fail(100, "template.components must be an array")
		}
	}
	return nil
}

func checkHSM(_ *outgoing, hsm object) *graphError {
	return require("hsm", hsm, "namespace", "element_name", "language{}", "language.code")
}

func inDegrees(name string, v any, limit float64) *graphError {
	degrees, isNumber := v.(float64)
	if isNumber && (degrees < -limit || degrees > limit) {
		return fail(131009, name+" is out of range")
	}
	return nil
}
