// Package notify tells other programs what happened, by webhooks: a CloudEvents 1.0 message
// in JSON, signed as Standard Webhooks 1.0 has it. It knows one message and one endpoint at
// a time; what happens, in which order it is told and what becomes of what an endpoint
// doesn't take is for others.
//
// The address of an endpoint comes from a configuration, and names are looked up when it is
// called: where that leads into the own network, nothing is sent unless the operator said
// so.
package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ContentType is that of a message.
const ContentType = "application/cloudevents+json"

// Largest is how large a message may be, as Standard Webhooks has it.
const Largest = 20 << 10

// Event is a message: a CloudEvent in the structured mode.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID names the event in every attempt, also after it was told again by hand.
	ID string `json:"id"`
	// Source names the installation.
	Source string `json:"source"`
	Type   string `json:"type"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// Subject is what it is about; "" where that is nothing in particular.
	Subject         string `json:"subject,omitempty"`
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`
	Data            any    `json:"data"`
}

// Body is the message as it is sent.
func (e *Event) Body() ([]byte, error) {
	if err := checkID(e.ID); err != nil {
		return nil, err
	}
	sent := *e
	sent.SpecVersion, sent.DataContentType, sent.Time = "1.0", "application/json", e.Time.UTC()
	body, err := json.Marshal(&sent)
	switch {
	case err != nil:
		return nil, fmt.Errorf("encoding the event %s: %w", e.ID, err)
	case len(body) > Largest:
		return nil, fmt.Errorf("the event %s has %d bytes, and may have %d", e.ID, len(body), Largest)
	}
	return body, nil
}

// checkID checks that an id can be signed: a full stop ends it.
func checkID(id string) error {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '.' {
			return errors.New("the id of an event has a character that ids don't have")
		}
	}
	if id == "" {
		return errors.New("the event has no id")
	}
	return nil
}
