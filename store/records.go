package store

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// encode writes a record. The order of struct fields is the order of their
// declaration: equal records have equal bytes.
func encode(record any) ([]byte, error) {
	value, err := cbor.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", record, err)
	}
	return value, nil
}

// decode reads a record. Fields it doesn't know are skipped.
func decode(value []byte, record any) error {
	if err := cbor.Unmarshal(value, record); err != nil {
		return fmt.Errorf("decoding %T: %w: %w", record, ErrUnreadable, err)
	}
	return nil
}
