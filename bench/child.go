package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/waguard/waguard/caddymodule"
	"github.com/waguard/waguard/internal/freeport"
)

// roleVar tells a child process what it is. The benchmark is one binary, so both
// proxies are the same build of the same Caddy.
const roleVar = "WAGUARD_BENCH_ROLE"

const (
	roleUpstream = "upstream"
	roleCaddy    = "caddy"
	roleStorm    = "storm"
)

// runRole does what a child process is for, and ends it. It returns in the
// benchmark itself.
func runRole() {
	role := os.Getenv(roleVar)
	if role == "" {
		return
	}
	if role == roleStorm { // it tells how far it got before it ends
		if err := runStorm(os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// The parent holds the other end. However it dies, no child outlives it.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	switch role {
	case roleUpstream:
		fmt.Fprintln(os.Stderr, serveUpstream(os.Args[1], os.Args[2]))
	case roleCaddy:
		caddycmd.Main()
	}
	os.Exit(1)
}

// child is a server process.
type child struct {
	name string
	addr string // where it serves
	cmd  *exec.Cmd
	life io.Closer // closing it ends the process
	gone chan struct{}
	log  string // its output
}

// startChild starts this binary in another role and waits until ready answers.
// Its output goes to a file in dir.
func startChild(ctx context.Context, dir, name, role, addr, ready string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{name: name, addr: addr, cmd: exec.Command(self, args...), gone: make(chan struct{}), log: filepath.Join(dir, name+".log")}
	output, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	c.cmd.Stdout, c.cmd.Stderr = output, output
	// Caddy keeps its own files below these.
	c.cmd.Env = append(os.Environ(), roleVar+"="+role, "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if c.life, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		c.cmd.Wait()
		close(c.gone)
	}()
	if err := c.wait(ctx, ready); err != nil {
		c.stop()
		return nil, fmt.Errorf("starting %s: %w\n%s", name, err, c.lastWords())
	}
	return c, nil
}

// wait returns once url answers.
func (c *child) wait(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.gone:
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the process and waits until it is gone.
func (c *child) stop() {
	c.life.Close()
	select {
	case <-c.gone:
	case <-time.After(5 * time.Second):
		c.cmd.Process.Kill()
		<-c.gone
	}
}

// lastWords is the end of what the process has written.
func (c *child) lastWords() string {
	output, _ := os.ReadFile(c.log)
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// freeAddr is a loopback address that is the benchmark's until it ends.
func freeAddr() (string, error) {
	addr, _, err := freeport.Hold()
	return addr, err
}
