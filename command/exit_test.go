package command

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

// TestExitCodes: errors have the code of their kind, also in a Caddy that somebody
// else built, whose main knows its own kind of error alone.
func TestExitCodes(t *testing.T) {
	cmd := &cobra.Command{Use: "try"}
	cmd.SetErr(io.Discard)
	for want, err := range map[int]error{
		exitFailed: io.ErrUnexpectedEOF, exitMisused: misused("no"), exitUnreachable: &adminapi.Unreachable{Address: "here", Err: io.EOF},
		exitRefused: fmt.Errorf("asking: %w", &adminapi.Error{Status: 400, Err: io.EOF}), exitFound: &finding{"a hole"},
	} {
		ended := failed(cmd, err)
		if got := ExitCode(ended); got != want {
			t.Errorf("%v ends with %d, want %d", err, got, want)
		}
		caddys := errors.Unwrap(fmt.Errorf("%w", ended)).(*exit).caddy
		if code := reflect.Indirect(reflect.ValueOf(caddys)); want > 1 && code.FieldByName("ExitCode").Int() != int64(want) {
			t.Errorf("Caddy's main doesn't see %d in %#v", want, caddys)
		}
	}
	for want, err := range map[int]error{
		exitFailed: misused("no CSV"), exitUnreachable: &adminapi.Unreachable{Address: "here", Err: io.EOF}, exitRefused: &adminapi.Error{Status: 503, Err: io.EOF},
	} {
		if got := codeOf(&brokenOff{7, err}); got != want {
			t.Errorf("a list that breaks off with %v ends with %d, want %d", err, got, want)
		}
		if said := sentences(cmd, &brokenOff{7, err}); len(said) < 2 || !strings.Contains(said[0], "--from-line 8") || !slices.Equal(said[1:], sentences(cmd, err)) {
			t.Errorf("a list that breaks off with %v says %q", err, said)
		}
	}
	if got := codeOf(unreached("no answer: %w", io.EOF)); got != exitUnreachable {
		t.Errorf("a health route that isn't reached ends with %d", got)
	}
	// Caddy's own commands.
	for _, want := range []int{2, 3} {
		run := caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return want, nil })
		if got := ExitCode(run(cmd, nil)); got != want {
			t.Errorf("a command of Caddy's that ends with %d ends with %d", want, got)
		}
	}
	if ExitCode(nil) != 0 || ExitCode(io.EOF) != 1 {
		t.Error("no error is none, and any other is 1")
	}
}
