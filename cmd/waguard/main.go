// Command waguard is Caddy with its standard modules and the WhatsApp gateway
// compiled in.
package main

import (
	_ "time/tzdata" // time zones, also where the system has none

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/waguard/waguard"
	_ "github.com/waguard/waguard/demo"
)

func init() {
	caddy.CustomBinaryName = "waguard"
	caddy.CustomLongDescription = `waguard is a gateway that keeps companies out of trouble on WhatsApp: it stands
between the programs that send and the WhatsApp Business API, and refuses what
WhatsApp's policy or the person does not allow. It is Caddy with the whatsapp
modules compiled in; every command of Caddy works.`
}

func main() {
	private()
	caddycmd.Main()
}
