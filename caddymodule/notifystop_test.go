package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/notify"
	"github.com/waguard/waguard/store"
)

// TestStopNotify: a configuration that goes waits for all endpoints together, and for none that
// a hanging store holds up for longer than stopNotifyFor.
func TestStopNotify(t *testing.T) {
	for _, tc := range []struct{ each, want time.Duration }{
		{0, 0}, {3 * time.Second, 3 * time.Second}, {time.Hour, stopNotifyFor},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
			defer cancel()
			g := &gateway.Gateway{Open: func() (store.Store, error) { return nil, errors.New("the store is away") }}
			a := &App{ctx: ctx, logger: zap.NewNop()}
			for i := range mostEndpoints {
				n := &Notify{Name: fmt.Sprint("e", i), endpoint: notify.New(notify.Options{URL: "https://e.example/"}), teller: &gateway.Teller{Gateway: g}}
				n.repeat(ctx, func(ctx context.Context) {
					<-ctx.Done()
					time.Sleep(tc.each) // of the bubble, for a store that hangs
				})
				a.Notify = append(a.Notify, n)
			}
			synctest.Wait() // all are at it
			begun := time.Now()
			a.stopNotify()
			if took := time.Since(begun); took != tc.want {
				t.Errorf("with %s for each it took %s, want %s", tc.each, took, tc.want)
			}
			for _, n := range a.Notify {
				n.done.Wait()
			}
			a.stopNotify() // Caddy cleans up what it has stopped
		})
	}
}
