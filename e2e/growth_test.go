package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestMetricsDontGrow: whatever callers write where a label could come from, no
// time series is added but those of the rules and categories there are.
func TestMetricsDontGrow(t *testing.T) {
	w := newWorld(t, options{})
	series := func() (n int) {
		_, body := w.AdminCall(t, "/metrics", "")
		for line := range strings.Lines(string(body)) {
			if strings.HasPrefix(line, "caddy_whatsapp_") {
				n++
			}
		}
		return n
	}
	call := func(i int) {
		odd := fmt.Sprint("odd", i)
		for _, r := range []struct{ method, path, body string }{
			{http.MethodPost, fmt.Sprintf("/v25.0/9%d/messages", i), textBody},
			{http.MethodPost, messages, strings.Replace(textBody, `"text"`, `"`+odd+`"`, 1)},
			{http.MethodPost, messages, strings.Replace(textBody, `{`, `{"category":"`+odd+`",`, 1)},
			{http.MethodPost, messages, `{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":"` + odd + `","language":{"code":"en"}}}`},
			{http.MethodPost, "/v25.0/" + odd + "/" + odd, `{}`},
			{http.MethodPost, fmt.Sprintf("/v25.0/9%d/subscribed_apps", i), `{"override_callback_uri":"https://example.com/` + odd + `"}`},
			{http.MethodPut, "/webhook", odd},
			{http.MethodPost, "/webhook", odd},
		} {
			gatewaytest.Do(t, r.method, w.URL+r.path, r.body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + odd}, "X-App": {odd}})
		}
	}
	call(0)
	before := series()
	for i := range 20 {
		call(i + 1)
	}
	if after := series(); after != before || before == 0 {
		t.Errorf("there are %d time series after the first of each kind of odd request, and %d after 20", before, after)
	}
}
