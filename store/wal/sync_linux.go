package wal

import (
	"os"
	"syscall"
)

// datasync makes what was written durable. The size of the file hasn't changed, so
// that the kernel has nothing else to write.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
