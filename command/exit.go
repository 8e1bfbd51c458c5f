package command

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

// Exit codes of commands. They are documented, and scripts rely on them.
const (
	exitFailed      = 1 // it did not work
	exitMisused     = 2 // the command line means nothing; nothing was asked or done
	exitUnreachable = 3 // no gateway was reached
	exitRefused     = 4 // the gateway was asked, and refuses
	exitFound       = 5 // it worked, and what was checked is not as it should be
)

// misuse is a mistake on the command line.
type misuse struct{ said string }

func (e *misuse) Error() string { return e.said }

func misused(format string, args ...any) error { return &misuse{fmt.Sprintf(format, args...)} }

// finding is what a check found: it worked, and something is wrong.
type finding struct{ said string }

func (e *finding) Error() string { return e.said }

// notReached is that no gateway answered a question that isn't for the admin endpoint.
type notReached struct{ error }

func unreached(format string, args ...any) error { return &notReached{fmt.Errorf(format, args...)} }

// brokenOff is that the list of an import ended too early, or the gateway did. Up to a
// line it is on disk.
type brokenOff struct {
	done int
	error
}

func (e *brokenOff) Unwrap() error { return e.error }

// codeOf is the exit code of an error.
func codeOf(err error) int {
	if e, ok := errors.AsType[*brokenOff](err); ok {
		if code := codeOf(e.error); code != exitMisused {
			return code
		}
		return exitFailed // something was done
	}
	if _, ok := errors.AsType[*misuse](err); ok {
		return exitMisused
	}
	if _, ok := errors.AsType[*finding](err); ok {
		return exitFound
	}
	if _, ok := errors.AsType[*adminapi.Unreachable](err); ok {
		return exitUnreachable
	}
	if _, ok := errors.AsType[*adminapi.Stranger](err); ok {
		return exitUnreachable
	}
	if _, ok := errors.AsType[*notReached](err); ok {
		return exitUnreachable
	}
	if _, ok := errors.AsType[*adminapi.Error](err); ok {
		return exitRefused
	}
	return exitFailed
}

// sentences are an error as people read it: what happened, and what to do.
func sentences(cmd *cobra.Command, err error) []string {
	if e, ok := errors.AsType[*brokenOff](err); ok {
		return append([]string{fmt.Sprintf("the import broke off. Everything up to line %d is recorded; go on with --from-line %d, and another file for --rejects.", e.done, e.done+1)},
			sentences(cmd, e.error)...)
	}
	if e, ok := errors.AsType[*misuse](err); ok {
		return []string{ended(e.said), fmt.Sprintf("See `%s --help`.", cmd.CommandPath())}
	}
	if e, ok := errors.AsType[*adminapi.Unreachable](err); ok {
		if errors.Is(e.Err, os.ErrPermission) {
			return []string{e.Error() + ".", "The socket is another user's: run the command as that user, for example with `sudo -u`."}
		}
		return []string{e.Error() + ".", fmt.Sprintf("Is it running? Start it with `%s run`, or name its admin endpoint with --address, --config or $%s.", cmd.Root().Name(), adminVariable)}
	}
	if e, ok := errors.AsType[*adminapi.Stranger](err); ok {
		return []string{
			e.Error() + ".",
			fmt.Sprintf("Nothing was told to it. Name the gateway's admin endpoint with --address, --config or $%s; that is neither the senders' port nor the webhook's.", adminVariable),
		}
	}
	if e, ok := errors.AsType[*adminapi.Error](err); ok {
		return []string{ended("the gateway refuses: " + e.Error())}
	}
	return []string{ended(err.Error())}
}

// ended is a sentence with its end.
func ended(said string) string {
	if strings.HasSuffix(said, "?") || strings.HasSuffix(said, ".") {
		return said
	}
	return said + "."
}

// failed tells of an error, and gives what ends the program with its exit code.
func failed(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	cmd.SilenceErrors, cmd.SilenceUsage = true, true // it is told here
	errs := streamOf(cmd.ErrOrStderr())
	said := sentences(cmd, err)
	for i := range said {
		said[i] = printed(said[i]) // an answer of the gateway's can quote what was asked for
	}
	fmt.Fprintf(errs, "%s %s\n", errs.paint(text.Colors{text.FgRed, text.Bold}, "Error:"), strings.Join(said, "\n"))
	return exitWith(codeOf(err), err)
}

// exit ends the program with a code, whether it is waguard's own or another build
// of Caddy, which knows its own kind of error alone.
type exit struct {
	code  int
	err   error // that was told
	caddy error
}

func (e *exit) Error() string { return e.err.Error() }

func (e *exit) Unwrap() []error { return []error{e.err, e.caddy} }

func exitWith(code int, err error) error {
	// Codes above 1 are Caddy's to make.
	caddys := caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return code, nil })(new(cobra.Command), nil)
	if caddys == nil {
		caddys = err
	}
	return &exit{code, err, caddys}
}

// ExitCode is the code with which a program ends whose command had an error, nil
// for none.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	// Caddy's own commands carry theirs in a type that has no name outside.
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.Indirect(reflect.ValueOf(err))
		if v.Kind() != reflect.Struct {
			continue
		}
		if code := v.FieldByName("ExitCode"); code.IsValid() && code.CanInt() && code.Int() > 0 {
			return int(code.Int())
		}
	}
	return exitFailed
}
