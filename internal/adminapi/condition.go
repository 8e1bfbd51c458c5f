package adminapi

import "time"

// Health is what the health route answers. A number that gets no webhooks is no
// failure of the gateway, and no reason to restart it.
type Health struct {
	Status                 string         `json:"status"`
	NumbersWithoutWebhooks []SilentNumber `json:"numbers_without_webhooks,omitempty"`
	// Store says what is not as it should be with the store.
	Store []string `json:"store,omitempty"`
}

// SilentNumber is a number that sends and gets no webhooks.
type SilentNumber struct {
	PhoneNumberID string    `json:"phone_number_id"`
	SendsSince    time.Time `json:"sends_since"`
	// LastWebhook is when the newest webhook came, if one did.
	LastWebhook *time.Time `json:"last_webhook,omitempty"`
}
