package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// scaleOptions are the flags of `bench scale`.
type scaleOptions struct {
	setup
	dir               string
	contacts, entries []int
	seconds           float64 // of load
	json              bool
}

func parseScaleFlags(args []string) (o scaleOptions, err error) {
	f := flag.NewFlagSet("bench scale", flag.ContinueOnError)
	o.setup = defaultSetup
	contacts := f.String("contacts", "100000", "people a store knows; a list, such as 100000,1000000,10000000, measures each")
	entries := f.String("entries", "100000", "ledger entries of a store, over 30 days, with their statuses; a list")
	f.Float64Var(&o.seconds, "seconds", 5, "length in seconds of the load under which memory is measured")
	f.StringVar(&o.Path, "path", o.Path, "what forwards judged sends: upstream or proxy")
	f.StringVar(&o.dir, "dir", "", "directory for the stores, on the disk to be measured (default: the system's for temporary files)")
	f.BoolVar(&o.json, "json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.contacts, err = numbers("contacts", *contacts, mostPeople); err != nil {
		return o, err
	}
	if o.entries, err = numbers("entries", *entries, mostEntries); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.seconds <= 0, o.seconds > 600:
		return o, errors.New("-seconds must be between 0 and 600")
	}
	return o, o.setup.check()
}

// runScale is the command.
func runScale(ctx context.Context, args []string) error {
	o, err := parseScaleFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	r, err := measureScale(ctx, o)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(os.Stdout, r)
	}
	return r.write(os.Stdout, "go run ./bench scale "+strings.Join(args, " "))
}

// measureScale measures a store of each size, one after the other.
func measureScale(ctx context.Context, o scaleOptions) (*scaleResult, error) {
	r := &scaleResult{At: time.Now().UTC().Truncate(time.Second), Path: o.Path}
	for _, n := range o.contacts {
		progress(comma(n) + " contacts")
		err := withScaled(ctx, o, r, func(s *scaled) error {
			p, err := s.people(ctx, n)
			r.People = append(r.People, p)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%d contacts: %w", n, err)
		}
	}
	for _, n := range o.entries {
		progress(comma(n) + " ledger entries")
		err := withScaled(ctx, o, r, func(s *scaled) error {
			l, err := s.ledger(ctx, n)
			r.Ledger = append(r.Ledger, l)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%d entries: %w", n, err)
		}
	}
	return r, nil
}

// scaled is a store that grows large, with its gateway.
type scaled struct {
	*world
	o       scaleOptions
	store   string
	gateway *proxy // not started yet
}

// withScaled does something with an empty store, whose files are gone then.
func withScaled(ctx context.Context, o scaleOptions, r *scaleResult, do func(*scaled) error) (err error) {
	dir, err := os.MkdirTemp(o.dir, "waguard-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if r.Machine, err = describe(dir); err != nil {
		return err
	}
	s := &scaled{o: o, store: filepath.Join(dir, "store")}
	if s.world, err = newWorld(ctx, dir, 0, false); err != nil {
		return err
	}
	defer s.close()
	if s.gateway, err = s.proxy("gateway", s.store, o.setup); err != nil {
		return err
	}
	defer s.gateway.stop()
	if err := do(s); err != nil {
		return fmt.Errorf("%w\n%s", err, s.gateway.lastWords())
	}
	return nil
}

// onDisk is how much of the disk a directory takes.
func onDisk(dir string) (int64, error) { return sumOf(dir, allocated) }
