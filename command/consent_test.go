package command

import (
	"io"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/adminapi"
)

// TestPrintConsentSaysWhatHadNoEffect: who records an opt-in that changes nothing
// reads why.
func TestPrintConsentSaysWhatHadNoEffect(t *testing.T) {
	var text strings.Builder
	c := &call{format: formatTable, out: streamOf(io.Discard), errs: streamOf(&text)}
	if err := printConsent(c, &adminapi.Consent{NoEffect: map[string]string{"transactional": "the user opted out"}}); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.Contains(got, "No effect on transactional: the user opted out.\n") || strings.Contains(got, "No effect on marketing") {
		t.Errorf("printed: %s", got)
	}
}
