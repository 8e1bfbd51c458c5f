// Package version says which waguard this is. It asks nothing but the program
// itself.
package version

import (
	"runtime"
	"runtime/debug"
)

// Release is the version of a released binary. The release's build sets it with
//
//	-ldflags "-X github.com/waguard/waguard/internal/version.Release=v1.2.3"
//
// Where nobody did, the version is that of the module that was built in.
var Release string

// Module is waguard's path.
const Module = "github.com/waguard/waguard"

// development is the version of a build that has none.
const development = "devel"

// Build says what a program was built of.
type Build struct {
	// Version is waguard's, "devel" for a build that has none.
	Version string `json:"version"`
	// Commit is the one it was built from, where that is known; with "+changes"
	// for a tree that had others.
	Commit string `json:"commit,omitempty"`
	// Caddy is the version of Caddy, Go that of the compiler.
	Caddy string `json:"caddy"`
	Go    string `json:"go"`
	// Platform is the system and the architecture.
	Platform string `json:"platform"`
}

// Of is what this program was built of.
func Of() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return of(info)
}

func of(info *debug.BuildInfo) Build {
	b := Build{Version: Release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.Version == "" {
		b.Version = versionOf(info, Module)
	}
	b.Caddy = versionOf(info, "github.com/caddyserver/caddy/v2")
	if info.Main.Path == Module {
		changed := false
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.modified":
				changed = s.Value == "true"
			}
		}
		if b.Commit != "" && changed {
			b.Commit += "+changes"
		}
	}
	return b
}

// versionOf is the version of a module, whether it is the main one or one of many.
func versionOf(info *debug.BuildInfo, module string) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return development
}
