// Command check reads the compose file as Compose does, strictly, and says what would
// lead nowhere: a file to mount that isn't there, a machine that a configuration names and
// no service is. It is a module of its own, so that the gateway doesn't depend on Compose.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "the compose file:", err)
		os.Exit(1)
	}
}

// made are files that somebody makes before it is started.
var made = []string{"pseudonym.key"}

// others are files that name machines, besides the compose file.
var others = []string{"Caddyfile", "etcd.env", "haproxy.cfg", "patroni.yml", "pgbouncer.ini"}

// check reads the file in a directory.
func check(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	project, err := load(dir)
	if err != nil {
		return err
	}
	for name, service := range project.Services {
		for _, volume := range service.Volumes {
			base := filepath.Base(volume.Source)
			if volume.Type == types.VolumeTypeBind && !slices.Contains(made, base) {
				if _, err := os.Stat(volume.Source); err != nil {
					return fmt.Errorf("%s mounts what isn't there: %w", name, err)
				}
			}
		}
	}
	return machines(dir, project)
}

// load reads the file with what example.env names, filled in.
func load(dir string) (*types.Project, error) {
	example, err := os.ReadFile(filepath.Join(dir, "example.env"))
	if err != nil {
		return nil, err
	}
	var env []string
	for line := range strings.Lines(string(example)) {
		if name, _, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			env = append(env, name+"=value")
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir), cli.WithEnv(env), cli.WithInterpolation(true), cli.WithConsistency(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// machine is the name of one with its port.
var machine = regexp.MustCompile(`\b((?:db|etcd|gateway)[0-9]|haproxy)(?:[:,]| port=)`)

// machines: whatever machine is named is a service, and every service but HAProxy is
// named.
func machines(dir string, project *types.Project) error {
	named := map[string]bool{"haproxy": true}
	for _, name := range others {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		for _, found := range machine.FindAllStringSubmatch(string(text), -1) {
			if _, err := project.GetService(found[1]); err != nil {
				return fmt.Errorf("%s names %s, and no service is called so", name, found[1])
			}
			named[found[1]] = true
		}
	}
	for name := range project.Services {
		if !named[name] {
			return fmt.Errorf("no file names the service %s", name)
		}
	}
	return nil
}
