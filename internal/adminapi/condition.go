package adminapi

import "time"

// Health is what the health route answers. A number that gets no webhooks is no
// failure of the gateway, and no reason to restart it.
type Health struct {
	Status                 string         `json:"status"`
	NumbersWithoutWebhooks []SilentNumber `json:"numbers_without_webhooks,omitempty"`
	// Store says what is not as it should be with the store.
	Store []string `json:"store,omitempty"`
	// Restored says what a store that was restored can't know.
	Restored *Restored `json:"restored,omitempty"`
}

// Restored is a store that was restored from a backup.
type Restored struct {
	// BackupOf is when the store was as the backup had it.
	BackupOf time.Time `json:"backup_of"`
	// WindowsUnknown is how many customer service windows were opened before that, and
	// by what is known not since: whether they are open is only known of those that
	// opened less than 24 hours ago.
	WindowsUnknown int64 `json:"windows_unknown"`
}

// SilentNumber is a number that sends and gets no webhooks.
type SilentNumber struct {
	PhoneNumberID string    `json:"phone_number_id"`
	SendsSince    time.Time `json:"sends_since"`
	// LastWebhook is when the newest webhook came, if one did.
	LastWebhook *time.Time `json:"last_webhook,omitempty"`
}
