package caddymodule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
)

// consentRules are what a business decided about people's words, ready for use.
type consentRules struct {
	terms         *policy.Terms
	references    policy.References
	confirmations policy.Confirmations
	questions     map[string][]policy.Scope // by template
}

// reaches are the names of policy.Reach.
var reaches = []string{policy.ReachNumber.String(), policy.ReachWABA.String(), policy.ReachAll.String()}

// noScope stands for no scope where scopes are listed.
const noScope = "none"

// check reports values that make no sense in whatever configuration.
func (p *Policy) check() error {
	if _, err := p.resolve(new(Policy)); err != nil {
		return err
	}
	_, err := p.consentRules(new(Policy))
	return err
}

// consentRules gives each field p leaves open the value of defaults.
func (p *Policy) consentRules(defaults *Policy) (r consentRules, err error) {
	r.terms = policy.DefaultTerms()
	for _, reach := range []struct {
		name, own, other string
		field            *policy.Reach
	}{
		{"opt_out_reach", p.OptOutReach, defaults.OptOutReach, &r.terms.OptOutReach},
		{"opt_in_reach", p.OptInReach, defaults.OptInReach, &r.terms.OptInReach},
	} {
		value := reach.own
		if value == "" {
			value = reach.other
		}
		if value == "" {
			continue
		}
		if err := reach.field.UnmarshalText([]byte(value)); err != nil {
			return r, fmt.Errorf("%s is %q; it must be one of: %s", reach.name, value, strings.Join(reaches, ", "))
		}
	}
	skew := p.ConsentSkew
	if skew == nil {
		skew = defaults.ConsentSkew
	}
	if skew != nil {
		if r.terms.Skew = time.Duration(*skew); r.terms.Skew < 0 || r.terms.Skew > longestSkew {
			return r, fmt.Errorf("consent_skew is %s; it must be at least 0s and at most %s", r.terms.Skew, longestSkew)
		}
	}
	if start := either(p.StartOptsIn, defaults.StartOptsIn); start != nil {
		if r.terms.Start, err = parseStart(start); err != nil {
			return r, err
		}
	}
	if r.references = either(p.TransactionPrefix, defaults.TransactionPrefix); r.references == nil {
		r.references = policy.DefaultReferences
	}
	for _, prefix := range r.references {
		if strings.TrimSpace(prefix) == "" || strings.ContainsFunc(prefix, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return r, fmt.Errorf("transaction_prefix has %q; it must consist of visible ASCII characters, such as `order:`", prefix)
		}
	}
	if texts := either(p.ConfirmationTexts, defaults.ConfirmationTexts); texts != nil {
		if r.confirmations, err = policy.NewConfirmations(texts); err != nil {
			return r, fmt.Errorf("confirmation_texts: %w", err)
		}
	}
	r.questions, err = questions(either(p.OptInQuestions, defaults.OptInQuestions))
	return r, err
}

// longestSkew is more than clocks differ that anybody looks after.
const longestSkew = 24 * time.Hour

// either is own, or other where own isn't set.
func either[T any](own, other []T) []T {
	if own == nil {
		return other
	}
	return own
}

func parseStart(names []string) (start [policy.Scopes]bool, err error) {
	for _, name := range names {
		scopes, ok := policy.ParseScope(name)
		if !ok && (name != noScope || len(names) > 1) {
			return start, fmt.Errorf("start_opts_in has %q; it must be marketing, transactional, authentication or all, or none alone", name)
		}
		for _, s := range scopes {
			start[s] = true
		}
	}
	return start, nil
}

func questions(list []Question) (map[string][]policy.Scope, error) {
	byTemplate := make(map[string][]policy.Scope)
	for _, q := range list {
		scopes, ok := policy.ParseScope(q.Scope)
		if !ok {
			return nil, fmt.Errorf("opt_in_questions are for %q; it must be marketing, transactional, authentication or all", q.Scope)
		}
		if len(q.Templates) == 0 || slices.Contains(q.Templates, "") {
			return nil, fmt.Errorf("opt_in_questions for %s name no template", q.Scope)
		}
		for _, name := range q.Templates {
			for _, s := range scopes {
				if !slices.Contains(byTemplate[name], s) {
					byTemplate[name] = append(byTemplate[name], s)
				}
			}
		}
	}
	return byTemplate, nil
}

// read tells the rules what a send says about itself: whether its reference names
// a transaction, and its text confirms an opt-out.
func (r *consentRules) read(s *policy.Send, opaque, text string) {
	s.Transaction = r.references.Name(opaque)
	s.Confirms = s.Kind == policy.FreeForm && r.confirmations.Match(text)
}
