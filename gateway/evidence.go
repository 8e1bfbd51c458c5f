package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/policy"
)

// Evidence is how an operator knows what a person said. What the gateway sees with
// its own eyes an operator can't claim; and an opt-in that nobody could prove later
// is not recorded.

// observedSources are what an operator might call what the gateway itself sees, in
// the spellings that come to mind.
var observedSources = []string{
	string(policy.SourceKeyword), string(policy.SourceButton), string(policy.SourcePreference), string(policy.SourceMeta131050), string(policy.SourceQuestion),
	"keyword", "chat", "quick_reply", "template_button", "user_preference", "webhook",
}

// selfEvident are sources whose evidence is where the source is: the person did it with
// the business itself, which keeps that by the time. All others name a reference.
var selfEvident = []string{"website", "app", "in_store"}

// checkEvidence checks how a request says that it is known.
func checkEvidence(c *ConsentRequest, state policy.ConsentState) error {
	written := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(c.Source)), "-", "_")
	written = strings.ReplaceAll(written, " ", "_")
	if slices.Contains(observedSources, written) {
		return fmt.Errorf("source %s is what the gateway itself sees; say how you know, such as website, app, in_store, paper, phone or import", c.Source)
	}
	if len(c.Source) > longestSource {
		return fmt.Errorf("source is one or two words of at most %d characters, such as website, app, in_store, paper, phone or import; the evidence goes into reference", longestSource)
	}
	if state != policy.OptedIn {
		return nil
	}
	switch {
	case c.At == "" && (imported(c.Source) || imported(c.Reference)):
		return errors.New("source or reference speak of a list or an import: say with at when the person agreed, such as 2026-11-22 or 2026-11-22T10:00:00Z")
	case written == "", written == string(policy.SourceOperator):
		return errors.New("source is missing: say how the person agreed, such as website, app, in_store, paper, phone or import; an opt-in must be provable")
	case strings.TrimSpace(c.Reference) == "" && !slices.Contains(selfEvident, written):
		return fmt.Errorf("reference is missing: with source %s say where the evidence lies, such as the form, the call, the file and its line; only website, app and in_store go without", c.Source)
	}
	return nil
}

// longestSource is in bytes.
const longestSource = 100
