package caddymodule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
)

// noScope stands for no scope where scopes are listed.
const noScope = "none"

// check reports values that make no sense in whatever configuration.
func (p *Policy) check() error {
	if _, err := p.resolve(new(Policy)); err != nil {
		return err
	}
	return p.resolveConsent(new(Policy), new(gateway.Business))
}

// resolveConsent sets what b's operator decided about people's words. It gives
// each field p leaves open the value of defaults.
func (p *Policy) resolveConsent(defaults *Policy, b *gateway.Business) (err error) {
	b.Terms = policy.DefaultTerms()
	for _, set := range []struct {
		choice
		own, other string
		field      *policy.Reach
	}{
		{chooseOptOutReach, p.OptOutReach, defaults.OptOutReach, &b.Terms.OptOutReach},
		{chooseOptInReach, p.OptInReach, defaults.OptInReach, &b.Terms.OptInReach},
	} {
		value, err := set.of(set.own, set.other)
		if err != nil {
			return err
		}
		if err := set.field.UnmarshalText([]byte(value)); err != nil {
			return err
		}
	}
	skew := p.ConsentSkew
	if skew == nil {
		skew = defaults.ConsentSkew
	}
	if skew != nil {
		if b.Terms.Skew = time.Duration(*skew); b.Terms.Skew < 0 || b.Terms.Skew > longestSkew {
			return fmt.Errorf("consent_skew is %s; it must be at least 0s and at most %s", b.Terms.Skew, longestSkew)
		}
	}
	if start := either(p.StartOptsIn, defaults.StartOptsIn); start != nil {
		if b.Terms.Start, err = parseStart(start); err != nil {
			return err
		}
	}
	if b.References = either(p.TransactionPrefix, defaults.TransactionPrefix); b.References == nil {
		b.References = policy.DefaultReferences
	}
	for _, prefix := range b.References {
		if strings.TrimSpace(prefix) == "" || strings.ContainsFunc(prefix, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return fmt.Errorf("transaction_prefix has %q; it must consist of visible ASCII characters, such as `order:`", prefix)
		}
	}
	if texts := either(p.ConfirmationTexts, defaults.ConfirmationTexts); texts != nil {
		if b.Confirmations, err = policy.NewConfirmations(texts); err != nil {
			return fmt.Errorf("confirmation_texts: %w", err)
		}
	}
	b.Demands.Business = b.Name
	for _, set := range []struct {
		choice
		own, other string
		field      *bool // set by the word that doesn't hold without
	}{
		{chooseOptInEvidence, p.OptInEvidence, defaults.OptInEvidence, &b.ValidOptIns},
		{chooseConfirmation, p.OptInConfirmation, defaults.OptInConfirmation, &b.ConfirmOptIns},
		{chooseNamesWhatsApp, p.OptInNamesWhatsApp, defaults.OptInNamesWhatsApp, &b.Demands.Channel},
		{chooseOffWhatsApp, p.OptInOffWhatsApp, defaults.OptInOffWhatsApp, &b.Demands.OffWhatsApp},
	} {
		value, err := set.of(set.own, set.other)
		if err != nil {
			return err
		}
		*set.field = value != set.unset
	}
	b.Demands.Channel = !b.Demands.Channel // which holds unless it is optional
	if b.Fallback, err = p.resolveFallback(defaults); err != nil {
		return err
	}
	b.Questions, err = questions(either(p.OptInQuestions, defaults.OptInQuestions))
	return err
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
