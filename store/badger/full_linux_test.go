package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { children["fill"] = fillDisk }

// TestDiskAlmostFull checks the way a full disk should go: writes are refused
// with a sentence, reads go on, and writes too when there is space again. Sends
// are refused first, before anybody waits for them: then a STOP is still heard,
// and what left still settled.
func TestDiskAlmostFull(t *testing.T) {
	var free atomic.Uint64
	free.Store(reservedSpace + reservedForSends)
	s := openStore(t, t.TempDir(), Options{Now: testNow, free: func(string) (uint64, error) { return free.Load(), nil }})
	defer closeStore(t, s)
	left := newEntry(testTime, policy.Alias{1})
	lingering := s.Reserve(t.Context(), left)
	if err := lingering.Failed(); err != nil {
		t.Error(err)
	}
	free.Store(reservedSpace + reservedForSends - 1)
	if err := s.Reserve(t.Context(), newEntry(testTime, policy.Alias{1})).Failed(); err == nil || !strings.Contains(err.Error(), "taking a send needs 96 MiB") {
		t.Errorf("a send on a disk that is almost full: %v", err)
	}
	free.Store(reservedSpace)
	apply(t, s, opened("15550100001", 1))
	if err := errors.Join(lingering.Wait(), s.Settle(t.Context(), left.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait()); err != nil {
		t.Errorf("a send that had left: %v", err)
	}
	free.Store(reservedSpace - 1)
	for name, err := range map[string]error{
		"Apply":   s.Apply(t.Context(), []policy.Event{opened("15550100001", 2)}),
		"Reserve": s.Reserve(t.Context(), newEntry(testTime, policy.Alias{1})).Wait(),
		"Check":   s.Check(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "almost full") || !strings.Contains(err.Error(), s.engine.dir) {
			t.Errorf("%s: %v, want a sentence about the full disk", name, err)
		}
		if errors.Is(err, store.ErrFailed) {
			t.Errorf("%s: %v, although nothing was tried", name, err)
		}
	}
	p, err := s.Person(t.Context(), phone("15550100001"), testNumber, nil)
	if err != nil || p.Opened != 1 {
		t.Errorf("reading on a full disk: %+v, %v", p, err)
	}
	if _, err := Open(t.TempDir(), Options{free: s.engine.options.free}); err == nil || !strings.Contains(err.Error(), "almost full") {
		t.Errorf("opening on a full disk: %v", err)
	}
	free.Store(reservedSpace)
	apply(t, s, opened("15550100001", 3))
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDiskFull checks the way it must not go but may: Badger itself can't write.
// A process of its own fills a store whose files may not grow.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=fill", "WAGUARD_TEST_DIR="+t.TempDir())
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
}

// fillDisk writes until it fails, and reports whether everything fails clearly
// from then on.
func fillDisk(dir string) int {
	s, err := Open(dir, Options{Now: testNow})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	stop := make(chan struct{})
	readers := make(chan error, 2)
	for range cap(readers) { // they miss the cache while Badger breaks
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					readers <- nil
					return
				default:
				}
				if _, err := s.Person(ctx, phone(fmt.Sprint(i)), testNumber, nil); err != nil && !errors.Is(err, store.ErrFailed) {
					readers <- err
					return
				}
			}
		}()
	}
	limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println(err)
		return 1
	}
	const most = 1000 // portions of 100 kB; a file holds 8 MB
	for i := range most {
		events := make([]policy.Event, 500)
		for j := range events {
			events[j] = opened(fmt.Sprintf("1555%06d%04d", i, j), 1)
		}
		if err = s.Apply(ctx, events); err != nil {
			break
		}
	}
	close(stop)
	failed := 0
	expect := func(what string, err error) {
		if !errors.Is(err, store.ErrFailed) {
			fmt.Printf("%s: %v, want ErrFailed\n", what, err)
			failed = 1
		}
	}
	expect("the write that failed", err)
	_, err = s.Facts(ctx, store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{phone("15550000000000")}})
	expect("Facts", err)
	expect("Apply", s.Apply(ctx, []policy.Event{opened("1", 1)}))
	expect("Reserve", s.Reserve(ctx, newEntry(testTime, policy.Alias{1})).Wait())
	expect("Check", s.Check(ctx))
	for _, err := range s.Ledger(ctx, store.Filter{}) {
		expect("Ledger", err)
	}
	for range cap(readers) {
		if err := <-readers; err != nil {
			fmt.Println("a reader while Badger broke:", err)
			failed = 1
		}
	}
	expect("Close", s.Close())
	if !errors.Is(s.Check(ctx), store.ErrClosed) {
		fmt.Println("after Close:", s.Check(ctx))
		failed = 1
	}
	return failed
}

// TestOpenUnwritable opens directories as a user who may not write to them.
func TestOpenUnwritable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	errs := make(chan error, 2)
	go func() {
		// Root may write anywhere, unless the thread's file system user is
		// another one. The thread is not unlocked: it ends with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		for _, d := range []string{dir, dir + "/new"} {
			_, err := Open(d, Options{})
			errs <- err
		}
	}()
	for range 2 {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "can't be written by this user") {
			t.Errorf("got %v, want a sentence about %s", err, dir)
		}
	}
}

// TestDirectoryTakenAway: a store that may not write to its directory any more refuses
// to, before Badger finds out in the middle of a log and fails for good; once it may
// again it goes on.
func TestDirectoryTakenAway(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow})
	var taken atomic.Bool
	s.engine.home.access = func() error {
		if taken.Load() {
			return syscall.EACCES
		}
		return nil
	}
	for _, gone := range []bool{false, true, false} {
		taken.Store(gone)
		err := s.Check(t.Context())
		if (err != nil) != gone || gone && (!errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), "mode 700")) {
			t.Errorf("taken away %t: %v", gone, err)
		}
	}
}

// TestMayWrite: a process may make files in a directory of its own.
func TestMayWrite(t *testing.T) {
	h, err := openHome(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.allowed(); err != nil {
		t.Errorf("in a directory of one's own: %v", err)
	}
}
