package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// Policies that hold beside the one that is enforced, or in its place: those of another
// configuration, and options laid over what is configured.

// repeatable are the options of a policy that may be given several times, and shadow, which
// says itself why not.
var repeatable = []string{"opt_in_questions", "frequency_cap", "quiet_hours", "countries", "consent_expires", "authentication_international", "rule", "shadow"}

// over is p laid over other options: what p leaves open is theirs, and what it sets takes the
// place of the whole option. Of rules, those of the same name are p's.
func (p *Policy) over(base *Policy) *Policy {
	laid := *base
	to, own := reflect.ValueOf(&laid).Elem(), reflect.ValueOf(p).Elem()
	for i := range own.NumField() {
		if set := own.Field(i); !set.IsZero() {
			to.Field(i).Set(set)
		}
	}
	laid.Rules = rulesOver(p.Rules, base.Rules)
	return &laid
}

// parseOptions reads some options of a policy block, one a line.
func parseOptions(text string) (*Policy, error) {
	const file = "the options"
	tokens, err := caddyfile.Tokenize([]byte(text), file)
	if err != nil {
		return nil, err
	}
	last := strings.Count(text, "\n") + 2
	block := slices.Concat([]caddyfile.Token{{File: file, Text: "policy"}, {File: file, Text: "{"}}, tokens, []caddyfile.Token{{File: file, Line: last, Text: "}"}})
	d := caddyfile.NewDispenser(block)
	d.Next()
	p := new(Policy)
	if err := parseBlock(d, p.subdirectives(), repeatable...); err != nil {
		return nil, optionsError(err, text)
	}
	if d.Next() {
		return nil, errors.New("options are those of one policy block: a brace is closed that was not opened")
	}
	return p, p.check()
}

// whereInOptions is what a mistake in options ends with.
var whereInOptions = regexp.MustCompile(`, at the options:(\d+)$`)

// optionsError says where in options a mistake is, if there is more than one line of them.
func optionsError(err error, text string) error {
	where := ""
	if strings.Contains(strings.TrimSpace(text), "\n") {
		where = ", in line $1 of the options"
	}
	return errors.New(whereInOptions.ReplaceAllString(err.Error(), where))
}

// settingsOf are the settings that a test of a policy asks about.
func (a *App) settingsOf(r *adminapi.PolicyTestRequest) (*gateway.Settings, error) {
	other := &App{Businesses: a.Businesses, Policy: a.Policy, Words: a.Words, Tags: a.Tags, Budgets: a.Budgets}
	if len(r.Config) > 0 {
		other = new(App)
		if err := json.Unmarshal(r.Config, other); err != nil {
			return nil, fmt.Errorf("the configuration can't be read: %w", err)
		}
	}
	if strings.TrimSpace(r.Options) != "" {
		options, err := parseOptions(r.Options)
		if err != nil {
			return nil, err
		}
		other.lay(options)
	}
	under := new(gateway.Settings)
	var err error
	if under.Businesses, err = other.businesses(); err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	if under.Budgets, err = budgetsOf(other.Budgets, other.Tags, &under.Businesses, func(_ int, err error) error { return err }); err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	if _, err := compileWords(other.Words); err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	if r.Shadow != "" && !under.Businesses.Promote(r.Shadow) {
		return nil, fmt.Errorf("no business has a shadow %q", r.Shadow)
	}
	if !sameJSON(a.Words, other.Words) {
		under.Notes = append(under.Notes, "the words by which people opt in and out are others: texts are not kept, so consent is tested as it was learned")
	}
	return under, nil
}

// lay lays options over those of all businesses.
func (a *App) lay(options *Policy) {
	var list []*Business
	if len(a.Businesses) == 0 {
		list = append(list, &Business{PhoneNumberID: everyOther, Policy: *options})
	}
	for _, b := range a.Businesses {
		of := *b
		of.Policy = *options.over(&b.Policy)
		list = append(list, &of)
	}
	a.Businesses = list
}

// sameJSON reports that two values are configured alike.
func sameJSON(a, b any) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && string(one) == string(other)
}
