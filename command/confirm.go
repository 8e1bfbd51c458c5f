package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks whether to go on with what can't be done by accident. Where nobody
// can be asked, --yes has to say so.
func (c *call) confirm(what string) error {
	if c.flags.Bool("yes") {
		return nil
	}
	in, ok := c.cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return misused("say --yes if that is meant, since there is no terminal to ask at. %s", what)
	}
	fmt.Fprintf(c.errs, "%s Go on? [y/N] ", what)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err == nil {
		if word := strings.ToLower(strings.TrimSpace(answer)); word == "y" || word == "yes" {
			return nil
		}
	}
	return errors.New("nothing was recorded")
}
