package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are what the flags of the comparison say.
type options struct {
	crowd
	setup
	connections []int
	rounds      int
	seconds     float64
	delay       time.Duration // of the upstream's answers
	sync        time.Duration // by which the gateway's disk is slower
	secure      bool          // TLS on both sides
	scenarios   []scenario
	added       bool   // measure the added latency too
	dir         string // of the stores; "" is the system's for temporary files
	json        bool
	profile     string // where a CPU profile of the gateway goes
	suite       bool
	smoke       bool
	scale       scaleOptions // of the suite
}

func parseFlags(args []string) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	o.setup = defaultSetup
	connections := f.String("connections", "32", "keep-alive connections, each with one request after the other; a list, such as 1,32,128,512, measures each")
	f.IntVar(&o.people, "contacts", 100_000, "people the gateway knows")
	f.StringVar(&o.spells, "recipients", "digits", "how senders write phone numbers: digits, plus or mixed")
	f.StringVar(&o.spread, "spread", "uniform", "how people are drawn: uniform, or zipf, where few get most messages")
	f.IntVar(&o.rounds, "rounds", 7, "rounds of each side, after one more to warm up")
	f.Float64Var(&o.seconds, "seconds", 2, "length of a round in seconds")
	f.DurationVar(&o.delay, "delay", 0, "how long the upstream takes to answer, such as 50ms")
	f.DurationVar(&o.sync, "sync", 0, "by how much each fsync of the gateway takes longer, such as 5ms (Linux)")
	f.BoolVar(&o.secure, "tls", false, "TLS on both sides of the proxies")
	f.StringVar(&o.Ledger, "ledger", o.Ledger, "the gateway's option: strict or overlap")
	f.StringVar(&o.Path, "path", o.Path, "what forwards judged sends: upstream, the guard's own client, or proxy, Caddy's reverse_proxy")
	f.BoolVar(&o.App, "app", false, "the gateway hands webhooks on to the company's application, and does not answer them itself")
	f.BoolVar(&o.added, "added", false, "measure the added latency too, at half of what the slower side can do")
	f.StringVar(&o.Postgres, "postgres", "", "compare a gateway whose store is in this PostgreSQL database with one on the disk, and not the gateway with plain Caddy; \"start\" starts a server for it")
	f.StringVar(&o.dir, "dir", "", "directory for the store, on the disk to be measured (default: the system's for temporary files)")
	f.BoolVar(&o.json, "json", false, "print JSON, with every round")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile of the gateway, from one more round of the last scenario, to this file")
	f.BoolVar(&o.suite, "suite", false, "measure everything that has an aim, and say of each figure whether it is reached")
	f.BoolVar(&o.smoke, "smoke", false, "go through every scenario and the suite in a minute, to see that they work; the figures mean nothing")
	scaleContacts := f.String("scale-contacts", "100000", "people of the suite's part about scale; a list")
	scaleEntries := f.String("scale-entries", "100000", "ledger entries of the suite's part about scale; a list")
	name := f.String("scenario", "allowed", scenarioNames()+" or all; a list")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.scenarios, err = scenariosNamed(*name); err != nil {
		return o, err
	}
	if o.connections, err = numbers("connections", *connections, 1024); err != nil {
		return o, err
	}
	o.scale = scaleOptions{dir: o.dir, setup: o.setup}
	if o.scale.contacts, err = numbers("scale-contacts", *scaleContacts, mostPeople); err != nil {
		return o, err
	}
	if o.scale.entries, err = numbers("scale-entries", *scaleEntries, mostEntries); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case spellings[o.spells] == nil:
		return fmt.Errorf("-recipients is %q; it must be digits, plus or mixed", o.spells)
	case spreads[o.spread] == nil:
		return fmt.Errorf("-spread is %q; it must be uniform or zipf", o.spread)
	case o.people < 2, o.people > mostPeople:
		return fmt.Errorf("-contacts must be between 2 and %d", mostPeople)
	case o.rounds < 1, o.rounds > 1000, o.seconds <= 0, o.seconds > 600:
		return errors.New("-rounds must be between 1 and 1000, -seconds between 0 and 600")
	case o.delay < 0, o.delay > 10*time.Second, o.sync < 0, o.sync > time.Second:
		return errors.New("-delay must be between 0 and 10s, -sync between 0 and 1s")
	}
	return o.setup.check()
}

func (s *setup) check() error {
	switch {
	case s.Ledger != "strict" && s.Ledger != "overlap":
		return fmt.Errorf("-ledger is %q; it must be strict or overlap", s.Ledger)
	case s.Path != "upstream" && s.Path != "proxy":
		return fmt.Errorf("-path is %q; it must be upstream or proxy", s.Path)
	}
	return nil
}

// mostPeople and mostEntries are what anybody has.
const (
	mostPeople  = 100_000_000
	mostEntries = 1_000_000_000
)

// scenariosNamed reads a list of scenarios.
func scenariosNamed(list string) ([]scenario, error) {
	if list == "all" {
		return scenarios, nil
	}
	var named []scenario
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-scenario has %q; it must be of %s or all", name, scenarioNames())
		}
		named = append(named, scenarios[i])
	}
	return named, nil
}

// numbers reads a list of numbers.
func numbers(name, list string, most int) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("-%s has %q; each must be between 1 and %d", name, text, most)
		}
		all = append(all, n)
	}
	return all, nil
}

// round is the length of a round.
func (o *options) round() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }
