package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

// Evidence is how an operator knows what a person said. What the gateway sees with
// its own eyes an operator can't claim; and an opt-in that nobody could prove later
// is not recorded.

// observedSources are what an operator might call what the gateway itself sees, in
// the spellings that come to mind.
var observedSources = []string{
	string(policy.SourceKeyword), string(policy.SourceButton), string(policy.SourcePreference), string(policy.SourceMeta131050), string(policy.SourceQuestion),
	"keyword", "quick_reply", "template_button", "user_preference", "webhook",
}

// selfEvident are sources whose evidence is where the source is: the person did it with
// the business itself, which keeps that by the time. All others say where it lies.
var selfEvident = []consent.Source{"website", "contact_page", "signup_form", "app", "in_app", "in_store"}

// checkEvidence checks how a request says that it is known, and gives the source; "" for
// none.
func checkEvidence(c *ConsentRequest, state policy.ConsentState) (source consent.Source, err error) {
	if err := c.Normalise(); err != nil {
		return "", err
	}
	if written := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(c.Source))); slices.Contains(observedSources, written) {
		return "", fmt.Errorf("source %s is what the gateway itself sees; say how you know, such as website, in_app, in_store, paper, service_call or existing_system", c.Source)
	}
	if strings.TrimSpace(c.Source) != "" {
		if source, err = consent.ParseSource(c.Source); err != nil {
			return "", err
		}
	}
	if state != policy.OptedIn {
		return source, nil
	}
	switch {
	case c.At == "" && (imported(c.Source) || imported(c.Reference)):
		return "", errors.New("source or reference speak of a list or an import: say with at when the person agreed, such as 2026-11-22 or 2026-11-22T10:00:00Z")
	case source == "", source == consent.Source(policy.SourceOperator):
		return "", errors.New("source is missing: say how the person agreed, such as website, in_app, in_store, paper, service_call or existing_system; an opt-in must be provable")
	}
	return source, nil
}

// provable checks that there is anything that shows an opt-in.
func provable(source consent.Source, e *consent.Evidence) error {
	if e.Reference != "" || slices.Contains(selfEvident, source) || e.Any(source.Needs()) {
		return nil
	}
	return misasked(fmt.Errorf("reference is missing: with source %s say where the evidence lies, such as the form, the call, the file and its line; only website, contact_page, signup_form, in_app and in_store go without", source))
}

// invalid is the problem of an opt-in that lacks something; nil where it may be recorded
// all the same, marked as incomplete.
func (b *Business) invalid(lacks []consent.Lack) error {
	var grave []consent.Lack
	for _, l := range lacks {
		if b.ValidOptIns || l.Code == consent.CodeOnWhatsApp {
			grave = append(grave, l)
		}
	}
	if len(grave) == 0 {
		return nil
	}
	said := make([]string, len(grave))
	for i, l := range grave {
		said[i] = l.Detail
	}
	return &Problem{Kind: Invalid, Err: fmt.Errorf("the opt-in is not valid, and was not recorded: %s", strings.Join(said, "; ")), Lacks: grave}
}
