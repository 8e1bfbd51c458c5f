package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// soakOptions are the flags of `bench soak`.
type soakOptions struct {
	length   time.Duration
	cycle    time.Duration
	contacts int
	dir      string
	setup
}

func parseSoakFlags(args []string) (o soakOptions, err error) {
	f := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	f.DurationVar(&o.length, "for", time.Hour, "how long")
	f.DurationVar(&o.cycle, "cycle", time.Minute, "how long one round of quiet, reload, storm, failing upstream and full disk takes")
	f.IntVar(&o.contacts, "contacts", 20_000, "people the gateway knows")
	f.StringVar(&o.dir, "dir", "", "directory for all files (default: the system's for temporary files)")
	o.setup = defaultSetup
	f.StringVar(&o.Path, "path", o.Path, "what forwards judged sends: upstream or proxy")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.cycle < 2*time.Second, o.length < 4*o.cycle:
		return o, errors.New("-cycle must be at least 2s, and -for at least four cycles")
	case o.contacts < 1, o.contacts > 1_000_000:
		return o, errors.New("-contacts must be between 1 and 1000000")
	}
	return o, o.setup.check()
}

// soak is a gateway under mixed load for a long time, with everything that
// happens to one.
type soak struct {
	o    soakOptions
	dir  string
	disk string // a file system of its own, "" where there is none
	*world
	gateway *proxy
	load    *soakLoad
	samples []sample
	done    map[string]int // what has happened how often
}

// runSoaks is the command.
func runSoaks(ctx context.Context, args []string) error {
	o, err := parseSoakFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	s, err := newSoak(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, s.gateway.lastWords())
	}
	return s.write(os.Stdout)
}

func newSoak(ctx context.Context, o soakOptions) (s *soak, err error) {
	s = &soak{o: o, done: make(map[string]int)}
	if s.dir, err = os.MkdirTemp(o.dir, "waguard-soak-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	at := filepath.Join(s.dir, "disk")
	if err := os.Mkdir(at, 0o700); err != nil {
		return nil, err
	}
	// A disk can be filled where a file system may be mounted.
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", at).Run() == nil {
		s.disk = at
	} else {
		fmt.Fprintln(os.Stderr, "bench: the disk won't be filled; that needs root, for a tmpfs")
	}
	if s.world, err = newWorld(ctx, s.dir, 5*time.Millisecond, false); err != nil {
		return s, err
	}
	if s.gateway, err = s.proxy("gateway", filepath.Join(at, "store"), o.setup); err != nil {
		return s, err
	}
	if err := s.gateway.start(ctx); err != nil {
		return s, err
	}
	if err := seed(ctx, s.gateway, o.contacts); err != nil {
		return s, err
	}
	s.load = newSoakLoad(s.gateway.addr, o.contacts)
	return s, nil
}

func (s *soak) close() {
	if s.gateway != nil {
		s.gateway.stop()
	}
	if s.world != nil {
		s.world.close()
	}
	if s.disk != "" {
		exec.Command("umount", s.disk).Run()
	}
	os.RemoveAll(s.dir)
}

// run lets cycle after cycle pass. Three of them end with a restart.
func (s *soak) run(ctx context.Context) error {
	loading, stop := context.WithCancel(ctx)
	defer stop()
	ended := s.load.start(loading)
	cycles := int(s.o.length / s.o.cycle)
	for i := range cycles {
		if err := s.once(ctx, i); err != nil {
			return fmt.Errorf("cycle %d: %w", i, err)
		}
		for n, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
			if i == (n+1)*cycles/4-1 {
				if err := s.restart(ctx, signal); err != nil {
					return fmt.Errorf("cycle %d: %w", i, err)
				}
			}
		}
	}
	stop()
	<-ended
	return s.verify(ctx)
}

// once is one cycle. A third of it is quiet, and is measured at its end.
func (s *soak) once(ctx context.Context, i int) error {
	part := s.o.cycle / 12
	if err := s.quiet(ctx, 4*part); err != nil {
		return err
	}
	if err := s.phase(ctx, "reload", part, s.reload, nil); err != nil {
		return err
	}
	storm := &storms[i%len(storms)]
	var r *raging
	err := s.phase(ctx, "storm", 3*part, func(context.Context) (err error) {
		r, err = rage(storm, s.gateway.addr, 0)
		return err
	}, func(context.Context) error {
		_, err := r.end()
		return err
	})
	if err != nil {
		return err
	}
	if err := s.phase(ctx, "failing upstream", part, func(context.Context) error { s.upstream.stop(); return nil }, s.reviveUpstream); err != nil {
		return err
	}
	if s.disk != "" {
		filler := filepath.Join(s.disk, "filler")
		err := s.phase(ctx, "full disk", part, func(context.Context) error { return s.fill(filler) }, func(context.Context) error { return os.Remove(filler) })
		if err != nil {
			return err
		}
	}
	return s.phase(ctx, "after", 2*part, nil, nil)
}

// phase lets something happen for a time. What the load sees meanwhile counts as
// of this phase.
func (s *soak) phase(ctx context.Context, name string, length time.Duration, begin, end func(context.Context) error) error {
	s.load.enter(name)
	s.done[name]++
	if begin != nil {
		if err := begin(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	select {
	case <-time.After(length):
	case <-s.gateway.gone:
		return fmt.Errorf("%s: the gateway ended", name)
	case <-ctx.Done():
		return ctx.Err()
	}
	if end != nil {
		if err := end(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *soak) quiet(ctx context.Context, length time.Duration) error {
	if err := s.phase(ctx, "quiet", length, nil, nil); err != nil {
		return err
	}
	sample, err := s.sample(ctx)
	if err == nil {
		s.samples = append(s.samples, sample)
		fmt.Fprintln(os.Stderr, sample)
	}
	return err
}

// reload loads the configuration anew, and by force, since it is the same.
func (s *soak) reload(ctx context.Context) error {
	config, err := os.ReadFile(s.gateway.config)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway.admin+"/load", strings.NewReader(string(config)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	req.Header.Set("Cache-Control", "must-revalidate")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("reloading: %s", resp.Status)
	}
	return nil
}

func (s *soak) reviveUpstream(ctx context.Context) error { return s.upstream.start(ctx) }

// restart ends the gateway by a signal and starts it again. Afterwards it must
// know what it acknowledged.
func (s *soak) restart(ctx context.Context, signal syscall.Signal) error {
	s.load.enter("restart")
	s.done["restart by "+signal.String()]++
	if err := s.gateway.end(signal); err != nil {
		return err
	}
	if err := s.gateway.start(ctx); err != nil {
		return err
	}
	return s.verify(ctx)
}

// fill leaves 32 MiB of the disk: too little for any write.
func (s *soak) fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	block := make([]byte, 1<<20)
	for {
		free, err := freeSpace(s.disk)
		if err != nil || free < 33<<20 {
			return err
		}
		if _, err := file.Write(block); err != nil {
			return err
		}
	}
}
