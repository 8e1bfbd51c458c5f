package adminapi

import "github.com/waguard/waguard/internal/version"

// server is what a gateway's admin endpoint says it is.
const server = "waguard"

// Version is what the version route answers, also where the running configuration
// has no gateway. A client asks for it first, so that nothing about people is told
// to a server that is something else.
type Version struct {
	// Server is "waguard".
	Server string `json:"server"`
	version.Build
}

// VersionOf is that of this program.
func VersionOf() Version { return Version{server, version.Of()} }
