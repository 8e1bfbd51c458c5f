package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// profile writes a CPU profile of the gateway in one more round.
func (b *bench) profile(ctx context.Context, l *load) error {
	const seconds = 10
	done := make(chan error, 1)
	go func() { done <- saveProfile(ctx, b.gateway, b.o.profile, seconds) }()
	if _, err := l.run(ctx, seconds*time.Second); err != nil {
		return err
	}
	return <-done
}

// saveProfile writes a CPU profile of a proxy.
func saveProfile(ctx context.Context, p *proxy, path string, seconds int) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", p.admin, seconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
