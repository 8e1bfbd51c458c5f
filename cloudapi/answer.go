package cloudapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// Answer is what the API answered to a send, or to one element of a batch.
type Answer struct {
	// Status is the HTTP status; for an element of a batch the code inside the
	// answer, zero where the API gave none (it ran out of time and may have sent
	// the message all the same).
	Status int
	// Wamid names the message, or the call, that was accepted. Accepted is not
	// delivered.
	Wamid string
	// MessageStatus is accepted, held_for_quality_assessment or paused. Meta
	// gives it for templates.
	MessageStatus string
	// Learned are the names the API gave for the recipient. They are one
	// person's: the person the send named, if [Elsewhere] doesn't say otherwise.
	Learned []policy.Identity
	// Confirmed: the API said success, as it does where there is no message to
	// name.
	Confirmed bool
	// ErrorCode is Meta's error code, zero where there is none.
	ErrorCode int
	// Elements are the answers to the elements of a batch, in their order.
	Elements []Answer
}

// Success reports whether the API took the request: it accepted a message and
// gave it a name or, for a read receipt or a call, said yes.
func (a *Answer) Success() bool {
	return a.Status >= http.StatusOK && a.Status < http.StatusMultipleChoices && (a.Wamid != "" || a.Confirmed) && a.ErrorCode == 0
}

// Element is the answer to element i of a batch, the first being 0. One answer
// to the whole request is the answer to each of its elements. An element without
// an answer has the status 0: nobody knows what became of it.
func (a *Answer) Element(i int) Answer {
	switch {
	case a.Elements == nil:
		return *a
	case i < 0 || i >= len(a.Elements):
		return Answer{}
	}
	return a.Elements[i]
}

// maxBatch bounds the elements of a batch that are read. Meta allows 50.
const maxBatch = 1000

// ReadSendAnswer reads the API's answer to a send. Whatever can't be read is
// missing in the Answer; the status alone then says how it went.
func ReadSendAnswer(status int, body []byte) Answer {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '[' {
		return readAnswer(status, body)
	}
	a := Answer{Status: status}
	var elements []json.RawMessage
	if json.Unmarshal(body, &elements) != nil {
		return a
	}
	a.Elements = make([]Answer, 0, min(len(elements), maxBatch))
	for _, raw := range elements[:min(len(elements), maxBatch)] {
		var e struct {
			Code statusCode       `json:"code"`
			Body loosejson.String `json:"body"` // JSON within a string
		}
		_ = json.Unmarshal(raw, &e) // null for an element that ran out of time
		a.Elements = append(a.Elements, readAnswer(int(e.Code), []byte(e.Body)))
	}
	return a
}

// statusCode is an HTTP status, zero where it is none.
type statusCode int

// UnmarshalJSON never fails.
func (c *statusCode) UnmarshalJSON(b []byte) error {
	var n loosejson.Int
	_ = n.UnmarshalJSON(b)
	*c = 0
	if n >= 100 && n <= 999 {
		*c = statusCode(n)
	}
	return nil
}

func readAnswer(status int, body []byte) Answer {
	if a, ok := readAccepted(status, body); ok {
		return a
	}
	return readAnyAnswer(status, body)
}

// The members of the answer to a message that was accepted.
var (
	acceptedMembers = []string{"contacts", "messages", "messaging_product"}
	contactMembers  = []string{"input", "wa_id", "user_id"}
	messageMembers  = []string{"id", "message_status"}
)

// readAccepted reads the answer to a message that was accepted, as most are, at a
// fraction of the cost. It reads only what has the documented shape and nothing
// beside it; what anything else means is for readAnyAnswer to say.
func readAccepted(status int, body []byte) (a Answer, ok bool) {
	doc := strictjson.Borrow()
	defer doc.Done()
	root, err := doc.Parse(body)
	if err != nil {
		return a, false
	}
	var accepted [3]strictjson.Value
	for key, value := range root.Members() {
		i := indexOf(key, acceptedMembers)
		if i < 0 {
			return a, false
		}
		accepted[i] = value
	}
	var contact [3]string
	var message [2]string
	if !readOnlyElement(accepted[0], contactMembers, contact[:]) || !readOnlyElement(accepted[1], messageMembers, message[:]) {
		return a, false
	}
	return Answer{
		Status: status,
		Wamid:  message[0], MessageStatus: message[1],
		Learned: recipientNames(contact[0], contact[1], contact[2]),
	}, true
}

// readOnlyElement reads the texts that the one element of a list has under the
// given names. It reports false if the list or the element holds anything else.
func readOnlyElement(list strictjson.Value, names, texts []string) bool {
	n := 0
	for element := range list.Elements() {
		for key, value := range element.Members() {
			i := indexOf(key, names)
			text, ok := value.Text()
			if i < 0 || !ok {
				return false
			}
			texts[i] = text
		}
		n++
	}
	return n == 1
}

// indexOf is where a key stands among names; -1 if it is not written as any.
func indexOf(key strictjson.Key, names []string) int {
	raw, literal := key.Literal()
	if !literal {
		return -1
	}
	return slices.Index(names, string(raw))
}

// readAnyAnswer reads whatever can be read of an answer.
func readAnyAnswer(status int, body []byte) Answer {
	a := Answer{Status: status}
	var v struct {
		Contacts []struct {
			Input  loosejson.String `json:"input"`
			WaID   loosejson.String `json:"wa_id"`
			UserID loosejson.String `json:"user_id"`
		} `json:"contacts"`
		Messages []struct {
			ID     loosejson.String `json:"id"`
			Status loosejson.String `json:"message_status"`
		} `json:"messages"`
		Calls []struct {
			ID loosejson.String `json:"id"`
		} `json:"calls"`
		Success loosejson.Bool `json:"success"`
		Error   *struct {
			Code loosejson.Int `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &v) // what fits is kept; of what isn't JSON nothing is
	a.Confirmed = bool(v.Success)
	if v.Error != nil {
		a.ErrorCode = int(v.Error.Code)
	}
	if len(v.Messages) > 0 {
		a.Wamid, a.MessageStatus = string(v.Messages[0].ID), string(v.Messages[0].Status)
	}
	if len(v.Calls) > 0 && a.Wamid == "" {
		a.Wamid = string(v.Calls[0].ID)
	}
	// A send has one recipient. Of several nobody could say which is meant.
	if len(v.Contacts) == 1 {
		c := v.Contacts[0]
		a.Learned = recipientNames(string(c.Input), string(c.WaID), string(c.UserID))
	}
	return a
}

// recipientNames are the identities in one element of contacts that are Meta's
// own word. The input is the sender's, and says nothing of whom it was taken for.
// A user id put where a phone number belongs is read by Meta as the phone number
// in its digits: then none of it is a person's.
func recipientNames(input, waID, userID string) []policy.Identity {
	if _, err := identity.UserID(input); err == nil && waID != "" && userID == "" {
		return nil
	}
	var who []policy.Identity
	if id, err := identity.WaID(waID); err == nil {
		who = append(who, id)
	}
	if id, err := identity.BSUID(userID); err == nil {
		who = append(who, id)
	}
	return who
}

// Elsewhere reports that the names Meta gave for the recipient hold the phone
// number of somebody else than the one the send was judged by: no other spelling
// of it. Where a number was renumbered, or Meta adds or drops a digit that isn't
// known here, it may still be one; see [phone.Number.MayBe].
func Elsewhere(learned []policy.Identity, judged policy.Identity) bool {
	if judged.Kind != policy.Phone {
		return false
	}
	for _, id := range learned {
		if id.Kind == policy.Phone {
			return id != judged && !phone.Number(id.Value).MayBe(phone.Number(judged.Value))
		}
	}
	return false
}
