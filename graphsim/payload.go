package graphsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// SignatureHeader carries [Sign] of the body.
const SignatureHeader = "X-Hub-Signature-256"

// maxUpdates is how many updates Meta puts into one webhook at most.
const maxUpdates = 1000

// Update is one element of entry[].changes: something that happened. The Sim's methods make them, and change what the
// Sim believes when they do; [Payload] and [Sim.Post] deliver them, in any number and any order.
type Update struct {
	// Field is the subscribed webhook field, for example "messages". Change it to "standby" to simulate a
	// conversation another handler owns.
	Field string `json:"field"`
	// Value marshals to the field's value.
	Value any `json:"value"`

	// Time is entry[].time in Unix seconds: present for account fields, zero for messages.
	Time int64 `json:"-"`
	// ID is the id of the message or call the update is about, if any.
	ID string `json:"-"`
}

type entry struct {
	ID      string   `json:"id"`
	Time    int64    `json:"time,omitempty"`
	Changes []Update `json:"changes"`
}

type envelope struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

// Payload is the webhook body for updates of one WhatsApp Business Account, byte for byte as Meta would serialise it.
// Updates with the same entry time share an entry.
func Payload(waba string, updates ...Update) ([]byte, error) {
	e := envelope{Object: "whatsapp_business_account"}
	for _, u := range updates {
		if last := len(e.Entry) - 1; last >= 0 && e.Entry[last].Time == u.Time {
			e.Entry[last].Changes = append(e.Entry[last].Changes, u)
			continue
		}
		e.Entry = append(e.Entry, entry{ID: waba, Time: u.Time, Changes: []Update{u}})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("serialising webhook: %w", err)
	}
	return Escape(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// Payload is [Payload] for the Sim's own account.
func (s *Sim) Payload(updates ...Update) ([]byte, error) { return Payload(s.opts.WABA, updates...) }

// Sign is the value of the signature header for exactly these bytes.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Escape rewrites JSON the way Meta's serialiser spells it: no byte above ASCII, but \u and lower-case hex, and
// slashes escaped. Meaning is unchanged; a signature over it is not.
func Escape(encoded []byte) []byte {
	out := make([]byte, 0, len(encoded)+len(encoded)/8)
	for i := 0; i < len(encoded); {
		c := encoded[i]
		if c < utf8.RuneSelf {
			if c == '/' && (i == 0 || encoded[i-1] != '\\') {
				out = append(out, '\\')
			}
			out = append(out, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(encoded[i:])
		i += size
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = appendEscape(appendEscape(out, high), low)
			continue
		}
		out = appendEscape(out, r)
	}
	return out
}

func appendEscape(out []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

// The parts of a messages value.

type metadata struct {
	Display string `json:"display_phone_number"`
	ID      string `json:"phone_number_id"`
}

type profile struct {
	Name     string `json:"name,omitempty"`
	Username string `json:"username,omitempty"`
}

type webhookContact struct {
	Profile      *profile `json:"profile,omitempty"`
	UserID       string   `json:"user_id,omitempty"`
	ParentUserID string   `json:"parent_user_id,omitempty"`
	WaID         string   `json:"wa_id,omitempty"`
}

type messagesValue struct {
	Product     string           `json:"messaging_product"`
	Metadata    metadata         `json:"metadata"`
	Contacts    []webhookContact `json:"contacts,omitempty"`
	Messages    []object         `json:"messages,omitempty"`
	Statuses    []statusEntry    `json:"statuses,omitempty"`
	Preferences []object         `json:"user_preferences,omitempty"`
	Calls       []object         `json:"calls,omitempty"`
	Errors      []asyncError     `json:"errors,omitempty"`
}

func (n *Number) value() messagesValue {
	return messagesValue{Product: "whatsapp", Metadata: metadata{Display: n.display(), ID: n.ID}}
}

// contact is the user as contacts[] of an event the user caused.
func (u User) contact() webhookContact {
	return webhookContact{Profile: u.profile(), UserID: u.UserID, ParentUserID: u.ParentUserID, WaID: u.shownWaID()}
}

// asyncError is an error inside a webhook.
type asyncError struct {
	Code    int       `json:"code"`
	Title   string    `json:"title"`
	Message string    `json:"message"`
	Data    errorData `json:"error_data"`
	Href    string    `json:"href"`
}

func newAsyncError(code int, details string) asyncError {
	title := kindOf(code).title
	return asyncError{
		Code: code, Title: title, Message: title,
		Data: errorData{Details: orElse(details, title)},
		Href: "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
	}
}
