package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// Values of flags that can be judged before anybody is asked.

// checked is the value of a flag that is judged as it is set.
type checked struct {
	value string
	kind  string // of pflag
	judge func(string) (string, error)
}

func (v *checked) String() string { return v.value }

func (v *checked) Type() string { return v.kind }

func (v *checked) Set(s string) (err error) {
	v.value, err = v.judge(s)
	return err
}

// choice is one of a list, in any case.
func choice(known []string) *checked {
	return &checked{kind: "string", judge: func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		if at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, s) }); at >= 0 {
			return known[at], nil
		}
		if meant := near(s, known); meant != "" {
			return "", misused("has no value like %s%s", repeated(s), meant)
		}
		return "", misused("has no value like %s; %s", repeated(s), thereAre(known))
	}}
}

// choiceFlag is a flag that takes one of a list.
func choiceFlag(cmd *cobra.Command, name, usage string, known []string) {
	cmd.Flags().Var(choice(known), name, usage)
	completed(cmd, name, known)
}

// completed has the shell complete a flag by a list.
func completed(cmd *cobra.Command, name string, known []string) {
	err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // there is no such flag
	}
}

// timeFlag is a flag that takes a point in time. Where its day begins is the
// gateway's to know.
func timeFlag(cmd *cobra.Command, name, standard, usage string) {
	cmd.Flags().Var(&checked{value: standard, kind: "string", judge: func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		if _, err := billing.ParseTime(s, time.UTC, time.Now()); err != nil {
			said := err.Error()
			if after, ok := strings.CutPrefix(said, strconv.Quote(s)+" "); ok {
				said = after
			}
			return "", &misuse{said}
		}
		return s, nil
	}}, name, usage)
	completed(cmd, name, []string{"1h", "24h", "7d", "30d"})
}

// saidFlag is a flag that takes when somebody said something: no age, since it is
// kept as evidence.
func saidFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if _, _, err := consent.ParseGiven(s); err != nil && s != "" {
			return "", misused("takes when the person said so, as 2026-11-22T10:00:00Z or 2026-11-22")
		}
		return s, nil
	}}, "at", usage)
}

// periodFlags are those that select a time.
func periodFlags(cmd *cobra.Command, from string) {
	timeFlag(cmd, "from", from, "From this `time` on, such as 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z")
	timeFlag(cmd, "to", "", "Before this `time`")
}

// period is what periodFlags select. Dates may begin in any time zone, so that what
// is close the gateway has to judge.
func period(c *call) (from, to string, err error) {
	from, to = c.flags.String("from"), c.flags.String("to")
	if from == "" || to == "" {
		return from, to, nil
	}
	now := time.Now()
	begin, err := billing.ParseTime(from, time.UTC, now)
	if err != nil {
		return "", "", err
	}
	end, err := billing.ParseTime(to, time.UTC, now)
	if err != nil {
		return "", "", err
	}
	const widest = 14 * time.Hour // a date can begin so much earlier or later than in UTC
	if dates := isDate(from) == isDate(to); dates && !begin.Before(end) || !begin.Before(end.Add(widest)) {
		return "", "", misused("--from %s is not before --to %s: nothing lies between", from, to)
	}
	return from, to, nil
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// limitFlag is how many rows there are at most.
func limitFlag(cmd *cobra.Command) {
	mostFlag(cmd)
	cmd.Flags().String("before", "", "Those older than this `id`: the next page")
}

// mostFlag is how many rows a list without pages has.
func mostFlag(cmd *cobra.Command) {
	cmd.Flags().Var(&checked{value: "50", kind: "int", judge: func(s string) (string, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > adminapi.LargestPage {
			return "", misused("takes a whole number from 1 to %d", adminapi.LargestPage)
		}
		return strconv.Itoa(n), nil
	}}, "limit", "How many at most, up to "+fmt.Sprint(adminapi.LargestPage))
}

// contactFlag names a person.
func contactFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if s != "" && !strings.HasPrefix(s, "+") && !strings.HasPrefix(s, "pseudonym:") && (len(s) < 4 || s[2] != '.') {
			return "", misused("takes a phone number with plus and country code, or a user id such as US.13491208655302741918")
		}
		return s, nil
	}}, "contact", usage)
}

// names are a list of words of one kind.
func names[T ~string](lists ...[]T) []string {
	var all []string
	for _, list := range lists {
		for _, name := range list {
			all = append(all, string(name))
		}
	}
	return all
}

// categoryFlag selects a category. Meta may name new ones, so that only what looks
// like a slip of the keyboard is a mistake before the gateway says so.
func categoryFlag(cmd *cobra.Command) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		category := string(policy.BilledCategory(s))
		if meant := near(category, categoryNames); meant != "" && !slices.Contains(categoryNames, category) {
			return "", misused("has no value like %s%s", repeated(s), meant)
		}
		return category, nil
	}}, "category", "Only this `category`, such as marketing")
	completed(cmd, "category", categoryNames)
}

// numberFlags are what the flag is called that names a number of the business.
var numberFlags = []string{"business", "number", "phone-number-id"}

// numberByAnyName has a command that has one of them take it by what others call it.
func numberByAnyName(cmd *cobra.Command) {
	var own []string
	for _, name := range numberFlags {
		if cmd.Flags().Lookup(name) != nil {
			own = append(own, name)
		}
	}
	if len(own) != 1 {
		return
	}
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if slices.Contains(numberFlags, name) {
			name = own[0]
		}
		return pflag.NormalizedName(name)
	})
}

// businessFlag names a number of the business.
func businessFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().String("business", "", usage)
	err := cmd.RegisterFlagCompletionFunc("business", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return businesses(cmd), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}
