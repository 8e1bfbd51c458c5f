//go:build !(linux || darwin || freebsd)

package backups

import "os"

// giveAs does nothing: files have no owner of that kind.
func giveAs(string, os.FileInfo) error { return nil }
