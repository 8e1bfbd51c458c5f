package badger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// writeUntilKilled writes with several callers and prints, one line each, what
// was acknowledged: "entry <id>", "settled <id>" or "opened <digits>".
func writeUntilKilled(dir string) int {
	s, err := Open(dir, Options{Now: testNow})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := newEntry(testTime, s.Pseudonym(phone("15550100001")))
				if err := s.Reserve(context.Background(), e).Wait(); err != nil {
					fmt.Println("error", err)
				}
				fmt.Println("entry", e.ID)
				if err := s.Settle(context.Background(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid." + e.ID.String()}).Wait(); err != nil {
					fmt.Println("error", err)
				}
				fmt.Println("settled", e.ID)
				digits := fmt.Sprintf("1555%02d%05d%05d", caller, os.Getpid(), i)
				if err := s.Apply(context.Background(), []policy.Event{opened(digits, policy.Moment(i+1)), opened("15550100002", policy.Moment(i+1))}); err != nil {
					fmt.Println("error", err)
				}
				fmt.Println("opened", digits)
			}
		})
	}
	wg.Wait()
	return 1
}

// TestKill kills a writing process at random moments: everything that was
// acknowledged must be there.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := make(map[string]string)
	random := rand.New(rand.NewPCG(1, 2))
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		before := len(acknowledged)
		killWriter(t, dir, 1+random.IntN(3000), acknowledged)
		if len(acknowledged) == before {
			t.Fatalf("round %d: nothing was acknowledged", round)
		}
		s := openStore(t, dir, Options{Now: testNow})
		for what, kind := range acknowledged {
			switch kind {
			case "opened":
				p, err := s.Person(t.Context(), phone(what), testNumber, nil)
				if err != nil || p.Opened == 0 {
					t.Errorf("round %d: an acknowledged window is lost: %v", round, err)
				}
			default:
				id, err := store.ParseID(what)
				if err != nil {
					t.Fatal(err)
				}
				e, err := s.Entry(t.Context(), id)
				if err != nil {
					t.Errorf("round %d: an acknowledged entry is lost: %v", round, err)
				} else if kind == "settled" && e.Outcome.State != store.Accepted {
					t.Errorf("round %d: an acknowledged outcome is lost: %s", round, e.Outcome.State)
				}
			}
		}
		closeStore(t, s)
	}
	t.Logf("%d acknowledged writes", len(acknowledged))
}

// startChild starts a process that does one of the children's work on a directory, and reads
// what it prints.
func startChild(t *testing.T, does, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+does, "WAGUARD_TEST_DIR="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child, bufio.NewReader(out)
}

// killWriter runs a writing process, kills it after some acknowledgements, and
// adds all of them to acknowledged.
func killWriter(t *testing.T, dir string, after int, acknowledged map[string]string) {
	t.Helper()
	child, lines := startChild(t, "write", dir)
	for i := 0; ; i++ {
		if i == after {
			child.Process.Kill()
		}
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // half a line was not acknowledged to anybody
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "error" {
			child.Process.Kill()
			t.Fatalf("the writing process: %s", what)
		}
		acknowledged[what] = kind
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writing process was not killed: %v", err)
	}
}
