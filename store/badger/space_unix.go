//go:build linux || darwin || freebsd

package badger

import "syscall"

var errReadOnly error = syscall.EROFS

// freeSpace is what a process without privileges may still write.
func freeSpace(dir string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	if int64(fs.Bavail) < 0 { // signed on FreeBSD: the reserve of root is in use
		return 0, nil
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}
