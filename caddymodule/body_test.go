package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// TestReadAll: whatever was announced and however it comes, a body is read whole
// or not at all.
func TestReadAll(t *testing.T) {
	const limit = 4 * firstRead
	read := func(src io.Reader, announced int64) ([]byte, error) {
		r := httptest.NewRequest(http.MethodPost, "/", src)
		r.ContentLength = announced
		body, held, err := bodyReader{limit: limit, timeout: time.Minute, small: limit + 1, large: limit + 1}.read(httptest.NewRecorder(), r)
		if most := max(2*int64(len(body)), firstRead+1); held.size > most {
			t.Errorf("%d bytes, %d announced: room for %d was made", len(body), announced, held.size)
		}
		held.release()
		if left := bodiesHeld.Load(); left != 0 {
			t.Errorf("%d bytes, %d announced: %d bytes are still counted", len(body), announced, left)
		}
		return body, err
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

// TestBodyBudget: bodies hold no more than the budget together, webhooks leave
// half of it to sends, and large bodies leave a quarter to small ones.
func TestBodyBudget(t *testing.T) {
	app := &App{BodyBudget: smallestBodyBudget, BodyTimeout: caddy.Duration(time.Minute)}
	const large = 1 << 20
	read := func(b bodyReader, size, announced int64) (*share, error) {
		r := httptest.NewRequest(http.MethodPost, "/", io.LimitReader(zeros{}, size))
		r.ContentLength = announced
		_, held, err := b.read(httptest.NewRecorder(), r)
		t.Cleanup(held.release)
		return held, err
	}
	// fill holds bodies until one finds no room, and gives what they hold.
	fill := func(b bodyReader, size int64) (held int64) {
		for {
			s, err := read(b, size, size)
			if errors.Is(err, errNoRoom) {
				s.release()
				return bodiesHeld.Load()
			}
			if err != nil || bodiesHeld.Load() > app.BodyBudget {
				t.Fatalf("%v, %d bytes are held", err, bodiesHeld.Load())
			}
		}
	}
	sends, webhooks := app.sendBodies(large), app.webhookBodies(largestWebhook)

	if _, err := read(webhooks, 0, largestWebhook); err != nil || bodiesHeld.Load() > firstRead+1 {
		t.Errorf("an announcement alone: %v, %d bytes are held", err, bodiesHeld.Load())
	}
	if held := fill(webhooks, largestWebhook); held > app.BodyBudget/2 {
		t.Errorf("webhooks hold %d bytes", held)
	}
	if held := fill(sends, large); held <= app.BodyBudget/2 || held > app.BodyBudget/4*3 {
		t.Errorf("with large sends %d bytes are held", held)
	}
	if held := fill(sends, 400); held <= app.BodyBudget/4*3 || held > app.BodyBudget {
		t.Errorf("with small sends %d bytes are held", held)
	}
}

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
