//go:build linux || darwin || freebsd

package badger

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A store that was closed can be opened, though a process that was started while it was open
// has its files until it runs its own program.
func TestReopenWhileAProcessStarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(fastDir(t), "store")
	s := openStore(t, dir, Options{Now: testNow})
	inherited, err := syscall.Dup(int(s.engine.home.handle.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	closeStore(t, s)
	closeStore(t, openStore(t, dir, Options{Now: testNow}))
}
