//go:build linux || darwin || freebsd

package badger

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

var errReadOnly error = syscall.EROFS

// permissions: files belong to somebody.
const permissions = true

// fileID tells a file from all others.
type fileID struct{ device, inode uint64 }

// stat is the file of a name in the directory.
func (h *home) stat(name string) (fileID, error) {
	var s unix.Stat_t
	if err := unix.Fstatat(int(h.handle.Fd()), name, &s, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fileID{}, err
	}
	return fileID{uint64(s.Dev), uint64(s.Ino)}, nil
}

func statPath(path string) (fileID, error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return fileID{}, err
	}
	return fileID{uint64(s.Dev), uint64(s.Ino)}, nil
}

// allowed reports that this process may make no files in the directory. Badger would
// find out in the middle of a log, and fail for good.
func (h *home) allowed() error {
	if h.access != nil {
		return h.access()
	}
	return unix.Faccessat(int(h.handle.Fd()), ".", unix.W_OK|unix.X_OK, 0)
}

// space is what a process without privileges may still write.
func (h *home) space() (uint64, error) {
	if h.free != nil {
		return h.free(h.dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(int(h.handle.Fd()), &fs); err != nil {
		return 0, err
	}
	if int64(fs.Bavail) < 0 { // signed on FreeBSD: the reserve of root is in use
		return 0, nil
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}

// allocated is what a file takes on disk.
func allocated(info os.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Blocks) * 512
	}
	return uint64(info.Size())
}

// lock keeps every other gateway out of the directory until the handle is
// closed. It is the lock that Badger takes itself, elsewhere.
func lock(dir *os.File) (bool, error) {
	err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, errInUse
	}
	return err == nil, err
}

// unlock lets others in, also while a process that is just being started still has the
// handle from this one.
func unlock(dir *os.File) { syscall.Flock(int(dir.Fd()), syscall.LOCK_UN) }

// umask makes new files and directories the user's own until it is undone.
func umask() (undo func()) {
	old := syscall.Umask(0o077)
	return func() { syscall.Umask(old) }
}

// isMount reports that another file system begins at dir.
func isMount(dir, parent string) bool {
	var d, p syscall.Stat_t
	return syscall.Stat(dir, &d) == nil && syscall.Stat(parent, &p) == nil && d.Dev != p.Dev
}
