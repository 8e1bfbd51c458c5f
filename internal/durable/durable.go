// Package durable makes sure that the names of files are on disk, as their content is.
package durable

import (
	"errors"
	"os"
	"runtime"
)

// Names makes the names in a directory durable.
func Names(dir string) error {
	if runtime.GOOS == "windows" { // which has no such thing
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
