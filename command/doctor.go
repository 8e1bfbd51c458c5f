package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/version"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "doctor",
		usage: "[--config <file>] [--address <admin address>] [--path <directory>] [--backups <directory>] [--deep] [--output <format>]",
		short: "Looks for what is not as it should be, and says what to do about it",
		long: `
Looks at a gateway from all sides, and says what it found and what to do:

  configuration         the file of --config is valid, and nobody else can change it
  gateway               it answers on its admin endpoint, and is of this version
  admin endpoint        who can reach it
  store, disk, modes    it reads and writes, has room, and is closed to others
  database              of store postgres: it answers, its tables, key, commits,
                        connections, partitions and clock
  clock                 it agrees with WhatsApp's
  guard, webhook, ports the handlers are there, with their secrets, on ports of
                        their own
  webhooks, mode        which numbers get webhooks, and which enforce
  templates             those in use are known, and are sent by Meta
  backups               the newest in --backups is not older than a day

With the gateway stopped, what can be looked at then is, and the rest is said to be
unchecked. --deep has the whole store read, and the newest backup verified.

The exit code is 0 where there is no problem, 5 where there is one. Notes are no
problems.`,
		example: `
waguard doctor
waguard doctor --config /etc/waguard/Caddyfile --backups /var/lib/waguard/backups
waguard doctor --json | jq 'select(.status == "problem")'`,
		shape: doctorCommand,
	})
}

func doctorCommand(cmd *cobra.Command) {
	adminFlags(cmd)
	cmd.Flags().String("path", "", "The `directory` of the store, to look at it while the gateway is stopped (default the one of --config)")
	cmd.Flags().String("witness", "", "The store's witness, if it isn't beside the `directory`")
	cmd.Flags().String("backups", "", "The `directory` of backups, to see how old they are")
	cmd.Flags().Bool("deep", false, "Read the whole store, and the newest backup")
	outputFlags(cmd)
	doing(cmd, func(ctx context.Context, c *call) error {
		findings, err := diagnose(ctx, c)
		if err != nil {
			return err
		}
		if err := show(c, &findingsLayout, findings, nil); err != nil {
			return err
		}
		return verdict(findings)
	})
}

// verdict is the error of findings that are problems.
func verdict(findings []adminapi.Finding) error {
	problems := 0
	for _, f := range findings {
		if f.Status == adminapi.CheckProblem {
			problems++
		}
	}
	switch problems {
	case 0:
		return nil
	case 1:
		return &finding{"there is 1 problem"}
	}
	return &finding{fmt.Sprintf("there are %d problems", problems)}
}

// findingsLayout shows what to do about a finding below it. Findings of this command's
// own quote files and configurations.
var findingsLayout = layout[adminapi.Finding]{
	titles: []string{"STATUS", "CHECK", "FINDING"},
	cells:  func(f adminapi.Finding) []string { return []string{string(f.Status), f.Check, printed(f.Finding)} },
	below: func(f adminapi.Finding) string {
		if f.Remedy == "" {
			return ""
		}
		return "to do: " + printed(f.Remedy)
	},
}

// diagnose looks at everything there is to look at.
func diagnose(ctx context.Context, c *call) ([]adminapi.Finding, error) {
	conf, findings := examineConfiguration(ctx, c)
	client, err := adminClient(c)
	switch {
	case err != nil && conf.unreadable:
		findings = append(findings, adminapi.Unchecked("gateway", "name its admin endpoint with --address", "where its admin endpoint is can't be read from the configuration"))
		client = nil
	case err != nil:
		return nil, err
	}
	var d *adminapi.Diagnosis
	if client != nil {
		var asked []adminapi.Finding
		if d, asked, err = examineGateway(ctx, client); err != nil {
			return nil, err
		}
		findings = append(append(findings, asked...), endpointFindings(client.Address())...)
	}
	if d != nil {
		findings = append(findings, d.Findings...)
		if c.flags.Bool("deep") {
			_, over := c.underway("the gateway reads its store", -1)
			report, err := client.CheckStore(ctx)
			over()
			findings = append(findings, reportFinding(report, err))
		}
	} else {
		findings = append(findings, examineStore(ctx, c, conf)...)
		findings = append(findings, clockFinding())
		findings = append(findings, adminapi.Unchecked("disk, handlers, webhooks, mode and templates", "start the gateway, and ask again", "only a gateway that runs can tell"))
	}
	return append(findings, backupFindings(c, conf.database != nil || d != nil && slices.ContainsFunc(d.Findings, func(f adminapi.Finding) bool { return f.Check == databaseCheck }))...), nil
}

// databaseCheck is what looks at a store in PostgreSQL.
const databaseCheck = "database"

// examineGateway asks the gateway; its diagnosis is nil where it can't give one.
func examineGateway(ctx context.Context, client *adminapi.Client) (*adminapi.Diagnosis, []adminapi.Finding, error) {
	const check = "gateway"
	v, err := client.Version(ctx)
	if e, ok := errors.AsType[*adminapi.Unreachable](err); ok {
		return nil, []adminapi.Finding{adminapi.Trouble(check, fmt.Sprintf("start it with `%s run`, or name its admin endpoint with --address, --config or $%s", program, adminVariable), "%s", e.Error())}, nil
	}
	if err != nil {
		return nil, []adminapi.Finding{adminapi.Trouble(check, "name the gateway's admin endpoint with --address or --config", "%v", err)}, nil
	}
	findings := []adminapi.Finding{adminapi.OK(check, "it answers, version %s", v.Version)}
	if own := version.Of(); v.Version != own.Version || v.Commit != own.Commit {
		findings[0] = adminapi.Note(check, "restart the gateway after an upgrade, and use the program it was started from", "it answers, and is of version %s; this program is %s", v.Version, own.Version)
	}
	d, err := client.Diagnose(ctx)
	if err != nil {
		return nil, append(findings, adminapi.Trouble(check, "see the gateway's log", "%v", err)), nil
	}
	return d, findings, nil
}

// reportFinding is what a check of the whole store found.
func reportFinding(r interface{ Sound() bool }, err error) adminapi.Finding {
	const check = "whole store"
	const remedy = "run `waguard store check` for all of it; docs/reference/damage.md says what each kind of damage means and how a backup is restored"
	switch {
	case err != nil:
		return adminapi.Unchecked(check, "mend what is in its way, and ask again", "%v", err)
	case !r.Sound():
		return adminapi.Trouble(check, remedy, "the store is not sound")
	}
	return adminapi.OK(check, "every file and record was read, and the store is sound")
}

// examineStore looks at the store of a gateway that is stopped.
func examineStore(ctx context.Context, c *call, conf *configuration) []adminapi.Finding {
	const check = "store"
	path, witness := c.flags.String("path"), c.flags.String("witness")
	if path == "" && conf.database != nil {
		return databaseFindings(ctx, conf.database)
	}
	if path == "" {
		path, witness = conf.store, conf.witness
	}
	if path == "" {
		return []adminapi.Finding{adminapi.Unchecked(check, "name the configuration with --config, or the store's directory with --path", "where the store is, is not known")}
	}
	findings := directoryFindings(path)
	if !c.flags.Bool("deep") {
		return append(findings, adminapi.Unchecked("whole store", "ask with --deep: it reads all of it", "whether the store is sound was not looked at"))
	}
	place := badger.Place{Dir: path, Witness: witness}
	var err error
	if conf != nil && conf.key != "" {
		place.EncryptionKey, err = badger.ParseKey(caddy.NewReplacer().ReplaceAll(conf.key, ""))
	}
	if err != nil {
		return append(findings, adminapi.Unchecked("whole store", "run the command as a user who can read the key", "encryption_key: %v", err))
	}
	_, over := c.underway("reading the store", -1)
	report, err := place.Check(ctx)
	over()
	return append(findings, reportFinding(report, err))
}
