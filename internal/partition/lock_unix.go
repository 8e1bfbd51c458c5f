//go:build unix

package partition

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps other processes out until the file is closed.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrBusy
	}
	if err != nil {
		return fmt.Errorf("locking the folder of the export: %w", err)
	}
	return nil
}
