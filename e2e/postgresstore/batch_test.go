package postgresstore

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
)

// TestBatch: sends of one batch that use up of the same, and may all leave, do.
func TestBatch(t *testing.T) {
	g := start(t, database(t, pgtest.Database(t), key), func(o *gatewaytest.Options) { o.WhatsApp = "policy {\npair_rate\n}" })
	becomesReady(t, g)
	if status := write(t, g, "wamid.in"); status != http.StatusOK {
		t.Fatal(status)
	}
	text := `{"method":"POST","relative_url":"v23.0/` + number + `/messages","body":"messaging_product=whatsapp&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22Hi%22%7D"}`
	for i := range 3 {
		if resp, body := g.Post(t, "/v23.0/", fmt.Sprintf(`{"batch":[%s,%[1]s]}`, text)); resp.StatusCode != http.StatusOK {
			t.Errorf("batch %d: %s: %s", i, resp.Status, body)
		}
	}
}
