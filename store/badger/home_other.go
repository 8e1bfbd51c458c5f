//go:build !(linux || darwin || freebsd)

package badger

import (
	"errors"
	"math"
	"os"
	"path/filepath"
)

var errReadOnly = errors.New("read-only file system")

// permissions are not known here.
const permissions = false

// fileID is not known here: files are only there, or not.
type fileID struct{}

func (h *home) stat(name string) (fileID, error) { return statPath(filepath.Join(h.at, name)) }

func statPath(path string) (fileID, error) {
	_, err := os.Lstat(path)
	return fileID{}, err
}

// allowed is not known here: writes are always tried.
func (h *home) allowed() error { return nil }

// space is not known here: writes are always tried.
func (h *home) space() (uint64, error) {
	if h.free != nil {
		return h.free(h.dir)
	}
	return math.MaxUint64, nil
}

// allocated is what a file takes on disk, as far as that is known here.
func allocated(info os.FileInfo) uint64 { return uint64(info.Size()) }

// lock leaves it to Badger to keep others out.
func lock(*os.File) (bool, error) { return false, nil }

func unlock(*os.File) {}

func umask() (undo func()) { return func() {} }

// isMount is not known here.
func isMount(dir, parent string) bool { return false }
