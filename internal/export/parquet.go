package export

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	// rowGroup is how many rows of a Parquet file stand together: what a reader skips, and a
	// writer holds, at once.
	rowGroup = 100_000
	// rowsAtOnce is how many are handed over at once.
	rowsAtOnce = 64
)

// columnar writes Parquet.
type columnar[T any] struct {
	out  *parquet.GenericWriter[T]
	rows []T
	held int
}

func newParquet[T any](w io.Writer, kind Kind) *columnar[T] {
	return &columnar[T]{
		out: parquet.NewGenericWriter[T](w,
			parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowGroup),
			// The same rows make the same file, whichever version wrote it.
			parquet.CreatedBy("waguard", "1", "0"), parquet.KeyValueMetadata("waguard.schema", kind.Schema()),
		),
		rows: make([]T, 0, rowsAtOnce),
	}
}

func (c *columnar[T]) Write(row *T) error {
	c.rows = append(c.rows, *row)
	c.held++
	if len(c.rows) < rowsAtOnce {
		return nil
	}
	return c.handOver()
}

func (c *columnar[T]) handOver() error {
	_, err := c.out.Write(c.rows)
	c.rows = c.rows[:0]
	if c.held >= rowGroup {
		c.held = 0
	}
	return err
}

// Held is how many rows are in memory.
func (c *columnar[T]) Held() int { return c.held }

// Flush writes them.
func (c *columnar[T]) Flush() error {
	if err := c.handOver(); err != nil {
		return err
	}
	c.held = 0
	return c.out.Flush()
}

func (c *columnar[T]) Close() error {
	if err := c.handOver(); err != nil {
		return err
	}
	return c.out.Close()
}
