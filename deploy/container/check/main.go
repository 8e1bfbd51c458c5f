// Command check reads a container file as the builder does, and says what wouldn't work: a
// user that is root, a file to copy that isn't there, and, in an image without a shell, a
// command that needs one; with "shell" as a third argument it has one. It is a module of its own, so that the gateway doesn't
// depend on a builder.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	if err := check(os.Args[1], os.Args[2], slices.Contains(os.Args[3:], "shell")); err != nil {
		fmt.Fprintln(os.Stderr, "the container file:", err)
		os.Exit(1)
	}
}

// check reads a file that is built in the directory context.
func check(file, context string, shell bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	read, err := parser.Parse(f)
	if err != nil {
		return err
	}
	for _, warning := range read.Warnings {
		return fmt.Errorf("%s", warning.Short)
	}
	stages, _, err := instructions.Parse(read.AST, nil)
	if err != nil {
		return err
	}
	for _, stage := range stages {
		for _, command := range stage.Commands {
			if c, ok := command.(*instructions.CopyCommand); ok && c.From == "" {
				for _, source := range c.SourcePaths {
					if _, err := os.Stat(filepath.Join(context, source)); err != nil {
						return err
					}
				}
			}
		}
	}
	return image(stages[len(stages)-1], shell)
}

// image checks the stage that becomes the image.
func image(stage instructions.Stage, shell bool) error {
	var user string
	var healthy, starts bool
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.RunCommand:
			if shell {
				continue
			}
			return fmt.Errorf("RUN needs a shell, and the image has none")
		case *instructions.UserCommand:
			user = c.User
		case *instructions.HealthCheckCommand:
			healthy = len(c.Health.Test) > 1 && c.Health.Test[0] == "CMD"
		case *instructions.EntrypointCommand:
			starts = !c.PrependShell
		case *instructions.CmdCommand:
			if c.PrependShell {
				return fmt.Errorf("CMD needs a shell, and the image has none")
			}
		}
	}
	switch {
	case user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root"):
		return fmt.Errorf("it runs as root")
	case shell: // its services have checks of their own
		return nil
	case !healthy:
		return fmt.Errorf("it has no health check that works without a shell")
	case !starts:
		return fmt.Errorf("it has no entry point that works without a shell")
	}
	return nil
}
