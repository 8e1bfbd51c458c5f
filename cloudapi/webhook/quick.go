package webhook

import (
	"encoding/json"

	"github.com/waguard/waguard/internal/loosejson"
)

// What ordinary webhooks consist of is read here, once and from front to back.
// Whatever has anything unusual about it, if only a field in capitals, is left to
// encoding/json, field by field as its types say; a fuzz test compares the two.
// Fields that few webhooks have are unusual as well, so that this list stays short.

// quick is what can be read that way. It reports false where it can't; then it is to
// be reset.
type quick interface {
	quick(c *loosejson.Cursor) bool
	reset()
}

func (e *envelope) reset()    { *e = envelope{} }
func (v *value) reset()       { *v = value{} }
func (p *introduced) reset()  { *p = introduced{} }
func (m *userMessage) reset() { *m = userMessage{raw: m.raw} }
func (s *status) reset()      { *s = status{} }

// list reads an array. A second one of the same name is unusual.
func list[T any](c *loosejson.Cursor, to *[]T, element func(*T)) {
	if c.Null() {
		*to = nil
		return
	}
	c.Unusual = c.Unusual || *to != nil
	for more := c.Enter('['); more; more = c.More('[') {
		*to = append(*to, *new(T))
		element(&(*to)[len(*to)-1])
	}
}

// raws reads an array whose elements are read later.
func raws(c *loosejson.Cursor, to *[]json.RawMessage) {
	list(c, to, func(raw *json.RawMessage) { *raw = c.Raw() })
}

// fields are those of an object whose values can be read as texts.
func fields(c *loosejson.Cursor, text func(key []byte) *loosejson.String) {
	for more := c.Enter('{'); more; more = c.More('{') {
		if s := text(c.Key()); s != nil {
			c.Text(s)
		} else {
			c.Skip()
		}
	}
}

func (t *stamp) take(c *loosejson.Cursor) { _ = t.UnmarshalJSON(c.Raw()) }

func (e *envelope) quick(c *loosejson.Cursor) bool {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "object":
			c.Text(&e.Object)
		case "entry":
			list(c, &e.Entry, func(e *entry) { e.take(c) })
		default:
			c.Skip()
		}
	}
	return c.Whole()
}

func (e *entry) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "id":
			c.Text(&e.ID)
		case "time":
			e.Time.take(c)
		case "changes":
			list(c, &e.Changes, func(ch *change) { ch.take(c) })
		default:
			c.Skip()
		}
	}
}

func (ch *change) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "field":
			c.Text(&ch.Field)
		case "value":
			ch.Value = c.Raw()
		default:
			c.Skip()
		}
	}
}

func (v *value) quick(c *loosejson.Cursor) bool {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "metadata":
			fields(c, func(key []byte) *loosejson.String {
				switch string(key) {
				case "phone_number_id":
					return &v.Metadata.PhoneNumberID
				case "display_phone_number":
					return &v.Metadata.Display
				}
				return nil
			})
		case "contacts":
			raws(c, &v.Contacts)
		case "messages":
			raws(c, &v.Messages)
		case "statuses":
			raws(c, &v.Statuses)
		case "calls", "user_preferences", "message_echoes", "history", "errors", "new_quality_score":
			c.Unusual = true // the last two make an account event
		default:
			c.Skip()
		}
		if c.Unusual {
			return false
		}
	}
	return c.Whole()
}

func (p *introduced) quick(c *loosejson.Cursor) bool {
	fields(c, func(key []byte) *loosejson.String {
		switch string(key) {
		case "wa_id":
			return &p.WaID
		case "user_id":
			return &p.UserID
		case "parent_user_id":
			return &p.ParentUserID
		}
		return nil
	})
	return c.Whole()
}

func (m *userMessage) quick(c *loosejson.Cursor) bool {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "id":
			c.Text(&m.ID)
		case "from":
			c.Text(&m.From)
		case "from_user_id":
			c.Text(&m.FromUserID)
		case "from_parent_user_id":
			c.Text(&m.FromParentUserID)
		case "to":
			c.Text(&m.To)
		case "to_user_id":
			c.Text(&m.ToUserID)
		case "group_id":
			c.Text(&m.GroupID)
		case "timestamp":
			m.Timestamp.take(c)
		case "type":
			c.Text(&m.Type)
		case "text":
			one(c, "body", &m.Text.Body)
		case "image":
			one(c, "caption", &m.Image.Caption)
		case "video":
			one(c, "caption", &m.Video.Caption)
		case "document":
			one(c, "caption", &m.Document.Caption)
		case "button":
			two(c, "payload", &m.Button.Payload, "text", &m.Button.Text)
		case "interactive":
			if m.Interactive == nil {
				m.Interactive = new(interactive)
			}
			m.Interactive.take(c)
		case "contacts", "referral", "system", "unsupported", "errors", "edit":
			c.Unusual = true
		default:
			c.Skip()
		}
		if c.Unusual {
			return false
		}
	}
	return c.Whole()
}

func (i *interactive) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "type":
			c.Text(&i.Type)
		case "button_reply":
			two(c, "id", &i.ButtonReply.ID, "title", &i.ButtonReply.Title)
		case "list_reply":
			two(c, "id", &i.ListReply.ID, "title", &i.ListReply.Title)
		case "call_permission_reply":
			c.Unusual = true
			return
		default:
			c.Skip()
		}
	}
}

// one reads an object of which one text counts.
func one(c *loosejson.Cursor, name string, s *loosejson.String) { two(c, name, s, "", nil) }

// two reads an object of which two texts count.
func two(c *loosejson.Cursor, name string, s *loosejson.String, other string, t *loosejson.String) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch key := c.Key(); {
		case string(key) == name:
			c.Text(s)
		case t != nil && string(key) == other:
			c.Text(t)
		default:
			c.Skip()
		}
	}
}

func (s *status) quick(c *loosejson.Cursor) bool {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "id":
			c.Text(&s.ID)
		case "type":
			c.Text(&s.Type)
		case "status":
			c.Text(&s.Status)
		case "timestamp":
			s.Timestamp.take(c)
		case "recipient_type":
			c.Text(&s.RecipientType)
		case "recipient_id":
			c.Text(&s.RecipientID)
		case "recipient_user_id":
			c.Text(&s.RecipientUserID)
		case "recipient_parent_user_id":
			c.Text(&s.RecipientParentUserID)
		case "parent_recipient_user_id":
			c.Text(&s.ParentRecipientUserID)
		case "recipient_participant_id":
			c.Text(&s.ParticipantID)
		case "recipient_participant_user_id":
			c.Text(&s.ParticipantUserID)
		case "recipient_participant_parent_user_id":
			c.Text(&s.ParticipantParentUserID)
		case "biz_opaque_callback_data":
			c.Text(&s.Opaque)
		case "pricing":
			if s.Pricing == nil {
				s.Pricing = new(pricing)
			}
			s.Pricing.take(c)
		case "conversation":
			s.Talk.take(c)
		case "errors":
			list(c, &s.Errors, func(e *graphError) { e.take(c) })
		default:
			c.Skip()
		}
		if c.Unusual {
			return false
		}
	}
	return c.Whole()
}

func (k *conversation) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "expiration_timestamp":
			k.Expires.take(c)
		case "origin":
			one(c, "type", &k.Origin.Type)
		default:
			c.Skip()
		}
	}
}

func (p *pricing) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		switch string(c.Key()) {
		case "billable":
			if p.Billable = nil; !c.Null() {
				p.Billable = new(loosejson.Bool)
				_ = p.Billable.UnmarshalJSON(c.Raw())
			}
		case "pricing_model":
			c.Text(&p.Model)
		case "type":
			c.Text(&p.Type)
		case "pricing_type":
			c.Text(&p.PricingType)
		case "category":
			c.Text(&p.Category)
		default:
			c.Skip()
		}
	}
}

func (e *graphError) take(c *loosejson.Cursor) {
	for more := c.Enter('{'); more; more = c.More('{') {
		if string(c.Key()) == "code" {
			_ = e.Code.UnmarshalJSON(c.Raw())
		} else {
			c.Skip()
		}
	}
}
