package command

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/waguard/waguard/internal/version"
)

// program is what the binary is called.
const program = "waguard"

// documentation is where what the help doesn't say is found.
const documentation = "https://github.com/waguard/waguard/tree/main/docs"

// Main is waguard's own program: the commands of this package and Caddy's, under a
// root that speaks of waguard. It is for func main, and doesn't return.
func Main() { os.Exit(ExitCode(Root().Execute())) }

// The groups of commands in the help.
const (
	groupGateway = "gateway"
	groupServer  = "server"
	groupTools   = "tools"
)

// groups are the commands that don't stand among Caddy's tools. What registers itself is of the
// gateway.
var groups = map[string][]string{
	groupGateway: {"demo"},
	groupServer:  {"run", "start", "stop", "reload", "validate", "adapt", "fmt", "version"},
}

// Root is the root command of waguard's own program, with all commands below it
// that were registered.
func Root() *cobra.Command {
	build := version.Of()
	root := &cobra.Command{
		Use:   program,
		Short: "A gateway that keeps companies out of trouble on WhatsApp",
		Long: `waguard is a gateway that keeps companies out of trouble on WhatsApp: it stands
between the programs that send and the WhatsApp Business API, and refuses what
WhatsApp's policy or the person does not allow. It is Caddy with the whatsapp
modules compiled in; the commands of Caddy work, too.`,
		Example: indented(`
waguard demo
waguard run --config Caddyfile
waguard violations --from 24h
waguard reload --config Caddyfile`),
		Version:      versionLine(build),
		SilenceUsage: true,
		Args:         cobra.ArbitraryArgs,
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return failed(cmd, noCommand(cmd, args))
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpTemplate(root.HelpTemplate() + "\nDocumentation: " + documentation + "\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return failed(cmd, flagMistake(cmd, err)) })
	root.AddGroup(
		&cobra.Group{ID: groupGateway, Title: "The gateway:"},
		&cobra.Group{ID: groupServer, Title: "The server it runs in:"},
		&cobra.Group{ID: groupTools, Title: "Tools of Caddy:"},
	)
	commands := caddycmd.Commands()
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		if _, replaced := instead[name]; !replaced && name != "version" && name != "manpage" && name != "completion" {
			root.AddCommand(registered(commands[name]))
		}
	}
	root.AddCommand(versionCommand(build), manualCommand())
	for name, what := range instead {
		root.AddCommand(insteadCommand(name, what))
	}
	for _, cmd := range root.Commands() {
		cmd.GroupID = groupTools
		for group, names := range groups {
			if slices.Contains(names, cmd.Name()) {
				cmd.GroupID = group
			}
		}
	}
	root.SetHelpCommandGroupID(groupTools)
	root.SetCompletionCommandGroupID(groupTools)
	return root
}

// registered is a command as Caddy makes it of what was registered.
func registered(c caddycmd.Command) *cobra.Command {
	cmd := &cobra.Command{Use: c.Name + " " + c.Usage, Short: ours(c.Short), Long: ours(strings.TrimSpace(c.Long))}
	if c.CobraFunc != nil {
		c.CobraFunc(cmd)
	} else {
		cmd.RunE = caddycmd.WrapCommandFuncForCobra(c.Func)
		if c.Flags != nil {
			cmd.Flags().AddGoFlagSet(c.Flags)
		}
	}
	if c.Name == "reload" {
		reloadsAnew(cmd)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = ours(f.Usage) })
	return cmd
}

// reloadsAnew has a reload load a configuration that is the same, too: Caddy doesn't, and says
// that all is well, though the rate cards, consent lists and secrets that it names may have
// changed.
func reloadsAnew(cmd *cobra.Command) {
	force := cmd.Flags().Lookup("force")
	if force == nil || force.Value.Set("true") != nil {
		return
	}
	force.DefValue = "true"
	force.Usage = "Also load a configuration that is the same, since files that it names may have changed; --force=false leaves the running one then"
	cmd.Long += "\n\nThe configuration is loaded also where it is the same, with all files and secrets that\nit names read anew. One that can't be loaded is refused, and the old one goes on."
}

// invocation is how Caddy's texts name one of its commands.
var invocation = regexp.MustCompile(`\bcaddy( [a-z][a-z-]+)`)

// ours are texts of Caddy's that name its commands as they are called here.
func ours(text string) string {
	commands := caddycmd.Commands()
	return invocation.ReplaceAllStringFunc(text, func(s string) string {
		if _, ok := commands[strings.TrimPrefix(s, "caddy ")]; ok {
			return program + strings.TrimPrefix(s, "caddy")
		}
		return s
	})
}

// instead are commands of Caddy that can't work here, and what to do instead: they
// have Caddy's own servers build a new binary, and those don't build waguard.
var instead = map[string]string{
	"upgrade":        "install the new release over this one as you installed it, then restart",
	"add-package":    "build a binary with the packages you want: `xcaddy build --with github.com/waguard/waguard --with <package>`",
	"remove-package": "build a binary without it: `xcaddy build --with github.com/waguard/waguard`",
}

func insteadCommand(name, what string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: "Not possible here", Hidden: true, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return failed(cmd, fmt.Errorf("%s can't replace itself, since Caddy's build service doesn't build it; instead %s (see %s)", program, what, documentation))
		},
	}
}

func versionCommand(build version.Build) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Prints the version of waguard, and of what it is built of",
		Long: `Prints the version of waguard, the commit it was built from where that is known,
and the versions of Caddy and Go it was built with. A build that is no release is
called devel.`,
		Example: indented("waguard version\nwaguard version --json"),
	}
	outputFlags(cmd)
	doing(cmd, func(_ context.Context, c *call) error {
		if c.format != formatTable {
			return show(c, new(layout[version.Build]), []version.Build{build}, nil)
		}
		_, err := fmt.Fprintln(c.out, versionLine(build))
		return err
	})
	return cmd
}

func versionLine(b version.Build) string {
	line := program + " " + b.Version
	if b.Commit != "" {
		line += " (" + b.Commit + ")"
	}
	return fmt.Sprintf("%s, Caddy %s, %s %s", line, b.Caddy, b.Go, b.Platform)
}

// manualCommand writes manual pages.
func manualCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "manpage", Short: "Writes the manual pages of all commands",
		Long:    `Writes a manual page in section 8 for each command into a directory, which is made if it isn't there.`,
		Example: indented("waguard manpage --directory /usr/local/share/man/man8"),
	}
	cmd.Flags().StringP("directory", "o", "", "The `directory` to write to")
	required(cmd, "directory")
	doing(cmd, func(_ context.Context, c *call) error {
		dir := c.flags.String("directory")
		if err := os.MkdirAll(dir, 0o755); err != nil { // #nosec G301 -- manual pages are for everybody
			return fmt.Errorf("making the directory: %w", err)
		}
		root := c.cmd.Root()
		root.DisableAutoGenTag = true
		inManual(root)
		header := &doc.GenManHeader{Title: strings.ToUpper(program), Section: "8", Source: program + " " + version.Of().Version, Manual: program + " manual"}
		return doc.GenManTree(root, header, dir)
	})
	return cmd
}

// placeholder is a value to be filled in, as usage lines have it. What makes manual
// pages takes it for HTML, and leaves it out.
var placeholder = regexp.MustCompile(`<([^<>]+)>`)

// inManual writes what is to be filled in as manual pages do.
func inManual(cmd *cobra.Command) {
	upper := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(s string) string { return strings.ToUpper(strings.Trim(s, "<>")) })
	}
	cmd.Use, cmd.Long = upper(cmd.Use), upper(cmd.Long)
	for _, sub := range cmd.Commands() {
		inManual(sub)
	}
}
