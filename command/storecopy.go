package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
	"github.com/waguard/waguard/store/transfer"
)

func copyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "copy", Short: "Copies a store that no gateway uses into another one: into a database, or out of it",
		Long: strings.TrimSpace(`
Copies everything a store holds into a new one: who wrote, who consented and the log
that proves it, templates, the ledger and its violations, with how long each is kept.
Both ends are badger:<directory> or postgres:<address>, the address a URL or keywords and
values. So that no password is in the list of processes, write the address, or a part of
it, as {env.<name>} or {file.<path>}, or leave the password to PGPASSFILE.

All of it is compared by digests, some thousand records at a time, and what differs is
written and compared again. So a copy that was interrupted goes on where it was, by the
same command, and one that is complete is brought up to date by it, until a gateway
serves from it. No gateway serves from half a copy. What is copied must not change
meanwhile: a directory that a gateway uses is refused, and of a database it is said at the
end whether it has changed.

PostgreSQL doesn't hold the key by which people are pseudonyms. Out of a directory it is
written to --pseudonym-key, a file that its owner alone can read, and that is never
overwritten; out of a database it is read from there.`),
		Example: indented(`
waguard store copy --from badger:/var/lib/waguard --to postgres:{env.WAGUARD_POSTGRES} --pseudonym-key /etc/waguard/pseudonym.key
waguard store copy --from postgres:{file./etc/waguard/postgres} --to badger:/var/lib/waguard-back --pseudonym-key /etc/waguard/pseudonym.key`),
	}
	cmd.Flags().String("from", "", "The `store` that is copied, badger:<directory> or postgres:<address>; no gateway uses it meanwhile")
	cmd.Flags().String("to", "", "The `store` that is made, likewise: a directory or a database that nobody has used")
	cmd.Flags().String("pseudonym-key", "", "The `file` with the key of the pseudonyms, which is written or read")
	keyFlag(cmd, "from-encryption-key", "A `file` with the key that the directory of --from is encrypted with")
	keyFlag(cmd, "to-encryption-key", "A `file` with a key to encrypt the directory of --to with")
	cmd.Flags().String("from-witness", "", "The witness of --from, if it isn't beside its directory (`file`)")
	required(cmd, "from", "to")
	outputFlags(cmd)
	doing(cmd, copyStore)
	return cmd
}

// copiedEnd is a store as --from and --to name it.
type copiedEnd struct {
	flag string
	// dir is empty for a database.
	dir string
	dsn string
	// place is what may be shown of it.
	place string
}

// endOf reads a flag that names a store.
func endOf(c *call, flag string) (e copiedEnd, err error) {
	e.flag = flag
	engine, rest, ok := strings.Cut(c.flags.String(flag), ":")
	switch {
	case ok && engine == "badger" && rest != "":
		e.dir, e.place = rest, "the directory "+rest
		return e, nil
	case ok && (engine == "postgres" || engine == "postgresql"):
		if strings.HasPrefix(rest, "//") { // it is the address itself
			rest = engine + ":" + rest
		}
		if e.dsn, err = filledIn(flag, rest); err != nil {
			return e, err
		}
		literal := e.dsn == rest
		address, err := postgres.ParseAddress(e.dsn)
		if err != nil {
			return e, misused("--%s: the address of the database can't be used: %v", flag, err)
		}
		if strings.ContainsAny(strings.Join(address.Hosts, ""), "= ") { // which may be the password
			return e, misused("--%s: the address of the database can't be used: keywords and values are apart by blanks, as in host=db1 dbname=waguard user=waguard", flag)
		}
		if literal && address.Password {
			c.hint("The password was on the command line, where everybody on this machine can read it: put the address into a variable or a file, and write --%[1]s 'postgres:{env.NAME}' or --%[1]s 'postgres:{file.<path>}'.", flag)
		}
		e.place = "the database " + address.String()
		return e, nil
	}
	return e, misused("--%s takes badger:<directory> or postgres:<address>, such as badger:/var/lib/waguard or postgres:{env.WAGUARD_POSTGRES}", flag)
}

var addressPlaceholder = regexp.MustCompile(`\{(?:env|file)\.[^{}]+\}`)

// filledIn is an address with what its placeholders stand for. Its errors show nothing else
// of it.
func filledIn(flag, address string) (string, error) {
	var missing error
	filled := addressPlaceholder.ReplaceAllStringFunc(address, func(name string) string {
		value, err := caddy.NewReplacer().ReplaceOrErr(name, true, true)
		if err != nil || strings.TrimSpace(value) == "" {
			missing = misused("--%s: %s has no value: set the variable, or make the file, which this user must be able to read", flag, name)
		}
		return strings.TrimSpace(value)
	})
	return filled, missing
}

func copyStore(ctx context.Context, c *call) error {
	from, err := endOf(c, "from")
	if err != nil {
		return err
	}
	to, err := endOf(c, "to")
	if err != nil {
		return err
	}
	keyFile := c.flags.String("pseudonym-key")
	if keyFile == "" && (from.dir == "" || to.dir == "") {
		return misused("--pseudonym-key names the file that the key of the pseudonyms is written to, or read from: a database doesn't hold it")
	}
	for flag, e := range map[string]copiedEnd{"from-encryption-key": from, "to-encryption-key": to, "from-witness": from} {
		if c.flags.String(flag) != "" && e.dir == "" {
			return misused("--%s belongs to a directory, and --%s is a database", flag, e.flag)
		}
	}
	// Whatever ends it, the ends are let go of.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var copied []transfer.Copied
	err = from.open(ctx, c, keyFile, func(s transfer.Source) (err error) {
		copied, err = to.copy(ctx, c, keyFile, s)
		return err
	})
	if ctx.Err() != nil && err != nil {
		return errors.New("the copy was interrupted; run the same command again, which goes on where it was")
	}
	if err != nil {
		return err
	}
	if err := showCopied(c, copied); err != nil {
		return err
	}
	c.hint("copied %s into %s, and compared all of it", from.place, to.place)
	if to.dir == "" {
		c.hint("give its gateways store postgres with pseudonym_key {file.%s}; keep the file apart from the database and its backups, and never lose it: without it nobody is known, opt-outs included", fullPath(keyFile))
	}
	c.hint("don't serve from %s again: what happens from now on is not known there", from.place)
	return nil
}

// open lets use copy a store.
func (e *copiedEnd) open(ctx context.Context, c *call, keyFile string, use func(transfer.Source) error) error {
	if e.dir != "" {
		encryption, err := encryptionKey(c, "from-encryption-key")
		if err != nil {
			return err
		}
		return badger.Place{Dir: e.dir, Witness: c.flags.String("from-witness"), EncryptionKey: encryption}.Copy(use)
	}
	key, err := readPseudonymKey(keyFile)
	if err != nil {
		return err
	}
	s, err := postgres.OpenSource(ctx, e.dsn, key, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", e.place, err)
	}
	err = use(s)
	if others, failed := s.Others(ctx); err == nil && failed == nil && others > 0 {
		c.hint("%s has %s: if they are gateways', what they write from now on is not in the copy; stop them, and run the same command again", e.place, plural(others, "other connection"))
	}
	return errors.Join(err, s.Close())
}

// copy copies a store to the end.
func (e *copiedEnd) copy(ctx context.Context, c *call, keyFile string, s transfer.Source) (copied []transfer.Copied, err error) {
	key := s.Description().Key
	if keyFile != "" {
		if err := writePseudonymKey(keyFile, key); err != nil {
			return nil, err
		}
	}
	var target interface {
		transfer.Target
		io.Closer
	}
	if e.dir != "" {
		encryption, err := encryptionKey(c, "to-encryption-key")
		if err != nil {
			return nil, err
		}
		if target, err = badger.OpenCopy(e.dir, encryption); err != nil {
			return nil, err
		}
	} else if target, err = postgres.OpenCopy(ctx, e.dsn, key, zap.NewNop()); err != nil {
		return nil, fmt.Errorf("%s: %w", e.place, err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	advance, over := c.underway("copying", 0)
	defer over()
	if copied, err = transfer.Copy(ctx, s, target, transfer.Options{Progress: advance}); err != nil {
		return nil, fmt.Errorf("copying into %s: %w", e.place, err)
	}
	return copied, nil
}

// readPseudonymKey reads the key of the pseudonyms.
func readPseudonymKey(name string) ([]byte, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the pseudonyms: %w", err)
	}
	key, err := badger.ParseKey(string(content))
	if err != nil {
		return nil, fmt.Errorf("the key of the pseudonyms in %s: %w", name, err)
	}
	return key, nil
}

// writePseudonymKey writes the key to a file that is not there yet, durably; or sees to it
// that it is that key.
func writePseudonymKey(name string, key []byte) error {
	if _, err := os.Stat(name); err == nil {
		known, err := readPseudonymKey(name)
		if err == nil && store.Installation(known) != store.Installation(key) {
			err = fmt.Errorf("the key in %s is not that of the store that is copied, which is another installation's (%s, and that is %s): name another file", name, store.Installation(known), store.Installation(key))
		}
		return err
	}
	dir := filepath.Dir(name)
	part, err := os.CreateTemp(dir, filepath.Base(name)+".*.part") // for its owner alone
	if err != nil {
		return fmt.Errorf("writing the key of the pseudonyms: %w", err)
	}
	defer os.Remove(part.Name())
	_, err = fmt.Fprintln(part, hex.EncodeToString(key))
	err = errors.Join(err, part.Sync(), part.Close())
	if err == nil {
		err = os.Link(part.Name(), name) // which doesn't replace what is there by now
	}
	if err == nil {
		err = durable.Names(dir)
	}
	if err != nil {
		return fmt.Errorf("writing the key of the pseudonyms: %w", err)
	}
	return nil
}

// fullPath is a path from anywhere.
func fullPath(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// showCopied shows what was copied.
func showCopied(c *call, copied []transfer.Copied) error {
	return show(c, &layout[transfer.Copied]{
		titles: []string{"KIND", "ROWS", "BYTES", "WRITTEN", "DELETED", "SHA-256"},
		cells: func(k transfer.Copied) []string {
			return []string{
				k.Kind, humanize.Comma(int64(k.Rows)), humanize.Comma(k.Bytes), humanize.Comma(int64(k.Written)), humanize.Comma(int64(k.Deleted)), k.Digest[:16],
			}
		},
		none: "The store is empty.",
	}, copied, nil)
}
