package version

import (
	"runtime/debug"
	"testing"
)

// A program knows its version whichever way it was built.
func TestOf(t *testing.T) {
	caddy := &debug.Module{Path: "github.com/caddyserver/caddy/v2", Version: "v2.11.9"}
	for name, test := range map[string]struct {
		info            debug.BuildInfo
		release         string
		version, commit string
	}{
		"release":          {debug.BuildInfo{Main: debug.Module{Path: Module, Version: "(devel)"}}, "v1.2.3", "v1.2.3", ""},
		"go-install":       {debug.BuildInfo{Main: debug.Module{Path: Module, Version: "v1.2.3"}}, "", "v1.2.3", ""},
		"checkout":         {debug.BuildInfo{Main: debug.Module{Path: Module, Version: "(devel)"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}}, "", "devel", "abc"},
		"checkout/changed": {debug.BuildInfo{Main: debug.Module{Path: Module}, Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: "abc"}}}, "", "devel", "abc+changes"},
		"xcaddy": {debug.BuildInfo{
			Main: debug.Module{Path: "caddy", Version: "v9.9.9"}, Deps: []*debug.Module{{Path: Module, Version: "v1.2.3"}},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "another's"}},
		}, "", "v1.2.3", ""},
		"replaced": {debug.BuildInfo{Deps: []*debug.Module{{Path: Module, Version: "v1.2.3", Replace: &debug.Module{Path: "../waguard"}}}}, "", "devel", ""},
		"nothing":  {debug.BuildInfo{}, "", "devel", ""},
	} {
		t.Run(name, func(t *testing.T) {
			Release = test.release
			defer func() { Release = "" }()
			test.info.Deps = append(test.info.Deps, caddy)
			b := of(&test.info)
			if b.Version != test.version || b.Commit != test.commit || b.Caddy != "v2.11.9" || b.Go == "" {
				t.Errorf("got %+v", b)
			}
		})
	}
}
