package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"
)

// TestReadAll: whatever was announced and however it comes, a body is read whole
// or not at all.
func TestReadAll(t *testing.T) {
	const limit = 4 * firstRead
	read := func(src io.Reader, announced int64) ([]byte, error) {
		r := httptest.NewRequest(http.MethodPost, "/", src)
		r.ContentLength = announced
		return readAll(r, limit)
	}
	for _, size := range []int{0, 1, 400, firstRead - 1, firstRead, firstRead + 1, 3 * firstRead, limit} {
		want := bytes.Repeat([]byte("x"), size)
		for _, announced := range []int64{-1, int64(size)} {
			for name, how := range map[string]func(io.Reader) io.Reader{
				"at-once": func(r io.Reader) io.Reader { return r }, "by-bytes": iotest.OneByteReader, "with-end": iotest.DataErrReader,
			} {
				if got, err := read(how(bytes.NewReader(want)), announced); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes %s, %d announced: %d read, %v", size, name, announced, len(got), err)
				}
			}
			broken := io.MultiReader(bytes.NewReader(want), iotest.ErrReader(io.ErrUnexpectedEOF))
			if _, err := read(broken, announced); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes that break off, %d announced: %v", size, announced, err)
			}
		}
	}
	for _, announced := range []int64{-1, limit + 1} {
		_, err := read(bytes.NewReader(make([]byte, limit+1)), announced)
		if _, over := errors.AsType[*http.MaxBytesError](err); !over {
			t.Errorf("a byte too many, %d announced: %v", announced, err)
		}
	}
}
