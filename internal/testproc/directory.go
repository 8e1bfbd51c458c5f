package testproc

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// prefix begins the name of every directory that is made here.
const prefix = "waguard-servers-"

// longest is how long the path of a directory may be: that of a Unix socket in it, of
// which systems take 103 bytes, has a few more.
const longest = 60

// Dir is where the files of a server are. It can be passed by every user, since
// the server may run as another one than the test.
type Dir struct {
	Path string
	lock *os.File
}

// MakeDir makes one under a directory; "" is the system's temporary one. It
// removes those that test binaries left behind which were killed.
func MakeDir(under string) (*Dir, error) {
	if under == "" {
		under = Temporary()
	}
	sweep(under)
	path, err := os.MkdirTemp(under, "new-"+prefix)
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(path, "lock"))
	if err == nil {
		err = os.Chmod(path, 0o711)
	}
	// Only now is it one that others would sweep.
	final := filepath.Join(under, strings.TrimPrefix(filepath.Base(path), "new-"))
	if err == nil {
		err = os.Rename(path, final)
	}
	if err != nil {
		os.RemoveAll(path)
		return nil, err
	}
	return &Dir{Path: final, lock: lock}, nil
}

// Sub makes a directory in it that is the server's own.
func (d *Dir) Sub(name string) (string, error) {
	path := filepath.Join(d.Path, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	return path, handOver(path)
}

// Write makes a file in it that the server may read, and nobody else.
func (d *Dir) Write(name, text string) (string, error) {
	path := filepath.Join(d.Path, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", err
	}
	return path, handOver(path)
}

// WriteProgram makes a file in it that the server may run.
func (d *Dir) WriteProgram(name, text string) (string, error) {
	path, err := d.Write(name, text)
	if err != nil {
		return "", err
	}
	return path, os.Chmod(path, 0o700) // #nosec G302 -- it is run
}

// Remove removes it.
func (d *Dir) Remove() error {
	return errors.Join(os.RemoveAll(d.Path), d.lock.Close())
}

// Temporary is the system's temporary directory, where sockets can be in it and the
// server's user can get there; else /tmp.
func Temporary() string {
	dir, err := filepath.Abs(os.TempDir())
	if err != nil || len(dir) > longest-len(prefix)-10 {
		return "/tmp"
	}
	for at := dir; os.Geteuid() == 0 && at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}
	}
	return dir
}

// Memory is a directory that is in memory, where there is one; else [Temporary].
func Memory() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return Temporary()
}

// sweep removes directories whose owner has ended.
func sweep(under string) {
	left, _ := filepath.Glob(filepath.Join(under, prefix+"*"))
	for _, path := range left {
		if lock, err := lockFile(filepath.Join(path, "lock")); err == nil {
			os.RemoveAll(path)
			lock.Close()
		}
	}
}
