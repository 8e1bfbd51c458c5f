package adminapi

import (
	"errors"
	"fmt"
)

// Unreachable is why nothing answers at the address of an admin endpoint.
type Unreachable struct {
	Address string
	Err     error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("no gateway answers at %s: %s", e.Address, reason(e.Err))
}

func (e *Unreachable) Unwrap() error { return e.Err }

// reason is what the system says, without the calls it was said to.
func reason(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// Stranger is why what answers is not believed to be the admin endpoint of a
// gateway. It was told nothing.
type Stranger struct {
	Address string
	// Found is what was seen of it.
	Found string
}

func (e *Stranger) Error() string {
	return fmt.Sprintf("what answers at %s is not the admin endpoint of a waguard: %s", e.Address, e.Found)
}
