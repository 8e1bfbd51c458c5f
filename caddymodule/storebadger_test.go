package caddymodule

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWitnessOutside: a witness inside of the store's directory is refused, by
// whatever way its path leads there.
func TestWitnessOutside(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "store")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	for witness, inside := range map[string]bool{
		"": false, dir + ".witness": false, base + "/other/witness": false, base + "/..store": false,
		dir: true, dir + "/witness": true, dir + "/a/b": true, base + "/link/witness": true, base + "/link/a/b": true,
	} {
		if err := checkWitness(witness, dir); (err != nil) != inside {
			t.Errorf("%s: %v", witness, err)
		}
		if err := checkWitness(witness, filepath.Join(base, "link")); (err != nil) != inside {
			t.Errorf("%s, and the directory through a link: %v", witness, err)
		}
	}
}
