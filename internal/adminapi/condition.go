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

// StoreReport says what a check of the store has found.
type StoreReport struct {
	// Tables, Logs and Bytes are what was read and verified.
	Tables int   `json:"tables"`
	Logs   int   `json:"logs"`
	Bytes  int64 `json:"bytes"`
	// Transaction is the number of the newest one, Newest the time of the newest
	// ledger entry.
	Transaction uint64     `json:"transaction"`
	Newest      *time.Time `json:"newest_entry,omitempty"`
	// Counts are the records there are, by kind.
	Counts map[string]int `json:"counts"`
	// Problems say in words what is wrong, the first of them. More is how many
	// others there are.
	Problems []string `json:"problems,omitempty"`
	More     int      `json:"more_problems,omitempty"`
	// Notes are worth knowing and no problem.
	Notes []string `json:"notes,omitempty"`
}

// Sound reports that no problem was found.
func (r *StoreReport) Sound() bool { return len(r.Problems) == 0 }
