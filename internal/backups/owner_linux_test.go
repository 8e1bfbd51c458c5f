package backups

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReplaceKeepsOwner: what takes a backup's place is readable by whoever could read it.
func TestReplaceKeepsOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "fresh")
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	owner := os.Geteuid()
	if owner == 0 { // only the superuser can give files away
		owner = 65534
		if err := os.Chown(old, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(fresh, old, old); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(old)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); int(s.Uid) != owner || info.Mode().Perm() != 0o600 {
		t.Errorf("it belongs to %d, with mode %v", s.Uid, info.Mode())
	}
	if content, err := os.ReadFile(old); err != nil || string(content) != fresh {
		t.Errorf("it is %q, %v", content, err)
	}
}
