package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// streamed is what a stream does to the connection. It rests once no deadline is left.
type streamed struct {
	*httptest.ResponseRecorder
	deadline time.Time
	rests    func()
}

func (s *streamed) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	if at.IsZero() {
		s.rests()
	}
	return nil
}

// TestStreamOutlastsQuiet: no deadline is left while nothing is new, which would end the
// stream over HTTP/2; and what is written last has one.
func TestStreamOutlastsQuiet(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	rested := false
	w := &streamed{ResponseRecorder: httptest.NewRecorder(), rests: func() { rested = true; cancel() }}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/live", nil)
	r.Header.Set("Accept", "text/event-stream")
	a := &asked{Console: &Console{Live: new(Live), Now: time.Now, Zone: time.UTC, Exiting: func() bool { return false }}, Request: r, now: time.Now()}
	if err := live(w, a); err != nil {
		t.Fatal(err)
	}
	if !rested || !strings.Contains(w.Body.String(), "Watching since") {
		t.Errorf("a deadline is left once something was written: %s", w.Body)
	}
	if w.deadline.IsZero() {
		t.Error("the end of the stream may take for ever to write")
	}
}
