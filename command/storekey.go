package command

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store/badger"
)

// keyFlag is a flag that names a file with the key of a store.
func keyFlag(cmd *cobra.Command, name, usage string) { cmd.Flags().String(name, "", usage) }

// encryptionKey is the key in the file that a flag names; none where it names none.
func encryptionKey(c *call, flag string) ([]byte, error) {
	name := c.flags.String(flag)
	if name == "" {
		return nil, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the store: %w", err)
	}
	key, err := badger.ParseKey(string(content))
	if err != nil {
		return nil, fmt.Errorf("the key in %s: %w", name, err)
	}
	return key, nil
}

func rotateKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rotate-key", Short: "Gives an encrypted store another key",
		Long: `Gives a store that no gateway uses another key. Its records are not written again: whoever
has the old key and an older copy of the directory still reads that. Stop the gateway,
rotate, name the new key by encryption_key, start the gateway.`,
		Example: indented(`
openssl rand -hex 32 > /etc/waguard/store-2027.key
waguard store rotate-key --path /var/lib/waguard/store --from /etc/waguard/store.key --to /etc/waguard/store-2027.key`),
	}
	cmd.Flags().String("path", "", "The `directory` of a store that no gateway uses")
	cmd.Flags().String("witness", "", "The store's witness, if it isn't beside the `directory`")
	keyFlag(cmd, "from", "A `file` with the key the store is encrypted with")
	keyFlag(cmd, "to", "A `file` with the key it is to be encrypted with")
	required(cmd, "path", "from", "to")
	doing(cmd, func(_ context.Context, c *call) error {
		from, err := encryptionKey(c, "from")
		if err != nil {
			return err
		}
		to, err := encryptionKey(c, "to")
		if err != nil {
			return err
		}
		if err := (badger.Place{Dir: c.flags.String("path"), Witness: c.flags.String("witness"), EncryptionKey: from}).RotateKey(to); err != nil {
			return err
		}
		c.hint("the store in %s has the key of %s now; keep the old one as long as there are older copies of the directory", c.flags.String("path"), c.flags.String("to"))
		return nil
	})
	return cmd
}
