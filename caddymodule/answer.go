package caddymodule

import (
	"bytes"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// answer holds back the upstream's answer to a send until the ledger has it. An
// answer larger than the limit (no answer to a send is) streams from there on,
// after its beginning was seen.
type answer struct {
	caddyhttp.ResponseWriterWrapper
	limit  int
	status int
	held   bytes.Buffer
	// passing: the header is on its way to the client, nothing is held any more.
	passing bool
	// tags are still to go into the header.
	tags *tags
}

// newAnswer wraps w. With limit 0 nothing is held.
func newAnswer(w http.ResponseWriter, limit int) *answer {
	a := answerTo(w, limit)
	return &a
}

// answerTo is the same, as a part of something larger.
func answerTo(w http.ResponseWriter, limit int) answer {
	return answer{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, limit: limit}
}

// started reports whether the client has been sent anything.
func (a *answer) started() bool { return a.passing }

// WriteHeader notes the status of the answer, and passes informational ones on.
// But for 100: the server here sends one itself when the body is read, and a
// client gets one.
func (a *answer) WriteHeader(status int) {
	if status == http.StatusContinue {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		a.ResponseWriterWrapper.WriteHeader(status)
		return
	}
	if a.status != 0 {
		return
	}
	a.status = status
	if a.limit == 0 {
		a.pass()
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !a.passing {
		if a.held.Len()+len(p) <= a.limit {
			return a.held.Write(p)
		}
		if err := a.release(); err != nil {
			return 0, err
		}
	}
	return a.ResponseWriterWrapper.Write(p)
}

// ReadFrom copies through Write, which holds back.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	if a.passing {
		return a.ResponseWriterWrapper.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{a}, r)
}

// FlushError flushes what may go out already.
func (a *answer) FlushError() error {
	if !a.passing {
		return nil
	}
	return http.NewResponseController(&a.ResponseWriterWrapper).Flush()
}

func (a *answer) pass() {
	a.passing = true
	a.setHeader()
	a.ResponseWriterWrapper.WriteHeader(a.status)
}

// setHeader puts our headers in place of the upstream's of the same name.
func (a *answer) setHeader() {
	if a.tags != nil {
		a.tags.setHeader(a.Header())
		a.tags = nil
	}
}

// release sends the client what was held.
func (a *answer) release() error {
	if a.passing || a.status == 0 {
		return nil
	}
	a.pass()
	_, err := a.ResponseWriterWrapper.Write(a.held.Bytes()) // #nosec G705 -- it is Meta's answer, as it came
	return err
}
