package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// serveUpstream stands in for the Graph API, at an address, with a delay, and with
// TLS where files for it are given. For plain Caddy it is also who gets webhooks.
func serveUpstream(args []string) error {
	takes, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	// Caddy's listener can take an address that is held for it.
	at, err := caddy.ParseNetworkAddress(args[0])
	if err != nil {
		return err
	}
	listening, err := at.Listen(context.Background(), 0, net.ListenConfig{})
	if err != nil {
		return err
	}
	l := listening.(net.Listener)
	u := &upstreamServer{takes: takes}
	if len(args) > 2 {
		return http.ServeTLS(l, u, args[2], args[3])
	}
	return http.Serve(l, u)
}

// photo is larger than all buffers between the upstream and who asks for it.
var photo = make([]byte, 8<<20)

const downloadPath = "/v23.0/1037543291543636/download"

// upstreamServer reads a request, knows nothing, and answers as Meta does, with
// message ids nobody has seen before.
type upstreamServer struct {
	takes time.Duration
	sent  atomic.Uint64
}

func (u *upstreamServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == downloadPath:
		reply(w, photo)
		return
	case strings.HasSuffix(r.URL.Path, "/media"):
		io.Copy(io.Discard, r.Body)
		reply(w, []byte(`{"id":"1037543291543636"}`))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch {
	case r.URL.Path == "/webhook":
		reply(w, nil)
	case strings.HasSuffix(r.URL.Path, "/messages"):
		time.Sleep(u.takes)
		reply(w, u.accept(body, `"to":"`, `"`))
	case bytes.Contains(body, []byte(`"batch":`)):
		time.Sleep(u.takes)
		reply(w, u.batch(body))
	case strings.HasSuffix(r.URL.Path, "/"+phoneNumberID):
		reply(w, []byte(`{"id":"`+phoneNumberID+`"}`))
	default: // whether it is there
		reply(w, nil)
	}
}

// accept is the answer to a send.
func (u *upstreamServer) accept(body []byte, before, after string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(before))
	to, _, _ := bytes.Cut(rest, []byte(after))
	id := binary.BigEndian.AppendUint64([]byte("\x1d\x18\x0d491511234567\x15\x02\x00\x11\x18"), u.sent.Add(1))
	answer := make([]byte, 0, 256)
	answer = append(answer, `{"messaging_product":"whatsapp","contacts":[{"input":"`...)
	answer = append(answer, to...)
	answer = append(answer, `","wa_id":"`...)
	answer = append(answer, bytes.TrimPrefix(to, []byte("+"))...)
	answer = append(answer, `"}],"messages":[{"id":"wamid.`...)
	answer = base64.StdEncoding.AppendEncode(answer, id)
	return append(answer, `"}]}`...)
}

// batch is the answer to sends in a batch, whose bodies are texts in JSON.
func (u *upstreamServer) batch(body []byte) []byte {
	const sends = `{\"messaging_product\"`
	answer := []byte{'['}
	for i, send := range bytes.Split(body, []byte(sends))[1:] {
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = fmt.Appendf(answer, `{"code":200,"body":%q}`, u.accept(send, `\"to\":\"`, `\"`))
	}
	return append(answer, ']')
}

// reply answers 200 with a body in JSON.
func reply(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Facebook-Api-Version", "v23.0")
	h.Set("X-Fb-Trace-Id", "Ab3dEfGhIjK")
	w.Write(body)
}
