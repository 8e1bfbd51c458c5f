// Package evidence puts together what shows somebody else what is recorded of a person:
// receipts of consent, a pack of files that a stranger can check, and what a person is
// told who asks. It reads no store: it is given what there is.
package evidence

import (
	"time"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ReceiptSchema is the layout of a receipt. Within it fields are only added.
const ReceiptSchema = "waguard.receipt/1"

// Receipt is a consent record in the terms of ISO/IEC TS 27560, with the proof that it is
// in the log.
type Receipt struct {
	SchemaVersion string `json:"schema_version"`
	RecordID      string `json:"record_id"`
	// PrincipalID is the person as whoever asks named them, else by pseudonym.
	PrincipalID   string         `json:"pii_principal_id"`
	PrivacyNotice *PrivacyNotice `json:"privacy_notice,omitempty"`
	Language      string         `json:"language,omitempty"`
	Purposes      []Purpose      `json:"purposes"`
	Information   []string       `json:"pii_information"`
	Controllers   []Party        `json:"pii_controllers"`
	Recipients    []Party        `json:"recipient_third_parties"`
	// CollectionMethod is the source.
	CollectionMethod string            `json:"collection_method"`
	ProcessingMethod string            `json:"processing_method"`
	Jurisdiction     string            `json:"jurisdiction,omitempty"`
	RetentionPeriod  string            `json:"retention_period"`
	WithdrawalMethod string            `json:"withdrawal_method"`
	Event            ReceiptEvent      `json:"event"`
	Evidence         *consent.Evidence `json:"evidence,omitempty"`
	// Lacks are fields that the record would have needed to be valid.
	Lacks []consent.Field `json:"lacks,omitempty"`
	// Former: it was said by whom the number belonged to before.
	Former bool   `json:"former,omitempty"`
	Proof  *Proof `json:"proof,omitempty"`
}

// PrivacyNotice is what the person was shown.
type PrivacyNotice struct {
	URL     string `json:"url,omitempty"`
	Version string `json:"version,omitempty"`
	SHA256  string `json:"text_sha256,omitempty"`
	Text    string `json:"text,omitempty"`
}

// Purpose is what the person agreed to, or no longer.
type Purpose struct {
	Purpose     string   `json:"purpose"`
	Type        string   `json:"purpose_type"`
	LawfulBasis string   `json:"lawful_basis"`
	Categories  []string `json:"categories,omitempty"`
	Frequency   string   `json:"frequency,omitempty"`
}

// Party is who decides, or who gets data.
type Party struct {
	Name string `json:"name"`
	Role string `json:"role"`
	// ID is the phone_number_id of a business phone number.
	ID string `json:"id,omitempty"`
}

// ReceiptEvent is what happened.
type ReceiptEvent struct {
	// Time is when the person said so, Recorded when the gateway heard of it.
	Time     time.Time  `json:"event_time"`
	Recorded *time.Time `json:"event_recorded_time,omitempty"`
	Type     string     `json:"event_type"`
	State    string     `json:"event_state"`
	// Entity is who recorded it.
	Entity string `json:"entity_id,omitempty"`
}

// Proof says where the record is in the log, and shows it.
type Proof struct {
	Origin   string `json:"origin"`
	Index    uint64 `json:"index"`
	Verifier string `json:"verifier"`
	Leaf     string `json:"leaf"`
	// TlogProof is a file as c2sp.org/tlog-proof lays it down.
	TlogProof string `json:"tlog_proof"`
}

// eventStates are how the states of records are called in receipts; refusals have no
// term of the standard.
var eventStates = map[policy.ConsentState]string{
	policy.OptedIn: "given", policy.OptedOut: "withdrawn", policy.ConsentPending: "requested",
	policy.OptOutSuspected: "withdrawal_suspected", policy.OptOutDismissed: "suspicion_dismissed", policy.CodeRequested: "code_requested",
}

// Principal is the person a receipt is for.
type Principal struct {
	// Contact is how they were asked for.
	Contact string
	// Business gives the configured name of a business phone number.
	Business func(phoneNumberID string) string
}

// ReceiptOf is the receipt of a record; its proof may be nil.
func (p *Principal) ReceiptOf(rec *store.ConsentRecord, proof *audit.Proof) *Receipt {
	r := &Receipt{
		SchemaVersion: ReceiptSchema, RecordID: rec.ID.String(), PrincipalID: p.Contact,
		Purposes: []Purpose{}, Information: []string{"phone number or WhatsApp user id", "what was said on consent, and when"},
		Controllers:      []Party{},
		Recipients:       []Party{{Name: "Meta (WhatsApp Business Platform)", Role: "recipient"}},
		CollectionMethod: string(rec.Source), ProcessingMethod: "messages over the WhatsApp Business Platform",
		RetentionPeriod:  "until the person is erased; an opt-out stays in force beyond that, under a keyed hash",
		WithdrawalMethod: "answer STOP on WhatsApp, or tell the business",
		Event:            ReceiptEvent{Time: rec.At.Time(), Type: "consent", State: eventStates[rec.State], Entity: rec.Actor},
		Evidence:         rec.Evidence, Lacks: rec.Lacks, Former: rec.Former,
	}
	if r.PrincipalID == "" {
		r.PrincipalID = rec.Alias.String()
	}
	if rec.Handover != "" {
		r.Event.Type, r.Event.State = "identity", string(rec.Handover)
	}
	if rec.Recorded != 0 {
		r.Event.Recorded = new(rec.Recorded.Time())
	}
	if rec.PhoneNumberID != "" {
		name := p.Business(rec.PhoneNumberID)
		r.Controllers = append(r.Controllers, Party{Name: name, Role: "pii_controller", ID: rec.PhoneNumberID})
	}
	e := consent.Evidence{}
	if rec.Evidence != nil {
		e = *rec.Evidence
	}
	if e.PageURL != "" || e.TextVersion != "" || e.TextSHA256 != "" {
		r.PrivacyNotice = &PrivacyNotice{URL: e.PageURL, Version: e.TextVersion, SHA256: e.TextSHA256, Text: e.Text}
	}
	r.Language, r.Jurisdiction = e.Language, e.Jurisdiction
	if e.ThirdParty != "" {
		r.Recipients = append(r.Recipients, Party{Name: e.ThirdParty, Role: "collector"})
	}
	basis := e.LegalBasis
	if basis == "" {
		basis = "not recorded"
	}
	for _, scope := range rec.Scopes {
		r.Purposes = append(r.Purposes, Purpose{Purpose: scope.String(), Type: "whatsapp_messages", LawfulBasis: basis, Categories: e.Categories, Frequency: e.Frequency})
	}
	if proof != nil {
		_, signed := splitProof(proof.Proof)
		r.Proof = &Proof{audit.OriginIn([]byte(signed)), proof.Index, proof.Verifier, proof.Leaf, proof.Proof}
	}
	return r
}
