package command

import (
	"fmt"
	"io"
	"os"

	"github.com/waguard/waguard/store/badger"
)

// checkTombstones reads a list of tombstones, so that nothing is restored where it is none.
func checkTombstones(name string) error {
	if name == "" {
		return nil
	}
	return fromTombstones(name, func(list io.Reader) error {
		if _, err := badger.ReadTombstones(list); err != nil {
			return fmt.Errorf("reading the tombstones: %w", err)
		}
		return nil
	})
}

// fromTombstones hands a list of tombstones to read.
func fromTombstones(name string, read func(list io.Reader) error) error {
	list, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening the tombstones: %w", err)
	}
	defer list.Close()
	return read(list)
}

// addTombstones puts the tombstones of erased people beside what was restored.
func addTombstones(c *call) error {
	name := c.flags.String("tombstones")
	if name == "" {
		return nil
	}
	return fromTombstones(name, func(list io.Reader) error {
		n, err := badger.AddTombstones(c.flags.String("path"), list)
		if err != nil {
			return fmt.Errorf("putting the tombstones beside the store, without which nobody stays erased: %w", err)
		}
		c.hint("%d tombstones: who they are of is erased when the gateway starts", n)
		return nil
	})
}
