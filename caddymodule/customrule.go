package caddymodule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/policy/rulelang"
)

// CustomRule is a rule of the operator's own.
type CustomRule struct {
	// Its name, in small letters, digits, hyphens and underscores. Required.
	ID string `json:"id"`
	// `refuse` or `warn`; in a business `off` for a rule of the policy that it doesn't
	// have. Required.
	Effect string `json:"effect"`
	// An expression that comes to true or false: see docs/reference/custom-rules.md.
	// Required, but for `off`.
	Expression string `json:"expression,omitempty"`
	// Why, in words for the sender. Required, but for `off`.
	Reason string `json:"reason,omitempty"`
}

// The effects of rules.
const (
	ruleRefuses = "refuse"
	ruleWarns   = "warn"
	ruleOff     = "off"
)

const (
	// mostRules is how many a business has at most.
	mostRules = 50
	// longestReason is in bytes.
	longestReason = 300
)

var ruleID = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// check reports what makes no sense of a rule.
func (r *CustomRule) check() error {
	switch {
	case !ruleID.MatchString(r.ID):
		return fmt.Errorf("rule %q: the name of a rule has small letters, digits, hyphens and underscores, begins with a letter, and is at most 64 characters long", r.ID)
	case r.Effect == ruleOff && r.Expression+r.Reason == "":
		return nil
	case r.Effect == ruleOff:
		return fmt.Errorf("rule %s: what is off has neither an expression nor a reason", r.ID)
	case r.Effect != ruleRefuses && r.Effect != ruleWarns:
		return fmt.Errorf("rule %s: its effect is %q; it must be refuse, warn or off", r.ID, r.Effect)
	case strings.TrimSpace(r.Reason) == "":
		return fmt.Errorf("rule %s: it has no reason; senders are told it", r.ID)
	case len(r.Reason) > longestReason || strings.ContainsFunc(r.Reason, unicode.IsControl):
		return fmt.Errorf("rule %s: its reason must be one line of at most %d bytes", r.ID, longestReason)
	}
	if _, err := rulelang.Of(r.Expression); err != nil {
		return fmt.Errorf("rule %s: %w", r.ID, err)
	}
	return nil
}

// parseRule reads a rule: rule <id> refuse|warn "<expression>" "<reason>".
func (p *Policy) parseRule(d *caddyfile.Dispenser) error {
	var args []string
	var tokens []caddyfile.Token
	for d.NextArg() {
		args, tokens = append(args, d.Val()), append(tokens, d.Token())
	}
	r := CustomRule{}
	switch {
	case len(args) == 2 && args[1] == ruleOff:
		r.ID, r.Effect = args[0], args[1]
	case len(args) == 4:
		r = CustomRule{args[0], args[1], args[2], args[3]}
	default:
		return d.ArgErr()
	}
	if err := r.check(); err != nil {
		if problem, ok := errors.AsType[*rulelang.Error](err); ok {
			d = lineOf(tokens[2], problem.Line)
		}
		return d.Err(err.Error())
	}
	if slices.ContainsFunc(p.Rules, func(other CustomRule) bool { return other.ID == r.ID }) {
		return d.Errf("rule %s is given twice", r.ID)
	}
	p.Rules = append(p.Rules, r)
	return nil
}

// lineOf stands where a line of an expression does in the Caddyfile.
func lineOf(expression caddyfile.Token, line int) *caddyfile.Dispenser {
	expression.Line += max(line-1, 0)
	if expression.NumLineBreaks() > strings.Count(expression.Text, "\n") { // a heredoc begins a line later
		expression.Line++
	}
	d := caddyfile.NewDispenser([]caddyfile.Token{expression})
	d.Next()
	return d
}

// customRules are the rules of a business: those of the policy, then its own, which take
// the place of those of the same name.
func customRules(own, defaults []CustomRule) (rules []policy.CustomRule, err error) {
	for _, of := range [...][]CustomRule{defaults, own} {
		for i := range of {
			r := &of[i]
			if err := r.check(); err != nil {
				return nil, err
			}
			if slices.ContainsFunc(of[:i], func(other CustomRule) bool { return other.ID == r.ID }) {
				return nil, fmt.Errorf("rule %s is given twice", r.ID)
			}
		}
	}
	for _, r := range rulesOver(own, defaults) {
		if r.Effect != ruleOff {
			rules = append(rules, policy.CustomRule{ID: r.ID, Expression: r.Expression, Reason: r.Reason, Warn: r.Effect == ruleWarns})
		}
	}
	if len(rules) > mostRules {
		return nil, fmt.Errorf("there are %d rules; a business has at most %d", len(rules), mostRules)
	}
	return rules, nil
}

// rulesOver are some rules laid over others: one of the same name takes its place.
func rulesOver(own, base []CustomRule) []CustomRule {
	list := slices.Clone(base)
	for _, r := range own {
		if at := slices.IndexFunc(list, func(other CustomRule) bool { return other.ID == r.ID }); at >= 0 {
			list[at] = r
		} else {
			list = append(list, r)
		}
	}
	return list
}
