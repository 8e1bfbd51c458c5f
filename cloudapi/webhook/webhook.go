package webhook

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// Options is what reading a webhook needs beside its body.
type Options struct {
	// Words are the messages by which people opt in and out. Without any, only
	// WhatsApp's own controls change consent.
	Words *policy.Words
	// Entries are the texts by which people tell how they came to the chat.
	Entries policy.Entries
	// Now is when the webhook arrived. Later timestamps count as Now, except
	// those of opt-outs.
	Now time.Time
	// PhoneNumberID is the business phone number of bodies that name none. Where
	// it is set, bodies without Meta's envelope are read too: the On-Premises API
	// and some solution providers deliver the lists of messages and statuses
	// alone.
	PhoneNumberID string
	// WABA and Number are the account and the own phone number, with plus and
	// country code, of that business phone number, where known.
	WABA, Number string
	// Pause is called between the elements of a webhook, so that reading a large
	// one can give way to other work. It may be nil.
	Pause func()
}

// Reading is what a webhook tells.
type Reading struct {
	// Events are in the order of the payload, the business phone numbers seen
	// coming last.
	Events []policy.Event
	// Skipped counts the elements that had an unexpected shape, wholly or in
	// part. What could be read of them is among the events.
	Skipped int
	// Newest is the newest timestamp of what people and WhatsApp did, as told;
	// zero where none was told. It may be later than the delivery, where clocks
	// differ.
	Newest time.Time
}

// objectWhatsApp is the object of every webhook of the WhatsApp Business
// Platform.
const objectWhatsApp = "whatsapp_business_account"

// Parse reads the body of a webhook as Meta delivers it: up to 1,000
// updates in nested lists. Unknown fields, message types and objects are no
// errors, and one malformed update doesn't lose the others; only a body that is
// not JSON is an error.
//
// Windows and consent begin at WhatsApp's timestamp, which can be hours before
// the delivery; where it is missing, at the time of the enclosing entry. A
// window never opens, and nobody opts in, at the time of the delivery alone. An
// opt-out keeps a timestamp after the delivery: the clocks differ, and of two
// messages about consent the later one holds.
func Parse(body []byte, opts Options) (Reading, error) {
	return read(body, opts, false)
}

// read is Parse; thoroughly, if nothing is to be read quickly.
func read(body []byte, opts Options, thoroughly bool) (Reading, error) {
	r := reader{words: opts.Words, now: policy.MomentOf(opts.Now), opts: opts, thorough: thoroughly}
	var envelope envelope
	if err := r.unmarshal(body, &envelope); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return Reading{}, errWebhookJSON
		}
		r.skipped++
	}
	switch {
	case envelope.Object == objectWhatsApp, opts.PhoneNumberID != "" && envelope.Object == "" && len(envelope.Entry) > 0:
		for _, entry := range envelope.Entry {
			r.waba = string(entry.ID)
			for _, change := range entry.Changes {
				r.toldEntryTime = entry.Time.moment()
				r.change(string(change.Field), change.Value)
			}
		}
	case opts.PhoneNumberID != "" && envelope.Object == "":
		r.change("messages", body)
	default:
		return Reading{Skipped: 1}, nil
	}
	for _, n := range r.numbers {
		r.add(n)
	}
	return Reading{Events: r.events, Skipped: r.skipped, Newest: r.clock.Time()}, nil
}

var errWebhookJSON = errors.New("the webhook's body is not JSON")

// envelope is what Meta wraps around all webhooks.
type envelope struct {
	Object loosejson.String `json:"object"`
	Entry  []entry          `json:"entry"`
}

type entry struct {
	ID      loosejson.String `json:"id"`
	Time    stamp            `json:"time"`
	Changes []change         `json:"changes"`
}

type change struct {
	Field loosejson.String `json:"field"`
	Value json.RawMessage  `json:"value"`
}

// reader gathers the events of one webhook.
type reader struct {
	words   *policy.Words
	now     policy.Moment
	events  []policy.Event
	skipped int
	numbers []policy.NumberSeen
	opts    Options
	clock   policy.Moment // the newest timestamp as told
	// thorough: everything is read by encoding/json.
	thorough bool

	// Where in the payload it is.
	waba          string
	toldEntryTime policy.Moment
	phoneNumberID string
	number        phone.Number // the business's own
	newest        policy.Moment
	contacts      contacts

	// What is read at the moment; of each there are up to 1,000.
	scratch struct {
		cursor  loosejson.Cursor
		value   value
		person  introduced
		message userMessage
		status  status
	}
}

func (r *reader) add(e policy.Event) { r.events = append(r.events, e) }

// value is what a change carries, as far as it concerns people and messages.
type value struct {
	Metadata struct {
		PhoneNumberID loosejson.String `json:"phone_number_id"`
		Display       loosejson.String `json:"display_phone_number"`
	} `json:"metadata"`
	Contacts        []json.RawMessage `json:"contacts"`
	Messages        []json.RawMessage `json:"messages"`
	Statuses        []json.RawMessage `json:"statuses"`
	Calls           []json.RawMessage `json:"calls"`
	UserPreferences []json.RawMessage `json:"user_preferences"`
	MessageEchoes   []json.RawMessage `json:"message_echoes"`
	History         []json.RawMessage `json:"history"`
	Errors          []graphError      `json:"errors"`
}

// change reads one change. Standby webhooks have the shape of messages; they
// come while another handler, such as Meta's Business Agent, owns the thread.
func (r *reader) change(field string, raw json.RawMessage) {
	r.pause()
	v := &r.scratch.value
	*v = value{}
	if plain := field == "messages" || field == "standby"; !plain || !r.quickly(raw, v) {
		r.accountEvent(field, raw)
		if !r.changeOf(field, raw, v) {
			return
		}
	}
	r.phoneNumberID, r.newest = string(v.Metadata.PhoneNumberID), 0
	told := string(v.Metadata.Display)
	if r.phoneNumberID == "" {
		r.phoneNumberID = r.opts.PhoneNumberID
	}
	if r.phoneNumberID == r.opts.PhoneNumberID {
		if told == "" {
			told = r.opts.Number
		}
		if r.waba == "" {
			r.waba = r.opts.WABA
		}
	}
	display := phone.Digits(told)
	r.number, _ = phone.ParseWaID(display)
	r.contacts = r.readContacts(v.Contacts)
	switch field {
	case "messages", "standby":
		r.messages(v.Messages, r.message)
		r.statuses(v)
		each(r, v.MessageEchoes, r.echo)
	case "calls":
		each(r, v.Calls, r.call)
		each(r, v.Statuses, r.callStatus)
	case "user_preferences":
		each(r, v.UserPreferences, r.preference)
	case "smb_message_echoes", "message_echoes":
		each(r, v.MessageEchoes, r.echo)
	case "history":
		r.toldEntryTime = 0 // the time of the delivery, months after the messages
		clock := r.clock
		defer func() { r.clock = clock }() // which tells nothing about clocks
		r.messages(v.Messages, r.message)
		each(r, v.History, r.history)
	}
	r.sawNumber(display)
}

// changeOf reads the value of a change, unless that tells nothing of people and
// messages: then all it tells is noted here.
func (r *reader) changeOf(field string, raw json.RawMessage, v *value) bool {
	switch field {
	case "message_template_status_update":
		r.templateStatus(raw)
		return false
	case "template_category_update":
		r.templateCategory(raw)
		return false
	case "messages", "standby", "calls", "user_preferences", "smb_message_echoes", "message_echoes", "history":
		return r.object(raw, v)
	}
	var m struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	return json.Unmarshal(raw, &m) == nil && json.Unmarshal(m.Metadata, &v.Metadata) == nil
}

func (r *reader) pause() {
	if r.opts.Pause != nil {
		r.opts.Pause()
	}
}

// each reads every element of a list that is an object.
func each[T any](r *reader, list []json.RawMessage, read func(*T)) {
	for _, raw := range list {
		r.pause()
		var v T
		if r.object(raw, &v) {
			read(&v)
		}
	}
}

// object decodes an object, leaving out what does not fit. It reports false
// where raw is none.
func (r *reader) object(raw json.RawMessage, v any) bool {
	if len(raw) == 0 || raw[0] != '{' {
		r.skipped++
		return false
	}
	if err := r.unmarshal(raw, v); err != nil {
		r.skipped++
	}
	return true
}

// unmarshal decodes raw into the zero value v.
func (r *reader) unmarshal(raw []byte, v any) error {
	if q, ok := v.(quick); ok && r.quickly(raw, q) {
		return nil
	}
	return json.Unmarshal(raw, v)
}

// quickly decodes raw into the zero value v where raw has nothing unusual. Else v
// stays zero.
func (r *reader) quickly(raw []byte, v quick) bool {
	if r.thorough {
		return false
	}
	r.scratch.cursor = loosejson.Read(raw)
	if v.quick(&r.scratch.cursor) {
		return true
	}
	v.reset()
	return false
}

// sawNumber notes the business phone number of a change, once per payload.
func (r *reader) sawNumber(display string) {
	if r.phoneNumberID == "" {
		return
	}
	at := r.clamp(r.toldEntryTime)
	if at == 0 {
		at = r.newest
	}
	if at == 0 {
		at = r.now
	}
	n := policy.NumberSeen{PhoneNumberID: r.phoneNumberID, WABA: r.waba, Display: display, At: at}
	i := slices.IndexFunc(r.numbers, func(m policy.NumberSeen) bool {
		return m.PhoneNumberID == n.PhoneNumberID && m.WABA == n.WABA && m.Display == n.Display
	})
	if i < 0 {
		r.numbers = append(r.numbers, n)
		return
	}
	r.numbers[i].At = max(r.numbers[i].At, at)
}

// at is when an update happened: its own timestamp, else that of its entry,
// else never.
func (r *reader) at(t stamp) policy.Moment {
	m := r.clamp(r.told(t))
	r.newest = max(r.newest, m)
	return m
}

// told is when an update happened as told, be it after the delivery.
func (r *reader) told(t stamp) policy.Moment {
	r.clock = max(r.clock, t.moment())
	if m := t.moment(); m != 0 {
		return m
	}
	return r.toldEntryTime
}

// atOrNow is like at, but takes the time of the delivery where nothing else is
// told. It must not date what opens a window or lets a send through.
func (r *reader) atOrNow(t stamp) policy.Moment {
	if m := r.at(t); m != 0 {
		return m
	}
	return r.now
}

// optOutAt is when a person opted out: as told, be it after the delivery, else
// at the delivery.
func (r *reader) optOutAt(t stamp) policy.Moment {
	if m := r.told(t); m != 0 {
		return m
	}
	return r.now
}

// clamp moves a time in the future to now: clocks differ, but nobody wrote
// tomorrow.
func (r *reader) clamp(m policy.Moment) policy.Moment {
	if r.now != 0 && m > r.now {
		return r.now
	}
	return m
}
