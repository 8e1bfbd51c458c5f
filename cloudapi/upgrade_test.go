package cloudapi

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

// An offer of HTTP in another version goes, and nothing else does.
func TestDropUpgrade(t *testing.T) {
	type header = http.Header
	for _, tt := range []struct {
		name       string
		have, want header
	}{
		{"nothing", header{"Connection": {"keep-alive"}}, header{"Connection": {"keep-alive"}}},
		{
			"jdk", // java.net.http.HttpClient, every request to an http address
			header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"}, "Accept": {"*/*"}},
			header{"Accept": {"*/*"}},
		},
		{
			"curl", // curl --http2
			header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAAQCAAAAAAIAAAAA"}},
			header{},
		},
		{"other options of Connection stay", header{"Connection": {"keep-alive, upgrade, X-Own", "HTTP2-Settings"}, "Upgrade": {"h2c"}}, header{"Connection": {"keep-alive, X-Own"}}},
		{"one option to a line", header{"Connection": {"Upgrade", "HTTP2-Settings", "keep-alive"}, "Upgrade": {"h2c"}}, header{"Connection": {"keep-alive"}}},
		{"by name and version", header{"Connection": {"Upgrade"}, "Upgrade": {"HTTP/2.0"}}, header{}},
		{"in TLS", header{"Connection": {"Upgrade"}, "Upgrade": {"TLS/1.0, HTTP/1.1"}}, header{}},
		{"capitals", header{"Connection": {"UPGRADE,HTTP2-SETTINGS"}, "Upgrade": {"H2C"}}, header{}},
		{"without Connection", header{"Upgrade": {"h2c"}}, header{}},
		{"empty", header{"Connection": {"Upgrade"}, "Upgrade": {""}}, header{}},
		{"a websocket stays", header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}},
		{"a websocket stays beside", header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c, websocket"}}, header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}},
		{"on lines of their own", header{"Connection": {"Upgrade"}, "Upgrade": {"h2c", "websocket"}}, header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}},
		{"the settings alone are nobody's offer", header{"Http2-Settings": {"AAMAAABk"}}, header{"Http2-Settings": {"AAMAAABk"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			DropUpgrade(tt.have)
			if !maps.EqualFunc(tt.have, tt.want, slices.Equal) {
				t.Errorf("left is %v, want %v", tt.have, tt.want)
			}
		})
	}
}
