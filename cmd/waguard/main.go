// Command waguard is Caddy with its standard modules and the WhatsApp gateway
// compiled in.
package main

import (
	_ "time/tzdata" // time zones, also where the system has none

	"github.com/caddyserver/caddy/v2"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/waguard/waguard"
	"github.com/waguard/waguard/command"
	_ "github.com/waguard/waguard/demo"
)

func main() {
	caddy.CustomBinaryName = "waguard" // in what Caddy says of itself
	private()
	command.Main()
}
