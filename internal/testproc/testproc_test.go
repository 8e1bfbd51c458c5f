package testproc

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// The directory of a test binary that was killed is removed by the next one, that of a
// living one is not.
func TestSweep(t *testing.T) {
	under := t.TempDir()
	living, err := MakeDir(under)
	if err != nil {
		t.Fatal(err)
	}
	left, err := MakeDir(under)
	if err != nil {
		t.Fatal(err)
	}
	left.lock.Close() // as when its process has ended
	if _, err := MakeDir(under); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left stays: %v", err)
	}
	if _, err := os.Stat(living.Path); err != nil {
		t.Errorf("what is in use was removed: %v", err)
	}
}

// Where a program is missing, one line says what was not run, why and how to run it;
// the gate makes it a failure.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	before := places
	places = nil
	t.Cleanup(func() { places = before })
	err := Installed("postgresql")
	if !errors.Is(err, ErrMissing) {
		t.Fatalf("without its programs: %v", err)
	}
	for value, want := range map[string]int{"": 0, "required": 1, "postgres://db/waguard": 0} {
		t.Setenv(Variable, value)
		line, code := missing("github.com/waguard/waguard/store/postgres", err, []string{"postgresql", "pgbouncer"})
		if code != want {
			t.Errorf("%s=%s: the tests end with %d, want %d", Variable, value, code, want)
		}
		for _, part := range []string{"store/postgres", "not run", "initdb is not installed", "apt-get install postgresql pgbouncer"} {
			if !strings.Contains(line, part) || strings.Contains(line, "\n") {
				t.Errorf("%s=%s: %q doesn't have %q in one line", Variable, value, line, part)
			}
		}
	}
}

func TestPackageOf(t *testing.T) {
	for function, want := range map[string]string{
		"github.com/waguard/waguard/store/postgres_test.TestMain": "github.com/waguard/waguard/store/postgres",
		"github.com/waguard/waguard/store/postgres.TestMain":      "github.com/waguard/waguard/store/postgres",
		"exp.TestMain": "exp",
	} {
		if got := PackageOf(function); got != want {
			t.Errorf("%s: %s, want %s", function, got, want)
		}
	}
}
