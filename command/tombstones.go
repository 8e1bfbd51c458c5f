package command

import (
	"fmt"
	"os"

	"github.com/waguard/waguard/store/badger"
)

// checkTombstones reads a list of tombstones, so that nothing is restored where it is none.
func checkTombstones(name string) error {
	if name == "" {
		return nil
	}
	list, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening the tombstones: %w", err)
	}
	defer list.Close()
	if _, err := badger.ReadTombstones(list); err != nil {
		return fmt.Errorf("reading the tombstones: %w", err)
	}
	return nil
}

// addTombstones puts the tombstones of erased people beside what was restored.
func addTombstones(c *call) error {
	name := c.flags.String("tombstones")
	if name == "" {
		return nil
	}
	list, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening the tombstones: %w", err)
	}
	defer list.Close()
	n, err := badger.AddTombstones(c.flags.String("path"), list)
	if err != nil {
		return fmt.Errorf("putting the tombstones beside the store, without which nobody stays erased: %w", err)
	}
	c.hint("%d tombstones: who they are of is erased when the gateway starts", n)
	return nil
}
