package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestKeyForOneBusiness: a program whose key is for one business sees nothing that another
// one recorded about the same person.
func TestKeyForOneBusiness(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support, Site: consentSite}})
	list(t, w)
	c := newConsentClient(t, w)
	all, one := c.key(t, "crm", "", "read", "record", "opt-out").Key, c.key(t, "shop", `"`+shop+`"`, "read", "record", "opt-out").Key
	for number, reference := range map[string]string{shop: "form of the shop", support: "secret of the desk"} {
		body := `{"records":[{"phone_number_id":"` + number + `","contact":"` + ana.Phone + `","state":"opted_in","scope":"all","source":"website","reference":"` + reference + `"}]}`
		if status, answer, _ := c.post(t, all, "/records", body); status != http.StatusOK {
			t.Fatalf("recorded: %d %s", status, answer)
		}
	}
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	for path, body := range map[string]string{
		"/history": `{` + who + `}`,
		"/why":     `{` + who + `,"template":{"name":"sale","language":"en"}}`,
		"/receipt": `{` + who + `}`,
		"/export":  `{` + who + `,"format":"json"}`,
		"/list":    `{}`,
	} {
		status, answer, _ := c.post(t, all, path, body)
		if status != http.StatusOK || !strings.Contains(string(answer), shop) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
		status, answer, _ = c.post(t, one, path, body)
		if status != http.StatusOK || !strings.Contains(string(answer), shop) || strings.Contains(string(answer), "secret of the desk") || strings.Contains(string(answer), support) {
			t.Errorf("%s for a key of the shop's: %d %s", path, status, answer)
		}
	}
}
