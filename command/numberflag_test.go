package command

import (
	"testing"

	"github.com/spf13/cobra"
)

// The flag that names a number of the business is taken by each of its names.
func TestNumberByAnyName(t *testing.T) {
	for _, own := range numberFlags {
		for _, given := range numberFlags {
			cmd := new(cobra.Command)
			cmd.Flags().String(own, "", "")
			numberByAnyName(cmd)
			if err := cmd.ParseFlags([]string{"--" + given, "104455667788"}); err != nil {
				t.Errorf("--%s where it is --%s: %v", given, own, err)
			} else if got, _ := cmd.Flags().GetString(own); got != "104455667788" {
				t.Errorf("--%s where it is --%s: %q", given, own, got)
			}
		}
	}
}
