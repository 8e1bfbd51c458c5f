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
// proxies are the same build of the same Caddy. syncVar tells one how slow its
// disk is.
const (
	roleVar = "WAGUARD_BENCH_ROLE"
	syncVar = "WAGUARD_BENCH_SYNC"
)

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
	if err := runAs(role, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runAs(role string, args []string) error {
	if role == roleStorm { // it tells how far it got before it ends
		return runStorm(args)
	}
	// The parent holds the other end. However it dies, no child outlives it.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if slow := os.Getenv(syncVar); slow != "" {
		d, err := time.ParseDuration(slow)
		if err != nil {
			return err
		}
		if err := slowSyncs(d); err != nil {
			return err
		}
	}
	switch role {
	case roleUpstream:
		return serveUpstream(args)
	case roleCaddy:
		caddycmd.Main()
	}
	return fmt.Errorf("%s has ended", role)
}

// child is a server process: this binary in another role.
type child struct {
	dir, name   string
	role        string
	args        []string
	environment []string
	addr        string // where it serves
	ready       string // what answers once it does
	client      *http.Client

	cmd  *exec.Cmd
	life io.Closer // closing it ends the process
	gone chan struct{}
	log  string // its output
}

// start starts the process, for the first time or again, and waits until it is
// ready.
func (c *child) start(ctx context.Context) error {
	err := c.begin()
	if err == nil {
		if err = c.wait(ctx); err != nil {
			c.stop()
			err = fmt.Errorf("%w\n%s", err, c.lastWords())
		}
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", c.name, err)
	}
	return nil
}

// begin starts the process. Its output goes to a file.
func (c *child) begin() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.cmd, c.gone, c.log = exec.Command(self, c.args...), make(chan struct{}), filepath.Join(c.dir, c.name+".log")
	output, err := os.Create(c.log)
	if err != nil {
		return err
	}
	defer output.Close()
	c.cmd.Stdout, c.cmd.Stderr = output, output
	// Caddy keeps its own files below these.
	c.cmd.Env = append(append(os.Environ(), roleVar+"="+c.role, "HOME="+c.dir, "XDG_DATA_HOME="+c.dir, "XDG_CONFIG_HOME="+c.dir), c.environment...)
	if c.life, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	cmd, gone := c.cmd, c.gone
	go func() {
		cmd.Wait()
		close(gone)
	}()
	return nil
}

// wait returns once the process is ready.
func (c *child) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.ready, nil)
		if err != nil {
			return err
		}
		if resp, err := c.client.Do(req); err == nil {
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

// stop ends the process at once, and waits until it is gone.
func (c *child) stop() {
	if c.life == nil {
		return
	}
	c.life.Close()
	select {
	case <-c.gone:
	case <-time.After(5 * time.Second):
		c.cmd.Process.Kill()
		<-c.gone
	}
}

// end ends the process by a signal.
func (c *child) end(signal os.Signal) error {
	if err := c.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case <-c.gone:
		c.life.Close()
		http.DefaultClient.CloseIdleConnections()
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("%s does not end by %s", c.name, signal)
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
