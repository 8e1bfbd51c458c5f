package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A word that is not known must not look like a word under which nothing happened.

// knownRules are all rules a send can be looked for by.
var knownRules = slices.Sorted(slices.Values(slices.Concat(policy.AllowRules, policy.Refusals(), []policy.Rule{policy.RuleSentToAnother})))

// readRule reads a rule in any case; "" for none.
func readRule(s string) (policy.Rule, error) {
	rule := policy.Rule(strings.ToUpper(strings.TrimSpace(s)))
	if rule != "" && !slices.Contains(knownRules, rule) {
		return "", fmt.Errorf("rule must be one of %s", enumerate(knownRules))
	}
	return rule, nil
}

// knownCategories are what a send can be billed as.
var knownCategories = append(slices.Clone(policy.BilledCategories), policy.CategoryNone, policy.CategoryUnknown)

// readCategory reads a category however it is spelled; "" for none.
func readCategory(s string) (policy.Category, error) {
	if strings.TrimSpace(s) == "" {
		return "", nil
	}
	category := policy.BilledCategory(s)
	if !slices.Contains(knownCategories, category) {
		return "", fmt.Errorf("category must be one of %s", enumerate(knownCategories))
	}
	return category, nil
}

func enumerate[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}

// businessNamed is the id of the business phone number that an operator names: by its
// phone_number_id, or by the name it has in the configuration. It is one that is
// configured, or has sent or received through the gateway; "" for none.
func (g *Gateway) businessNamed(ctx context.Context, given string) (string, error) {
	if _, configured := g.Businesses.Listed[given]; configured || given == "" || strings.HasPrefix(given, "#") {
		return given, nil // with # begins the fingerprint of a phone number where an id belongs
	}
	var named []string
	for id, b := range g.Businesses.Listed {
		if strings.EqualFold(b.Name, strings.TrimSpace(given)) {
			named = append(named, id)
		}
	}
	slices.Sort(named)
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return "", misasked(fmt.Errorf("several businesses have that name; give the phone_number_id of one: %s", strings.Join(named, ", ")))
	case g.Businesses.Others != nil && g.Businesses.Others.Name != "" && strings.EqualFold(g.Businesses.Others.Name, strings.TrimSpace(given)):
		return "", misasked(errors.New("that is the name of all numbers without a business block of their own; give the phone_number_id of one"))
	}
	st, err := g.Open()
	if err != nil {
		return "", err
	}
	told, err := st.Numbers(ctx)
	if err != nil {
		return "", err
	}
	if _, ok := told[given]; ok {
		return given, nil
	}
	for _, err := range st.Ledger(ctx, store.Filter{PhoneNumberID: given, Limit: 1}) {
		return given, err
	}
	return "", misasked(fmt.Errorf("no business with that phone_number_id or name has sent or received through this gateway; known are: %s", g.knownBusinesses(told)))
}

// mostKnown is how many businesses are named in an error.
const mostKnown = 20

// knownBusinesses are those that are configured, and those that webhooks told of.
func (g *Gateway) knownBusinesses(told map[string]store.Number) string {
	ids := make(map[string]string)
	for id := range told {
		ids[id] = id
	}
	for id, b := range g.Businesses.Listed {
		if ids[id] = id; b.Name != "" {
			ids[id] = id + " (" + b.Name + ")"
		}
	}
	var known []string
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		known = append(known, ids[id])
	}
	if len(known) > mostKnown {
		known = append(known[:mostKnown], fmt.Sprintf("and %d more", len(ids)-mostKnown))
	}
	if len(known) == 0 {
		return "none so far"
	}
	return strings.Join(known, ", ")
}
