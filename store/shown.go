package store

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

// shownConsent is a consent record as people see it who read an engine's tables: who it is
// of by a pseudonym, and nothing that anybody wrote.
type shownConsent struct {
	Person        string              `json:"person"`
	PhoneNumberID string              `json:"phone_number_id"`
	At            time.Time           `json:"at"`
	Recorded      *time.Time          `json:"recorded,omitempty"`
	State         policy.ConsentState `json:"state"`
	Scopes        []policy.Scope      `json:"scopes"`
	General       bool                `json:"general,omitempty"`
	Source        policy.Source       `json:"source"`
	Handover      Handover            `json:"handover,omitempty"`
	Lacks         []consent.Field     `json:"lacks,omitempty"`
}

// Shown is what people may see of a record who read an engine's tables by themselves, as
// JSON; nil for kinds that are of no use to them, and for what can't be read.
func Shown(key, value []byte) []byte {
	if len(key) == 0 || key[0] != historyPrefix || value == nil {
		return nil
	}
	var r ConsentRecord
	if err := decode(value, &r); err != nil {
		return nil
	}
	shown := shownConsent{
		Person: hex.EncodeToString(r.Alias[:]), PhoneNumberID: r.PhoneNumberID, At: r.At.Time().UTC(),
		State: r.State, Scopes: r.Scopes, General: r.General, Source: r.Source, Handover: r.Handover, Lacks: r.Lacks,
	}
	if r.Recorded != 0 {
		recorded := r.Recorded.Time().UTC()
		shown.Recorded = &recorded
	}
	text, err := json.Marshal(&shown)
	if err != nil {
		return nil
	}
	return text
}
