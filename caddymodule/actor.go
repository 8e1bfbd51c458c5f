package caddymodule

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// An actor is who changed something through the admin endpoint or the console, with how
// that is known: the user whom the server in front of the console knows, the user at the other end of its Unix socket, else the owner of the
// client certificate shown to `admin.remote`, else what the client says of
// itself.

// actorOf is the actor of an admin request, whose client says it is told.
func actorOf(r *http.Request, st store.Store, told string) string {
	if user, ok := r.Context().Value(consoleUser{}).(string); ok {
		return senderName(user, st) + " (console)"
	}
	if peer, ok := r.Context().Value(peerKey{}).(string); ok {
		return senderName(peer, st) + " (socket)"
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		cert := r.TLS.PeerCertificates[0]
		name := cert.Subject.CommonName
		for _, names := range [][]string{cert.EmailAddresses, cert.DNSNames} {
			if name == "" && len(names) > 0 {
				name = names[0]
			}
		}
		if name == "" && len(cert.URIs) > 0 {
			name = cert.URIs[0].String()
		}
		return senderName(cmp.Or(name, "serial "+cert.SerialNumber.Text(16)), st) + " (certificate)"
	}
	if told = senderName(told, st); told != "" {
		return told + " (told)"
	}
	return ""
}

// logRecorded tells that an operator recorded something about a person.
func (a *App) logRecorded(what string, contact policy.Alias, phoneNumberID, actor string) {
	a.logger.Info("consent recorded by an operator",
		zap.String("recorded", what), zap.String("actor", actor), zap.String("phone_number_id", phoneNumberID), zap.Stringer("contact", contact))
}

// peerKey is where the context of an admin request has its peer.
type peerKey struct{}

// adminHandle handles an admin request.
type adminHandle func(*App, store.Store, http.ResponseWriter, *http.Request) error

// withPeer lets handle know who is at the other end of the admin endpoint's Unix
// socket. net/http shows the connection only to those who take it over, so the
// answer is written here, and is the last one on the connection.
func withPeer(handle adminHandle) adminHandle {
	return func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if !ok || addr.Network() != "unix" || !peersKnown {
			return handle(a, st, w, r)
		}
		// What a request may hold is bounded where it is read; an import holds most.
		body, err := io.ReadAll(io.LimitReader(r.Body, adminapi.LargestImportBody+1))
		if err != nil {
			return adminError(http.StatusBadRequest, fmt.Errorf("reading the request: %w", err))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return handle(a, st, w, r)
		}
		defer conn.Close()
		if uid, err := peerUser(conn); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), peerKey{}, userName(uid)))
		}
		rec := &recorder{header: w.Header().Clone(), status: http.StatusOK}
		if err := handle(a, st, rec, r); err != nil {
			rec.fail(err)
		}
		return rec.send(conn, buffered.Writer)
	}
}

// userName is the name of a user of this machine.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}

// recorder keeps an answer until it is sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (rec *recorder) Header() http.Header         { return rec.header }
func (rec *recorder) WriteHeader(status int)      { rec.status = status }
func (rec *recorder) Write(p []byte) (int, error) { return rec.body.Write(p) }

// SetWriteDeadline lets what gives up on slow receivers write into memory, which takes
// everything at once.
func (rec *recorder) SetWriteDeadline(time.Time) error { return nil }

// fail makes an error the answer, as Caddy's admin endpoint does.
func (rec *recorder) fail(err error) {
	e, ok := errors.AsType[caddy.APIError](err)
	if !ok {
		e = caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	rec.status = e.HTTPStatus
	rec.header.Set("Content-Type", "application/json")
	rec.body.Reset()
	_ = json.NewEncoder(&rec.body).Encode(map[string]string{"error": cmp.Or(e.Message, err.Error())}) // into memory
}

// answerTime is how long a client may take to read an answer.
const answerTime = 10 * time.Second

func (rec *recorder) send(conn net.Conn, out *bufio.Writer) error {
	if err := conn.SetWriteDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	answer := http.Response{
		StatusCode: rec.status, ProtoMajor: 1, ProtoMinor: 1, Header: rec.header, Close: true,
		Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()),
	}
	if err := answer.Write(out); err != nil {
		return nil // the client has gone; there is nobody to tell
	}
	_ = out.Flush()
	return nil
}
