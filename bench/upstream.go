package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// serveUpstream stands in for the Graph API: it reads a send, knows nothing, and
// answers as Meta does, with a message id nobody has seen before.
func serveUpstream(addr, delay string) error {
	takes, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	// Caddy's listener can take an address that is held for it.
	at, err := caddy.ParseNetworkAddress(addr)
	if err != nil {
		return err
	}
	l, err := at.Listen(context.Background(), 0, net.ListenConfig{})
	if err != nil {
		return err
	}
	var sent atomic.Uint64
	return http.Serve(l.(net.Listener), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		time.Sleep(takes)
		to := recipientOf(body)
		id := binary.BigEndian.AppendUint64([]byte("\x1d\x18\x0d491511234567\x15\x02\x00\x11\x18"), sent.Add(1))
		answer := make([]byte, 0, 256)
		answer = append(answer, `{"messaging_product":"whatsapp","contacts":[{"input":"`...)
		answer = append(answer, to...)
		answer = append(answer, `","wa_id":"`...)
		answer = append(answer, strings.TrimPrefix(to, "+")...)
		answer = append(answer, `"}],"messages":[{"id":"wamid.`...)
		answer = base64.StdEncoding.AppendEncode(answer, id)
		answer = append(answer, `"}]}`...)
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=UTF-8")
		h.Set("Content-Length", strconv.Itoa(len(answer)))
		h.Set("Facebook-Api-Version", "v23.0")
		h.Set("X-Fb-Trace-Id", "Ab3dEfGhIjK")
		w.Write(answer)
	}))
}

// recipientOf is the value of "to". The load generator writes no spaces.
func recipientOf(body []byte) string {
	_, after, _ := bytes.Cut(body, []byte(`"to":"`))
	to, _, _ := bytes.Cut(after, []byte(`"`))
	return string(to)
}
