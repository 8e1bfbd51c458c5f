// Package strictjson reads JSON that means the same to every reader.
//
// It accepts RFC 8259 in valid UTF-8 and nothing beyond it: no byte order mark,
// no comments, no trailing data, no key twice in one object however it is
// spelled, and bounded depth and size. What it accepts, parsers that pick the
// first or the last duplicate, or stop at the first value, read alike.
//
// Why not encoding/json/jsontext, which refuses doubled keys and bad UTF-8 too: a
// program has it only if it is built with GOEXPERIMENT=jsonv2, which whoever builds
// Caddy with this module doesn't set, and it reads a stream, 10,000 levels deep and
// without an end.
//
// Nothing is copied or converted until asked for: a [Value] points into the
// bytes that were read, which must not change while it is used.
package strictjson

import "fmt"

// Limits. They bound time and memory whatever the input holds, and none is near
// what an honest message needs.
const (
	// MaxDepth is how many arrays and objects may be open at once.
	MaxDepth = 32
	// MaxTokens is how many values and keys a document may hold.
	MaxTokens = 20_000
	// MaxKeys is how many keys one object may hold.
	MaxKeys = 2_000
	// MaxSize is how many bytes a document may have.
	MaxSize = 64 << 20
)

// Error says what is wrong with a document. It quotes nothing of it.
type Error struct {
	Offset  int // bytes from the start
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset) }
