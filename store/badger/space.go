package badger

import "fmt"

// reservedSpace must be free for a write to be tried. It is several times what
// Badger may have to write for one transaction: the rest of the newest file, the
// next one, and the tables both become (8 MiB each).
const reservedSpace = 64 << 20

// space watches the disk a store lies on. Badger writes through memory maps of
// sparse files, where a full disk is no error but SIGBUS, which ends the
// process.
type space struct {
	dir  string
	free func(dir string) (bytes uint64, err error)
}

// check reports that there is too little space to write anything.
func (s space) check() error {
	free, err := s.free(s.dir)
	if err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", s.dir, err)
	}
	if free < reservedSpace {
		return fmt.Errorf("the disk of %s is almost full: %d MiB are free and writing needs %d MiB; free some space", s.dir, free>>20, reservedSpace>>20)
	}
	return nil
}
