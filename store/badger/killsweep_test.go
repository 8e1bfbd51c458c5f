package badger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() { children["sweep"] = sweepUntilKilled }

// sweepUntilKilled lets days pass in which entries are written and old ones
// swept, and prints each entry once it is acknowledged.
func sweepUntilKilled(dir string) int {
	var c clock
	c.set(time.Now())
	const kept = 5 * day
	s, err := Open(dir, Options{Now: c.now, LedgerRetention: kept, ViolationRetention: kept, memtable: 128 << 10})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	// The clock goes on where the store is.
	if at := s.engine.head.Entry.Moment().Time(); at.After(c.now()) {
		c.set(at)
	}
	for {
		for i := range 40 {
			e := newEntry(c.now(), policy.Alias{byte(i)})
			if i%4 == 0 {
				e.Decision.Verdict, e.Outcome.State = policy.Refuse, store.Refused
			}
			if err := s.Reserve(context.Background(), e).Wait(); err != nil {
				fmt.Println("error", err)
				return 1
			}
			fmt.Println("entry", e.ID)
			c.set(c.now().Add(time.Second))
		}
		c.set(c.now().Add(day / 2))
		if err := s.engine.sweep(context.Background()); err != nil {
			fmt.Println("error", err)
			return 1
		}
	}
}

// TestKillSweeping kills a store in the middle of sweeping: what is still to be
// kept is there.
func TestKillSweeping(t *testing.T) {
	t.Parallel()
	dir := fastDir(t)
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 4 {
		child, lines := startChild(t, "sweep", dir)
		var acknowledged []store.ID
		after, delay := 200+random.IntN(400), time.Duration(random.IntN(20))*time.Millisecond
		for {
			line, err := lines.ReadString('\n')
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			id, ok := strings.CutPrefix(strings.TrimSpace(line), "entry ")
			if !ok {
				child.Process.Kill()
				t.Fatalf("round %d: %s", round, line)
			}
			parsed, err := store.ParseID(id)
			if err != nil {
				t.Fatal(err)
			}
			if acknowledged = append(acknowledged, parsed); len(acknowledged) == after {
				go func() { // somewhere in what follows
					time.Sleep(delay)
					child.Process.Kill()
				}()
			}
		}
		child.Wait()
		newest := acknowledged[len(acknowledged)-1].Moment().Time()
		s := openStore(t, dir, Options{Now: func() time.Time { return newest }, LedgerRetention: 5 * day, ViolationRetention: 5 * day, memtable: 128 << 10})
		for _, id := range acknowledged {
			if newest.Sub(id.Moment().Time()) > 5*day {
				continue
			}
			if _, err := s.Entry(t.Context(), id); err != nil {
				t.Fatalf("round %d: an acknowledged entry is lost: %v", round, err)
			}
		}
		if r, err := s.Examine(t.Context()); err != nil || !r.Sound() {
			t.Errorf("round %d: %+v, %v", round, r, err)
		}
		closeStore(t, s)
	}
}
