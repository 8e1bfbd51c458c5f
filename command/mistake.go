package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// word is what an error may repeat of a command line: not what could be somebody's
// number, which has seven digits or more, or a token.
var word = regexp.MustCompile(`^[A-Za-z0-9_.:,+/-]{1,40}$`)

const fewDigits = 6

// repeated is a word of a command line as an error repeats it.
func repeated(s string) string {
	digits := len(s) - len(strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s))
	if word.MatchString(s) && digits <= fewDigits {
		return fmt.Sprintf("%q", s)
	}
	return "the one written there"
}

// near are those of a list that could have been meant, as a question at the end of
// a sentence.
func near(typed string, known []string) string {
	asked := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, name := range known {
		asked.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	if meant := asked.SuggestionsFor(typed); len(meant) > 0 && typed != "" {
		return "; did you mean " + oneOf(sorted(meant)) + "?"
	}
	return ""
}

// fileOf gives a command that takes a file as a word that word, and what is left.
func fileOf(cmd *cobra.Command, args []string) ([]string, error) {
	flag := cmd.Annotations[takesFile]
	if flag == "" || len(args) != 1 || cmd.Flags().Changed(flag) {
		return args, nil
	}
	return nil, cmd.Flags().Set(flag, args[0])
}

// extraWords is the mistake of words that belong to no flag.
func extraWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return misused("%s takes flags alone; a word like %s belongs to none", cmd.CommandPath(), repeated(args[0]))
}

// noCommand is the mistake of a command that is none of those below another.
func noCommand(cmd *cobra.Command, args []string) error {
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	if len(args) == 0 {
		return misused("%s needs to know what to do: %s", cmd.CommandPath(), oneOf(known))
	}
	said := fmt.Sprintf("%s has no command like %s", cmd.CommandPath(), repeated(args[0]))
	if meant := near(args[0], known); meant != "" || !cmd.HasParent() {
		return &misuse{said + meant}
	}
	return &misuse{said + "; " + thereAre(known)}
}

// flagMistake is what is wrong with flags, in our words.
func flagMistake(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, "--"+f.Name)
		}
	})
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := "--" + e.GetSpecifiedName()
		if shorts := e.GetSpecifiedShortnames(); shorts != "" {
			name = "-" + e.GetSpecifiedName()
		}
		said := fmt.Sprintf("%s has no flag like %s", cmd.CommandPath(), strings.Trim(repeated(name), `"`))
		if meant := near(name, known); meant != "" {
			return &misuse{said + meant}
		}
		return &misuse{said + "; " + thereAre(known)}
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return misused("--%s has no value: %s", e.GetFlag().Name, purpose(e.GetFlag()))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if own, ok := errors.AsType[*misuse](e.Unwrap()); ok {
			return misused("--%s %s", e.GetFlag().Name, own.said)
		}
		return misused("--%s takes %s", e.GetFlag().Name, kinds[e.GetFlag().Value.Type()])
	}
	return misused("a flag is not written as one; write --name value")
}

// kinds are values by the type of their flag.
var kinds = map[string]string{
	"bool": "no value, or true or false", "int": "a whole number, such as 50", "duration": "a duration, such as 2s or 5m",
}

// purpose is what a flag is for, in the middle of a sentence.
func purpose(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	usage = strings.TrimPrefix(strings.TrimSuffix(usage, " (required)"), "The "+value+": ")
	return strings.ToLower(usage[:1]) + usage[1:]
}

// required marks flags that a command can't do without.
func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		f := cmd.Flags().Lookup(name)
		f.Usage += " (required)"
		if err := cmd.Flags().SetAnnotation(name, requiredAnnotation, []string{"true"}); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// requiredAnnotation is ours: cobra's own makes cobra tell of it, in its words.
const requiredAnnotation = "waguard_required"

// missing is the mistake of flags that a command can't do without.
func missing(cmd *cobra.Command) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Contains(f.Annotations[requiredAnnotation], "true") && f.Value.String() == "" {
			names = append(names, f.Name)
		}
	})
	switch len(names) {
	case 0:
		return nil
	case 1:
		return misused("--%s is missing: %s", names[0], purpose(cmd.Flags().Lookup(names[0])))
	}
	said := make([]string, len(names))
	for i, name := range names {
		said[i] = fmt.Sprintf("--%s (%s)", name, purpose(cmd.Flags().Lookup(name)))
	}
	return misused("missing are %s", allOf(said))
}
