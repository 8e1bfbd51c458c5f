package adminapi

import "github.com/waguard/waguard/store/archive"

// BackupRequest asks for a backup.
type BackupRequest struct {
	// Base is what it is to continue; nothing where it is to hold everything.
	Base *archive.Base `json:"base,omitempty"`
}

// largestBody holds what is to be known of the keys of a large store.
func (*BackupRequest) largestBody() int { return 64 << 20 }
