package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "audit",
		usage: "verify|checkpoint|proof [--path <directory>]",
		short: "Proves that consent records are as they were written",
		long: `
Every consent record has its place in a log that proves it: a Merkle tree, written
with the record. Whoever keeps a checkpoint of it elsewhere can show later that
nothing up to then was changed, dropped, swapped or added.

  verify      computes the log again from the records, and compares
  checkpoint  prints the newest signed checkpoint and the key to verify it with:
              keep it where whoever runs the gateway can't change it
  proof       writes the proof that one record is in the log, by the id that
              waguard consent history shows

Without --path they ask the running gateway; with --path they read a directory no
gateway uses, and change nothing. The exit code is 5 where something is not as it
was written.`,
		example: `
waguard audit verify
waguard audit checkpoint > checkpoint-2026-11-22.txt
waguard audit verify --checkpoint checkpoint-2026-11-22.txt
waguard audit proof --record 5f0c1d2e3b4a5968 --leaf leaf.json > record.proof`,
		shape: auditCommand,
	})
}

func auditCommand(cmd *cobra.Command) {
	verify := &cobra.Command{Use: "verify", Short: "Computes the log of consent records again, and compares", Example: indented(`
waguard audit verify
waguard audit verify --checkpoint checkpoint-2026-11-22.txt
waguard audit verify --path /var/lib/waguard --json`)}
	verify.Flags().String("checkpoint", "", "A `file` with a checkpoint that was kept elsewhere: the log must continue it")
	outputFlags(verify)
	auditAction(verify, auditVerify)

	checkpoint := &cobra.Command{Use: "checkpoint", Short: "Prints the newest signed checkpoint and the key to verify it with", Example: indented(`
waguard audit checkpoint > checkpoint-2026-11-22.txt`)}
	auditAction(checkpoint, auditCheckpoint)

	proof := &cobra.Command{Use: "proof", Short: "Writes the proof that a consent record is in the log", Example: indented(`
waguard audit proof --record 5f0c1d2e3b4a5968 --leaf leaf.json > record.proof
waguard audit proof --record 5f0c1d2e3b4a5968 --leaf leaf.json --opening opening.json > record.proof`)}
	proof.Flags().String("record", "", "The `ID` of the record, as waguard consent history --json shows it")
	proof.Flags().String("leaf", "", "A `file` to write the leaf to, whose hash is proven")
	proof.Flags().String("opening", "", "A `file` to write what opens the leaf to: the random bytes and the record that it commits to")
	required(proof, "record")
	auditAction(proof, auditProof)
	group(cmd, verify, checkpoint, proof)
}

// auditAction makes f what a command does with a running gateway, or with a directory.
func auditAction(cmd *cobra.Command, f func(context.Context, *call, auditSource) error) {
	adminFlags(cmd)
	cmd.Flags().String("path", "", "The `directory` of a store that no gateway uses")
	cmd.Flags().String("witness", "", "The store's witness, if it isn't beside the `directory`")
	keyFlag(cmd, "encryption-key", "A `file` with the key that the store of --path is encrypted with")
	doing(cmd, func(ctx context.Context, c *call) error {
		if path := c.flags.String("path"); path != "" {
			key, err := encryptionKey(c, "encryption-key")
			if err != nil {
				return err
			}
			place := badger.Place{Dir: path, Witness: c.flags.String("witness"), EncryptionKey: key}
			return place.Look(func(r store.LogRecords) error { return f(ctx, c, closedLog{r}) })
		}
		if c.flags.String("witness") != "" {
			return misused("--witness belongs to --path: the gateway knows its own")
		}
		client, err := adminClient(c)
		if err != nil {
			return err
		}
		client.Clean = nil // what is signed must stay as it is
		return f(ctx, c, client)
	})
}

// auditSource is a log of consent records: a running gateway's, or one in a directory.
type auditSource interface {
	Audit(ctx context.Context, r adminapi.AuditRequest) (*audit.Report, error)
	AuditCheckpoint(ctx context.Context) (*audit.Signed, error)
	AuditProof(ctx context.Context, r adminapi.AuditProofRequest) (*audit.Proof, error)
}

// closedLog is the log of a store that no gateway uses.
type closedLog struct{ store.LogRecords }

func (l closedLog) Audit(ctx context.Context, r adminapi.AuditRequest) (*audit.Report, error) {
	var kept []byte
	if r.Checkpoint != "" {
		kept = []byte(r.Checkpoint)
	}
	return store.VerifyLog(ctx, l, kept)
}

func (l closedLog) AuditCheckpoint(context.Context) (*audit.Signed, error) {
	return store.NewestCheckpoint(l)
}

func (l closedLog) AuditProof(_ context.Context, r adminapi.AuditProofRequest) (*audit.Proof, error) {
	id, err := store.ParseRecordID(r.Record)
	if err != nil {
		return nil, &misuse{err.Error()}
	}
	return store.ProveRecord(l, id)
}

func auditVerify(ctx context.Context, c *call, log auditSource) error {
	var request adminapi.AuditRequest
	if file := c.flags.String("checkpoint"); file != "" {
		kept, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading the checkpoint: %w", err)
		}
		if request.Checkpoint = string(kept); strings.TrimSpace(request.Checkpoint) == "" {
			return fmt.Errorf("the file %s is empty, and no checkpoint", file)
		}
	}
	_, over := c.underway("verifying the log of consent records", -1)
	report, err := log.Audit(ctx, request)
	over()
	if err != nil {
		return err
	}
	if c.format == formatTable {
		err = printAudit(c, report)
	} else {
		err = show(c, new(layout[*audit.Report]), []*audit.Report{report}, nil)
	}
	if err == nil && !report.Sound() {
		err = &finding{"the consent records are not as they were written"}
	}
	return err
}

func printAudit(c *call, r *audit.Report) error {
	var b strings.Builder
	if r.Origin != "" {
		fmt.Fprintf(&b, "log %s, %d leaves, root %s\n", r.Origin, r.Leaves, r.Root)
	}
	fmt.Fprintf(&b, "compared %d consent records and %d checkpoints\n", r.Records, r.Checkpoints)
	if r.Kept != "" {
		b.WriteString(r.Kept + "\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s\n", c.out.paint(text.Colors{text.FgRed, text.Bold}, "FOUND:"), printed(f.String()))
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	if r.Sound() {
		b.WriteString("Every consent record is as it was written.\n")
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}

func auditCheckpoint(ctx context.Context, c *call, log auditSource) error {
	signed, err := log.AuditCheckpoint(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s\n%s\n", signed.Checkpoint, signed.Verifier)
	return err
}

func auditProof(ctx context.Context, c *call, log auditSource) error {
	proof, err := log.AuditProof(ctx, adminapi.AuditProofRequest{Record: c.flags.String("record"), Opening: c.flags.String("opening") != ""})
	if err != nil {
		return err
	}
	if _, _, err := audit.CheckProof([]byte(proof.Proof), []byte(proof.Leaf), proof.Verifier); err != nil {
		return fmt.Errorf("the proof that came proves nothing: %w", err)
	}
	if file := c.flags.String("leaf"); file != "" {
		if err := os.WriteFile(file, []byte(proof.Leaf), 0o600); err != nil {
			return fmt.Errorf("writing the leaf: %w", err)
		}
	}
	if file := c.flags.String("opening"); file != "" {
		if err := writeOpening(file, proof); err != nil {
			return err
		}
	}
	c.hint("leaf %d; the key to verify with is %s", proof.Index, proof.Verifier)
	_, err = c.out.Write([]byte(proof.Proof))
	return err
}

// writeOpening writes what opens a leaf.
func writeOpening(file string, proof *audit.Proof) error {
	if proof.Opening == nil {
		return errors.New("what opens the leaf is gone, as after an erasure: its place in the log is proven still, and leads to nobody")
	}
	if err := audit.CheckOpening([]byte(proof.Leaf), proof.Opening); err != nil {
		return fmt.Errorf("the opening that came opens nothing: %w", err)
	}
	opening, err := json.MarshalIndent(proof.Opening, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(opening, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the opening: %w", err)
	}
	return nil
}
