// Package testproc starts servers for tests, as processes that end when the test binary
// ends, however that ends, and leave nothing behind.
package testproc

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ErrMissing: a program is not installed here.
var ErrMissing = errors.New("not installed")

// needed are the programs of Debian's packages that tests start.
var needed = map[string][]string{
	"postgresql":  {"initdb", "postgres", "psql"},
	"pgbouncer":   {"pgbouncer"},
	"haproxy":     {"haproxy"},
	"patroni":     {"patroni"},
	"etcd-server": {"etcd"},
	"iproute2":    {"ip"},
}

// places are where Debian has programs that aren't in everybody's PATH.
var places = []string{"/usr/sbin", "/sbin", "/usr/lib/postgresql/*/bin"}

// Program is the path of a program: in PATH, or where Debian has it.
func Program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		// Beside the others, wherever a link leads: initdb looks for postgres there.
		if target, err := filepath.EvalSymlinks(path); err == nil && filepath.Base(target) == name {
			return target, nil
		}
		return path, nil
	}
	for _, place := range places {
		found, _ := filepath.Glob(filepath.Join(place, name))
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b string) int { return release(a) - release(b) }), nil
		}
	}
	return "", fmt.Errorf("%s is %w", name, ErrMissing)
}

// release is the number in the path of one of PostgreSQL's programs.
func release(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// Installed says whether the programs of Debian's packages are here.
func Installed(packages ...string) error {
	for _, name := range packages {
		programs, known := needed[name]
		if !known {
			return fmt.Errorf("nobody knows what %s is needed for", name)
		}
		for _, p := range programs {
			if _, err := Program(p); err != nil {
				return err
			}
		}
		if name == "iproute2" && os.Geteuid() != 0 {
			return errRoot
		}
	}
	_, err := ServerUser()
	return err
}

var errRoot = errors.New("networks are made by root alone")

// Variable is the environment variable that says whether tests need servers:
// "required" makes it a failure that one isn't installed, as the gate does, and "off"
// leaves out what needs them.
const Variable = "WAGUARD_POSTGRES"

var errOff = errors.New(Variable + "=off")

// Ready says whether the tests of a package can be run that needs Debian's packages. If
// not, it tells whoever runs them in one line what isn't run, why, and how to run it;
// the test binary must then exit with code. That is 0, so that `go test ./...` works on a
// machine without servers, unless the environment says otherwise; see [Variable]. The go
// command doesn't remember such a success, since no test was run.
func Ready(of string, packages ...string) (code int, ready bool) {
	if !flag.Parsed() {
		flag.Parse()
	}
	err := Installed(packages...)
	if os.Getenv(Variable) == "off" {
		err = errOff
	}
	if err == nil {
		return 0, true
	}
	line, code := missing(of, err, packages)
	if testing.Verbose() || code > 0 || !Shout(line) {
		fmt.Println(line)
	}
	return code, false
}

// missing says what was not run, and what the test binary exits with.
func missing(of string, err error, packages []string) (line string, code int) {
	line = of + ": its tests were not run: " + err.Error()
	if errors.Is(err, ErrMissing) {
		line += ". To run them: apt-get install " + strings.Join(packages, " ")
	}
	if os.Getenv(Variable) == "required" {
		return line + ". " + Variable + "=required makes this a failure", 1
	}
	return line, 0
}

// PackageOf is the path of the package that a function of its tests is in, by the name
// that the runtime has for it.
func PackageOf(function string) string {
	dir, name := "", function
	if i := strings.LastIndexByte(function, '/'); i >= 0 {
		dir, name = function[:i+1], function[i+1:]
	}
	name, _, _ = strings.Cut(name, ".")
	return dir + strings.TrimSuffix(name, "_test")
}

// Tail is the end of a log, for an error.
func Tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// Eventually tries until it works, ctx or patience are over, or ended is closed. Each
// attempt has 5 seconds.
func Eventually(ctx context.Context, patience time.Duration, ended <-chan struct{}, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := once(ctx, try)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ended:
			return err
		case <-ctx.Done():
			return fmt.Errorf("not after %v: %w", patience, err)
		}
	}
}

// once gives one attempt a time of its own.
func once(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return try(ctx)
}
