package badger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { children["sums"] = sumUntilKilled }

// sumUntilKilled lets hours pass in which messages are sent, delivered at once and read
// much later, while sums are made, and prints a line for every quarter of an hour.
func sumUntilKilled(dir string) int {
	var c clock
	c.set(testTime)
	s, err := Open(dir, Options{Now: c.now})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if at := s.engine.head.Entry.Moment().Time(); at.After(c.now()) {
		c.set(at.Add(time.Minute))
	}
	go func() {
		for {
			if err := s.SumUp(context.Background()); err != nil {
				fmt.Println(err)
			}
		}
	}()
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	var sent []policy.StatusChanged
	for {
		for range 40 {
			e := newEntry(c.now(), policy.Alias{1})
			status := policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "wamid." + e.ID.String(), At: e.At + 1, Status: policy.StatusDelivered}
			sent = append(sent, status)
			read := sent[random.IntN(len(sent))]
			read.At, read.Status = policy.MomentOf(c.now()), policy.StatusRead
			err := errors.Join(
				s.Reserve(context.Background(), e).Wait(),
				s.Settle(context.Background(), e.ID, store.Outcome{State: store.Accepted, Wamid: status.Wamid}).Wait(),
				s.Apply(context.Background(), []policy.Event{status, read}),
			)
			if err != nil {
				fmt.Println(err)
				return 1
			}
			c.set(c.now().Add(20 * time.Second))
		}
		fmt.Println("alive")
		c.set(c.now().Add(2 * time.Minute))
	}
}

// TestKillSumming kills a store while sums are made and corrected: they equal the ledger.
func TestKillSumming(t *testing.T) {
	t.Parallel()
	dir := fastDir(t)
	random := rand.New(rand.NewPCG(7, 8))
	equal := 0
	for round := range 4 {
		child, lines := startChild(t, "sums", dir)
		after, delay := 4+random.IntN(10), time.Duration(random.IntN(20))*time.Millisecond
		for ; ; after-- {
			line, err := lines.ReadString('\n')
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || line != "alive\n" {
				child.Process.Kill()
				t.Fatalf("round %d: %s, %v", round, line, err)
			}
			if after == 0 {
				go func() { // somewhere in what follows
					time.Sleep(delay)
					child.Process.Kill()
				}()
			}
		}
		child.Wait()
		s := openStore(t, dir, Options{Now: func() time.Time { return testTime.Add(30 * day) }})
		rebuilt, err := s.RebuildSums(t.Context(), 0, 0, 0)
		switch {
		case err != nil:
			t.Fatal(err)
		case len(rebuilt.Differed) > 0:
			t.Errorf("round %d: %+v", round, rebuilt)
		}
		equal += rebuilt.Equal
		if r, err := s.Examine(t.Context()); err != nil || !r.Sound() {
			t.Errorf("round %d: %+v, %v", round, r, err)
		}
		closeStore(t, s)
	}
	if equal == 0 {
		t.Error("there were no sums: nothing was compared")
	}
	t.Logf("the sums of %d quarters of an hour were right", equal)
}
